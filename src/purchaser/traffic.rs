//! What a run has asked Twilio and waits for: shared by all its orders, which keep one bound together.
//!
//! Invariant: a call counts from just before it is made until its future is gone, however that ends.
//! How to get it wrong: counting a create that hangs for ever. Past its time it takes nobody's slot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Calls that have not moved for so long hang.
pub(super) const HANG: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Search,
}

#[derive(Debug)]
struct Calls {
    open: HashMap<u64, (Kind, Instant)>,
    next: u64,
    moved: Instant,
}

/// The calls of one run.
#[derive(Debug, Clone)]
pub(super) struct Traffic(Arc<Mutex<Calls>>);

/// One call; its drop ends it.
#[derive(Debug)]
pub(super) struct OpenCall {
    traffic: Traffic,
    id: u64,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Calls { open: HashMap::new(), next: 0, moved: Instant::now() })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Calls) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn call(&self, kind: Kind) -> OpenCall {
        let id = self.with(|calls| {
            calls.next += 1;
            calls.moved = Instant::now();
            calls.open.insert(calls.next, (kind, calls.moved));
            calls.next
        });
        OpenCall { traffic: self.clone(), id }
    }

    /// Creates that are open and were sent less than `age` ago.
    pub(super) fn creates(&self, age: Duration) -> usize {
        self.with(|calls| {
            calls.open.values().filter(|(kind, begun)| *kind == Kind::Create && begun.elapsed() < age).count()
        })
    }

    /// Whether calls are open and none has begun or ended for `long`.
    pub(super) fn hangs_for(&self, long: Duration) -> bool {
        self.with(|calls| !calls.open.is_empty() && calls.moved.elapsed() >= long)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.traffic.with(|calls| {
            calls.moved = Instant::now();
            calls.open.remove(&self.id);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_count_while_they_are_open_and_creates_while_they_are_young() {
        let traffic = Traffic::new();
        let create = traffic.call(Kind::Create);
        let search = traffic.call(Kind::Search);
        assert_eq!((traffic.creates(Duration::from_secs(60)), traffic.creates(Duration::ZERO)), (1, 0));
        assert!(traffic.hangs_for(Duration::ZERO) && !traffic.hangs_for(Duration::from_secs(60)));
        drop((create, search));
        assert_eq!(traffic.creates(Duration::from_secs(60)), 0);
        assert!(!traffic.hangs_for(Duration::ZERO));
    }
}
