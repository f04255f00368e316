//! The HTTP part as a child of the supervisor: an actor around the accept loop.
//!
//! Invariants: the listening socket outlives the part, so a fresh incarnation serves the same address, and connections
//! knock in the meantime without being refused; while a stop lets requests in flight finish, newcomers are answered too,
//! so that whoever asks sees that this instance is not ready any more, unless their socket is systemd's.
//! How to get it wrong: `shutdown(2)` on a socket that was handed over. It would end in everybody's hands, with its queue.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::routes::routes_of;
use crate::access::Guard;
use crate::api::services::Services;
use crate::dashboard::nowhere;
use crate::http::{HttpService, ServerOptions, serve};
use crate::live::{self, Live};
use crate::routing::router_or;
use crate::supervisor::Heartbeat;

/// Who answers those who come after a stop began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Newcomers {
    /// This process, until those who were there are gone: the socket is its own, and whoever waits in its queue at the end is
    /// reset.
    ServedUntilDrained,
    /// The next process: the socket was handed over and lives on with its queue.
    LeftInTheQueue,
}

/// What each incarnation of the HTTP part is made of.
pub(crate) struct HttpParts {
    pub(crate) listener: Arc<TcpListener>,
    pub(crate) newcomers: Newcomers,
    pub(crate) services: Arc<Services>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) options: ServerOptions,
    pub(crate) stop: CancellationToken,
    /// Turns true when, after `stop`, the last connection ended.
    pub(crate) ended: watch::Sender<bool>,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The HTTP part.
pub struct HttpServer {
    parts: HttpParts,
    heartbeat: Heartbeat,
}

impl HttpServer {
    pub(crate) fn new(parts: HttpParts, heartbeat: Heartbeat) -> Self {
        Self { parts, heartbeat }
    }
}

impl Actor for HttpServer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let (parts, feed) = (&self.parts, Live::default());
        let service =
            warp::service(router_or(routes_of(&feed), Arc::clone(&parts.services), Arc::clone(&parts.guard), nowhere));
        let (listener, options, stop) = (Arc::clone(&parts.listener), parts.options.clone(), parts.stop.clone());
        let newcomers = parts.newcomers;
        // On the runtime's threads, not on the actors'; connections have their own lanes.
        let watching = live::run(Arc::clone(&parts.services), feed);
        let serving = parts.runtime.spawn(async move {
            tokio::select! {
                served = serve_to_the_end(&listener, newcomers, service, options, stop) => served,
                () = watching => Ok(()),
                () = failpoint() => Ok(()),
            }
        });
        let (log, stop, ended) = (parts.services.log.clone(), parts.stop.clone(), parts.ended.clone());
        ctx.spawn(serving.into_actor(self).map(move |served, _, ctx| {
            match served {
                Ok(Ok(())) => {}
                Ok(Err(error)) => slog::error!(log, "HTTP cannot be served"; "error" => error.to_string()),
                Err(panicked) => slog::error!(log, "HTTP panicked"; "error" => panicked.to_string()),
            }
            if stop.is_cancelled() {
                ended.send_replace(true);
            }
            ctx.stop();
        }));
    }
}

/// Serves until `stop`, and newcomers, where they are ours, until those who were there at the stop are gone.
async fn serve_to_the_end<S: HttpService>(
    listener: &TcpListener,
    whose: Newcomers,
    service: S,
    options: ServerOptions,
    stop: CancellationToken,
) -> io::Result<()> {
    let ears = || tokio::net::TcpListener::from_std(listener.try_clone()?);
    let drained = CancellationToken::new();
    let until_stop = async {
        serve(ears()?, service.clone(), options.clone(), stop.clone()).await;
        drained.cancel();
        Ok(())
    };
    let newcomers = async {
        if whose == Newcomers::LeftInTheQueue {
            return Ok(());
        }
        stop.cancelled().await;
        serve(ears()?, service.clone(), options.clone(), drained.clone()).await;
        Ok(())
    };
    tokio::try_join!(until_stop, newcomers).map(|_| ())
}

/// Never ends, but where tests make it panic.
async fn failpoint() {
    if !cfg!(feature = "failpoints") {
        std::future::pending::<()>().await;
    }
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        fail::fail_point!("http");
    }
}
