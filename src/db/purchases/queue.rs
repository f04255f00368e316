//! Orders that wait for the lock.
//!
//! Invariant: a key given by a caller names one order for seven days.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Double, Integer, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::order::{Order, OrderRow, Wish, insert};
use crate::db::buying_state::buying_state_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::{Constraint, DbError};
use crate::db::engine::schema::purchases;

/// Orders that may wait for the lock at a time; one more is refused.
pub const ORDERS_QUEUED_MAX: i64 = 16;
/// An order that was accepted waits for its turn no longer, however alive the instance is that keeps it in the queue.
const ACCEPTED_WAITS_MAX: Duration = Duration::from_secs(3600);
const IDEMPOTENCY_DAYS: i32 = 7;
/// An order past its time is ended by the instance that it waits at; if that one is gone, so much later by any other.
pub(super) const FORSAKEN: &str = "expires_at < clock_timestamp() - interval '5 seconds'";

/// What became of a request for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// A new order waits for the lock.
    New(Uuid),
    /// The key names this order, asked for with the same body.
    Same(Uuid),
    /// The key names an order with another body.
    KeyReused,
    /// [`ORDERS_QUEUED_MAX`] orders wait already.
    TooMany,
}

/// Writes an order that waits for the lock, at most `lock_wait` long.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_enqueue(
    conn: &mut Connection,
    wish: &Wish,
    idempotency_key: Option<&str>,
    lock_wait: Duration,
) -> Result<Enqueued, DbError> {
    let written = conn.transaction::<_, DbError, _>(|conn| {
        // One enqueuer at a time, so that the queue's bound is exact.
        buying_state_lock(conn)?;
        if let Some(key) = idempotency_key
            && let Some(known) = order_of_key(conn, key)?
        {
            let same = known.wish.asks_for_the_same_as(wish);
            return Ok(if same { Enqueued::Same(known.id) } else { Enqueued::KeyReused });
        }
        let queued: i64 = purchases::table.filter(purchases::state.eq("queued")).count().get_result(conn)?;
        if queued >= ORDERS_QUEUED_MAX {
            return Ok(Enqueued::TooMany);
        }
        insert(conn, wish, idempotency_key, lock_wait, None).map(Enqueued::New)
    });
    match written {
        // The other enqueuer committed between our look and our insert: it cannot, while both lock the gate.
        Err(error) if error.violates(Constraint::IdempotencyKey) => Ok(Enqueued::KeyReused),
        other => other,
    }
}

fn order_of_key(conn: &mut Connection, key: &str) -> Result<Option<Order>, DbError> {
    sql_query(
        "UPDATE purchases SET idempotency_key = NULL
          WHERE idempotency_key = $1
            AND (created_at < clock_timestamp() - make_interval(days => $2)
                 -- It was cut short before its first intent: nothing was ever tried for it, the same key may try again.
                 -- One that was cancelled keeps it: whoever repeats their request must not get what somebody called off.
                 OR (state IN ('interrupted', 'stopped') AND cancelled_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM purchase_items i WHERE i.purchase_id = purchases.id))
                 -- Nor for one that was answered with a refusal before its first intent.
                 OR (ended_at IS NOT NULL AND cancelled_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM purchase_items i WHERE i.purchase_id = purchases.id)
                     AND EXISTS (SELECT 1 FROM purchase_errors e WHERE e.purchase_id = purchases.id
                                    AND e.code IN ('spend_cap', 'locked', 'halted'))))",
    )
    .bind::<Text, _>(key)
    .bind::<Integer, _>(IDEMPOTENCY_DAYS)
    .execute(conn)?;
    let row = purchases::table
        .filter(purchases::idempotency_key.eq(key))
        .select(OrderRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Order::try_from).transpose()
}

/// Whether somebody who takes the lock would find something that a run left behind: an order that seems to run or waits
/// past its time, an item that is open. Also true while a purchase runs.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_left_open(conn: &mut Connection) -> Result<bool, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&format!(
        "EXISTS (SELECT 1 FROM purchases WHERE state IN ('queued', 'running') AND (state = 'running' OR {FORSAKEN}))
         OR EXISTS (SELECT 1 FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown'))",
    )))
    .get_result(conn)?)
}

/// Whether an order's time to wait for the lock is over, or it waits no more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_waits_no_more(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    let waiting = purchases::table
        .find(id)
        .filter(purchases::state.eq("queued"))
        .filter(purchases::expires_at.gt(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp()")));
    Ok(!diesel::select(diesel::dsl::exists(waiting)).get_result::<bool>(conn)?)
}

/// Keeps an order that waits for its turn in the queue for `wait` from now on, unless it was placed longer than
/// [`ACCEPTED_WAITS_MAX`] ago. Nothing changes for one that runs or has ended.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_keep_waiting(conn: &mut Connection, id: Uuid, wait: Duration) -> Result<(), DbError> {
    sql_query(
        "UPDATE purchases SET expires_at = greatest(expires_at, clock_timestamp() + make_interval(secs => $2))
          WHERE id = $1 AND state = 'queued' AND created_at > clock_timestamp() - make_interval(secs => $3)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Double, _>(wait.as_secs_f64())
    .bind::<Double, _>(ACCEPTED_WAITS_MAX.as_secs_f64())
    .execute(conn)?;
    Ok(())
}

/// Whether another order waits for the lock, or waited for too long and wants to be told.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_others_wait(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    let waiting = purchases::table.filter(purchases::state.eq("queued")).filter(purchases::id.ne(id));
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(conn)?)
}
