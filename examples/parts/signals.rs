//! Ctrl-C, SIGTERM and the closed terminal, each of which means: stop everything in order.
//!
//! Invariant: the first one is told at the next [`Signals::check`] or [`Signals::wait`]; the second one ends it at
//! once, and the kernel and the watchdog clean up as after a `kill -9`.
//! How to get it wrong: leaving SIGHUP alone, so that a closed terminal skips the orderly end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Ended;

/// What a shell answers for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The wish to stop.
pub struct Signals(Receiver<()>);

impl Signals {
    /// From here on signals are noted instead of obeyed.
    pub fn catch() -> Result<Self, Ended> {
        let cannot = |error: std::io::Error| format!("signals cannot be caught: {error}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let caught: Result<Vec<Signal>, _> = runtime.block_on(async { kinds.into_iter().map(signal).collect() });
        let mut caught = caught.map_err(cannot)?;
        let (sender, receiver) = channel();
        thread::spawn(move || {
            runtime.block_on(async {
                any(&mut caught).await;
                // Nobody listens any more: the end is near anyway.
                let _ = sender.send(());
                any(&mut caught).await;
                std::process::exit(INTERRUPTED);
            });
        });
        Ok(Self(receiver))
    }

    /// `Err(None)` when somebody wants it to stop.
    pub fn check(&mut self) -> Result<(), Ended> {
        self.wait(Duration::ZERO)
    }

    /// The same, after at most `pause`.
    pub fn wait(&mut self, pause: Duration) -> Result<(), Ended> {
        match self.0.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Err(None),
        }
    }
}

async fn any(caught: &mut [Signal]) {
    let mut each: Vec<_> = caught.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
    std::future::poll_fn(|context| {
        let ready = each.iter_mut().any(|signal| signal.as_mut().poll(context).is_ready());
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
