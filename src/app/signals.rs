//! What the system asks of the process.
//!
//! How to get it wrong: listening only once everything serves. A signal before that would kill the process.

use tokio::signal::unix::{SignalKind, signal};

/// SIGTERM, SIGINT and SIGHUP, heard from the moment this is made.
pub(super) struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    pub(super) fn new() -> Self {
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
            hangup: signal(SignalKind::hangup()).ok(),
        }
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            () = next(&mut self.terminate) => Signal::Stop,
            () = next(&mut self.interrupt) => Signal::Stop,
            () = next(&mut self.hangup) => Signal::Reload,
        }
    }

    /// The next signal to stop; reloads in between are ignored.
    pub(super) async fn stop(&mut self) {
        while !matches!(self.next().await, Signal::Stop) {}
    }
}

/// What a signal asks for.
pub(super) enum Signal {
    Stop,
    Reload,
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
