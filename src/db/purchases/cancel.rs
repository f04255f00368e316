//! An order called off: nothing more is sent for it, wherever it is on its way.
//!
//! Invariants: one that waits ends at once; of one that runs the row says so, and every attempt, which locks that row
//! first, is refused from then on, on whichever instance; what was sent before is settled as ever, and the order ends
//! when it is, as `stopped`, by its own run or by whoever takes the lock after it. No item is touched here.
//! Only orders by hand are called off: what the pool wants by itself it would want again at its next look, and a pause is
//! what keeps it from that. A create that was committed before the row said so may still go out after it; it is settled too.
//! How to get it wrong: ending a running order at once. It would be told as over while its creates are on the wire.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::order::{Order, purchase_read};
use super::told::tell_cancelled;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{OrderState, Trigger};

/// What became of the wish to cancel an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancel {
    /// It waited, and is over.
    Ended(Order),
    /// It runs: it ends when what is on the wire is settled.
    Ends(Order),
    /// It had ended, or was cancelled before: nothing changed.
    Over(Order),
    /// The pool placed it, and it goes on: nothing changed.
    Automatic,
}

/// Cancels an order for `by`; `None` = there is no such order.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_cancel(conn: &mut Connection, id: Uuid, by: &str) -> Result<Option<Cancel>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // Locked first, as every attempt does: the time that is written then lies after all that was sent.
        sql_query("SELECT FROM purchases WHERE id = $1 FOR UPDATE").bind::<SqlUuid, _>(id).execute(conn)?;
        let cancelled = sql_query(
            "UPDATE purchases SET cancelled_at = clock_timestamp(), cancelled_by = $2,
                    state = CASE state WHEN 'queued' THEN 'stopped' ELSE state END,
                    ended_at = CASE state WHEN 'queued' THEN clock_timestamp() END
              WHERE id = $1 AND state IN ('queued', 'running') AND cancelled_at IS NULL AND trigger = 'manual'",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(by)
        .execute(conn)?;
        let Some(order) = purchase_read(conn, id)? else { return Ok(None) };
        let is_automatic = order.wish.trigger != Trigger::Manual && !order.state.has_ended();
        Ok(Some(match (cancelled, order.state) {
            (0, _) if is_automatic => Cancel::Automatic,
            (0, _) => Cancel::Over(order),
            (_, OrderState::Running) => Cancel::Ends(order),
            (_, _) => {
                tell_cancelled(conn, &[id])?;
                Cancel::Ended(order)
            }
        }))
    })
}
