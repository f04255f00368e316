//! Whose purchase run it is: one row that names the run, the connection that has its lock, and its last sign of life.
//!
//! Invariants: whoever has taken the lock writes itself here before anything else, and only while it has it; a run opens or
//! starts an order only while it is named here; nobody's connection is ended but one that bears our name and has the lock,
//! and that is recorded here and has been silent for a minute, or has had the lock for a minute and is not recorded.
//! How to get it wrong: ending whoever holds the advisory lock. The earlier service uses the same key and writes nothing;
//! it does not bear our name.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::locks::LOCK_NAME;

/// A holder that gives no sign of life for so long is frozen.
const SILENT_FOR: &str = "interval '60 seconds'";

/// Whether `l`, a row of `pg_locks`, is the purchase lock, held.
fn is_the_lock(advisory_key: i64) -> String {
    format!(
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {advisory_key}"
    )
}

/// The connection of ours that has the lock although its process has been silent for too long. One that is not recorded
/// stopped before it could name itself, or is of a version that names itself nowhere: it has had the lock since it began.
fn frozen(advisory_key: i64) -> String {
    let is_the_lock = is_the_lock(advisory_key);
    format!(
        "FROM pg_locks l JOIN pg_stat_activity a USING (pid) CROSS JOIN purchase_holder h
        WHERE {is_the_lock} AND a.application_name = '{LOCK_NAME}'
          AND CASE WHEN (a.pid, a.backend_start) IS NOT DISTINCT FROM (h.backend_pid, h.backend_start) THEN h.beat_at
                   ELSE a.xact_start END < clock_timestamp() - {SILENT_FOR}"
    )
}

/// Names `run_id` as the run that may buy; `backend_pid` is the connection that has the lock under `advisory_key`. Every
/// earlier run is over.
///
/// # Errors
/// [`Constraint::OneRunningOrder`] when that connection has lost the lock; whatever PostgreSQL fails with.
pub fn holder_take(
    conn: &mut Connection,
    run_id: Uuid,
    advisory_key: i64,
    backend_pid: i32,
    hangs_after: Duration,
) -> Result<(), DbError> {
    let is_the_lock = is_the_lock(advisory_key);
    let named = sql_query(format!(
        "UPDATE purchase_holder SET run_id = $1, hangs_after_ms = $2, beat_at = clock_timestamp(),
                backend_pid = a.pid, backend_start = a.backend_start
           FROM pg_stat_activity a
          WHERE a.pid = $3 AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND {is_the_lock})"
    ))
    .bind::<SqlUuid, _>(run_id)
    .bind::<Integer, _>(i32::try_from(hangs_after.as_millis()).unwrap_or(i32::MAX))
    .bind::<Integer, _>(backend_pid)
    .execute(conn)?;
    // Whoever has it now has named itself, or is about to.
    if named == 1 { Ok(()) } else { Err(DbError::Constraint(Constraint::OneRunningOrder)) }
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
pub fn holder_is_frozen(conn: &mut Connection, advisory_key: i64) -> Result<bool, DbError> {
    let exists = format!("EXISTS (SELECT 1 {})", frozen(advisory_key));
    Ok(diesel::select(diesel::dsl::sql::<Bool>(&exists)).get_result(conn)?)
}

/// Ends the connection of a frozen holder, and so its lock. Returns whether there was one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_end_frozen(conn: &mut Connection, advisory_key: i64) -> Result<bool, DbError> {
    if !holder_is_frozen(conn, advisory_key)? {
        return Ok(false);
    }
    let ended = sql_query(format!("SELECT pg_terminate_backend(a.pid) {}", frozen(advisory_key))).execute(conn)?;
    Ok(ended > 0)
}
