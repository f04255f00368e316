//! Sums of charges: by pool and kind of a month, and of all that Twilio's records count.
//!
//! Invariant: charges that were folded into their month count as those that were not.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Numeric, Text, Timestamptz};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::money::Month;
use crate::domain::{CountryCode, NumberType, PoolName};

/// The charges of a month, those of old months as sums: `b`.
const BOOKS: &str = "(SELECT pool, country, number_type, currency, price_source, count(*) FILTER (WHERE what = 'purchase') AS purchases,
                             count(*) FILTER (WHERE what = 'renewal') AS renewals, sum(amount) AS amount,
                             count(*) FILTER (WHERE amount IS NULL) AS unknown
                        FROM charges WHERE charged_on BETWEEN $1 AND $2 GROUP BY pool, country, number_type, currency, price_source
                      UNION ALL
                      SELECT pool, country, number_type, nullif(currency, ''), NULL, purchases, renewals, amount,
                             CASE WHEN currency = '' THEN purchases + renewals ELSE 0 END
                        FROM charge_months WHERE month = $1) AS b";

/// What one kind of number in one pool cost in a month, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct MonthRow {
    /// The pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// The country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// The type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// In which currency; `None` = what nobody knows the amount of.
    #[diesel(sql_type = Nullable<Text>)]
    pub currency: Option<String>,
    /// Numbers bought.
    #[diesel(sql_type = BigInt)]
    pub purchases: i64,
    /// Anniversaries.
    #[diesel(sql_type = BigInt)]
    pub renewals: i64,
    /// What both cost.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub amount: Option<Decimal>,
    /// Whether a price was seen later only.
    #[diesel(sql_type = Bool)]
    pub by_todays: bool,
}

/// Reads that; of one pool if one is named.
///
/// # Errors
/// When PostgreSQL fails.
pub fn month_rows(conn: &mut Connection, month: Month, pool: Option<&PoolName>) -> Result<Vec<MonthRow>, DbError> {
    Ok(sql_query(format!(
        "SELECT pool, country, number_type, currency, sum(purchases)::bigint AS purchases, sum(renewals)::bigint AS renewals,
                sum(amount) AS amount, coalesce(bool_or(price_source = 'today'), false) AS by_todays
           FROM {BOOKS} WHERE $3 IS NULL OR pool = $3
          GROUP BY pool, country, number_type, currency ORDER BY pool, country, number_type, currency"
    ))
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?)
}

/// What Twilio's records count, too: all but national numbers, for which they have no category.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct MonthBooks {
    /// Numbers bought.
    #[diesel(sql_type = BigInt)]
    pub purchases: i64,
    /// Anniversaries.
    #[diesel(sql_type = BigInt)]
    pub renewals: i64,
    /// What both cost.
    #[diesel(sql_type = Numeric)]
    pub amount: Decimal,
    /// How many amounts nobody knows.
    #[diesel(sql_type = BigInt)]
    pub unknown: i64,
    /// In how many currencies the others are.
    #[diesel(sql_type = BigInt)]
    pub currencies: i64,
    /// Charges of national numbers, which are in none of these.
    #[diesel(sql_type = BigInt)]
    pub national: i64,
}

/// Reads that of a month.
///
/// # Errors
/// When PostgreSQL fails.
pub fn month_books(conn: &mut Connection, month: Month) -> Result<MonthBooks, DbError> {
    Ok(sql_query(format!(
        "SELECT coalesce(sum(purchases) FILTER (WHERE counted), 0)::bigint AS purchases,
                coalesce(sum(renewals) FILTER (WHERE counted), 0)::bigint AS renewals,
                coalesce(sum(amount) FILTER (WHERE counted), 0) AS amount,
                coalesce(sum(unknown) FILTER (WHERE counted), 0)::bigint AS unknown,
                count(DISTINCT currency) FILTER (WHERE counted) AS currencies,
                coalesce(sum(purchases + renewals) FILTER (WHERE NOT counted), 0)::bigint AS national
           FROM (SELECT *, number_type <> 'national' AS counted FROM {BOOKS}) AS books"
    ))
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .get_result(conn)?)
}

#[derive(QueryableByName)]
pub(super) struct Count {
    #[diesel(sql_type = BigInt)]
    pub(super) count: i64,
}

/// How many charges have no amount yet.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charges_unpriced(conn: &mut Connection) -> Result<i64, DbError> {
    Ok(sql_query("SELECT count(*) AS count FROM charges WHERE amount IS NULL").get_result::<Count>(conn)?.count)
}

/// How many numbers signups got in a stretch of time; of one pool if one is named.
///
/// # Errors
/// When PostgreSQL fails.
pub fn signups_of(
    conn: &mut Connection,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    pool: Option<&PoolName>,
) -> Result<i64, DbError> {
    let count: Count = sql_query(
        "SELECT count(*) AS count FROM assignments_ever
          WHERE assigned_at >= $1 AND assigned_at < $2 AND source IN ('pool', 'emergency') AND ($3 IS NULL OR pool = $3)",
    )
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(until)
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .get_result(conn)?;
    Ok(count.count)
}

/// The numbers of one kind in one pool, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct NumberCounts {
    /// The pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// The country.
    #[diesel(sql_type = Text)]
    pub country: CountryCode,
    /// The type.
    #[diesel(sql_type = Text)]
    pub number_type: NumberType,
    /// How many are ours,
    #[diesel(sql_type = BigInt)]
    pub numbers: i64,
    /// and how many of them are nobody's.
    #[diesel(sql_type = BigInt)]
    pub idle: i64,
}

/// Counts them, without those that are missing at Twilio, which cost nothing; of one pool if one is named.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_now(conn: &mut Connection, pool: Option<&PoolName>) -> Result<Vec<NumberCounts>, DbError> {
    Ok(sql_query(
        "SELECT n.pool, n.country, n.number_type, count(*) AS numbers, count(*) FILTER (WHERE l.user_id IS NULL) AS idle
           FROM numbers n LEFT JOIN leases l ON l.number_id = n.id
          WHERE n.status <> 'released' AND n.missing_since IS NULL AND ($1 IS NULL OR n.pool = $1)
          GROUP BY n.pool, n.country, n.number_type ORDER BY n.pool, n.country, n.number_type",
    )
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?)
}

/// What was charged in a stretch of days, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct WeekCost {
    /// In which; `None` = the amounts are not known.
    #[diesel(sql_type = Nullable<Text>)]
    pub currency: Option<String>,
    /// How many charges.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// What they cost.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub amount: Option<Decimal>,
}

/// Reads that of the days, in UTC, from one instant until another.
///
/// # Errors
/// When PostgreSQL fails.
pub fn week_cost(conn: &mut Connection, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<WeekCost>, DbError> {
    Ok(sql_query(
        "SELECT currency, count(*) AS count, sum(amount) AS amount FROM charges
          WHERE charged_on >= $1 AND charged_on < $2 GROUP BY currency ORDER BY currency",
    )
    .bind::<Date, _>(from.date_naive())
    .bind::<Date, _>(to.date_naive())
    .load(conn)?)
}
