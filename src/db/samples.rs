//! How stock went: one row a minute for each pool, over all instances, kept 30 days.
//!
//! Invariant: minute and pool are the key, so whoever comes second writes nothing.
//! How to get it wrong: counting stock before looking whether this minute has its row already.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Text, Timestamptz};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::stock::stock_read;
use crate::domain::PoolName;

const DAYS_KEPT: i32 = 30;

/// Stock in one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, serde::Serialize)]
pub struct Sample {
    /// When the first of its minutes was sampled; the daemon's very first minute begins with the daemon.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// The fewest that were available.
    #[diesel(sql_type = Integer)]
    pub available: i32,
    /// The most that were available.
    #[diesel(sql_type = Integer)]
    pub available_most: i32,
    /// The most that were assigned.
    #[diesel(sql_type = Integer)]
    pub assigned: i32,
    /// The threshold in force then.
    #[diesel(sql_type = Integer)]
    pub threshold: i32,
}

/// Writes this minute's row of `pool`, unless some instance has; then prunes. Says whether it wrote.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sample_take(conn: &mut Connection, pool: &PoolName, threshold: u32) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = BigInt)]
        taken: i64,
    }
    let this_minute: Taken = sql_query(
        "SELECT count(*) AS taken FROM stock_samples WHERE at = date_trunc('minute', clock_timestamp(), 'UTC') AND pool = $1",
    )
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    if this_minute.taken > 0 {
        return Ok(false);
    }
    let stock = stock_read(conn)?.stock;
    let integer = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let written = sql_query(
        "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
         VALUES (date_trunc('minute', clock_timestamp(), 'UTC'), $1, $2, $3, $4, $5, $6) ON CONFLICT (at, pool) DO NOTHING",
    )
    .bind::<Integer, _>(integer(stock.available))
    .bind::<Integer, _>(integer(stock.assigned))
    .bind::<Integer, _>(integer(stock.quarantined))
    .bind::<Integer, _>(integer(stock.unready))
    .bind::<Integer, _>(integer(threshold))
    .bind::<Text, _>(pool.as_str())
    .execute(conn)?;
    if written > 0 {
        sql_query("DELETE FROM stock_samples WHERE at < clock_timestamp() - make_interval(days => $1)")
            .bind::<Integer, _>(DAYS_KEPT)
            .execute(conn)?;
    }
    Ok(written > 0)
}

/// The last `hours` of `pool`, oldest first, in stretches of `step_secs`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn samples_read(
    conn: &mut Connection,
    pool: &PoolName,
    hours: u32,
    step_secs: u32,
) -> Result<Vec<Sample>, DbError> {
    Ok(sql_query(
        "SELECT greatest(min(s.at), min(i.created_at) FILTER (WHERE s.at = date_trunc('minute', i.created_at, 'UTC'))) AS at,
                min(available) AS available, max(available) AS available_most, max(assigned) AS assigned,
                max(threshold) AS threshold
           FROM stock_samples s LEFT JOIN installation i ON true
          WHERE s.at > clock_timestamp() - make_interval(secs => $1) AND s.pool = $3
          GROUP BY floor(extract(epoch FROM s.at) / $2) ORDER BY 1",
    )
    .bind::<Double, _>(f64::from(hours) * 3600.0)
    .bind::<Double, _>(f64::from(step_secs.max(60)))
    .bind::<Text, _>(pool.as_str())
    .load(conn)?)
}
