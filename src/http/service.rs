//! The HTTP part as a child of the supervisor: an actor around the accept loop.
//!
//! Invariant: the listening socket outlives the part, so a fresh incarnation serves the same address, and connections
//! knock in the meantime without being refused.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Context as Shared, Gate, ServerOptions, router, routes, serve};
use crate::supervisor::Alive;

/// What each incarnation of the HTTP part is made of.
pub(crate) struct HttpParts {
    pub(crate) listener: Arc<std::net::TcpListener>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) options: ServerOptions,
    pub(crate) stop: CancellationToken,
    /// Turns true when, after `stop`, the last connection ended.
    pub(crate) ended: watch::Sender<bool>,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The HTTP part.
pub struct HttpServer {
    parts: HttpParts,
    alive: Alive,
}

impl HttpServer {
    pub(crate) fn new(parts: HttpParts, alive: Alive) -> Self {
        Self { parts, alive }
    }
}

impl Actor for HttpServer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.alive.beat_from(ctx);
        let parts = &self.parts;
        let service = warp::service(router(routes(), Arc::clone(&parts.shared), Arc::clone(&parts.gate)));
        let (listener, options, stop) = (Arc::clone(&parts.listener), parts.options.clone(), parts.stop.clone());
        // On the runtime's threads, not on the actors': connections use all cores.
        let serving = parts.runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
            tokio::select! {
                _drained = serve(listener, service, options, stop) => {}
                () = failpoint() => {}
            }
            Ok::<(), std::io::Error>(())
        });
        let (log, stop, ended) = (parts.shared.log.clone(), parts.stop.clone(), parts.ended.clone());
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
