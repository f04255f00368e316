//! What each pass of the monitor did and why, for `last_replenishment` and for whoever asks why nothing happened.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::passes;
use super::slice::{Counted, Slice, counted_sql};
use crate::domain::{PoolName, Trigger};

/// So many passes are kept however old they are,
const PASSES_KEPT_MIN: i64 = 1000;
/// and no more than this however young,
const PASSES_KEPT_MAX: i64 = 100_000;
/// and in between those of so many days: a halt that lasts a week leaves its beginning to be read.
const DAYS_KEPT: i32 = 90;
/// No pass forgets more than this: whoever buys must not wait for it.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// One pass.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = passes, check_for_backend(diesel::pg::Pg))]
pub struct Pass {
    /// For the cursor.
    pub id: i64,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// What set it off.
    pub trigger: Trigger,
    /// Why it bought what it bought, or nothing.
    pub reason: String,
    /// How many it bought.
    pub purchased_count: i32,
    /// What went wrong.
    pub error: Option<String>,
    /// Of which pool.
    pub pool: PoolName,
    /// What it did beside buying.
    pub detail: Option<String>,
}

/// A pass that has just ended.
#[derive(Debug, Clone, Copy)]
pub struct PassLine<'p> {
    /// Of which pool.
    pub pool: &'p PoolName,
    /// What set it off.
    pub trigger: Trigger,
    /// Why it bought what it bought, or nothing.
    pub reason: &'p str,
    /// How many it bought.
    pub bought: u32,
    /// What went wrong.
    pub error: Option<&'p str>,
    /// What it did beside buying.
    pub detail: Option<&'p str>,
}

/// Records a pass and forgets some of the oldest.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pass_record(conn: &mut Connection, line: &PassLine<'_>) -> Result<(), DbError> {
    let PassLine { pool, trigger, reason, bought, error, detail } = *line;
    let id: i64 = diesel::insert_into(passes::table)
        .values((
            passes::trigger.eq(trigger.as_str()),
            passes::reason.eq(reason),
            passes::purchased_count.eq(i32::try_from(bought).unwrap_or(i32::MAX)),
            passes::error.eq(error),
            passes::pool.eq(pool.as_str()),
            passes::detail.eq(detail),
        ))
        .returning(passes::id)
        .get_result(conn)?;
    sql_query(
        "DELETE FROM passes WHERE id IN (
             SELECT id FROM (SELECT id, at FROM passes ORDER BY id LIMIT $1) AS oldest
              WHERE id <= $2 OR (id <= $3 AND at < clock_timestamp() - make_interval(days => $4)))",
    )
    .bind::<BigInt, _>(FORGOTTEN_AT_ONCE)
    .bind::<BigInt, _>(id - PASSES_KEPT_MAX)
    .bind::<BigInt, _>(id - PASSES_KEPT_MIN)
    .bind::<Integer, _>(DAYS_KEPT)
    .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Latest {
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
}

/// The latest look at the stock of each pool that had one, the last one first; a change of a threshold is none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn passes_latest(conn: &mut Connection) -> Result<Vec<Pass>, DbError> {
    // From pool to pool by the index, however many passes each of them had.
    let latest: Vec<Latest> = sql_query(
        "WITH RECURSIVE named AS (
             (SELECT pool FROM passes ORDER BY pool LIMIT 1)
             UNION ALL
             SELECT (SELECT pool FROM passes WHERE pool > named.pool ORDER BY pool LIMIT 1) FROM named WHERE named.pool IS NOT NULL)
         SELECT (SELECT id FROM passes WHERE passes.pool = named.pool AND detail IS NULL ORDER BY id DESC LIMIT 1) AS id
           FROM named WHERE named.pool IS NOT NULL",
    )
    .load(conn)?;
    let ids: Vec<i64> = latest.into_iter().filter_map(|latest| latest.id).collect();
    Ok(passes::table.filter(passes::id.eq_any(ids)).order(passes::id.desc()).select(Pass::as_select()).load(conn)?)
}

/// A page of the passes, of one pool or of all, newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn passes_list(
    conn: &mut Connection,
    pool: Option<&PoolName>,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<Pass>, DbError> {
    let all = passes::table.limit(limit).select(Pass::as_select()).into_boxed();
    let lines = match pool {
        Some(pool) => all.filter(passes::pool.eq(pool.as_str())),
        None => all,
    };
    let lines = match slice {
        Slice::First => lines.order(passes::id.desc()),
        Slice::After(id) => lines.filter(passes::id.lt(id)).order(passes::id.desc()),
        Slice::Before(id) => lines.filter(passes::id.gt(id)).order(passes::id.asc()),
    };
    Ok(slice.in_order(lines.load(conn)?))
}

/// How many there are, and how many before `first`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn passes_count(conn: &mut Connection, pool: Option<&PoolName>, first: i64) -> Result<Counted, DbError> {
    Ok(sql_query(counted_sql("SELECT id > $1 AS ahead FROM passes WHERE $2 IS NULL OR pool = $2"))
        .bind::<BigInt, _>(first)
        .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
        .get_result(conn)?)
}
