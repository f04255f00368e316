//! Orders a page at a time, the newest first.
//!
//! How to get it wrong: the open ones by their age alone. One that runs for hours is far down then; pages show those first.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::recent::{OrderView, VIEW, as_told, view_errors};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::slice::{Counted, Slice, counted_sql};
use crate::domain::{OrderState, PoolName, Trigger};

/// Which orders to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only those in this state.
    pub state: Option<OrderState>,
    /// Only those that exist for this reason; without it those that bought nothing, adoptions and imports, are left out.
    pub trigger: Option<Trigger>,
    /// Only those that are over, or only those that are not.
    pub is_over: Option<bool>,
    /// Only those of this pool.
    pub pool: Option<PoolName>,
}

/// `$1` to `$4` are the filter's.
const WANTED: &str = "($1 IS NULL OR p.state = $1) AND CASE WHEN $2 IS NULL THEN p.trigger NOT IN ('adopt', 'import') ELSE p.trigger = $2 END
    AND ($3 IS NULL OR (p.ended_at IS NOT NULL) = $3) AND ($4 IS NULL OR p.pool = $4)";

fn created_at(conn: &mut Connection, id: Uuid) -> Result<Option<DateTime<Utc>>, DbError> {
    use crate::db::engine::schema::purchases;
    Ok(purchases::table.find(id).select(purchases::created_at).first(conn).optional()?)
}

/// A page of the orders, newest first. After one that never was there is nothing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_list(
    conn: &mut Connection,
    filter: &OrderFilter,
    slice: Slice<Uuid>,
    limit: i64,
) -> Result<Vec<OrderView>, DbError> {
    let place = match slice.key() {
        None => None,
        Some(id) => match created_at(conn, id)? {
            None => return Ok(Vec::new()),
            found => found,
        },
    };
    let (than, direction) = slice.reading(true);
    let outermost = if than == "<" { "infinity" } else { "-infinity" };
    let rows = sql_query(format!(
        "SELECT {VIEW}, {} FROM purchases p
          WHERE {WANTED} AND (p.created_at, p.id) {than} (coalesce($5, '{outermost}'), coalesce($6, '{}'))
          ORDER BY p.created_at {direction}, p.id {direction} LIMIT $7",
        view_errors(),
        Uuid::nil()
    ))
    .bind::<Nullable<Text>, _>(filter.state.map(OrderState::as_str))
    .bind::<Nullable<Text>, _>(filter.trigger.map(Trigger::as_str))
    .bind::<Nullable<Bool>, _>(filter.is_over)
    .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
    .bind::<Nullable<Timestamptz>, _>(place)
    .bind::<Nullable<SqlUuid>, _>(slice.key())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok(as_told(slice.in_order(rows)))
}

/// One order as lists show it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn order_view(conn: &mut Connection, id: Uuid) -> Result<Option<OrderView>, DbError> {
    let found: Option<OrderView> =
        sql_query(format!("SELECT {VIEW}, {} FROM purchases p WHERE p.id = $1", view_errors()))
            .bind::<SqlUuid, _>(id)
            .get_result(conn)
            .optional()?;
    Ok(as_told(found.into_iter().collect()).pop())
}

/// How many there are, and how many before `first`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_count(conn: &mut Connection, filter: &OrderFilter, first: Uuid) -> Result<Counted, DbError> {
    let place = created_at(conn, first)?;
    let select = format!("SELECT (p.created_at, p.id) > ($5, $6) AS ahead FROM purchases p WHERE {WANTED}");
    Ok(sql_query(counted_sql(&select))
        .bind::<Nullable<Text>, _>(filter.state.map(OrderState::as_str))
        .bind::<Nullable<Text>, _>(filter.trigger.map(Trigger::as_str))
        .bind::<Nullable<Bool>, _>(filter.is_over)
        .bind::<Nullable<Text>, _>(filter.pool.as_ref().map(PoolName::as_str))
        .bind::<Nullable<Timestamptz>, _>(place)
        .bind::<SqlUuid, _>(first)
        .get_result(conn)?)
}
