//! Notices on their way: claimed, taken by the far side, tried again, or never taken.
//!
//! Invariant: a claim is committed before anybody is asked, and the far side's 2xx counts whoever has the claim by then.
//! How to get it wrong: telling of a number that is somebody else's by now. The notice holds a user's id.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::alert::next_try;
use crate::domain::recycling::RecyclingMode;

/// Longer than a try takes.
const CLAIM_SECS: f64 = 30.0;

/// A notice that is to be told now.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ClaimedNotice {
    /// The same for every try.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// What is sent.
    #[diesel(sql_type = Text)]
    pub body: String,
    /// This one included.
    #[diesel(sql_type = Integer)]
    pub tries: i32,
    /// When it was written.
    #[diesel(sql_type = Timestamptz)]
    pub intended_at: DateTime<Utc>,
}

/// Claims a notice that is due, as far as the mode allows it, unless the far side with this fingerprint wants none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_claim(
    conn: &mut Connection,
    mode: RecyclingMode,
    fingerprint: &str,
) -> Result<Option<ClaimedNotice>, DbError> {
    let by_mode = match mode {
        RecyclingMode::Off => return Ok(None),
        RecyclingMode::Suggest => false,
        RecyclingMode::Apply => true,
    };
    Ok(sql_query(
        "UPDATE recyclings SET tries = tries + 1, claimed_until = clock_timestamp() + make_interval(secs => $3)
          WHERE id = (SELECT r.id FROM recyclings r
                       WHERE r.state = 'intended' AND r.due_at <= clock_timestamp()
                         AND (r.claimed_until IS NULL OR r.claimed_until < clock_timestamp())
                         AND ($1 OR r.requested_by IS NOT NULL)
                         AND (SELECT l.assignment_id FROM leases l WHERE l.number_id = r.number_id) = r.assignment_id
                         AND (SELECT g.gone_since IS NULL OR g.fingerprint <> $2 FROM recycling_gate g)
                       ORDER BY r.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, body, tries, intended_at",
    )
    .bind::<Bool, _>(by_mode)
    .bind::<Text, _>(fingerprint)
    .bind::<Double, _>(CLAIM_SECS)
    .get_result(conn)
    .optional()?)
}

/// The far side has it: there is time to answer from now on. `false` = it was known, or has ended.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_noticed(conn: &mut Connection, id: Uuid, notice_days: u16) -> Result<bool, DbError> {
    let noticed = sql_query(
        "WITH told AS (UPDATE recyclings SET state = 'noticed', claimed_until = NULL, last_error = NULL, noticed_at = clock_timestamp(),
                              take_after = clock_timestamp() + make_interval(days => $2)
                        WHERE id = $1 AND state = 'intended' RETURNING number_id, take_after)
         INSERT INTO number_notes (number_id, note, detail)
         SELECT number_id, 'notice', to_char(take_after AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM told",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Integer, _>(i32::from(notice_days))
    .execute(conn)?;
    Ok(noticed > 0)
}

/// The far side did not take it: it is tried again, or given up after three days. When it is tried next, if it is.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_failed(
    conn: &mut Connection,
    notice: &ClaimedNotice,
    error: &str,
    retry_after: Option<Duration>,
    chance: f64,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let tries = u32::try_from(notice.tries).unwrap_or(1);
    let next = next_try(tries, notice.intended_at, Utc::now(), retry_after, chance);
    sql_query(
        "UPDATE recyclings SET claimed_until = NULL, last_error = $2, due_at = coalesce($3, due_at),
                state = CASE WHEN $3 IS NULL THEN 'ended' ELSE state END,
                why = CASE WHEN $3 IS NULL THEN 'told_nobody' END,
                ended_at = CASE WHEN $3 IS NULL THEN clock_timestamp() END
          WHERE id = $1 AND state = 'intended' AND tries = $4",
    )
    .bind::<SqlUuid, _>(notice.id)
    .bind::<Text, _>(error)
    .bind::<Nullable<Timestamptz>, _>(next)
    .bind::<Integer, _>(notice.tries)
    .execute(conn)?;
    Ok(next)
}

/// The far side wants no notices, until its address is another one.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_gone(
    conn: &mut Connection,
    notice: &ClaimedNotice,
    error: &str,
    fingerprint: &str,
) -> Result<(), DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        sql_query("UPDATE recyclings SET claimed_until = NULL, last_error = $2 WHERE id = $1 AND state = 'intended'")
            .bind::<SqlUuid, _>(notice.id)
            .bind::<Text, _>(error)
            .execute(conn)?;
        sql_query("UPDATE recycling_gate SET gone_since = clock_timestamp(), fingerprint = $1")
            .bind::<Text, _>(fingerprint)
            .execute(conn)?;
        Ok(())
    })
}

/// How far these have come: `(state, id)`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recyclings_stand(conn: &mut Connection, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        state: String,
    }
    let rows: Vec<Row> =
        sql_query("SELECT id, state FROM recyclings WHERE id = ANY($1)").bind::<Array<SqlUuid>, _>(ids).load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.state)).collect())
}
