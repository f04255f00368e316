//! How stock went: one row a minute for each pool, over all instances, kept 30 days.
//!
//! Invariant: minute and pool are the key, so whoever comes second writes nothing.
//! How to get it wrong: counting stock before looking whether this minute has its row already.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Double, Integer, Nullable, Text, Timestamptz};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::stock::stock_read_all;
use crate::domain::{PoolName, Stock};

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

/// Writes this minute's rows of these pools, each beside its threshold, unless some instance has; then prunes. Says whether it
/// wrote any.
///
/// # Errors
/// When PostgreSQL fails.
pub fn samples_take(conn: &mut Connection, thresholds: &[(PoolName, u32)]) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Text)]
        pool: PoolName,
    }
    let taken: Vec<Taken> =
        sql_query("SELECT pool FROM stock_samples WHERE at = date_trunc('minute', statement_timestamp(), 'UTC')")
            .load(conn)?;
    let is_missing = |pool: &PoolName| !taken.iter().any(|taken| taken.pool == *pool);
    let missing: Vec<&(PoolName, u32)> = thresholds.iter().filter(|(pool, _)| is_missing(pool)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    // Whatever the pools are called, and whoever configures them.
    let seen = stock_read_all(conn, &[])?.others;
    let stock = |pool: &PoolName| seen.get(pool).map(|seen| seen.stock).unwrap_or_default();
    let counts = |of: fn(&Stock) -> u32| {
        let each = missing.iter().map(|(pool, _)| integer(of(&stock(pool))));
        each.collect::<Vec<i32>>()
    };
    let written = sql_query(
        "INSERT INTO stock_samples (at, available, assigned, quarantined, unready, threshold, pool)
         SELECT date_trunc('minute', clock_timestamp(), 'UTC'), available, assigned, quarantined, unready, threshold, pool
           FROM unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::text[])
                AS samples (available, assigned, quarantined, unready, threshold, pool)
          -- Everybody writes in the same order, else two instances would deadlock.
          ORDER BY pool ON CONFLICT (at, pool) DO NOTHING",
    )
    .bind::<Array<Integer>, _>(counts(|stock| stock.available))
    .bind::<Array<Integer>, _>(counts(|stock| stock.assigned))
    .bind::<Array<Integer>, _>(counts(|stock| stock.quarantined))
    .bind::<Array<Integer>, _>(counts(|stock| stock.unready))
    .bind::<Array<Integer>, _>(missing.iter().map(|(_, threshold)| integer(*threshold)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(missing.iter().map(|(pool, _)| pool.as_str()).collect::<Vec<_>>())
    .execute(conn)?;
    if written > 0 {
        sql_query("DELETE FROM stock_samples WHERE at < statement_timestamp() - make_interval(days => $1)")
            .bind::<Integer, _>(DAYS_KEPT)
            .execute(conn)?;
    }
    Ok(written > 0)
}

fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The last `hours` of `pool`, or of all pools together, oldest first, in stretches of `step_secs`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn samples_read(
    conn: &mut Connection,
    pool: Option<&PoolName>,
    hours: u32,
    step_secs: u32,
) -> Result<Vec<Sample>, DbError> {
    Ok(sql_query(
        "SELECT greatest(min(s.at), min(i.created_at) FILTER (WHERE s.at = date_trunc('minute', i.created_at, 'UTC'))) AS at,
                min(available) AS available, max(available) AS available_most, max(assigned) AS assigned,
                max(threshold) AS threshold
           FROM (SELECT at, sum(available)::integer AS available, sum(assigned)::integer AS assigned,
                        sum(threshold)::integer AS threshold
                   FROM stock_samples
                  WHERE at > statement_timestamp() - make_interval(secs => $1) AND ($3 IS NULL OR pool = $3)
                  GROUP BY at) AS s LEFT JOIN installation i ON true
          GROUP BY floor(extract(epoch FROM s.at) / $2) ORDER BY 1",
    )
    .bind::<Double, _>(f64::from(hours) * 3600.0)
    .bind::<Double, _>(f64::from(step_secs.max(60)))
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?)
}
