//! How long each pool is left alone after a pass that bought nothing for it.
//!
//! Invariants: what one pool is refused keeps no other waiting; the pause grows with each failure in a row, and ends at once
//! when something was bought, somebody says that buying goes on, or the pool has other keys than were refused.
//! How to get it wrong: one pause for all. A pool that Twilio has no numbers for would silence those that it has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::watch;

use super::dependencies::QuietUntil;
use super::pass::PoolPass;
use crate::domain::{Keys, PoolName};

const LOCKED_PAUSE: Duration = Duration::from_secs(1);
const FIRST: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_secs(300);

/// The pauses of all pools.
pub(super) struct BackOffs {
    pools: BTreeMap<PoolName, BackOff>,
    told: watch::Sender<QuietUntil>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BackOff {
    failures: u32,
    until: Instant,
    /// Under these keys of the pool.
    fingerprint: Arc<str>,
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

    /// A pass that was set off by stock itself, under these keys of its pool, ended so: one that bought nothing waits, longer each
    /// time.
    pub(super) fn remember(&mut self, pass: &PoolPass, keys: &Keys) {
        if pass.purchased_count > 0 {
            self.begin_anew(&pass.pool);
        } else if pass.is_locked() {
            // Somebody else is buying: what is still needed shows when they are done.
            self.wait(keys, self.failures(keys), LOCKED_PAUSE);
        } else {
            self.failed(keys);
        }
    }

    /// A pass came to nothing.
    pub(super) fn failed(&mut self, keys: &Keys) {
        let failures = self.failures(keys);
        let wait = (FIRST * 2u32.pow(failures.min(10))).min(MOST);
        self.wait(keys, failures.saturating_add(1), wait);
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

    /// Pools that are not configured any more are forgotten, and so is what came to nothing under other keys than they have by now.
    pub(super) fn keep(&mut self, in_force: &BTreeMap<PoolName, Keys>) {
        let before = self.pools.len();
        self.pools
            .retain(|pool, back_off| in_force.get(pool).is_some_and(|keys| keys.fingerprint == back_off.fingerprint));
        if self.pools.len() < before {
            self.tell();
        }
    }

    /// In a row, under these keys.
    fn failures(&self, keys: &Keys) -> u32 {
        let back_off = self.pools.get(&keys.pool).filter(|back_off| back_off.fingerprint == keys.fingerprint);
        back_off.map_or(0, |back_off| back_off.failures)
    }

    fn wait(&mut self, keys: &Keys, failures: u32, pause: Duration) {
        let back_off = BackOff { failures, until: Instant::now() + pause, fingerprint: Arc::clone(&keys.fingerprint) };
        self.pools.insert(keys.pool.clone(), back_off);
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

    fn keys(name: &str) -> Keys {
        Keys { pool: pool(name), fingerprint: "these".into() }
    }

    fn in_force(all: &[Keys]) -> BTreeMap<PoolName, Keys> {
        all.iter().map(|keys| (keys.pool.clone(), keys.clone())).collect()
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
                back_offs.remember(&pass("gb", 0, "no_stock"), &keys("gb"));
                wait(&back_offs, "gb")
            })
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(back_offs.is_quiet(&pool("gb")) && !back_offs.is_quiet(&pool("default")));
        assert_eq!(told.borrow().keys().collect::<Vec<_>>(), [&pool("gb")]);
        back_offs.remember(&pass("default", 3, "below_threshold"), &keys("default"));
        assert!(back_offs.is_quiet(&pool("gb")), "what another one bought ends nothing");
        back_offs.remember(&pass("gb", 0, "locked"), &keys("gb"));
        assert_eq!(wait(&back_offs, "gb"), 1);
        back_offs.remember(&pass("gb", 0, "no_stock"), &keys("gb"));
        assert_eq!(wait(&back_offs, "gb"), 300, "whoever was buying meanwhile ended no row of failures");
        back_offs.remember(&pass("gb", 1, "below_threshold"), &keys("gb"));
        assert!(!back_offs.is_quiet(&pool("gb")) && told.borrow().is_empty());
    }

    #[test]
    fn a_pool_that_goes_or_is_resumed_begins_anew() {
        let mut back_offs = BackOffs::new(watch::channel(QuietUntil::new()).0);
        for name in ["gb", "ca", "old"] {
            back_offs.failed(&keys(name));
            back_offs.failed(&keys(name));
        }
        back_offs.begin_anew(&pool("gb"));
        assert!(!back_offs.is_quiet(&pool("gb")) && back_offs.is_quiet(&pool("ca")));
        back_offs.failed(&keys("gb"));
        assert_eq!((wait(&back_offs, "gb"), wait(&back_offs, "ca")), (5, 10));
        back_offs.keep(&in_force(&[keys("gb"), keys("ca")]));
        assert!(!back_offs.is_quiet(&pool("old")));
        back_offs.all_begin_anew();
        assert!(back_offs.pools.is_empty());
    }

    #[test]
    fn other_keys_begin_anew_at_once_and_what_came_to_nothing_under_the_former_ones_counts_no_more() {
        let (sender, told) = watch::channel(QuietUntil::new());
        let mut back_offs = BackOffs::new(sender);
        for _ in 0..5 {
            back_offs.failed(&keys("gb"));
        }
        back_offs.failed(&keys("ca"));
        let others = Keys { fingerprint: "others".into(), ..keys("gb") };
        back_offs.keep(&in_force(&[keys("gb"), keys("ca")]));
        assert!(back_offs.is_quiet(&pool("gb")), "the same keys again end nothing");
        back_offs.keep(&in_force(&[others.clone(), keys("ca")]));
        assert!(!back_offs.is_quiet(&pool("gb")) && back_offs.is_quiet(&pool("ca")));
        assert_eq!(told.borrow().keys().collect::<Vec<_>>(), [&pool("ca")]);
        // A pass that was under way says something of its own keys alone.
        back_offs.remember(&pass("gb", 0, "halted"), &keys("gb"));
        back_offs.keep(&in_force(&[others.clone(), keys("ca")]));
        assert!(!back_offs.is_quiet(&pool("gb")));
        back_offs.failed(&others);
        assert_eq!(wait(&back_offs, "gb"), 5);
    }
}
