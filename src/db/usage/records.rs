//! Twilio's usage records of a month, as they were last told.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Numeric, Text, Timestamptz};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::Month;

/// One category of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// Such as `phonenumbers-local`.
    pub category: String,
    /// How many.
    pub count: i64,
    /// What they cost.
    pub price: Decimal,
    /// ISO 4217.
    pub currency: String,
    /// Until when Twilio had counted.
    pub as_of: DateTime<Utc>,
}

/// Writes what Twilio just said of a month; what it said later, another instance heard.
///
/// # Errors
/// When PostgreSQL fails; nothing is written then.
pub fn usage_write(conn: &mut Connection, month: Month, records: &[UsageRecord]) -> Result<(), DbError> {
    conn.transaction::<_, DbError, _>(|conn| records.iter().try_for_each(|record| record_write(conn, month, record)))
}

fn record_write(conn: &mut Connection, month: Month, record: &UsageRecord) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO usage_seen AS u (month, category, count, price, currency, as_of, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
         ON CONFLICT (month, category) DO UPDATE
            SET count = EXCLUDED.count, price = EXCLUDED.price, currency = EXCLUDED.currency, as_of = EXCLUDED.as_of,
                asked_at = EXCLUDED.asked_at
          WHERE EXCLUDED.as_of >= u.as_of",
    )
    .bind::<Date, _>(month.first())
    .bind::<Text, _>(&record.category)
    .bind::<BigInt, _>(record.count)
    .bind::<Numeric, _>(record.price)
    .bind::<Text, _>(&record.currency)
    .bind::<Timestamptz, _>(record.as_of)
    .execute(conn)?;
    Ok(())
}

/// One category as it was last told.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct UsageSeen {
    /// Such as `phonenumbers-local`.
    #[diesel(sql_type = Text)]
    pub category: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// What they cost.
    #[diesel(sql_type = Numeric)]
    pub price: Decimal,
    /// ISO 4217.
    #[diesel(sql_type = Text)]
    pub currency: String,
    /// Until when Twilio had counted.
    #[diesel(sql_type = Timestamptz)]
    pub as_of: DateTime<Utc>,
}

/// What Twilio said of a month.
///
/// # Errors
/// When PostgreSQL fails.
pub fn usage_read(conn: &mut Connection, month: Month) -> Result<Vec<UsageSeen>, DbError> {
    Ok(sql_query("SELECT category, count, price, currency, as_of FROM usage_seen WHERE month = $1 ORDER BY category")
        .bind::<Date, _>(month.first())
        .load(conn)?)
}

/// Whether nothing new is to be heard of a month for now: of each of so many categories Twilio had counted two days beyond its end,
/// or was asked within the last day.
///
/// # Errors
/// When PostgreSQL fails.
pub fn usage_settled(conn: &mut Connection, month: Month, categories: i64) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Settled {
        #[diesel(sql_type = Bool)]
        settled: bool,
    }
    let settled: Settled = sql_query(
        "SELECT count(*) >= $3 AS settled FROM usage_seen
          WHERE month = $1 AND (as_of >= $2::timestamp AT TIME ZONE 'UTC' + interval '2 days'
                                OR asked_at > statement_timestamp() - interval '1 day')",
    )
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.next().first())
    .bind::<BigInt, _>(categories)
    .get_result(conn)?;
    Ok(settled.settled)
}

/// A day for rows.
pub(super) fn day_of(at: DateTime<Utc>) -> NaiveDate {
    at.date_naive()
}
