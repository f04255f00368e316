//! Whether PostgreSQL has room to write: what failed for want of space, and whether it would again.
//!
//! Invariants: after such a failure nothing is bought until a while has passed and a trial write went through; the trial
//! is rolled back.
//! How to get it wrong: trying with a row that fits into a page that is there already. The want shows when a table grows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;

use super::connection::Connection;
use super::error::DbError;

/// When a write failed last for want of space, if none went through since.
#[derive(Clone, Default)]
pub(super) struct Room(Arc<Mutex<Option<Instant>>>);

impl Room {
    pub(super) fn was_lacking(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub(super) fn lacked_at(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A trial that went through says that what was lacking at `lacked_at` is there; whether something is lacking since.
    pub(super) fn was_tried(&self, lacked_at: Instant) -> bool {
        let mut lacked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *lacked == Some(lacked_at) {
            *lacked = None;
        }
        lacked.is_some()
    }
}

/// Makes a table and an index grow, and takes it back.
pub(super) fn room_try(conn: &mut Connection) -> Result<(), DbError> {
    let grow = "INSERT INTO waiters (user_id, instance_id, expires_at)
                SELECT repeat(md5(random()::text), 40) || n, gen_random_uuid(), clock_timestamp()
                  FROM generate_series(1, 40) AS n";
    let tried = conn.transaction(|conn| {
        sql_query(grow).execute(conn)?;
        Err::<(), _>(diesel::result::Error::RollbackTransaction)
    });
    match tried {
        Err(diesel::result::Error::RollbackTransaction) | Ok(()) => Ok(()),
        Err(error) => Err(DbError::label("room_try", error)),
    }
}

/// Looks at the tables that a signup needs, as it would.
///
/// # Errors
/// When a signup would fail as well.
pub fn signup_look(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(
        "SELECT (SELECT count(*) FROM (SELECT FROM waiters LIMIT 1) a) + (SELECT count(*) FROM (SELECT FROM numbers LIMIT 1) b)
              + (SELECT count(*) FROM (SELECT FROM assignments LIMIT 1) c)",
    )
    .execute(conn)?;
    Ok(())
}
