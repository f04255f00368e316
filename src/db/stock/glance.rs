//! Bounded looks at the stock: cheap however large the pool is.
//!
//! How to get it wrong: an order that no index has. The first ten rows are then found by sorting a million.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{DUE, MENDABLE, UNREADY, stock};
use crate::domain::{AreaCode, CountryCode, Match, PoolName};

#[derive(QueryableByName)]
struct Few {
    #[diesel(sql_type = BigInt)]
    few: i64,
}

/// How many of `pool` are assignable, counted up to `most` and no further: cheap however large the pool is.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_up_to(conn: &mut Connection, pool: &PoolName, most: u32) -> Result<u32, DbError> {
    let few: Few = sql_query(concat!(
        "SELECT count(*) AS few FROM (SELECT 1 FROM leases WHERE pool = $2 AND ",
        stock!(),
        " ORDER BY purchased_at, number_id LIMIT $1) AS first_rows",
    ))
    .bind::<Integer, _>(i32::try_from(most).unwrap_or(i32::MAX))
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(count(few.few))
}

/// Stock as far as a policy cares, counted in the order of indexes and no further than it asks: cheap however large the
/// pool is, and as exact as the whole count where the decision hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// What [`Stock::idle`](crate::domain::Stock::idle) counts, up to the larger of both limits of the policy.
    pub idle: u32,
    /// What is somebody's, up to `pool.total_min`.
    pub assigned: u32,
}

/// Glances at the stock of `pool`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_glance(
    conn: &mut Connection,
    pool: &PoolName,
    idle_most: u32,
    assigned_most: u32,
) -> Result<Glance, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        idle: i64,
        #[diesel(sql_type = BigInt)]
        assigned: i64,
    }
    let bound = |most: u32| i32::try_from(most).unwrap_or(i32::MAX);
    let row: Row = sql_query(format!(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM leases WHERE pool = $3 AND {}
                                        ORDER BY purchased_at, number_id LIMIT $1) AS a)
              + (SELECT count(*) FROM (SELECT 1 FROM {UNREADY} AND l.pool = $3 AND NOT l.apart AND {MENDABLE} ORDER BY l.pool, l.number_id LIMIT $1) AS b)
              + (SELECT count(*) FROM (SELECT 1 FROM numbers WHERE {DUE} AND pool = $3 AND NOT apart ORDER BY quarantined_until LIMIT $1) AS c)
              + (SELECT count(*) FROM (SELECT 1 FROM purchase_items WHERE pool = $3 AND state IN ('intended', 'sent', 'unknown')
                                        ORDER BY intended_at LIMIT $1) AS d) AS idle,
                {} AS assigned",
        stock!(),
        somebodys_up_to("$2", "pool = $3")
    ))
    .bind::<Integer, _>(bound(idle_most))
    .bind::<Integer, _>(bound(assigned_most))
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?;
    Ok(Glance { idle: count(row.idle), assigned: count(row.assigned) })
}

/// Whether anything of `pool` is assignable in one of these area codes; of what is apart only numbers of `country`, if one is
/// given.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_in(
    conn: &mut Connection,
    pool: &PoolName,
    codes: &[(AreaCode, Match)],
    country: Option<CountryCode>,
) -> Result<bool, DbError> {
    let codes: Vec<&str> = codes.iter().map(|(code, _)| code.as_str()).collect();
    let any: Few = sql_query(
        "SELECT count(*) AS few FROM (
             SELECT 1 FROM leases WHERE pool = $1 AND area_code = ANY($2) AND user_id IS NULL AND ready
                AND (NOT apart OR coalesce(country = $3, true)) LIMIT 1) AS one",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Array<Text>, _>(codes)
    .bind::<Nullable<Text>, _>(country.as_ref().map(CountryCode::as_str))
    .get_result(conn)?;
    Ok(any.few > 0)
}

/// Whether anything of `country` is assignable that is apart from `pool`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_apart(conn: &mut Connection, pool: &PoolName, country: CountryCode) -> Result<bool, DbError> {
    let any: Few = sql_query(
        "SELECT count(*) AS few FROM (
             SELECT 1 FROM leases WHERE pool = $1 AND country = $2 AND user_id IS NULL AND apart AND ready LIMIT 1) AS one",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Text, _>(country.as_str())
    .get_result(conn)?;
    Ok(any.few > 0)
}

/// SQL: how many are somebody's, without the missing ones; exact below `most`, and no less than it otherwise.
pub(super) fn somebodys_up_to(most: &str, of: &str) -> String {
    let missing = format!("{of} AND missing_since IS NOT NULL AND status <> 'released'");
    // Whether a number is missing is asked of those that are, which are few.
    format!(
        "((SELECT count(*) FROM (SELECT 1 FROM leases WHERE {of} AND assignment_id IS NOT NULL ORDER BY assignment_id
                                 LIMIT {most} + (SELECT count(*) FROM numbers WHERE {missing})) AS somebodys)
          - (SELECT count(*) FROM numbers WHERE {missing}
                AND (SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = numbers.id)))"
    )
}

/// A count is never negative, and no pool holds four thousand million numbers.
pub(super) fn count(rows: i64) -> u32 {
    u32::try_from(rows.max(0)).unwrap_or(u32::MAX)
}
