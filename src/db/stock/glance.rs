//! Bounded looks at the stock: cheap however large the pool is.
//!
//! How to get it wrong: an order that no index has. The first ten rows are then found by sorting a million.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{DUE, MENDABLE, UNREADY, stock};
use crate::domain::{AreaCode, CountryCode, Level, Match, PoolName, PoolPolicy};

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

/// How full these pools are, as far as their policies care: counted in the order of indexes and no further than they ask, so
/// it is cheap however large the pools are, and as exact as the whole count where a decision hangs on it. This is asked up to
/// twenty times a second: one statement for all pools that have enough, and one more for all that have not. A pool that wants
/// no stock is not among the answers.
///
/// `idle` is what [`Stock::idle`](crate::domain::Stock::idle) counts, up to the larger of both limits of the policy; `assigned`
/// goes up to `total_min`, and is 0 where what is assignable reaches both limits.
///
/// # Errors
/// When PostgreSQL fails.
pub fn levels_glance(conn: &mut Connection, pools: &[(PoolName, PoolPolicy)]) -> Result<Vec<Level>, DbError> {
    let want: Vec<&(PoolName, PoolPolicy)> = pools.iter().filter(|(_, policy)| enough(policy) > 0).collect();
    let mut levels = look(conn, AVAILABLE, &want)?;
    let lacks = |(name, policy): &&&(PoolName, PoolPolicy)| {
        levels.iter().any(|level| level.pool == *name && level.idle < enough(policy))
    };
    let lacking: Vec<&(PoolName, PoolPolicy)> = want.iter().filter(lacks).copied().collect();
    // What a moment ago was counted for them counts no more.
    levels.retain(|level| !lacking.iter().any(|(name, _)| *name == level.pool));
    levels.extend(look(conn, &idle_and_assigned(), &lacking)?);
    Ok(levels)
}

/// So many idle numbers reach both limits.
fn enough(policy: &PoolPolicy) -> u32 {
    policy.threshold_low.max(policy.total_min)
}

/// The pools whose levels `text` counts: `f`, each with how many idle and how many assigned numbers are counted at most.
fn look(conn: &mut Connection, text: &str, pools: &[&(PoolName, PoolPolicy)]) -> Result<Vec<Level>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: PoolName,
        #[diesel(sql_type = BigInt)]
        idle: i64,
        #[diesel(sql_type = BigInt)]
        assigned: i64,
    }
    if pools.is_empty() {
        return Ok(Vec::new());
    }
    let bound = |most: u32| i32::try_from(most).unwrap_or(i32::MAX);
    let rows: Vec<Row> = sql_query(text)
        .bind::<Array<Text>, _>(pools.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(pools.iter().map(|(_, policy)| bound(enough(policy))).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(pools.iter().map(|(_, policy)| bound(policy.total_min)).collect::<Vec<_>>())
        .load(conn)?;
    let level = |row: Row| {
        let (_, policy) = pools.iter().find(|(name, _)| *name == row.name)?;
        Some(Level { idle: count(row.idle), assigned: count(row.assigned), pool: row.name, policy: *policy })
    };
    Ok(rows.into_iter().filter_map(level).collect())
}

/// What is assignable, and nothing else.
const AVAILABLE: &str = concat!(
    "SELECT f.name, (SELECT count(*) FROM (SELECT 1 FROM leases WHERE pool = f.name AND ",
    stock!(),
    " ORDER BY purchased_at, number_id LIMIT f.idle_most) AS a) AS idle, 0::bigint AS assigned
       FROM unnest($1::text[], $2::integer[], $3::integer[]) AS f (name, idle_most, assigned_most)"
);

/// All that counts.
fn idle_and_assigned() -> String {
    format!(
        "WITH o AS MATERIALIZED (SELECT pool, sum(more)::bigint AS owned FROM owned_changes GROUP BY pool)
         SELECT f.name,
                (SELECT count(*) FROM (SELECT 1 FROM leases WHERE pool = f.name AND {}
                                        ORDER BY purchased_at, number_id LIMIT f.idle_most) AS a)
              + (SELECT count(*) FROM (SELECT 1 FROM {UNREADY} AND l.pool = f.name AND NOT l.apart AND {MENDABLE}
                                        ORDER BY l.pool, l.number_id LIMIT f.idle_most) AS a)
              + (SELECT count(*) FROM (SELECT 1 FROM numbers WHERE {DUE} AND pool = f.name AND NOT apart
                                        ORDER BY quarantined_until LIMIT f.idle_most) AS a)
              + (SELECT count(*) FROM (SELECT 1 FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown') AND pool = f.name
                                        ORDER BY intended_at LIMIT f.idle_most) AS a) AS idle,
                {} AS assigned
           FROM unnest($1::text[], $2::integer[], $3::integer[]) AS f (name, idle_most, assigned_most)",
        stock!(),
        somebodys_up_to(
            "f.name",
            "f.assigned_most",
            "(SELECT coalesce(sum(owned), 0) FROM o WHERE o.pool = f.name)",
            "(SELECT coalesce(sum(owned), 0) FROM o)"
        )
    )
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

/// An area code of a pool, and of what is apart there the country that will do; `None` = any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InCode<'a> {
    /// Which pool.
    pub pool: &'a PoolName,
    /// Which area code.
    pub code: AreaCode,
    /// Which country.
    pub country: Option<CountryCode>,
}

/// How many are assignable of each of these, counted up to as many as it says beside and no further; what has none is left out. Where
/// somebody waits there is nothing for a newcomer, and `whoever_waits` asks for them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_available_by_code<'a>(
    conn: &mut Connection,
    wanted: &BTreeMap<InCode<'a>, u32>,
    whoever_waits: bool,
) -> Result<BTreeMap<InCode<'a>, u32>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        position: i64,
        #[diesel(sql_type = BigInt)]
        few: i64,
    }
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked: Vec<(&InCode<'a>, &u32)> = wanted.iter().collect();
    let rows: Vec<Row> = sql_query(
        // Materialized, so that each is counted once and not again for the condition.
        "WITH counted AS MATERIALIZED (
             SELECT w.position, (SELECT count(*) FROM (
                        SELECT 1 FROM leases WHERE pool = w.pool AND area_code = w.code AND user_id IS NULL AND ready
                           AND (NOT apart OR coalesce(country = w.apart_of, true))
                         ORDER BY purchased_at, number_id LIMIT w.most) AS c) AS few
               FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) WITH ORDINALITY AS w (pool, code, apart_of, most, position)
              WHERE $5 OR NOT EXISTS (SELECT 1 FROM waiters a WHERE a.pool = w.pool AND a.expires_at > now()))
         SELECT position, few FROM counted WHERE few > 0",
    )
    .bind::<Array<Text>, _>(asked.iter().map(|(of, _)| of.pool.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(asked.iter().map(|(of, _)| of.code.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(asked.iter().map(|(of, _)| of.country.as_ref().map(CountryCode::as_str)).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(asked.iter().map(|(_, most)| i32::try_from(**most).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind::<Bool, _>(whoever_waits)
    .load(conn)?;
    let place = |position: i64| usize::try_from(position - 1).ok();
    let counted = |row: Row| Some((**asked.get(place(row.position)?).map(|(of, _)| of)?, count(row.few)));
    Ok(rows.into_iter().filter_map(counted).collect())
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

/// SQL: how many of `pool` are somebody's, without the missing ones; exact below `most`, and no less than it otherwise. `owned`
/// is how many the pool owns, `of_all` how many all pools do.
pub(super) fn somebodys_up_to(pool: &str, most: &str, owned: &str, of_all: &str) -> String {
    let missing = format!("missing_since IS NOT NULL AND status <> 'released' AND pool = {pool}");
    // Whether a number is missing is asked of those that are, which are few.
    let most = format!("{most} + (SELECT count(*) FROM numbers WHERE {missing})");
    // No index on leases begins with the pool of what is somebody's: a signup would pay for it. What a small pool has beside
    // large ones is therefore looked for among its own numbers; a large one has enough of all that is somebody's.
    format!(
        "(CASE WHEN {owned} < {of_all} / 8
               THEN (SELECT count(*) FROM (SELECT 1 FROM numbers n WHERE n.pool = {pool}
                                              AND (SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = n.id)
                                            ORDER BY n.pool, n.id LIMIT {most}) AS somebodys)
               ELSE (SELECT count(*) FROM (SELECT 1 FROM leases WHERE assignment_id IS NOT NULL AND pool = {pool}
                                            ORDER BY assignment_id LIMIT {most}) AS somebodys) END
          - (SELECT count(*) FROM numbers WHERE {missing}
                AND (SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = numbers.id)))"
    )
}

/// A count is never negative, and no pool holds four thousand million numbers.
pub(super) fn count(rows: i64) -> u32 {
    u32::try_from(rows.max(0)).unwrap_or(u32::MAX)
}
