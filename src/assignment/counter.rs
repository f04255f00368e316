//! Where signups stand until the clerk looks up.
//!
//! Invariants: whoever stands here is taken by the clerk, or hears that the desk is gone; nobody can stand at a closed one.
//! How to get it wrong: waking the clerk for each signup. While it works it looks by itself, and waking costs more than
//! standing in line.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use super::ask::Ask;
use super::reply::Reply;

/// Signups that may stand at one counter: as many as `http.connections_max` may be.
const LINE_MAX: usize = 100_000;

/// Where the counter of the living incarnation of the desk is found.
pub(crate) type CounterSlot = Arc<ArcSwapOption<Counter>>;

/// The counter of one incarnation of the desk.
#[derive(Default)]
pub(crate) struct Counter {
    standing: Mutex<Standing>,
    somebody: Condvar,
}

#[derive(Default)]
struct Standing {
    line: Vec<(Ask, Reply)>,
    clerk_sleeps: bool,
    is_closed: bool,
}

impl Counter {
    /// Stands in line; `false` = it is too long, or nobody serves here any more.
    pub(super) fn stand(&self, ask: Ask, reply: Reply) -> bool {
        let mut standing = self.lock();
        if standing.is_closed || standing.line.len() >= LINE_MAX {
            return false;
        }
        standing.line.push((ask, reply));
        if std::mem::take(&mut standing.clerk_sleeps) {
            drop(standing);
            self.somebody.notify_one();
        }
        true
    }

    /// The first `most` of the line, in order; sleeps while nobody stands there. `None` when it was closed.
    pub(super) fn next(&self, most: usize) -> Option<Vec<(Ask, Reply)>> {
        let mut standing = self.lock();
        while standing.line.is_empty() && !standing.is_closed {
            standing.clerk_sleeps = true;
            standing = self.somebody.wait(standing).unwrap_or_else(PoisonError::into_inner);
        }
        if standing.is_closed {
            return None;
        }
        let served = standing.line.len().min(most);
        let rest = standing.line.split_off(served);
        Some(std::mem::replace(&mut standing.line, rest))
    }

    /// Everybody who stands there, because nobody can be served.
    pub(super) fn clear(&self) -> Vec<(Ask, Reply)> {
        std::mem::take(&mut self.lock().line)
    }

    /// Sends the clerk home; whoever stands there hears that the desk is gone.
    pub(super) fn close(&self) {
        let left = {
            let mut standing = self.lock();
            standing.is_closed = true;
            std::mem::take(&mut standing.line)
        };
        self.somebody.notify_all();
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::refusals::Refusals;
    use crate::domain::PoolName;
    use crate::telemetry::Telemetry;

    fn ask(user: &str) -> Ask {
        Ask {
            user_id: user.parse().unwrap(),
            pool: PoolName::default_pool(),
            only_pool: false,
            wish: None,
            strict: false,
            country: None,
            stock_only: false,
        }
    }

    fn stand(counter: &Counter, user: &str) -> bool {
        counter.stand(ask(user), Reply::new(PoolName::default_pool(), Telemetry::new(&[]), Refusals::default()).0)
    }

    fn users(batch: Vec<(Ask, Reply)>) -> Vec<String> {
        batch.into_iter().map(|(ask, _)| ask.user_id.to_string()).collect()
    }

    #[test]
    fn whoever_came_first_is_served_first_and_the_rest_stands_on() {
        let counter = Counter::default();
        assert!(["a", "b", "c"].iter().all(|user| stand(&counter, user)));
        assert_eq!(users(counter.next(2).unwrap()), ["a", "b"]);
        assert!(stand(&counter, "d"));
        assert_eq!(users(counter.next(2).unwrap()), ["c", "d"]);
    }

    #[test]
    fn a_clerk_that_sleeps_is_woken_by_a_signup_and_by_the_end() {
        let counter = Arc::new(Counter::default());
        let clerk = std::thread::spawn({
            let counter = Arc::clone(&counter);
            move || {
                let mut served = Vec::new();
                while let Some(batch) = counter.next(8) {
                    served.extend(users(batch));
                }
                served
            }
        });
        for user in ["a", "b"] {
            while !counter.lock().clerk_sleeps {
                std::thread::yield_now();
            }
            assert!(stand(&counter, user));
        }
        while !counter.lock().clerk_sleeps {
            std::thread::yield_now();
        }
        counter.close();
        assert_eq!(clerk.join().unwrap(), ["a", "b"]);
        assert!(!stand(&counter, "c"), "nobody serves here any more");
    }

    #[test]
    fn whoever_stands_at_a_counter_that_closes_hears_it() {
        let counter = Counter::default();
        let (reply, mut answer) = Reply::new(PoolName::default_pool(), Telemetry::new(&[]), Refusals::default());
        assert!(counter.stand(ask("a"), reply));
        counter.close();
        assert!(matches!(answer.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Closed)));
        assert!(counter.next(8).is_none());
    }

    #[test]
    fn a_line_has_an_end() {
        let counter = Counter::default();
        let telemetry = Telemetry::new(&[]);
        let stand =
            || counter.stand(ask("a"), Reply::new(PoolName::default_pool(), telemetry.clone(), Refusals::default()).0);
        assert!((0..LINE_MAX).all(|_| stand()) && !stand());
    }
}
