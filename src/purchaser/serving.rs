//! Which pools' waiters a run is serving this moment, so that nobody serves them twice by accident.
//!
//! Invariant: a turn is given back however its holder ends.
//! How to get it wrong: one turn for all pools. A market that hangs would keep those of all others waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::PoolName;

/// The turns of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Serving(Arc<Mutex<BTreeMap<PoolName, usize>>>);

/// The right to serve those who wait at one pool; its drop gives it back.
#[derive(Debug)]
pub(super) struct Turn {
    serving: Serving,
    pub(super) pool: PoolName,
}

impl Serving {
    /// A turn at `pool`, unless `most` have one already.
    pub(super) fn claim(&self, pool: &PoolName, most: usize) -> Option<Turn> {
        let mut pools = self.lock();
        let turns = pools.entry(pool.clone()).or_default();
        if *turns >= most {
            return None;
        }
        *turns += 1;
        Some(Turn { serving: self.clone(), pool: pool.clone() })
    }

    /// Whether somebody has a turn at `pool`.
    pub(super) fn is_at(&self, pool: &PoolName) -> bool {
        self.lock().contains_key(pool)
    }

    /// Whether somebody has a turn at any pool.
    pub(super) fn is_anywhere(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Whether somebody has a turn at another pool than `pool`.
    pub(super) fn is_elsewhere_than(&self, pool: &PoolName) -> bool {
        self.lock().keys().any(|other| other != pool)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PoolName, usize>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut pools = self.serving.lock();
        if let Some(turns) = pools.get_mut(&self.pool) {
            *turns -= 1;
            if *turns == 0 {
                pools.remove(&self.pool);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_has_its_own_turns_and_they_come_back() {
        let serving = Serving::default();
        let (gb, us) = ("gb".parse().unwrap(), PoolName::default_pool());
        let first = serving.claim(&gb, 1).expect("it is free");
        assert!(serving.claim(&gb, 1).is_none() && serving.is_at(&gb) && !serving.is_at(&us));
        assert!(serving.is_elsewhere_than(&us) && !serving.is_elsewhere_than(&gb));
        let second = serving.claim(&gb, 2).expect("one more may");
        drop(first);
        assert!(serving.is_at(&gb));
        drop(second);
        assert!(!serving.is_anywhere());
        assert!(!serving.is_at(&gb) && serving.claim(&gb, 1).is_some());
    }
}
