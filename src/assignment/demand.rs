//! Who found nothing ready, noted where they join the waitlist and written down a little later: what a pool was asked for is more
//! than what it could serve.
//!
//! Invariants: a signup adds to a map in memory and waits for nothing; a user who asks again and again is one note; what could
//! not be written is kept for the next time, and bounded.
//! How to get it wrong: noting who insisted on an area code, or came while the database was away. More stock would not have
//! served them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use tokio_util::task::AbortOnDropHandle;

use crate::db::foresight::{Noted, demand_add};
use crate::db::{Db, DbError};
use crate::domain::{PoolName, UserId};

/// What was noted is written down this often.
const WRITTEN_EVERY: Duration = Duration::from_secs(2);
/// Users that wait for a database that is away; those beyond them are counted alone.
const USERS_MAX: usize = 10_000;

/// Notes that are not written down yet. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    /// When each user asked first.
    asked: HashMap<(PoolName, [u8; 8]), Instant>,
    /// Users that there was no room for.
    left_out: u64,
}

impl Demand {
    /// Somebody found nothing ready in this pool.
    pub(super) fn note(&self, pool: &PoolName, user: &UserId) {
        let mut digest = [0; 8];
        digest.copy_from_slice(&Sha256::digest(user.as_str())[..8]);
        self.note_at(pool.clone(), digest, Instant::now());
    }

    fn note_at(&self, pool: PoolName, user_key: [u8; 8], now: Instant) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = notes.asked.len() < USERS_MAX;
        match notes.asked.entry((pool, user_key)) {
            Entry::Occupied(_) => {}
            Entry::Vacant(vacant) if has_room => _ = vacant.insert(now),
            Entry::Vacant(_) => notes.left_out += 1,
        }
    }

    /// Everything that is not written down yet, which is the caller's from here on.
    fn take(&self) -> Notes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What could not be written, before what came meanwhile.
    fn put_back(&self, unwritten: Notes) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.left_out += unwritten.left_out;
        for (user, at) in unwritten.asked {
            let has_room = notes.asked.len() < USERS_MAX;
            match notes.asked.entry(user) {
                Entry::Occupied(mut later) => _ = later.insert(at),
                Entry::Vacant(vacant) if has_room => _ = vacant.insert(at),
                Entry::Vacant(_) => notes.left_out += 1,
            }
        }
    }

    /// How many were written, and how many there was no room for.
    async fn write(&self, db: &Db) -> Result<u64, DbError> {
        let taken = self.take();
        if taken.asked.is_empty() {
            return Ok(taken.left_out);
        }
        fail::fail_point!("demand_taken");
        let now = Instant::now();
        let noted: Vec<Noted> = taken
            .asked
            .iter()
            .map(|((pool, user_key), at)| Noted {
                pool: pool.clone(),
                user_key: *user_key,
                ago: now.saturating_duration_since(*at),
            })
            .collect();
        let written = db.run("demand_add", move |conn| demand_add(conn, &noted)).await;
        let left_out = taken.left_out;
        match written {
            Ok(()) => Ok(left_out),
            Err(error) => {
                self.put_back(taken);
                Err(error)
            }
        }
    }
}

/// Writes down what is noted, until it is dropped.
pub(super) fn keep_writing(demand: Demand, db: Db, log: slog::Logger) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::time::sleep(WRITTEN_EVERY).await;
            match demand.write(&db).await {
                Ok(0) => {}
                Ok(left_out) => {
                    slog::warn!(log, "more users found no number than could be noted; advice on thresholds \
                        will not know of them"; "users" => left_out)
                }
                Err(error) => {
                    slog::debug!(log, "who found no number is written down later"; "error" => error.in_full());
                }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> PoolName {
        PoolName::default_pool()
    }

    #[test]
    fn a_user_is_noted_once_by_when_they_asked_first_and_no_more_are_kept_than_there_is_room_for() {
        let (demand, start) = (Demand::default(), Instant::now());
        let after = |secs: u64| start + Duration::from_secs(secs);
        demand.note_at(pool(), [1; 8], after(0));
        demand.note_at(pool(), [1; 8], after(60));
        demand.note_at("gb".parse().unwrap(), [1; 8], after(5));
        let taken = demand.take();
        assert_eq!((taken.asked.len(), taken.asked[&(pool(), [1; 8])]), (2, after(0)));
        assert_eq!(demand.take().asked.len(), 0, "once");
        // What could not be written counts by its own time.
        demand.note_at(pool(), [1; 8], after(90));
        demand.put_back(taken);
        let taken = demand.take();
        assert_eq!((taken.asked.len(), taken.asked[&(pool(), [1; 8])]), (2, after(0)));
        for user in 0..USERS_MAX as u64 + 7 {
            demand.note_at(pool(), user.to_be_bytes(), start);
        }
        demand.put_back(taken);
        let taken = demand.take();
        assert_eq!((taken.asked.len(), taken.left_out), (USERS_MAX, 9));
    }
}
