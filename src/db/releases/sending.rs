//! How a release begins and is sent.
//!
//! Invariants: Twilio is asked only for a number that is `leaving` under an open release whose attempt is committed; a
//! number that is `leaving` serves nobody, and one that has a user never becomes so.
//! How to get it wrong: sending without looking at the row again. Somebody may have taken the release back.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{number_leave, number_lock};
use crate::domain::{NumberSid, NumberStatus, PhoneNumber, QuarantineReason};

/// What became of the wish to give a number back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// Written down, or it was already: this release may be sent.
    Open(Uuid),
    /// Somebody has it.
    Assigned,
    /// It has left already.
    Left,
    /// Another environment's tag stands on it: an operator decides first whose it is.
    Conflict,
    /// An operator protects it.
    Protected,
}

/// Writes down that a number shall leave, and takes it out of stock, in one transaction.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be asked.
pub fn release_intend(conn: &mut Connection, number_id: i64, requested_by: &str) -> Result<Leaving, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = number_lock(conn, number_id)?;
        match (number.status(), number.quarantine_reason) {
            (NumberStatus::Released, _) => return Ok(Leaving::Left),
            (NumberStatus::Assigned, _) => return Ok(Leaving::Assigned),
            (_, Some(QuarantineReason::TagConflict)) => return Ok(Leaving::Conflict),
            (_, Some(QuarantineReason::Leaving)) => {
                return open_release(conn, number_id)?.map(Leaving::Open).ok_or_else(|| {
                    DbError::corrupt("number")("it is leaving, but no release of it is open".to_owned())
                });
            }
            _ => {}
        }
        if number.protected_at.is_some() {
            return Ok(Leaving::Protected);
        }
        let id = Uuid::now_v7();
        sql_query(
            "INSERT INTO releases (id, number_id, requested_by, former_reason, former_until, former_rests_for)
             SELECT $1, id, $3, quarantine_reason, quarantined_until, rests_for FROM numbers WHERE id = $2",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(number_id)
        .bind::<Text, _>(requested_by)
        .execute(conn)?;
        number_leave(conn, number_id)?;
        Ok(Leaving::Open(id))
    })
}

fn open_release(conn: &mut Connection, number_id: i64) -> Result<Option<Uuid>, DbError> {
    use crate::db::engine::schema::releases;
    Ok(releases::table
        .filter(releases::number_id.eq(number_id))
        .filter(releases::state.eq_any(["intended", "sent"]))
        .select(releases::id)
        .first(conn)
        .optional()?)
}

/// A release whose next attempt is committed: Twilio may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The release.
    pub id: Uuid,
    /// What to delete.
    pub sid: NumberSid,
    /// For the log.
    pub phone_number: PhoneNumber,
    /// 1 for the first DELETE.
    pub attempt: i32,
    /// Since the attempt before this one; `None` = this is the first.
    pub since_last: Option<Duration>,
}

#[derive(QueryableByName)]
struct SendingRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    sid: NumberSid,
    #[diesel(sql_type = Text)]
    phone_number: PhoneNumber,
    #[diesel(sql_type = Integer)]
    attempt: i32,
    #[diesel(sql_type = Nullable<Double>)]
    since_last_secs: Option<f64>,
}

/// How long a release is left alone after its last attempt, by a parameter that says it of the first ones: from the third on twice as
/// long after each, at most an hour. What Twilio does not answer thrice, it seldom answers half a minute later.
macro_rules! silence {
    ($first:literal) => {
        concat!(
            "make_interval(secs => greatest(",
            $first,
            ", least(",
            $first,
            " * power(2, least(greatest(attempts - 3, 0), 12)), 3600)))"
        )
    };
}

/// Commits the next attempt before its DELETE; `None` when the release is over, the number is not leaving, or (with
/// `silent_for`) it was sent a moment ago, or often and not long ago.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be asked.
pub fn release_send(conn: &mut Connection, id: Uuid, silent_for: Option<Duration>) -> Result<Option<Sending>, DbError> {
    let row: Option<SendingRow> = sql_query(concat!(
        "WITH before AS (SELECT id, last_sent_at FROM releases WHERE id = $1 FOR NO KEY UPDATE)
         UPDATE releases r SET state = 'sent', attempts = attempts + 1, last_sent_at = clock_timestamp()
           FROM before, numbers n
          WHERE r.id = before.id AND r.state IN ('intended', 'sent')
            AND ($2 IS NULL OR (r.state = 'sent' AND r.last_sent_at < clock_timestamp() - ",
        silence!("$2"),
        "))
            AND n.id = r.number_id AND n.status = 'quarantined' AND n.quarantine_reason = 'leaving'
         RETURNING r.id, n.sid, n.phone_number, r.attempts AS attempt,
                   extract(epoch FROM r.last_sent_at - before.last_sent_at)::float8 AS since_last_secs"
    ))
    .bind::<SqlUuid, _>(id)
    .bind::<Nullable<Double>, _>(silent_for.map(|silent| silent.as_secs_f64()))
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| Sending {
        id: row.id,
        sid: row.sid,
        phone_number: row.phone_number,
        attempt: row.attempt,
        since_last: row.since_last_secs.map(|secs| Duration::try_from_secs_f64(secs).unwrap_or(Duration::ZERO)),
    }))
}

/// An open release that nobody seems to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// The release.
    pub id: Uuid,
    /// Whether Twilio may have been asked.
    pub sent: bool,
}

/// Open releases that were silent for so long (those that were sent often, for longer), the oldest first. What was written in
/// the future was written before somebody set the clock back: its silence counts from now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn releases_unfinished(
    conn: &mut Connection,
    sent_silent_for: Duration,
    intended_silent_for: Duration,
    limit: i64,
) -> Result<Vec<Unfinished>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        sent: bool,
    }
    sql_query(
        "UPDATE releases SET last_sent_at = least(last_sent_at, clock_timestamp()), intended_at = least(intended_at, clock_timestamp())
          WHERE state IN ('intended', 'sent') AND greatest(last_sent_at, intended_at) > clock_timestamp()",
    )
    .execute(conn)?;
    let rows: Vec<Row> = sql_query(concat!(
        "SELECT id, state = 'sent' AS sent FROM releases
          WHERE state IN ('intended', 'sent')
            AND CASE state WHEN 'sent' THEN last_sent_at < clock_timestamp() - ",
        silence!("$1"),
        "
                           ELSE intended_at < clock_timestamp() - make_interval(secs => $2) END
          ORDER BY intended_at LIMIT $3"
    ))
    .bind::<Double, _>(sent_silent_for.as_secs_f64())
    .bind::<Double, _>(intended_silent_for.as_secs_f64())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| Unfinished { id: row.id, sent: row.sent }).collect())
}

/// Whether a release ended with the number gone.
///
/// # Errors
/// When PostgreSQL fails.
pub fn release_is_done(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    use crate::db::engine::schema::releases;
    let state: String = releases::table.find(id).select(releases::state).first(conn)?;
    Ok(state == "released")
}
