//! A run: the purchase lock in hand, and everything that earlier runs left sorted before anything is bought.
//!
//! Invariants: whoever gets the lock first ends what cannot be running any more, and only then counts; every number of a
//! run carries the installation's webhooks, whatever this instance is configured with. Looking up what is unknown is
//! `recover`'s: an emergency must not wait for it, and unknown items count as stock all the same.
//! How to get it wrong: buying between taking the lock and that sorting; a crashed run's items would not be counted.

use std::sync::Arc;

use uuid::Uuid;

use super::Buyer;
use crate::db::installation::installation_read;
use crate::db::locks::{LockSeeker, PurchaseLock};
use crate::db::purchase_items::items_sort_leftovers;
use crate::db::purchases::purchases_interrupt_stale;
use crate::db::{Constraint, DbError};
use crate::domain::{OrderState, Webhooks};

/// The right to buy, for as long as the lock's connection lives.
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) lock: PurchaseLock,
    pub(super) webhooks: Arc<Webhooks>,
}

/// Takes the lock and sorts the leftovers; `None` = somebody else buys. `mine` is the waiting order that the run is for.
pub(super) async fn begin(buyer: &Buyer, mine: Option<Uuid>) -> Result<Option<Run>, DbError> {
    seek(buyer, &mut buyer.locks.seeker(), mine).await
}

/// The same for somebody who tries again and again.
pub(super) async fn seek(buyer: &Buyer, seeker: &mut LockSeeker, mine: Option<Uuid>) -> Result<Option<Run>, DbError> {
    let Some(lock) = seeker.try_now().await? else { return Ok(None) };
    fail::fail_point!("lock_taken");
    let (interrupted, sorted, installation) = buyer
        .db
        .run_patiently("run_begin", move |conn| {
            Ok((purchases_interrupt_stale(conn, mine)?, items_sort_leftovers(conn)?, installation_read(conn)?))
        })
        .await?;
    fail::fail_point!("run_begun");
    for trigger in &interrupted {
        buyer.telemetry.purchase_ended(*trigger, OrderState::Interrupted);
    }
    if interrupted.len() + sorted > 0 {
        slog::warn!(buyer.log, "an earlier run ended before its orders did; what it left is sorted";
            "orders" => interrupted.len(), "items" => sorted);
    }
    Ok(Some(Run { id: Uuid::new_v4(), lock, webhooks: Arc::new(installation.webhooks) }))
}

/// Whether the database refused an order because another one runs: the lock was lost, and somebody else has it.
pub(super) fn is_overtaken(error: &DbError) -> bool {
    error.violates(Constraint::OneRunningOrder)
}

impl Run {
    /// Gives the lock back.
    pub(super) async fn end(self) {
        self.lock.release().await;
        fail::fail_point!("lock_released");
    }
}
