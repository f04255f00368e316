//! Which numbers care is for: what rests too long, what is not ready, and what an operator's word may touch.
//!
//! Invariant: pools take turns, so a large one under repair keeps no small one's signups waiting.
//! How to get it wrong: caring for what is on hold or leaving. Whoever decides about it has not decided yet.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::row::NumberRow;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::numbers;
use crate::domain::{PoolName, QuarantineReason};

/// Live numbers to look after, in the order they came, from above `after`; `only` restricts them. Those that are on hold, or
/// leaving, are nobody's to touch.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for(
    conn: &mut Connection,
    only: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<NumberRow>, DbError> {
    let mut query = cared_for().filter(numbers::id.gt(after)).order(numbers::id).limit(limit).into_boxed();
    if let Some(only) = only {
        query = query.filter(numbers::phone_number.eq_any(only));
    }
    Ok(query.load(conn)?)
}

/// The same among those with these SIDs.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for_by_sid(conn: &mut Connection, sids: &[&str]) -> Result<Vec<NumberRow>, DbError> {
    Ok(cared_for().filter(numbers::sid.eq_any(sids)).load(conn)?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn cared_for() -> _ {
    let columns: diesel::dsl::AsSelect<NumberRow, diesel::pg::Pg> = NumberRow::as_select();
    numbers::table
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::quarantine_reason.is_null().or(numbers::quarantine_reason.eq("released")))
        .select(columns)
}

/// A live number of ours that is not to be touched.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Untouchable {
    /// E.164.
    pub phone_number: String,
    /// Why it is on hold, or that it is leaving.
    pub hold: Option<QuarantineReason>,
    /// Its pool.
    pub pool: PoolName,
}

/// Those among `only` that [`numbers_cared_for`] leaves out: on hold, leaving, or missing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_untouchable(conn: &mut Connection, only: &[String]) -> Result<Vec<Untouchable>, DbError> {
    let hold = diesel::dsl::sql::<Nullable<Text>>("nullif(quarantine_reason, 'released')");
    Ok(numbers::table
        .filter(numbers::phone_number.eq_any(only))
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_not_null().or(numbers::quarantine_reason.ne("released")))
        .select((numbers::phone_number, hold, numbers::pool))
        .load(conn)?)
}

/// Numbers whose rest is over: of each pool the earliest first, pool by pool in turn.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_rested(conn: &mut Connection, limit: i64) -> Result<Vec<NumberRow>, DbError> {
    let ids: Vec<Turn> = sql_query(format!(
        "SELECT id FROM ({POOLS}, LATERAL (
             SELECT id, quarantined_until AS until, row_number() OVER (ORDER BY quarantined_until, id) AS turn FROM numbers
              WHERE status = 'quarantined' AND quarantine_reason = 'released' AND missing_since IS NULL
                AND quarantined_until <= clock_timestamp() AND pool = o.name
              ORDER BY quarantined_until, id LIMIT $1) AS rested) AS turns (name, id, until, turn)
          ORDER BY turn, until, id LIMIT $1",
    ))
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    in_turn(conn, &ids)
}

/// Numbers in the pools that cannot be assigned because of their webhooks, and that a repair may help, pool by pool in turn; of
/// each pool first those not in `last`, then those in its order; none of `resting`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_unready(
    conn: &mut Connection,
    last: &[i64],
    resting: &[i64],
    limit: i64,
) -> Result<Vec<NumberRow>, DbError> {
    let ids: Vec<Turn> = sql_query(format!(
        // What failed lets a few others of each pool go first: if all pools began with such ones, nothing else would be tried.
        "SELECT id FROM ({POOLS}, LATERAL (
             SELECT id, failed, row_number() OVER (ORDER BY failed NULLS FIRST, id)
                                + CASE WHEN failed IS NULL THEN 0 ELSE 4 END AS turn FROM (
                 -- Each arm stops where it has enough: one order for both would read all that is unready.
                 (SELECT n.id, NULL::integer AS failed FROM {REPAIRABLE} AND l.number_id <> ALL ($2) AND l.number_id <> ALL ($3)
                   ORDER BY l.pool, l.number_id LIMIT $1)
                 UNION ALL
                 (SELECT n.id, array_position($2, n.id) AS failed FROM {REPAIRABLE} AND l.number_id = ANY ($2) AND l.number_id <> ALL ($3)
                   ORDER BY failed LIMIT $1)) AS first_ones) AS unready) AS turns (name, id, failed, turn)
          -- Of pools that are equal none is always the first.
          ORDER BY turn, failed NULLS FIRST, random() LIMIT $1",
    ))
    .bind::<BigInt, _>(limit)
    .bind::<Array<BigInt>, _>(last)
    .bind::<Array<BigInt>, _>(resting)
    .load(conn)?;
    in_turn(conn, &ids)
}

/// SQL: the numbers `n` in the pool `o`, with their leases `l`, that cannot be assigned because of their webhooks, and that a repair may
/// help.
const REPAIRABLE: &str = "leases l JOIN numbers n ON n.id = l.number_id
    WHERE l.pool = o.name AND l.user_id IS NULL AND NOT l.ready AND n.missing_since IS NULL AND n.webhook_status IN ('drifted', 'pending')";

/// SQL: every pool that has a number, configured or not.
const POOLS: &str = "SELECT * FROM (SELECT pool AS name FROM owned_changes GROUP BY pool) AS o";

#[derive(QueryableByName)]
struct Turn {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// These numbers, in this order.
fn in_turn(conn: &mut Connection, turns: &[Turn]) -> Result<Vec<NumberRow>, DbError> {
    let ids: Vec<i64> = turns.iter().map(|turn| turn.id).collect();
    let mut rows: Vec<NumberRow> =
        numbers::table.filter(numbers::id.eq_any(&ids)).select(NumberRow::as_select()).load(conn)?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok(rows)
}
