//! What each day of a month cost, pool by pool.
//!
//! How to get it wrong: asking for a month that was folded. Its charges are sums, and no day of it is known.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text};
use rust_decimal::Decimal;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;
use crate::domain::money::Month;

/// What the numbers of one pool were charged on one day, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct DayCost {
    /// Which day, in UTC.
    #[diesel(sql_type = Date)]
    pub charged_on: NaiveDate,
    /// Their pool on that day.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// In which currency; `None` = the amounts are not known.
    #[diesel(sql_type = Nullable<Text>)]
    pub currency: Option<String>,
    /// How many charges.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// What they cost.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub amount: Option<Decimal>,
}

/// Reads them, in the order of days and pools; of one pool if one is named.
///
/// # Errors
/// When PostgreSQL fails.
pub fn charges_by_day(conn: &mut Connection, month: Month, pool: Option<&PoolName>) -> Result<Vec<DayCost>, DbError> {
    Ok(sql_query(
        "SELECT charged_on, pool, currency, count(*) AS count, sum(amount) AS amount FROM charges
          WHERE charged_on BETWEEN $1 AND $2 AND ($3 IS NULL OR pool = $3)
          GROUP BY charged_on, pool, currency ORDER BY charged_on, pool, currency",
    )
    .bind::<Date, _>(month.first())
    .bind::<Date, _>(month.last())
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?)
}
