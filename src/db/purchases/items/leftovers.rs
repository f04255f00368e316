//! What ended runs left open, for whoever takes the lock next.
//!
//! How to get it wrong: touching items of an order that still runs. Only the holder of the lock knows that none does.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::outcome::{Ending, Reason};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{CountryCode, PhoneNumber, PoolName};

/// An item whose fate a look at Twilio's list must tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// The item.
    pub id: Uuid,
    /// The number that it meant to buy.
    pub phone_number: PhoneNumber,
    /// Its order's country.
    pub country: CountryCode,
    /// Its order's pool.
    pub pool: PoolName,
    /// POSTs sent.
    pub attempts: i32,
    /// How long ago the first was about to be sent, when this was read.
    sent_ago: Duration,
    read: Instant,
}

impl Unsettled {
    /// How long ago the first POST was about to be sent.
    #[must_use]
    pub fn sent_ago(&self) -> Duration {
        self.sent_ago + self.read.elapsed()
    }
}

/// Reads off what ended runs left behind: items never sent end `not_bought`, items on the wire become unknown. Items of
/// orders that still run (under a lock that its taker holds) are left alone. Returns how many were touched.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_sort_leftovers(conn: &mut Connection) -> Result<usize, DbError> {
    let never_sent = sql_query(
        "UPDATE purchase_items i SET state = 'not_bought', ended_at = clock_timestamp(), error_code = 'interrupted',
                error_message = 'the run ended before Twilio was asked'
           FROM purchases p WHERE p.id = i.purchase_id AND p.state <> 'running' AND i.state = 'intended' AND i.attempts = 0",
    )
    .execute(conn)?;
    let on_the_wire = sql_query(
        "UPDATE purchase_items i SET state = 'unknown', doubted = true, error_code = 'outcome_unknown',
                error_message = 'the run ended while Twilio was being asked'
           FROM purchases p WHERE p.id = i.purchase_id AND p.state <> 'running' AND i.state IN ('intended', 'sent') AND i.attempts > 0",
    )
    .execute(conn)?;
    Ok(never_sent + on_the_wire)
}

/// Unknown items that are due for a look-up: never looked up, or at least `apart_secs` ago; the longest waiting first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_unsettled(conn: &mut Connection, apart_secs: f64, most: i64) -> Result<Vec<Unsettled>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        phone_number: PhoneNumber,
        #[diesel(sql_type = Text)]
        country: CountryCode,
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Integer)]
        attempts: i32,
        #[diesel(sql_type = Double)]
        sent_ago_secs: f64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT i.id, i.phone_number, i.pool, p.country, i.attempts,
                greatest(0, extract(epoch FROM clock_timestamp() - i.first_sent_at))::float8 AS sent_ago_secs
           FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
          WHERE i.state = 'unknown' AND p.state <> 'running'
            -- A look in the future was before somebody set the clock back.
            AND (i.last_lookup_at IS NULL OR i.last_lookup_at < clock_timestamp() - make_interval(secs => $1)
                 OR i.last_lookup_at > clock_timestamp())
          ORDER BY i.last_lookup_at NULLS FIRST, i.intended_at LIMIT $2",
    )
    .bind::<Double, _>(apart_secs)
    .bind::<BigInt, _>(most)
    .load(conn)?;
    let unsettled = |row: Row| Unsettled {
        id: row.id,
        phone_number: row.phone_number,
        country: row.country,
        pool: row.pool,
        attempts: row.attempts,
        sent_ago: Duration::try_from_secs_f64(row.sent_ago_secs).unwrap_or(Duration::ZERO),
        read: Instant::now(),
    };
    Ok(rows.into_iter().map(unsettled).collect())
}

/// Twilio's list does not show the number, or not as ours. After `settle_secs` since the last POST and two such looks at
/// least `apart_secs` apart, the item ends as `ending`; returns whether it did. Without a `reason` it keeps its doubt's.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_not_ours(
    conn: &mut Connection,
    item_id: Uuid,
    settle_secs: f64,
    apart_secs: f64,
    ending: Ending,
    reason: Option<&Reason>,
) -> Result<bool, DbError> {
    sql_query(
        "UPDATE purchase_items SET last_lookup_at = clock_timestamp(), last_sent_at = least(last_sent_at, clock_timestamp()),
                negative_lookups = negative_lookups + CASE
                    WHEN last_lookup_at IS NULL OR last_lookup_at <= clock_timestamp() - make_interval(secs => $2) THEN 1 ELSE 0 END
          WHERE id = $1 AND state = 'unknown'",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Double, _>(apart_secs)
    .execute(conn)?;
    let ended = sql_query(
        "UPDATE purchase_items SET state = $3, ended_at = clock_timestamp(), error_code = coalesce($4, error_code),
                error_message = coalesce($5, error_message)
          WHERE id = $1 AND state = 'unknown' AND negative_lookups >= 2
            AND last_sent_at <= clock_timestamp() - make_interval(secs => $2)",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Double, _>(settle_secs)
    .bind::<Text, _>(ending.as_str())
    .bind::<Nullable<Text>, _>(reason.map(|reason| reason.code.as_str()))
    .bind::<Nullable<Text>, _>(reason.map(|reason| reason.message.as_str()))
    .execute(conn)?;
    Ok(ended > 0)
}

/// A look failed and tells nothing; others are looked up first now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_look_failed(conn: &mut Connection, item_id: Uuid) -> Result<(), DbError> {
    sql_query("UPDATE purchase_items SET last_lookup_at = clock_timestamp() WHERE id = $1 AND state = 'unknown'")
        .bind::<SqlUuid, _>(item_id)
        .execute(conn)?;
    Ok(())
}
