//! What a child does on other threads than the actors'.
//!
//! Invariants: it ends with the child, and the child with it; a panic is told before the supervisor replaces both.
//! How to get it wrong: work that returns when it stops in order. The child would be started again while the process ends.

use actix::prelude::*;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// The work of one incarnation, until it is dropped with its child.
pub(crate) struct BackgroundWork(AbortHandle);

impl BackgroundWork {
    /// Begins it on `runtime`; `panicked` is what the log says if it panics.
    pub(crate) fn start<A: Actor<Context = Context<A>>>(
        ctx: &mut Context<A>,
        runtime: &Handle,
        work: impl Future<Output = ()> + Send + 'static,
        panicked: &'static str,
        log: slog::Logger,
    ) -> Self {
        let work = runtime.spawn(work);
        let started = Self(work.abort_handle());
        ctx.spawn(actix::fut::wrap_future::<_, A>(work).map(move |ended, _, ctx| {
            if let Err(error) = ended {
                slog::error!(log, "{}", panicked; "error" => error.to_string());
            }
            ctx.stop();
        }));
        started
    }
}

impl Drop for BackgroundWork {
    fn drop(&mut self) {
        self.0.abort();
    }
}
