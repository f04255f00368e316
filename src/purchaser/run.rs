//! A run: the purchase lock in hand, and everything that earlier runs left sorted before anything is bought.
//!
//! Invariant: whoever gets the lock first ends what cannot be running any more, and only then counts.
//! How to get it wrong: buying between taking the lock and that sorting; a crashed run's items would not be counted
//! as unknown, and its order could be taken up twice.

use uuid::Uuid;

use super::{Buyer, recover};
use crate::db::DbError;
use crate::db::locks::PurchaseLock;
use crate::db::purchase_items::items_sort_leftovers;
use crate::db::purchases::purchases_interrupt_stale;

/// The right to buy, for as long as the lock's connection lives.
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) lock: PurchaseLock,
}

/// Takes the lock, for the order `mine` if there is one, and sorts the leftovers; `None` = somebody else buys.
pub(super) async fn begin(buyer: &Buyer, mine: Option<Uuid>) -> Result<Option<Run>, DbError> {
    let Some(lock) = buyer.locks.try_acquire().await? else { return Ok(None) };
    let (interrupted, sorted) = buyer
        .db
        .run_patiently("run_begin", move |conn| {
            Ok((purchases_interrupt_stale(conn, mine)?, items_sort_leftovers(conn)?))
        })
        .await?;
    if interrupted + sorted > 0 {
        slog::warn!(buyer.log, "an earlier run ended before its orders did; their items are being looked up";
            "orders" => interrupted, "items" => sorted);
    }
    let run = Run { id: Uuid::new_v4(), lock };
    recover::look_up_unsettled(buyer, &run.lock).await?;
    Ok(Some(run))
}

impl Run {
    /// Gives the lock back.
    pub(super) async fn end(self) {
        self.lock.release().await;
    }
}
