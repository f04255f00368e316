//! Who asked for numbers in the last four weeks, as bare instants in memory.
//!
//! All of it is read a day at a time, once a day; in between only what is new.
//! Invariants: instants of a pool are in order; a request is in it once, whether it was noted, served or both.
//! How to get it wrong: keeping the oldest when there are too many. Yesterday says more of tomorrow than last month.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::foresight::{Asked, asked_between, asked_since, assignments_written};
use crate::db::{Connection, Db, DbError};
use crate::domain::PoolName;
use crate::domain::foresight::{REPEAT_MS, Request, requests};

/// So far back.
pub(super) const DAYS: i64 = 28;
const DAY_MS: i64 = 86_400_000;
/// No more instants than this, 32 megabytes.
const INSTANTS_MAX: usize = 4_000_000;

/// What pools were asked for. Empty at first.
#[derive(Debug, Default)]
pub(super) struct History {
    /// When all of it was read, and up to which assignment.
    read: Option<(DateTime<Utc>, i64)>,
    settled: BTreeMap<PoolName, Vec<i64>>,
    /// Before this instant nothing is kept.
    from: i64,
}

/// The instants of each pool, and since when they are whole.
pub(super) type Instants = (BTreeMap<PoolName, Vec<i64>>, i64);

impl History {
    /// What is known now.
    pub(super) async fn look(&mut self, db: &Db, now: DateTime<Utc>) -> Result<Instants, DbError> {
        let is_old = |at: DateTime<Utc>| now - at > TimeDelta::days(1) || at > now;
        let (read_at, up_to) = match self.read {
            Some((at, up_to)) if !is_old(at) => (at, up_to),
            Some(_) | None => self.read_all(db, now).await?,
        };
        let noted_from = read_at - TimeDelta::milliseconds(REPEAT_MS);
        let new = db.look_patiently("asked_since", move |conn| asked_since(conn, up_to, noted_from)).await?;
        Ok((self.with(new, read_at.timestamp_millis(), now.timestamp_millis()), self.from))
    }

    async fn read_all(&mut self, db: &Db, now: DateTime<Utc>) -> Result<(DateTime<Utc>, i64), DbError> {
        let up_to = db.look_patiently("assignments_written", assignments_written).await?;
        let (mut settled, mut count) = (BTreeMap::<PoolName, Vec<i64>>::new(), 0_usize);
        let mut from = now;
        for _day in 0..DAYS {
            let (begin, end) = (from - TimeDelta::days(1), from);
            let read = move |conn: &mut Connection| asked_between(conn, begin, end, up_to);
            for (pool, instants) in merged(&db.look_patiently("asked_between", read).await?) {
                count += instants.len();
                settled.entry(pool).or_default().extend(instants);
            }
            from = begin;
            if count > INSTANTS_MAX {
                break;
            }
        }
        settled.values_mut().for_each(|instants| instants.sort_unstable());
        (self.settled, self.from) = (settled, from.timestamp_millis());
        self.read = Some((now, up_to));
        Ok((now, up_to))
    }

    /// What was there and what is new; of what was noted before all was read, everything is there already.
    fn with(&self, new: Asked, read_at: i64, now: i64) -> BTreeMap<PoolName, Vec<i64>> {
        let mut all = self.settled.clone();
        let noted_before: BTreeMap<PoolName, Vec<i64>> = new
            .noted
            .iter()
            .map(|(pool, noted)| {
                let before = noted.iter().map(|request| request.at).filter(|at| *at < read_at);
                (pool.clone(), before.collect())
            })
            .collect();
        for (pool, instants) in merged(&new) {
            let known = noted_before.get(&pool);
            let is_new = |at: &i64| known.is_none_or(|known| known.binary_search(at).is_err());
            let mine = all.entry(pool).or_default();
            mine.extend(instants.into_iter().filter(is_new));
            // Imported ones are of long ago.
            mine.sort_unstable();
        }
        let from = self.from.max(now - DAYS * DAY_MS);
        for instants in all.values_mut() {
            instants.drain(..instants.partition_point(|at| *at < from));
        }
        all
    }
}

/// The requests of each pool.
fn merged(asked: &Asked) -> Vec<(PoolName, Vec<i64>)> {
    let mut pools: BTreeMap<&PoolName, (&[Request], &[Request])> = BTreeMap::new();
    for (pool, assigned) in &asked.assigned {
        pools.entry(pool).or_default().0 = assigned;
    }
    for (pool, noted) in &asked.noted {
        pools.entry(pool).or_default().1 = noted;
    }
    pools.into_iter().map(|(pool, (assigned, noted))| (pool.clone(), requests(assigned, noted))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(events: &[(i64, u64)]) -> Vec<(PoolName, Vec<Request>)> {
        let events = events.iter().map(|(at, user)| Request { at: *at, user: *user });
        vec![(PoolName::default_pool(), events.collect())]
    }

    #[test]
    fn what_is_new_is_added_once_in_its_place_and_what_is_too_old_is_left_out() {
        let (read_at, now) = (1_000_000_000_000, 1_000_000_500_000);
        let settled = vec![now - DAYS * DAY_MS - 1, now - DAYS * DAY_MS, read_at - 60_000];
        let settled = BTreeMap::from([(PoolName::default_pool(), settled)]);
        let history = History { read: None, settled, from: 0 };
        let new = Asked {
            // The first was noted before, and served now; the second was imported, and is of a week ago.
            assigned: of(&[(read_at - 7 * DAY_MS, 9), (read_at + 5_000, 1), (read_at + 6_000, 2)]),
            noted: of(&[(read_at - 60_000, 1), (read_at + 4_000, 3)]),
        };
        let all = history.with(new, read_at, now);
        let expected = [now - DAYS * DAY_MS, read_at - 7 * DAY_MS, read_at - 60_000, read_at + 4_000, read_at + 6_000];
        assert_eq!(all[&PoolName::default_pool()], expected);
    }
}
