//! What was advised on each day beside what the day needed.
//!
//! How to get it wrong: writing a day's end while it lasts. Its need is known when it is over.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;
use crate::domain::foresight::DayInHindsight;

const DAYS_KEPT: i32 = 400;

/// A day's advice; null what it needed while that is not known.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct AdvisedDay {
    /// Which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Which day of UTC.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// The threshold.
    #[diesel(sql_type = Integer)]
    pub advised: i32,
    /// The stock that it stands for.
    #[diesel(sql_type = Integer)]
    pub base_stock: i32,
    /// The stock with which no larger share would have waited.
    #[diesel(sql_type = Nullable<Integer>)]
    pub needed: Option<i32>,
    /// How many asked.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub signups: Option<i64>,
    /// How many of them would have waited with the stock that was advised.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub waited: Option<i64>,
}

/// Writes today's advice down; the first one of a day stays, whoever gives it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn advice_days_tell(
    conn: &mut Connection,
    pool: &PoolName,
    day: NaiveDate,
    advised: u32,
    base_stock: u32,
) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO advice_days (pool, day, advised, base_stock) VALUES ($1, $2, $3, $4) ON CONFLICT (pool, day) DO NOTHING",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Date, _>(day)
    .bind::<Integer, _>(i32::try_from(advised).unwrap_or(i32::MAX))
    .bind::<Integer, _>(i32::try_from(base_stock).unwrap_or(i32::MAX))
    .execute(conn)?;
    sql_query("DELETE FROM advice_days WHERE day < $1 - $2")
        .bind::<Date, _>(day)
        .bind::<Integer, _>(DAYS_KEPT)
        .execute(conn)?;
    Ok(())
}

/// The stock that each pool was last advised to keep, if that was within the last week.
///
/// # Errors
/// When PostgreSQL fails.
pub fn base_stocks(conn: &mut Connection, today: NaiveDate) -> Result<BTreeMap<PoolName, u32>, DbError> {
    let days: Vec<AdvisedDay> =
        sql_query("SELECT DISTINCT ON (pool) * FROM advice_days WHERE day >= $1 - 7 ORDER BY pool, day DESC")
            .bind::<Date, _>(today)
            .load(conn)?;
    Ok(days.into_iter().map(|day| (day.pool, u32::try_from(day.base_stock).unwrap_or_default())).collect())
}

/// The days that are over and not looked back on yet, of the last week.
///
/// # Errors
/// When PostgreSQL fails.
pub fn advice_days_open(conn: &mut Connection, today: NaiveDate) -> Result<Vec<AdvisedDay>, DbError> {
    Ok(sql_query("SELECT * FROM advice_days WHERE needed IS NULL AND day < $1 AND day >= $1 - 7 ORDER BY pool, day")
        .bind::<Date, _>(today)
        .load(conn)?)
}

/// Writes down what a day needed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn advice_days_told(
    conn: &mut Connection,
    pool: &PoolName,
    day: NaiveDate,
    found: &DayInHindsight,
) -> Result<(), DbError> {
    sql_query(
        "UPDATE advice_days SET needed = $3, signups = $4, waited = $5 WHERE pool = $1 AND day = $2 AND needed IS NULL",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Date, _>(day)
    .bind::<Integer, _>(i32::try_from(found.needed).unwrap_or(i32::MAX))
    .bind::<BigInt, _>(i64::try_from(found.signups).unwrap_or(i64::MAX))
    .bind::<BigInt, _>(i64::try_from(found.waiting).unwrap_or(i64::MAX))
    .execute(conn)?;
    Ok(())
}

/// The latest day of each pool that was looked back on.
///
/// # Errors
/// When PostgreSQL fails.
pub fn advice_days_latest(conn: &mut Connection) -> Result<Vec<AdvisedDay>, DbError> {
    // From pool to pool by the key, however many days each of them has.
    Ok(sql_query(
        "SELECT d.* FROM pools p CROSS JOIN LATERAL (
             SELECT * FROM advice_days WHERE pool = p.name AND needed IS NOT NULL ORDER BY day DESC LIMIT 1) AS d ORDER BY d.pool",
    )
    .load(conn)?)
}
