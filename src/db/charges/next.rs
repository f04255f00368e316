//! What comes next: when which numbers are charged, and which idle ones could be given back before that.
//!
//! How to get it wrong: naming a number that somebody may get, or that an operator has to decide about. Only what lies ready, in its own
//! pool's stock, is spare.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text, Timestamptz};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{CountryCode, NumberType, PhoneNumber, PoolName};

/// Under which name it is written down what the renewals of the next days cost, for whoever judges alerts.
pub const RENEWALS_LOOK: &str = "renewals";
/// Under which name the comparison of the last month with Twilio's records is.
pub const USAGE_LOOK: &str = "usage";

/// So many numbers of one kind in one pool that are charged next on the same day.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Ahead {
    /// Their pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Their country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// Their type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// The day.
    #[diesel(sql_type = Date)]
    pub next_on: NaiveDate,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// When the numbers that are ours are charged next, up to this day; of one pool if one is named.
///
/// # Errors
/// When PostgreSQL fails.
pub fn clocks_ahead(conn: &mut Connection, until: NaiveDate, pool: Option<&PoolName>) -> Result<Vec<Ahead>, DbError> {
    Ok(sql_query(
        "SELECT n.pool, n.country, n.number_type, c.next_on, count(*) AS count
           FROM charge_clocks c JOIN numbers n ON n.id = c.number_id
          WHERE c.next_on <= $1 AND c.left_at IS NULL AND n.status <> 'released' AND n.missing_since IS NULL AND ($2 IS NULL OR n.pool = $2)
          GROUP BY n.pool, n.country, n.number_type, c.next_on ORDER BY c.next_on, n.pool",
    )
    .bind::<Date, _>(until)
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?)
}

/// An idle number.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct SpareRow {
    /// In E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its next charge.
    #[diesel(sql_type = Date)]
    pub next_on: NaiveDate,
}

/// Numbers that lie ready in a pool, those that are charged next first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn spares(conn: &mut Connection, pool: &PoolName, limit: i64) -> Result<Vec<SpareRow>, DbError> {
    Ok(sql_query(
        "SELECT l.phone_number, c.next_on FROM leases l JOIN charge_clocks c ON c.number_id = l.number_id
          WHERE l.pool = $1 AND l.user_id IS NULL AND l.ready AND NOT l.apart AND c.next_on IS NOT NULL
          ORDER BY c.next_on, l.phone_number LIMIT $2",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// What the renewals up to a day cost at the prices that were seen last.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct RenewalsDue {
    /// In which currency; `None` = their prices are not known.
    #[diesel(sql_type = Nullable<Text>)]
    pub currency: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// What all of them cost.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub amount: Option<Decimal>,
}

/// The renewals of the days after an instant, so many of them, by currency.
///
/// # Errors
/// When PostgreSQL fails.
pub fn renewals_due(conn: &mut Connection, after: DateTime<Utc>, days: i32) -> Result<Vec<RenewalsDue>, DbError> {
    Ok(sql_query(
        "SELECT p.currency, sum(d.count)::bigint AS count, sum(d.count * p.monthly) AS amount
           FROM (SELECT n.country, n.number_type, count(*) AS count
                   FROM charge_clocks c JOIN numbers n ON n.id = c.number_id
                  WHERE c.next_on <= ($1 AT TIME ZONE 'UTC')::date + $2 AND c.left_at IS NULL AND n.status <> 'released' AND n.missing_since IS NULL
                  GROUP BY n.country, n.number_type) d
           LEFT JOIN LATERAL (SELECT monthly, currency FROM prices_seen p
                               WHERE p.country = d.country AND p.number_type = d.number_type ORDER BY day DESC LIMIT 1) p ON true
          GROUP BY p.currency ORDER BY p.currency",
    )
    .bind::<Timestamptz, _>(after)
    .bind::<diesel::sql_types::Integer, _>(days)
    .load(conn)?)
}
