//! How a child fares: whether it is there, beats, and is at work.
//!
//! How to get it wrong: taking a child at work for a stuck one. Its calls have deadlines, and may take their time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An idle child that showed nothing for so long is stuck.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// How a child fares, as others see it.
#[derive(Debug)]
pub struct Health {
    name: &'static str,
    started: Instant,
    beat_millis: AtomicU64,
    working: AtomicBool,
    restarts: AtomicU64,
    present: AtomicBool,
}

impl Health {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            started: Instant::now(),
            beat_millis: AtomicU64::new(0),
            working: AtomicBool::new(false),
            restarts: AtomicU64::new(0),
            present: AtomicBool::new(false),
        }
    }

    /// The child's name in logs and in `/readyz`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it runs, and was not stuck lately. A child at work may take its time: its calls have deadlines.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let since_start = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let silent = since_start.saturating_sub(self.beat_millis.load(Ordering::Relaxed));
        let stale = u128::from(silent) > STALE_AFTER.as_millis() && !self.working.load(Ordering::Relaxed);
        self.present.load(Ordering::Relaxed) && !stale
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// A fresh incarnation takes over.
    pub(super) fn begin(&self) {
        self.present.store(true, Ordering::Relaxed);
        self.working.store(false, Ordering::Relaxed);
        self.beat();
    }

    /// It is gone.
    pub(super) fn end(&self) {
        self.present.store(false, Ordering::Relaxed);
    }

    /// It was started again.
    pub(super) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// It showed a sign of life.
    pub fn beat(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat_millis.store(now, Ordering::Relaxed);
    }

    /// Marks the child as at work until the answer is dropped.
    pub fn work(self: &Arc<Self>) -> Working {
        self.working.store(true, Ordering::Relaxed);
        Working(Arc::clone(self))
    }
}

/// A child's work in progress.
#[derive(Debug)]
pub struct Working(Arc<Health>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.beat();
        self.0.working.store(false, Ordering::Relaxed);
    }
}
