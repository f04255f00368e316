//! The network side: accepts connections and drives each by HTTP/1.1, kept alive as long as the client likes.
//!
//! Invariants: everything runs on one thread, so a connection that ends is noticed before a request that its client sends
//! afterwards; the concurrency oracle relies on that.
//!
//! How to get it wrong: blocking here. One slow step stops every connection.

pub(crate) mod body;
mod courier;
pub(crate) mod exchange;
pub(crate) mod fate;
pub(crate) mod flight;
pub(crate) mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::world::World;
use wire::{Connection, Wire};

/// The world, shared by the connections and the handle.
pub(crate) struct Shared {
    world: Mutex<World>,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Mutex::new(world) }
    }

    /// The world, to oneself. A panic of another holder is no reason to stop: tests want the state then most of all.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stop` fires or its sender is gone.
pub(crate) async fn serve(shared: Arc<Shared>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
    tokio::spawn(courier::run(Arc::clone(&shared)));
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) if peer.ip().is_loopback() => {
                tokio::spawn(connection(Arc::clone(&shared), stream));
            }
            Ok(_) => {}
            // Out of file descriptors, most likely: others close theirs meanwhile.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    // Without it answers may wait for the client's acknowledgement; they are right all the same.
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(Connection::new(shared));
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&connection)));
    let service = service_fn(|request| exchange::exchange(Arc::clone(&connection), request));
    // The exchange dates its answers itself, since faults bend that.
    // An error is a client that left or a connection that a fault cut; both are recorded where they matter.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(wire, service).await;
}
