//! Numbers a page at a time, and those that somebody looks for by a part of their digits.
//!
//! Invariants: digits are compared by index, as a beginning or as an end; whatever is looked for, the answer is bounded.
//! How to get it wrong: `LIKE` with a parameter. A statement that is planned once reads the whole table for it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::places::ON_HOLD;
use super::row::{OWNED, OwnedNumber, SHOWN_STATUS};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::{Counted, Slice, counted_sql};
use crate::domain::{AreaCode, ListOrder, ListedStatus, NumberSid, PoolName};

/// Which numbers to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberFilter {
    /// Only these.
    pub status: Option<ListedStatus>,
    /// Only those in it.
    pub area_code: Option<AreaCode>,
    /// Only those of users whose id begins like this, in capitals or not.
    pub user: Option<String>,
    /// Only those of this pool.
    pub pool: Option<PoolName>,
}

/// What a number must be like, in SQL: `$1` to `$4` are the filter's.
fn wanted() -> String {
    format!(
        "($1 IS NULL OR CASE WHEN $1 = 'held' THEN {ON_HOLD} ELSE $1 = {SHOWN_STATUS} END)
         AND ($2 IS NULL OR n.area_code = $2)
         AND ($3 IS NULL OR starts_with(lower(l.user_id), lower($3)))
         AND ($4 IS NULL OR n.pool = $4)"
    )
}

/// A page of the numbers, in the order in which they came or the other way round.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_list(
    conn: &mut Connection,
    filter: &NumberFilter,
    order: ListOrder,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<OwnedNumber>, DbError> {
    let (than, direction) = slice.reading(order == ListOrder::Newest);
    let outermost = if than == "<" { i64::MAX } else { i64::MIN };
    let rows = sql_query(format!("{OWNED} WHERE n.id {than} $5 AND {} ORDER BY n.id {direction} LIMIT $6", wanted()))
        .bind::<Nullable<Text>, _>(filter.status.map(ListedStatus::as_str))
        .bind::<Nullable<Text>, _>(filter.area_code.as_ref().map(AreaCode::as_str))
        .bind::<Nullable<Text>, _>(filter.user.as_deref())
        .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
        .bind::<BigInt, _>(slice.key().unwrap_or(outermost))
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    Ok(slice.in_order(rows))
}

/// How many there are, newest first, and how many before the number `first`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_count(conn: &mut Connection, filter: &NumberFilter, first: i64) -> Result<Counted, DbError> {
    let select =
        format!("SELECT n.id > $5 AS ahead FROM numbers n LEFT JOIN leases l ON l.number_id = n.id WHERE {}", wanted());
    Ok(sql_query(counted_sql(&select))
        .bind::<Nullable<Text>, _>(filter.status.map(ListedStatus::as_str))
        .bind::<Nullable<Text>, _>(filter.area_code.as_ref().map(AreaCode::as_str))
        .bind::<Nullable<Text>, _>(filter.user.as_deref())
        .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
        .bind::<BigInt, _>(first)
        .get_result(conn)?)
}

/// Numbers that begin with one of `beginnings` (with their `+`) or end in `ending` (digits): live ones first, the newest
/// first, at most `limit`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_like(
    conn: &mut Connection,
    beginnings: &[String],
    ending: Option<&str>,
    limit: i64,
) -> Result<Vec<OwnedNumber>, DbError> {
    let backwards: Option<String> = ending.map(|digits| digits.chars().rev().collect());
    Ok(sql_query(format!(
        // ':' comes right after '9'.
        "{OWNED} WHERE n.id IN (
             SELECT s.id FROM unnest($1) AS b (digits) CROSS JOIN LATERAL (
                    SELECT id FROM numbers WHERE phone_number ~>=~ b.digits AND phone_number ~<~ (b.digits || ':')
                     ORDER BY phone_number USING ~<~ LIMIT $3) AS s
             UNION
             (SELECT id FROM numbers WHERE reverse(phone_number) ~>=~ $2 AND reverse(phone_number) ~<~ ($2 || ':')
               ORDER BY reverse(phone_number) USING ~<~ LIMIT $3))
          ORDER BY n.status = 'released', n.id DESC LIMIT $3"
    ))
    .bind::<Array<Text>, _>(beginnings)
    .bind::<Nullable<Text>, _>(backwards)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The number that has this SID.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_of_sid(conn: &mut Connection, sid: &NumberSid) -> Result<Option<OwnedNumber>, DbError> {
    Ok(sql_query(format!("{OWNED} WHERE n.sid = $1")).bind::<Text, _>(sid.as_str()).get_result(conn).optional()?)
}
