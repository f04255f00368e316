//! Which numbers are due, and their charges.
//!
//! Invariant: a clock only goes forward, whichever instance moves it; the days themselves are computed by whoever asks.
//! How to get it wrong: a day of the machine's clock or zone. All instances take the database's, in UTC.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::ChargeKind;
use crate::domain::{CountryCode, NumberType, PoolName};

/// A number whose next charge is due.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct DueClock {
    /// The row.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// The day of its purchase.
    #[diesel(sql_type = Date)]
    pub bought_on: NaiveDate,
    /// What was charged before is not ours.
    #[diesel(sql_type = Date)]
    pub ours_from: NaiveDate,
    /// The day that is due.
    #[diesel(sql_type = Date)]
    pub next_on: NaiveDate,
    /// When it left.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub left_at: Option<DateTime<Utc>>,
    /// Since when nobody finds it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub missing_since: Option<DateTime<Utc>>,
    /// Its pool, as it is now, as all that follows.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Its country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Its type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
}

/// The database's day, in UTC.
///
/// # Errors
/// When PostgreSQL fails.
pub fn today(conn: &mut Connection) -> Result<NaiveDate, DbError> {
    let today = diesel::dsl::sql::<Date>("(clock_timestamp() AT TIME ZONE 'UTC')::date");
    Ok(diesel::select(today).get_result(conn)?)
}

/// Numbers whose next charge is due by this day, those that have waited longest first. What is missing is due no longer than it was there.
///
/// # Errors
/// When PostgreSQL fails.
pub fn clocks_due(conn: &mut Connection, today: NaiveDate, limit: i64) -> Result<Vec<DueClock>, DbError> {
    Ok(sql_query(
        "SELECT c.number_id, c.bought_on, c.ours_from, c.next_on,
                least(c.left_at, CASE WHEN n.status = 'released' THEN n.missing_since END) AS left_at, n.missing_since, n.pool, n.country, n.number_type
           FROM charge_clocks c JOIN numbers n ON n.id = c.number_id
          WHERE c.next_on <= $1 AND (n.missing_since IS NULL OR n.status = 'released' OR c.next_on::timestamp AT TIME ZONE 'UTC' < n.missing_since)
          ORDER BY c.next_on, c.number_id LIMIT $2",
    )
    .bind::<Date, _>(today)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// A charge that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// Whose.
    pub number_id: i64,
    /// When.
    pub charged_on: NaiveDate,
    /// Why.
    pub what: ChargeKind,
    /// Its pool on that day, as far as anybody knows.
    pub pool: PoolName,
    /// Its country.
    pub country: CountryCode,
    /// Its type.
    pub number_type: NumberType,
}

/// Writes charges, and to when the clocks of their numbers go; `None` = a number costs no more. What is written already stays.
///
/// # Errors
/// When PostgreSQL fails; nothing is written then.
pub fn charges_write(
    conn: &mut Connection,
    charges: &[NewCharge],
    clocks: &[(i64, Option<NaiveDate>)],
) -> Result<usize, DbError> {
    // Everybody writes in the same order, else two instances would deadlock.
    let mut charges: Vec<&NewCharge> = charges.iter().collect();
    charges.sort_by_key(|charge| (charge.number_id, charge.charged_on));
    let mut clocks = clocks.to_vec();
    clocks.sort_unstable();
    conn.transaction::<_, DbError, _>(|conn| {
        // A clock is locked before its number's charges are written.
        sql_query("SELECT FROM charge_clocks WHERE number_id = ANY ($1) ORDER BY number_id FOR UPDATE")
            .bind::<Array<BigInt>, _>(clocks.iter().map(|(number, _)| *number).collect::<Vec<_>>())
            .execute(conn)?;
        let written = sql_query(
            "INSERT INTO charges (number_id, charged_on, what, pool, country, number_type)
             SELECT * FROM unnest($1::bigint[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[])
             ON CONFLICT ON CONSTRAINT charges_once_per_anniversary DO NOTHING",
        )
        .bind::<Array<BigInt>, _>(charges.iter().map(|charge| charge.number_id).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(charges.iter().map(|charge| charge.charged_on).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(charges.iter().map(|charge| charge.what.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(charges.iter().map(|charge| charge.pool.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(charges.iter().map(|charge| charge.country.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(charges.iter().map(|charge| charge.number_type.as_str()).collect::<Vec<_>>())
        .execute(conn)?;
        // Whoever read it earlier does not set it back, nor going again.
        sql_query(
            "UPDATE charge_clocks c SET next_on = CASE WHEN w.next_on IS NOT NULL THEN greatest(c.next_on, w.next_on) END
               FROM unnest($1::bigint[], $2::date[]) AS w (number_id, next_on)
              WHERE c.number_id = w.number_id AND c.next_on IS NOT NULL",
        )
        .bind::<Array<BigInt>, _>(clocks.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(clocks.iter().map(|(_, next)| *next).collect::<Vec<_>>())
        .execute(conn)?;
        Ok(written)
    })
}
