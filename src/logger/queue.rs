//! Lines on their way to the thread that writes them.
//!
//! When the queue is full, unimportant lines are dropped and counted, so that no signup waits for a slow disk; lines of
//! `warn` and above wait for room, up to a bound. How to get it wrong: taking "full" for what it says. slog-async
//! answers the same when its thread has ended, hence `closed` and the bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use slog::{Drain, Level, Never, OwnedKVList, Record, b, record};
use slog_async::{AsyncCore, AsyncError};

/// How long an important line waits between two looks.
const LOOK_MS: u64 = 1;
/// How often it looks before it is dropped after all: the log has stood still for seconds.
const LOOKS_MAX: u32 = 2000;

/// Hands lines to the writing thread.
pub(super) struct Queue<D = AsyncCore> {
    core: D,
    closed: Arc<AtomicBool>,
    dropped: AtomicU64,
}

impl<D: Drain<Ok = (), Err = AsyncError>> Queue<D> {
    pub fn new(core: D, closed: Arc<AtomicBool>) -> Self {
        Self { core, closed, dropped: AtomicU64::new(0) }
    }

    /// Whether the line is in the queue, at once or after a wait.
    fn push(&self, record: &Record<'_>, values: &OwnedKVList) -> bool {
        let looks_max = if record.level().is_at_least(Level::Warning) { LOOKS_MAX } else { 0 };
        for look in 0..=looks_max {
            match self.core.log(record, values) {
                Ok(()) => return true,
                Err(AsyncError::Full) if !self.closed.load(Ordering::Acquire) && look < looks_max => {
                    thread::sleep(Duration::from_millis(LOOK_MS));
                }
                Err(_) => return false,
            }
        }
        false
    }

    /// Tells how many lines are missing, once there is room to say so.
    fn confess(&self, values: &OwnedKVList) {
        let count = self.dropped.swap(0, Ordering::Relaxed);
        if count == 0 {
            return;
        }
        let message = format_args!("log lines were dropped because the log could not be written fast enough");
        let told = self.core.log(&record!(Level::Warning, "", &message, b!("count" => count)), values);
        if told.is_err() {
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }
}

impl<D: Drain<Ok = (), Err = AsyncError>> Drain for Queue<D> {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<(), Never> {
        self.confess(values);
        if !self.push(record, values) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use slog::{error, info, o};

    use super::*;

    /// A queue that is full for its first answers.
    struct FullAtFirst {
        answers: Mutex<u32>,
        taken: Arc<Mutex<Vec<String>>>,
    }

    impl Drain for FullAtFirst {
        type Ok = ();
        type Err = AsyncError;

        fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), AsyncError> {
            let mut answers = self.answers.lock().unwrap();
            if *answers > 0 {
                *answers -= 1;
                return Err(AsyncError::Full);
            }
            self.taken.lock().unwrap().push(record.msg().to_string());
            Ok(())
        }
    }

    #[test]
    fn a_full_queue_drops_and_counts_small_talk_but_keeps_errors() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        // The first line, the confession before the second, and three looks of the second.
        let core = FullAtFirst { answers: Mutex::new(5), taken: Arc::clone(&taken) };
        let log = slog::Logger::root(Queue::new(core, Arc::default()), o!());
        info!(log, "small talk");
        error!(log, "somebody must act");
        info!(log, "later");
        let taken = taken.lock().unwrap();
        assert_eq!(taken[0], "somebody must act");
        assert!(taken[1].contains("dropped"));
        assert_eq!(taken[2], "later");
    }
}
