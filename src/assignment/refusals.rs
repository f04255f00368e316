//! Refused signups, counted where they are refused and written down a little later for all instances.
//!
//! Invariants: a signup that is refused adds to a counter in memory and waits for nothing; what could not be written is kept
//! for the next time, by its minute, and bounded; a desk that dies takes no count along.
//! How to get it wrong: counting who hung up. Nobody was refused there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use crate::db::refusals::{RefusedThen, refusals_add};
use crate::db::{Db, DbError};
use crate::domain::PoolName;

/// What was refused is written down this often,
const WRITTEN_EVERY: Duration = Duration::from_secs(2);
/// and told apart by as much.
const STRETCH: Duration = Duration::from_secs(20);
/// Stretches that wait for a database that is away: an hour of them.
const STRETCHES_MAX: usize = 180;

/// Refusals that are not written down yet. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<VecDeque<Stretch>>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    begun: Instant,
    counts: BTreeMap<(PoolName, &'static str), u64>,
}

impl Refusals {
    /// Somebody was told that there is no number; `code` is the answer's, `pool` was to serve them.
    pub(super) fn count(&self, pool: &PoolName, code: &'static str) {
        self.count_at(pool, code, Instant::now());
    }

    fn count_at(&self, pool: &PoolName, code: &'static str, now: Instant) {
        let mut stretches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stretches.back().is_none_or(|last| now.saturating_duration_since(last.begun) >= STRETCH) {
            stretches.push_back(Stretch { begun: now, counts: BTreeMap::new() });
        }
        if stretches.len() > STRETCHES_MAX {
            stretches.pop_front();
        }
        if let Some(last) = stretches.back_mut() {
            *last.counts.entry((pool.clone(), code)).or_default() += 1;
        }
    }

    /// Everything that is not written down yet, which is the caller's from here on.
    fn take(&self) -> VecDeque<Stretch> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What could not be written, before what came meanwhile.
    fn put_back(&self, mut unwritten: VecDeque<Stretch>) {
        let mut stretches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.append(&mut stretches);
        let surplus = unwritten.len().saturating_sub(STRETCHES_MAX);
        unwritten.drain(..surplus);
        *stretches = unwritten;
    }

    async fn write(&self, db: &Db) -> Result<(), DbError> {
        let taken = self.take();
        let now = Instant::now();
        let refused: Vec<RefusedThen> = taken.iter().flat_map(|stretch| stretch.refused(now)).collect();
        if refused.is_empty() {
            return Ok(());
        }
        let written = db.run("refusals_add", move |conn| refusals_add(conn, &refused)).await;
        if written.is_err() {
            self.put_back(taken);
        }
        written
    }
}

impl Stretch {
    fn refused(&self, now: Instant) -> impl Iterator<Item = RefusedThen> {
        let ago = now.saturating_duration_since(self.begun);
        let then = move |((pool, code), count): (&(PoolName, &'static str), &u64)| RefusedThen {
            ago,
            code,
            pool: pool.clone(),
            count: *count,
        };
        self.counts.iter().map(then)
    }
}

/// Writes down what is refused, until it is dropped.
pub(super) fn keep_writing(refusals: Refusals, db: Db, log: slog::Logger) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::time::sleep(WRITTEN_EVERY).await;
            if let Err(error) = refusals.write(&db).await {
                slog::debug!(log, "refused signups are written down later"; "error" => error.in_full());
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(refusals: &Refusals) -> Vec<(&'static str, u64)> {
        let counts = |stretch: &Stretch| stretch.counts.clone().into_iter().map(|((_, code), count)| (code, count));
        refusals.take().iter().flat_map(counts).collect()
    }

    #[test]
    fn what_is_refused_in_one_stretch_is_one_count_and_what_cannot_be_written_is_kept_by_its_time() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for secs in [0, 1, 5, 21] {
            refusals.count_at(&PoolName::default_pool(), "pool_empty", start + Duration::from_secs(secs));
        }
        refusals.count_at(&PoolName::default_pool(), "internal", start + Duration::from_secs(22));
        let taken = refusals.take();
        let now = start + Duration::from_secs(30);
        let told: Vec<_> = taken.iter().flat_map(|stretch| stretch.refused(now)).collect();
        let refused = |ago: u64, code, count| RefusedThen {
            ago: Duration::from_secs(ago),
            code,
            pool: PoolName::default_pool(),
            count,
        };
        assert_eq!(told, [refused(30, "pool_empty", 3), refused(9, "internal", 1), refused(9, "pool_empty", 1)]);
        refusals.count_at(&PoolName::default_pool(), "pool_empty", start + Duration::from_secs(60));
        refusals.put_back(taken);
        assert_eq!(
            counts(&refusals),
            [("pool_empty", 3), ("internal", 1), ("pool_empty", 1), ("pool_empty", 1)],
            "in their order"
        );
        assert_eq!(counts(&refusals), [], "once");
    }

    #[test]
    fn each_pools_refusals_are_counted_apart() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        for pool in ["gb", "default", "gb"] {
            refusals.count_at(&pool.parse().unwrap(), "pool_empty", now);
        }
        let told: Vec<_> = refusals.take().iter().flat_map(|stretch| stretch.refused(now)).collect();
        let told: Vec<_> = told.iter().map(|refused| (refused.pool.as_str(), refused.count)).collect();
        assert_eq!(told, [("default", 1), ("gb", 2)]);
    }

    #[test]
    fn a_database_that_is_away_for_long_costs_no_more_memory() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for minute in 0..1000 {
            refusals.count_at(
                &PoolName::default_pool(),
                "database_unavailable",
                start + Duration::from_secs(60 * minute),
            );
        }
        let taken = refusals.take();
        assert_eq!(taken.len(), STRETCHES_MAX);
        refusals.count_at(&PoolName::default_pool(), "database_unavailable", start);
        refusals.put_back(taken);
        assert_eq!(refusals.take().len(), STRETCHES_MAX);
    }
}
