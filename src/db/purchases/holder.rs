//! Whose purchase run it is: one row that names the run, the connection that has its lock, and its last sign of life.
//!
//! Invariants: whoever has taken the lock writes itself here before anything else, and only while it has it; a run opens or
//! starts an order only while it is named here; nobody's connection is ended but one that bears our name and has the lock,
//! and only if its latest sign of life is the one that whoever ends it has seen all the time.
//! How to get it wrong: ending whoever holds the advisory lock. The earlier service uses the same key and writes nothing;
//! it does not bear our name. Or reckoning here how long somebody has been silent: the clock of the database may step.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::locks::LOCK_NAME;

/// Whether `l`, a row of `pg_locks`, is the purchase lock, held.
fn is_the_lock(advisory_key: i64) -> String {
    format!(
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {advisory_key}"
    )
}

/// A connection of ours that has the lock, and when it last gave a sign of life.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Holder {
    #[diesel(sql_type = Integer)]
    backend_pid: i32,
    #[diesel(sql_type = Timestamptz)]
    backend_start: DateTime<Utc>,
    /// By the clock of the database: worth nothing but to be compared with another one.
    #[diesel(sql_type = Timestamptz)]
    sign_of_life: DateTime<Utc>,
}

#[cfg(test)]
impl Holder {
    /// One whose last sign of life was so many seconds after the epoch.
    pub(crate) fn example(backend_pid: i32, sign_of_life: i64) -> Self {
        let at = |secs| DateTime::from_timestamp(secs, 0).expect("a time");
        Self { backend_pid, backend_start: at(0), sign_of_life: at(sign_of_life) }
    }
}

/// Selects the [`Holder`]. One that is not recorded stopped before it could name itself, or is of a version that names itself
/// nowhere: it has had the lock since it began, and that was its last sign.
fn holder(advisory_key: i64) -> String {
    let is_the_lock = is_the_lock(advisory_key);
    format!(
        "SELECT * FROM (
             SELECT a.pid AS backend_pid, a.backend_start,
                    CASE WHEN (a.pid, a.backend_start) IS NOT DISTINCT FROM (h.backend_pid, h.backend_start) THEN h.beat_at
                         ELSE a.xact_start END AS sign_of_life
               FROM pg_locks l JOIN pg_stat_activity a USING (pid) CROSS JOIN purchase_holder h
              WHERE {is_the_lock} AND a.application_name = '{LOCK_NAME}') AS holder
          WHERE sign_of_life IS NOT NULL"
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

/// Who of ours has the lock now; `None` = nobody, or the earlier service.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_seen(conn: &mut Connection, advisory_key: i64) -> Result<Option<Holder>, DbError> {
    Ok(sql_query(holder(advisory_key)).get_result(conn).optional()?)
}

/// Ends a holder's connection, and so its lock, unless it gave a sign of life since `seen`. Returns whether it did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn holder_end(conn: &mut Connection, advisory_key: i64, seen: &Holder) -> Result<bool, DbError> {
    let ended = sql_query(format!(
        "SELECT pg_terminate_backend(backend_pid) FROM ({}) AS still
          WHERE (backend_pid, backend_start, sign_of_life) = ($1, $2, $3)",
        holder(advisory_key)
    ))
    .bind::<Integer, _>(seen.backend_pid)
    .bind::<Timestamptz, _>(seen.backend_start)
    .bind::<Timestamptz, _>(seen.sign_of_life)
    .execute(conn)?;
    Ok(ended > 0)
}
