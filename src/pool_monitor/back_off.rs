//! How long each pool is left alone after a pass that bought nothing for it.
//!
//! Invariants: what one pool is refused keeps no other waiting; the pause grows with each failure in a row, and ends at once
//! when something was bought or somebody says that buying goes on.
//! How to get it wrong: one pause for all. A pool that Twilio has no numbers for would silence those that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::watch;

use super::dependencies::QuietUntil;
use super::pass::PoolPass;
use crate::domain::PoolName;

const LOCKED_PAUSE: Duration = Duration::from_secs(1);
const FIRST: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_secs(300);

/// The pauses of all pools.
pub(super) struct BackOffs {
    pools: BTreeMap<PoolName, BackOff>,
    told: watch::Sender<QuietUntil>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BackOff {
    failures: u32,
    until: Instant,
}

impl BackOffs {
    /// None yet; whoever listens to `told` hears when each of them ends.
    pub(super) fn new(told: watch::Sender<QuietUntil>) -> Self {
        told.send_replace(QuietUntil::new());
        Self { pools: BTreeMap::new(), told }
    }

    /// Whether the pool is left alone now.
    pub(super) fn is_quiet(&self, pool: &PoolName) -> bool {
        self.pools.get(pool).is_some_and(|back_off| Instant::now() < back_off.until)
    }

    /// A pass that was set off by stock itself ended so: one that bought nothing waits, longer each time.
    pub(super) fn remember(&mut self, pass: &PoolPass) {
        if pass.purchased_count > 0 {
            self.begin_anew(&pass.pool);
        } else if pass.is_locked() {
            // Somebody else is buying: what is still needed shows when they are done.
            let failures = self.failures(&pass.pool);
            self.wait(&pass.pool, BackOff { failures, until: Instant::now() + LOCKED_PAUSE });
        } else {
            self.failed(&pass.pool);
        }
    }

    /// A pass came to nothing.
    pub(super) fn failed(&mut self, pool: &PoolName) {
        let failures = self.failures(pool);
        let wait = (FIRST * 2u32.pow(failures.min(10))).min(MOST);
        self.wait(pool, BackOff { failures: failures.saturating_add(1), until: Instant::now() + wait });
    }

    /// The next look decides by the pool's stock alone.
    pub(super) fn begin_anew(&mut self, pool: &PoolName) {
        if self.pools.remove(pool).is_some() {
            self.tell();
        }
    }

    /// The same of all pools.
    pub(super) fn all_begin_anew(&mut self) {
        self.pools.clear();
        self.tell();
    }

    /// Pools that are not configured any more are forgotten.
    pub(super) fn keep(&mut self, in_force: &BTreeSet<PoolName>) {
        let before = self.pools.len();
        self.pools.retain(|pool, _| in_force.contains(pool));
        if self.pools.len() < before {
            self.tell();
        }
    }

    fn failures(&self, pool: &PoolName) -> u32 {
        self.pools.get(pool).map_or(0, |back_off| back_off.failures)
    }

    fn wait(&mut self, pool: &PoolName, back_off: BackOff) {
        self.pools.insert(pool.clone(), back_off);
        self.tell();
    }

    /// For people: a clock that steps changes what is told, not what is done.
    fn tell(&self) {
        let (now, clock) = (Instant::now(), Utc::now());
        let at = |back_off: &BackOff| clock + back_off.until.saturating_duration_since(now);
        self.told.send_replace(self.pools.iter().map(|(pool, back_off)| (pool.clone(), at(back_off))).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Stock, Trigger};

    fn pool(name: &str) -> PoolName {
        name.parse().unwrap()
    }

    fn pass(name: &str, purchased_count: u32, reason: &str) -> PoolPass {
        let (previous, new) = (Stock::default(), Stock::default());
        let (trigger, reason, error) = (Trigger::Threshold, reason.to_owned(), None);
        PoolPass { pool: pool(name), trigger, previous, new, purchased_count, reason, error }
    }

    fn wait(back_offs: &BackOffs, name: &str) -> u64 {
        let until = back_offs.pools.get(&pool(name)).map(|back_off| back_off.until);
        until.map_or(0, |until| until.saturating_duration_since(Instant::now()).as_secs() + 1)
    }

    #[test]
    fn a_pool_without_stock_does_not_silence_others() {
        let (sender, told) = watch::channel(QuietUntil::new());
        let mut back_offs = BackOffs::new(sender);
        let waits: Vec<u64> = (0..8)
            .map(|_| {
                back_offs.remember(&pass("gb", 0, "no_stock"));
                wait(&back_offs, "gb")
            })
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(back_offs.is_quiet(&pool("gb")) && !back_offs.is_quiet(&pool("default")));
        assert_eq!(told.borrow().keys().collect::<Vec<_>>(), [&pool("gb")]);
        back_offs.remember(&pass("default", 3, "below_threshold"));
        assert!(back_offs.is_quiet(&pool("gb")), "what another one bought ends nothing");
        back_offs.remember(&pass("gb", 0, "locked"));
        assert_eq!(wait(&back_offs, "gb"), 1);
        back_offs.remember(&pass("gb", 0, "no_stock"));
        assert_eq!(wait(&back_offs, "gb"), 300, "whoever was buying meanwhile ended no row of failures");
        back_offs.remember(&pass("gb", 1, "below_threshold"));
        assert!(!back_offs.is_quiet(&pool("gb")) && told.borrow().is_empty());
    }

    #[test]
    fn a_pool_that_goes_or_is_resumed_begins_anew() {
        let mut back_offs = BackOffs::new(watch::channel(QuietUntil::new()).0);
        for name in ["gb", "ca", "old"] {
            back_offs.failed(&pool(name));
            back_offs.failed(&pool(name));
        }
        back_offs.begin_anew(&pool("gb"));
        assert!(!back_offs.is_quiet(&pool("gb")) && back_offs.is_quiet(&pool("ca")));
        back_offs.failed(&pool("gb"));
        assert_eq!((wait(&back_offs, "gb"), wait(&back_offs, "ca")), (5, 10));
        back_offs.keep(&BTreeSet::from([pool("gb"), pool("ca")]));
        assert!(!back_offs.is_quiet(&pool("old")));
        back_offs.all_begin_anew();
        assert!(back_offs.pools.is_empty());
    }
}
