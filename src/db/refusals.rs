//! Signups that got no number: how many in which minute, over all instances.
//!
//! Invariants: no signup waits for any of this; a minute has one row for each code and pool, to which every instance adds; nothing is
//! written while nobody is refused.
//! How to get it wrong: a row for each refusal. At an empty pool they come by the thousand.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Timestamptz};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use crate::domain::PoolName;

const DAYS_KEPT: i32 = 30;

/// Refusals that an instance counted and has not written down yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedThen {
    /// How long ago: the database's clock says when that was.
    pub ago: Duration,
    /// The code of the answer.
    pub code: &'static str,
    /// The pool that was to serve them.
    pub pool: PoolName,
    /// How many.
    pub count: u64,
}

/// Adds what an instance refused, and forgets what is older than a month.
///
/// # Errors
/// When PostgreSQL fails; then nothing was added.
pub fn refusals_add(conn: &mut Connection, refused: &[RefusedThen]) -> Result<(), DbError> {
    let ago: Vec<f64> = refused.iter().map(|refused| refused.ago.as_secs_f64()).collect();
    let codes: Vec<&str> = refused.iter().map(|refused| refused.code).collect();
    let pools: Vec<&str> = refused.iter().map(|refused| refused.pool.as_str()).collect();
    let counts: Vec<i64> = refused.iter().map(|refused| i64::try_from(refused.count).unwrap_or(i64::MAX)).collect();
    sql_query(
        "INSERT INTO signup_refusals (minute, code, pool, count)
         SELECT date_trunc('minute', clock_timestamp() - make_interval(secs => ago), 'UTC'), code, pool, sum(count)::bigint
           FROM unnest($1::float8[], $2::text[], $3::bigint[], $4::text[]) AS refused (ago, code, count, pool)
          -- Everybody locks in the same order, else two instances would deadlock.
          GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
         ON CONFLICT (minute, code, pool) DO UPDATE SET count = signup_refusals.count + excluded.count",
    )
    .bind::<Array<Double>, _>(ago)
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<BigInt>, _>(counts)
    .bind::<Array<Text>, _>(pools)
    .execute(conn)?;
    sql_query("DELETE FROM signup_refusals WHERE minute < statement_timestamp() - make_interval(days => $1)")
        .bind::<Integer, _>(DAYS_KEPT)
        .execute(conn)?;
    Ok(())
}

/// Signups that got no number lately, whatever they asked for; who insisted on an area code that is not in
/// stock, or on a country that no pool has, is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct Refused {
    /// In the last ten minutes, by the minute.
    #[diesel(sql_type = BigInt)]
    pub ten_minutes: i64,
    /// In the last hour.
    #[diesel(sql_type = BigInt)]
    pub hour: i64,
    /// The minute of the first one of that hour.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// Reads them, pool by pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn refusals_read(conn: &mut Connection) -> Result<BTreeMap<PoolName, Refused>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(embed)]
        refused: Refused,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT pool, coalesce(sum(count) FILTER (WHERE minute > statement_timestamp() - interval '10 minutes'), 0)::bigint AS ten_minutes,
                coalesce(sum(count), 0)::bigint AS hour, min(minute) AS since
           FROM signup_refusals
          WHERE minute > statement_timestamp() - interval '1 hour' AND code NOT IN ('area_code_unavailable', 'country_unavailable')
          GROUP BY pool",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.pool, row.refused)).collect())
}
