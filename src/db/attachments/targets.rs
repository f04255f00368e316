//! Messaging services, profiles and products as they were last seen: whether they take another number, and what they do to a
//! number's inbound SMS.
//!
//! They are the account's, not one pool's. What is known to be full is not tried, and whoever wants nothing else buys nothing.
//! How to get it wrong: never trying again. A service has room again when a number leaves it, and nobody tells us.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};

use super::reason::{AttachmentReason, bind_reason};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AttachmentKind, MessagingServiceSid, PoolName};

/// Why a target takes no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is full.
    Full,
    /// Twilio does not know it.
    Unknown,
}

/// `target` takes no number, as Twilio says; `false` = that was known.
///
/// # Errors
/// When PostgreSQL fails.
pub fn target_close(
    conn: &mut Connection,
    target: &str,
    why: Closed,
    reason: &AttachmentReason,
) -> Result<bool, DbError> {
    let column = match why {
        Closed::Full => "full_since",
        Closed::Unknown => "unknown_since",
    };
    let query = sql_query(format!(
        "INSERT INTO attachment_targets (target, {column}, twilio_code, message)
         VALUES ($1, clock_timestamp(), $2, coalesce($3, $4, ''))
         ON CONFLICT (target) DO UPDATE
            SET {column} = clock_timestamp(), twilio_code = excluded.twilio_code, message = excluded.message
          WHERE attachment_targets.{column} IS NULL"
    ))
    .bind::<Text, _>(target);
    Ok(bind_reason!(query, Some(reason)).execute(conn)? > 0)
}

/// A number has left it, so that it is full no more; one that Twilio does not know stays as it is.
pub(super) fn target_has_room(conn: &mut Connection, target: &str) -> Result<(), DbError> {
    sql_query(
        "UPDATE attachment_targets SET full_since = NULL, twilio_code = CASE WHEN unknown_since IS NOT NULL THEN twilio_code END,
                message = CASE WHEN unknown_since IS NOT NULL THEN message END
          WHERE target = $1 AND full_since IS NOT NULL",
    )
    .bind::<Text, _>(target)
    .execute(conn)?;
    Ok(())
}

/// SQL, of a row `t` of `attachment_targets`: it was seen in the last day to leave a number's inbound SMS with its own webhook.
pub(super) const LEAVES_SMS: &str = "t.inbound_on_number AND t.looked_at > clock_timestamp() - interval '1 day'";

/// These may take numbers again: somebody says so, or it is time to try. How many were closed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn targets_open(conn: &mut Connection, targets: &[&str]) -> Result<usize, DbError> {
    Ok(sql_query(
        "UPDATE attachment_targets SET full_since = NULL, unknown_since = NULL, twilio_code = NULL, message = NULL
          WHERE target = ANY ($1) AND (full_since IS NOT NULL OR unknown_since IS NOT NULL)",
    )
    .bind::<Array<Text>, _>(targets)
    .execute(conn)?)
}

/// Twilio showed a messaging service just now: whether SMS that comes in goes to the number's own webhook.
///
/// # Errors
/// When PostgreSQL fails.
pub fn target_seen(conn: &mut Connection, target: &str, inbound_on_number: bool) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO attachment_targets (target, inbound_on_number, looked_at) VALUES ($1, $2, clock_timestamp())
         ON CONFLICT (target) DO UPDATE SET inbound_on_number = excluded.inbound_on_number, looked_at = excluded.looked_at",
    )
    .bind::<Text, _>(target)
    .bind::<Bool, _>(inbound_on_number)
    .execute(conn)?;
    Ok(())
}

/// Twilio knows it: one that was thought unknown takes numbers again, and one that has been full for an hour is tried again, for a number
/// may have left it by another hand. Whether that changed anything.
///
/// # Errors
/// When PostgreSQL fails.
pub fn target_is_there(conn: &mut Connection, target: &str) -> Result<bool, DbError> {
    let still_full = "full_since > clock_timestamp() - interval '1 hour'";
    Ok(sql_query(format!(
        "UPDATE attachment_targets SET unknown_since = NULL, full_since = CASE WHEN {still_full} THEN full_since END,
                twilio_code = CASE WHEN {still_full} THEN twilio_code END, message = CASE WHEN {still_full} THEN message END
          WHERE target = $1 AND (unknown_since IS NOT NULL OR (full_since IS NOT NULL AND NOT {still_full}))"
    ))
    .bind::<Text, _>(target)
    .execute(conn)?
        > 0)
}

#[derive(QueryableByName)]
struct Sid {
    #[diesel(sql_type = Text)]
    target: String,
}

/// What takes no number.
pub(super) fn targets_closed(conn: &mut Connection) -> Result<BTreeSet<String>, DbError> {
    let rows: Vec<Sid> =
        sql_query("SELECT target FROM attachment_targets WHERE full_since IS NOT NULL OR unknown_since IS NOT NULL")
            .load(conn)?;
    Ok(rows.into_iter().map(|row| row.target).collect())
}

/// Those of `services` that were not seen in the last day to leave a number's inbound SMS with its own webhook.
pub(super) fn targets_that_reroute(
    conn: &mut Connection,
    services: &[MessagingServiceSid],
) -> Result<BTreeSet<String>, DbError> {
    let sids: Vec<&str> = services.iter().map(MessagingServiceSid::as_str).collect();
    let rows: Vec<Sid> = sql_query(format!(
        "SELECT target FROM unnest($1) AS wanted (target) WHERE NOT EXISTS (
             SELECT FROM attachment_targets t WHERE t.target = wanted.target AND {LEAVES_SMS})"
    ))
    .bind::<Array<Text>, _>(sids)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.target).collect())
}

/// Whether a pool wants what takes no number, whatever keys anybody has: nothing is bought for it.
pub(in crate::db) fn pool_has_no_room(conn: &mut Connection, pool: &PoolName) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        is_so: bool,
    }
    let row: Row = sql_query(
        "SELECT EXISTS (
             SELECT FROM pool_wants w LEFT JOIN attachment_targets t ON t.target = w.target WHERE w.pool = $1 GROUP BY w.kind
             HAVING CASE w.kind WHEN 'messaging_service' THEN bool_and(coalesce(t.full_since, t.unknown_since) IS NOT NULL)
                                ELSE bool_or(coalesce(t.full_since, t.unknown_since) IS NOT NULL) END) AS is_so",
    )
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(row.is_so)
}

/// A pool that wants what takes no more numbers.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct WithoutRoom {
    /// Which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Of which kind.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// What Twilio said of the last of them.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// Twilio's error code.
    #[diesel(sql_type = Nullable<Integer>)]
    pub twilio_code: Option<i32>,
}

/// Pools none of whose messaging services takes another number, or whose profile or one of whose products does not: nothing is bought
/// for them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pools_without_room(conn: &mut Connection) -> Result<Vec<WithoutRoom>, DbError> {
    Ok(sql_query(
        "WITH w AS (SELECT w.pool, w.kind, w.rank, t.message, t.twilio_code, coalesce(t.full_since, t.unknown_since) IS NOT NULL AS closed
                     FROM pool_wants w LEFT JOIN attachment_targets t ON t.target = w.target)
         SELECT pool, kind, (array_agg(message ORDER BY rank DESC) FILTER (WHERE closed))[1] AS message,
                (array_agg(twilio_code ORDER BY rank DESC) FILTER (WHERE closed))[1] AS twilio_code
           FROM w GROUP BY pool, kind
         HAVING CASE kind WHEN 'messaging_service' THEN bool_and(closed) ELSE bool_or(closed) END ORDER BY pool, kind",
    )
    .load(conn)?)
}

/// How many of the messaging services that a pool wants take no number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ServicesClosed {
    /// Which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Full, or unknown to Twilio.
    #[diesel(sql_type = BigInt)]
    pub closed: i64,
    /// Of so many.
    #[diesel(sql_type = BigInt)]
    pub wanted: i64,
}

/// The pools that want a messaging service which takes no number.
///
/// # Errors
/// When PostgreSQL fails.
pub fn services_closed(conn: &mut Connection) -> Result<Vec<ServicesClosed>, DbError> {
    Ok(sql_query(
        "SELECT w.pool, count(coalesce(t.full_since, t.unknown_since)) AS closed, count(*) AS wanted
           FROM pool_wants w LEFT JOIN attachment_targets t ON t.target = w.target
          WHERE w.kind = 'messaging_service' GROUP BY w.pool HAVING count(coalesce(t.full_since, t.unknown_since)) > 0 ORDER BY w.pool",
    )
    .load(conn)?)
}
