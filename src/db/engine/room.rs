//! Whether PostgreSQL has room to write: what failed for want of space, and whether it would again.
//!
//! Invariants: after such a failure nothing is bought until a while has passed and a trial write went through; the trial
//! is rolled back.
//! How to get it wrong: trying with rows that fit into pages that are there already. The want shows when a table grows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

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

/// Some pages of rows.
const ROWS: &str = "INSERT INTO waiters (user_id, pool, instance_id, expires_at)
                    SELECT repeat(md5(random()::text), 40) || n, 'default', gen_random_uuid(), clock_timestamp()
                      FROM generate_series(1, 40) AS n";
/// After so many times (3 MB) the table has grown, whatever room those who waited once have left in it.
const TIMES_MAX: usize = 64;

/// Makes a table and an index grow, and takes it back.
pub(super) fn room_try(conn: &mut Connection) -> Result<(), DbError> {
    let tried = conn.transaction(|conn| {
        let before = waiters_size(conn)?;
        for _ in 0..TIMES_MAX {
            sql_query(ROWS).execute(conn)?;
            if waiters_size(conn)? > before {
                break;
            }
        }
        Err::<(), _>(diesel::result::Error::RollbackTransaction)
    });
    match tried {
        Err(diesel::result::Error::RollbackTransaction) | Ok(()) => Ok(()),
        Err(error) => Err(DbError::label("room_try", error)),
    }
}

fn waiters_size(conn: &mut Connection) -> QueryResult<i64> {
    diesel::select(diesel::dsl::sql::<BigInt>("pg_relation_size('waiters')")).get_result(conn)
}

/// Looks at the tables that a signup needs, as it would.
///
/// # Errors
/// When a signup would fail as well.
pub fn signup_look(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(
        "SELECT (SELECT count(*) FROM (SELECT FROM waiters LIMIT 1) a) + (SELECT count(*) FROM (SELECT FROM numbers LIMIT 1) b)
              + (SELECT count(*) FROM (SELECT FROM leases LIMIT 1) c)",
    )
    .execute(conn)?;
    Ok(())
}
