//! Whose purchase run it is: one row that names the run, the connection that has its lock, and its last sign of life.
//!
//! Invariants: whoever has taken the lock writes itself here before anything else, and a run opens or starts an order only
//! while it is named here; nobody's connection is ended but the one that is recorded here and has been silent for a minute.
//! How to get it wrong: ending whoever holds the advisory lock. The earlier service uses the same key and writes nothing.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Uuid as SqlUuid};
use uuid::Uuid;

use super::error::{Constraint, DbError};
use super::executor::Connection;
use super::locks::LOCK_NAME;

/// A holder that gives no sign of life for so long is frozen.
const SILENT_FOR: &str = "interval '60 seconds'";

/// The connection that is recorded, if it still has the lock although its process has been silent for too long.
fn frozen() -> String {
    format!(
        "FROM purchase_holder h JOIN pg_stat_activity a ON a.pid = h.backend_pid AND a.backend_start = h.backend_start
        WHERE h.beat_at < clock_timestamp() - {SILENT_FOR} AND a.application_name = '{LOCK_NAME}'
          AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted)"
    )
}

/// Names `run_id`, whose process holds the lock under `advisory_key`, as the run that may buy. Every earlier run is over.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_take(
    conn: &mut Connection,
    run_id: Uuid,
    advisory_key: i64,
    hangs_after: Duration,
) -> Result<(), DbError> {
    sql_query(format!(
        "UPDATE purchase_holder SET run_id = $1, hangs_after_ms = $2, beat_at = clock_timestamp(), (backend_pid, backend_start) = (
             SELECT a.pid, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)
              WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND a.application_name = '{LOCK_NAME}'
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND ((l.classid::bigint << 32) | l.objid::bigint) = $3 LIMIT 1)"
    ))
    .bind::<SqlUuid, _>(run_id)
    .bind::<Integer, _>(i32::try_from(hangs_after.as_millis()).unwrap_or(i32::MAX))
    .bind::<BigInt, _>(advisory_key)
    .execute(conn)?;
    Ok(())
}

/// Refuses a run that is over, in the transaction that wants to open an order; until its end no other run begins.
///
/// # Errors
/// [`Constraint::OneRunningOrder`] when another run has taken over; whatever PostgreSQL fails with.
pub(super) fn holder_stands(conn: &mut Connection, run_id: Uuid) -> Result<(), DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        stands: bool,
    }
    let row: Row = sql_query("SELECT coalesce(run_id = $1, true) AS stands FROM purchase_holder FOR SHARE")
        .bind::<SqlUuid, _>(run_id)
        .get_result(conn)?;
    if row.stands { Ok(()) } else { Err(DbError::Constraint(Constraint::OneRunningOrder)) }
}

/// The process of `run_id` lives.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_beat(conn: &mut Connection, run_id: Uuid) -> Result<(), DbError> {
    sql_query("UPDATE purchase_holder SET beat_at = clock_timestamp() WHERE run_id = $1")
        .bind::<SqlUuid, _>(run_id)
        .execute(conn)?;
    Ok(())
}

/// Whether the lock's holder is frozen: it keeps the lock and gives no sign of life.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_is_frozen(conn: &mut Connection) -> Result<bool, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<Bool>(&format!("EXISTS (SELECT 1 {})", frozen()))).get_result(conn)?)
}

/// Ends the connection of a frozen holder, and so its lock. Returns whether there was one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_end_frozen(conn: &mut Connection) -> Result<bool, DbError> {
    if !holder_is_frozen(conn)? {
        return Ok(false);
    }
    let ended = sql_query(format!("SELECT pg_terminate_backend(a.pid) {}", frozen())).execute(conn)?;
    Ok(ended > 0)
}
