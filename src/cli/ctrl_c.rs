//! Ctrl-C while a command waits for the daemon: it says what goes on without it.
//!
//! Invariant: Ctrl-C ends the command and never the order; it says so, and how to end that one.
//! How to get it wrong: cancelling at Ctrl-C. Who stops watching does not say that nothing shall be bought.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::signal::unix::{SignalKind, signal};

use super::ending::{CommandError, warn};

/// What shells show for a command that ended at Ctrl-C.
const INTERRUPTED: i32 = 130;

/// What Ctrl-C says, for as long as it may come.
#[derive(Clone, Default)]
pub(super) struct AtCtrlC(Arc<Mutex<String>>);

impl AtCtrlC {
    /// Says `sentence` at Ctrl-C from now on, and ends the command.
    ///
    /// # Errors
    /// When the signal cannot be had.
    pub(super) fn say(sentence: String) -> Result<Self, CommandError> {
        let told = Self(Arc::new(Mutex::new(sentence)));
        let (ready, is_ready) = mpsc::channel();
        let said = told.clone();
        std::thread::spawn(move || said.wait(&ready));
        let failed = |error: std::io::Error| CommandError::Failed(format!("Ctrl-C cannot be heard ({error})"));
        is_ready.recv().unwrap_or(Ok(())).map_err(failed)?;
        Ok(told)
    }

    /// Something else is true by now.
    pub(super) fn now(&self, sentence: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }

    /// The command's own thread waits for the daemon; Ctrl-C must not, and so it ends the process.
    fn wait(&self, ready: &mpsc::Sender<std::io::Result<()>>) {
        let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let mut interrupts = runtime.block_on(async { signal(SignalKind::interrupt()) })?;
            // Whoever placed the order waits for this only.
            let _ = ready.send(Ok(()));
            runtime.block_on(interrupts.recv());
            Ok(())
        });
        if let Err(error) = waiting {
            let _ = ready.send(Err(error));
            return;
        }
        let sentence = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Below the progress bar, which stands in the line.
        warn(&format!("\ncallbunker: {sentence}"));
        std::process::exit(INTERRUPTED);
    }
}
