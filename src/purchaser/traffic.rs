//! What a run has asked Twilio and waits for: shared by all its orders, which keep one bound together.
//!
//! Invariant: a call counts from just before it is made until its future is gone, however that ends; whether calls hang is
//! told of each pool, because one that moves says nothing of another one's market. A search that is answered and asked again moves.
//! How to get it wrong: counting a create that hangs for ever. Past its time it takes nobody's slot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::PoolName;

/// Calls that have not moved for so long hang.
pub(super) const HANG: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    Search,
}

#[derive(Debug)]
struct Call {
    kind: Kind,
    pool: PoolName,
    begun: Instant,
}

#[derive(Debug, Default)]
struct Calls {
    open: HashMap<u64, Call>,
    next: u64,
    orders: u64,
    orders_open: usize,
    /// When a call of a pool last began, was repeated or ended.
    moved: HashMap<PoolName, Instant>,
}

/// The calls of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic(Arc<Mutex<Calls>>);

/// One call; its drop ends it.
#[derive(Debug)]
pub(super) struct OpenCall {
    traffic: Traffic,
    id: u64,
}

/// An order that buys.
#[derive(Debug)]
pub(super) struct OpenOrder(Traffic);

impl Traffic {
    fn with<T>(&self, act: impl FnOnce(&mut Calls) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn call(&self, kind: Kind, pool: &PoolName) -> OpenCall {
        let id = self.with(|calls| {
            let begun = Instant::now();
            calls.next += 1;
            calls.moved.insert(pool.clone(), begun);
            calls.open.insert(calls.next, Call { kind, pool: pool.clone(), begun });
            calls.next
        });
        OpenCall { traffic: self.clone(), id }
    }

    /// Creates that are open and were sent less than `age` ago.
    pub(super) fn creates(&self, age: Duration) -> usize {
        self.with(|calls| calls.open.values().filter(|call| call.is_young_create(age)).count())
    }

    /// Those of them that are for `pool`.
    pub(super) fn creates_of(&self, pool: &PoolName, age: Duration) -> usize {
        self.with(|calls| calls.open.values().filter(|call| call.pool == *pool && call.is_young_create(age)).count())
    }

    /// An order begins to buy; until it is dropped, what others see of the caps is a moment old.
    pub(super) fn order(&self) -> OpenOrder {
        self.with(|calls| {
            calls.orders += 1;
            calls.orders_open += 1;
        });
        OpenOrder(self.clone())
    }

    /// So many orders had begun when nobody bought; `None` = somebody does.
    pub(super) fn orders_if_none_buys(&self) -> Option<u64> {
        self.with(|calls| (calls.orders_open == 0).then_some(calls.orders))
    }

    /// Whether one order has begun since there were so many, and no other.
    pub(super) fn is_the_only_one_since(&self, orders: u64) -> bool {
        self.with(|calls| calls.orders == orders + 1)
    }

    /// Whether calls for `pool` are open and none of them has begun or ended for `long`.
    pub(super) fn hangs_at(&self, pool: &PoolName, long: Duration) -> bool {
        self.with(|calls| calls.open.values().any(|call| call.pool == *pool) && calls.stands_still(pool, long))
    }

    /// Whether that is so of any pool.
    pub(super) fn hangs(&self, long: Duration) -> bool {
        self.with(|calls| calls.open.values().any(|call| calls.stands_still(&call.pool, long)))
    }
}

impl OpenCall {
    /// It is asked anew, or was answered and is to be asked again: it does not hang.
    pub(super) fn moves(&self) {
        self.traffic.with(|calls| {
            if let Some(call) = calls.open.get(&self.id) {
                let pool = call.pool.clone();
                calls.moved.insert(pool, Instant::now());
            }
        });
    }
}

impl Call {
    fn is_young_create(&self, age: Duration) -> bool {
        self.kind == Kind::Create && self.begun.elapsed() < age
    }
}

impl Calls {
    fn stands_still(&self, pool: &PoolName, long: Duration) -> bool {
        self.moved.get(pool).is_some_and(|moved| moved.elapsed() >= long)
    }
}

impl Drop for OpenOrder {
    fn drop(&mut self) {
        self.0.with(|calls| calls.orders_open -= 1);
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.traffic.with(|calls| {
            if let Some(call) = calls.open.remove(&self.id) {
                calls.moved.insert(call.pool, Instant::now());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn calls_count_while_they_are_open_and_creates_while_they_are_young() {
        let (traffic, pool) = (Traffic::default(), PoolName::default_pool());
        let create = traffic.call(Kind::Create, &pool);
        let search = traffic.call(Kind::Search, &pool);
        assert_eq!((traffic.creates(LONG), traffic.creates(Duration::ZERO)), (1, 0));
        assert!(traffic.hangs(Duration::ZERO) && !traffic.hangs(LONG));
        drop((create, search));
        assert_eq!(traffic.creates(LONG), 0);
        assert!(!traffic.hangs(Duration::ZERO));
    }

    #[test]
    fn a_call_that_is_asked_again_does_not_hang() {
        let (traffic, pool) = (Traffic::default(), PoolName::default_pool());
        let search = traffic.call(Kind::Search, &pool);
        let long = Duration::from_millis(200);
        std::thread::sleep(long);
        assert!(traffic.hangs_at(&pool, long));
        search.moves();
        assert!(!traffic.hangs_at(&pool, LONG));
        std::thread::sleep(long);
        assert!(traffic.hangs_at(&pool, long), "until it stands still again");
    }

    #[test]
    fn an_order_knows_whether_another_one_bought_since_it_was_planned() {
        let traffic = Traffic::default();
        let planned = traffic.orders_if_none_buys().expect("nobody buys");
        let mine = traffic.order();
        assert!(traffic.is_the_only_one_since(planned) && traffic.orders_if_none_buys().is_none());
        drop(traffic.order());
        assert!(!traffic.is_the_only_one_since(planned), "another one did, and has ended");
        drop(mine);
        assert_eq!(traffic.orders_if_none_buys(), Some(2));
    }

    #[test]
    fn a_market_that_hangs_is_told_apart_from_one_that_moves() {
        let traffic = Traffic::default();
        let (gb, us): (PoolName, PoolName) = ("gb".parse().unwrap(), PoolName::default_pool());
        let hanging = traffic.call(Kind::Create, &gb);
        std::thread::sleep(Duration::from_millis(20));
        let moving = traffic.call(Kind::Create, &us);
        let long = Duration::from_millis(20);
        assert!(traffic.hangs_at(&gb, long) && !traffic.hangs_at(&us, LONG) && traffic.hangs(long));
        assert_eq!((traffic.creates(LONG), traffic.creates_of(&gb, LONG), traffic.creates_of(&us, LONG)), (2, 1, 1));
        drop(hanging);
        assert!(!traffic.hangs_at(&gb, Duration::ZERO), "nothing of it is open");
        drop(moving);
    }
}
