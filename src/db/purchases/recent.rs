//! The latest orders, for whoever watches buying, and when something was bought.
//!
//! Invariant: every list is bounded.
//! How to get it wrong: a count over the whole history for a page that is looked at all day.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::record::errors_sql;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{AreaCode, OrderFacts, OrderOutcome, OrderState, PoolName, Trigger};

/// An order as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct OrderView {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Why it exists.
    #[diesel(sql_type = Text)]
    pub trigger: Trigger,
    /// How far it is.
    #[diesel(sql_type = Text)]
    pub state: OrderState,
    /// What it asks for.
    #[diesel(sql_type = Integer)]
    pub requested_count: i32,
    /// What it bought so far.
    #[diesel(sql_type = BigInt)]
    pub purchased_count: i64,
    /// Where.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_code: Option<AreaCode>,
    /// When it was asked for.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it first got the lock.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// How many Twilio was asked for without a known outcome.
    #[diesel(sql_type = BigInt)]
    pub unconfirmed_count: i64,
    /// Whether somebody cancelled it.
    #[diesel(sql_type = Bool)]
    pub is_cancelled: bool,
    /// Who asked: a key's name, or the part of callbunker.
    #[diesel(sql_type = Text)]
    pub requested_by: String,
    /// For which pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// What it did not get, and why.
    #[diesel(sql_type = Array<Text>)]
    pub errors: Vec<String>,
}

/// The columns of an [`OrderView`] of the order `p`, but for its errors.
pub(super) const VIEW: &str =
    "p.id, p.pool, p.trigger, p.state, p.requested_count, p.area_code, p.created_at, p.started_at, p.ended_at, p.requested_by,
     (SELECT count(*) FROM purchase_items i WHERE i.purchase_id = p.id AND i.state = 'bought') AS purchased_count,
     (SELECT count(*) FROM purchase_items i WHERE i.purchase_id = p.id AND i.state IN ('sent', 'unknown')) AS unconfirmed_count,
     p.cancelled_at IS NOT NULL AS is_cancelled";

/// Its errors.
pub(super) fn view_errors() -> String {
    format!(
        "ARRAY(SELECT coalesce(nullif(line.message, ''), replace(line.code, '_', ' '))
                      || CASE WHEN line.count > 1 THEN format(' (%s times)', line.count) ELSE '' END
                 FROM ({}) AS line WHERE p.ended_at IS NOT NULL OR NOT line.passing) AS errors",
        errors_sql("p.id")
    )
}

/// Whoever got everything lacks nothing, whatever came in the way.
pub(super) fn as_told(lines: Vec<OrderView>) -> Vec<OrderView> {
    let told = |line: OrderView| {
        let lacks = line.purchased_count < i64::from(line.requested_count);
        OrderView { errors: if lacks { line.errors } else { Vec::new() }, ..line }
    };
    lines.into_iter().map(told).collect()
}

impl OrderView {
    /// Whether it waits or runs.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> OrderOutcome {
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        OrderOutcome::of(OrderFacts {
            state: self.state,
            has_begun: self.started_at.is_some(),
            is_cancelled: self.is_cancelled,
            requested: count(self.requested_count.into()),
            purchased: count(self.purchased_count),
            unconfirmed: count(self.unconfirmed_count),
        })
    }
}

/// All open orders, which are few, and then the latest until there are `limit`, newest first; adoptions and imports
/// bought nothing and are left out.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_recent(conn: &mut Connection, limit: i64) -> Result<Vec<OrderView>, DbError> {
    let mut lines = orders_watched(conn, limit, &[])?;
    let open = lines.iter().filter(|line| line.is_open()).count();
    lines.truncate(open.max(usize::try_from(limit).unwrap_or(0)));
    Ok(lines)
}

/// All open orders, the `limit` latest, and `also` these, the open ones first: one that runs for long is seen to its
/// end, however many came after it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_watched(conn: &mut Connection, limit: i64, also: &[Uuid]) -> Result<Vec<OrderView>, DbError> {
    let lines: Vec<OrderView> = sql_query(format!(
        // Order by order: a plan that is made for any number of them reads all orders there are.
        "SELECT {VIEW}, {}
           FROM (SELECT id FROM purchases WHERE state IN ('queued', 'running')
                 UNION
                 (SELECT id FROM purchases WHERE trigger NOT IN ('adopt', 'import')
                   ORDER BY created_at DESC, id DESC LIMIT $1)
                 UNION
                 SELECT unnest($2)) AS watched (id)
          CROSS JOIN LATERAL (SELECT * FROM purchases o WHERE o.id = watched.id OFFSET 0) AS p
          WHERE p.trigger NOT IN ('adopt', 'import')
          ORDER BY p.ended_at IS NULL DESC, p.created_at DESC, p.id DESC",
        view_errors()
    ))
    .bind::<BigInt, _>(limit)
    .bind::<Array<SqlUuid>, _>(also)
    .load(conn)?;
    Ok(as_told(lines))
}

/// What came of these orders.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_outcomes(conn: &mut Connection, ids: &[Uuid]) -> Result<HashMap<Uuid, OrderOutcome>, DbError> {
    let orders: Vec<OrderView> =
        sql_query(format!("SELECT {VIEW}, ARRAY[]::text[] AS errors FROM purchases p WHERE p.id = ANY($1)"))
            .bind::<Array<SqlUuid>, _>(ids)
            .load(conn)?;
    Ok(orders.into_iter().map(|order| (order.id, order.outcome())).collect())
}

/// How many numbers were bought in this calendar month (UTC), by hand or by themselves, for one pool or for all.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_of_month(conn: &mut Connection, pool: Option<&PoolName>) -> Result<i64, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        bought: i64,
    }
    let row: Row = sql_query(
        "SELECT count(*) AS bought FROM purchase_items
          WHERE spends AND state = 'bought' AND intended_at >= date_trunc('month', statement_timestamp(), 'UTC')
            AND ($1 IS NULL OR pool = $1)",
    )
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .get_result(conn)?;
    Ok(row.bought)
}

/// When orders bought something, for one pool or for any, for the chart's marks, oldest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_marks(
    conn: &mut Connection,
    pool: Option<&PoolName>,
    hours: u32,
) -> Result<Vec<(DateTime<Utc>, i64)>, DbError> {
    #[derive(QueryableByName)]
    struct Mark {
        #[diesel(sql_type = Timestamptz)]
        at: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        bought: i64,
    }
    let marks: Vec<Mark> = sql_query(
        "SELECT * FROM (
             SELECT min(ended_at) AS at, count(*) AS bought FROM purchase_items
              WHERE spends AND state = 'bought' AND intended_at > statement_timestamp() - make_interval(secs => $1)
                AND ($2 IS NULL OR pool = $2)
              GROUP BY purchase_id ORDER BY 1 DESC LIMIT 200) AS latest ORDER BY at",
    )
    .bind::<Double, _>(f64::from(hours) * 3600.0)
    .bind::<Nullable<Text>, _>(pool.map(PoolName::as_str))
    .load(conn)?;
    Ok(marks.into_iter().map(|mark| (mark.at, mark.bought)).collect())
}
