//! A run: the purchase lock in hand, and everything that earlier runs left sorted before anything is bought.
//!
//! Invariants: whoever gets the lock first ends what cannot be running any more, and only then counts; every number of a
//! run carries its pool's webhooks, whatever this instance is configured with. Looking up what is unknown is
//! `recover`'s: an emergency must not wait for it, and unknown items count as stock all the same.
//! How to get it wrong: buying between taking the lock and that sorting; a crashed run's items would not be counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use uuid::Uuid;

use super::buyer::Buyer;
use super::frozen::end_frozen;
use super::serving::Serving;
use super::traffic::Traffic;
use crate::db::locks::{LockSeeker, PurchaseLock};
use crate::db::pools::{PoolsWebhooks, pools_claim, pools_webhooks};
use crate::db::purchases::holder::{holder_beat, holder_take};
use crate::db::purchases::items::items_sort_leftovers;
use crate::db::purchases::purchases_interrupt_stale;
use crate::db::{Constraint, DbError};
use crate::domain::{PoolName, Webhooks};

/// How often the holder of the lock says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(5);

/// The right to buy, for as long as the lock's connection lives.
pub(super) struct Run {
    pub(super) id: Uuid,
    pub(super) lock: PurchaseLock,
    /// What the numbers of each pool shall carry, of all that were ever configured.
    pub(super) webhooks: BTreeMap<PoolName, Arc<Webhooks>>,
    /// What all its orders have on the wire.
    pub(super) traffic: Traffic,
    /// Whose waiters are being served.
    pub(super) serving: Serving,
    /// What the run was begun for is over: what goes on is beside it.
    pub(super) is_done: AtomicBool,
    /// Creates that all its orders may have on the wire together.
    pub(super) slots: usize,
    /// A create that takes longer than this serves nobody who waits, and takes nobody's slot.
    pub(super) hangs_after: Duration,
    _beat: Beat,
}

/// Says that the holder lives until it is dropped.
struct Beat(tokio::task::JoinHandle<()>);

impl Beat {
    fn of(buyer: &Buyer, run_id: Uuid) -> Self {
        let db = buyer.db.clone();
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT_EVERY).await;
                // One that fails is made good by the next.
                let _ = db.run("holder_beat", move |conn| holder_beat(conn, run_id)).await;
            }
        }))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes the lock and sorts the leftovers; `None` = somebody else buys. `mine` is the waiting order that the run is for.
pub(super) async fn begin(buyer: &Buyer, mine: Option<Uuid>) -> Result<Option<Run>, DbError> {
    seek(buyer, &mut buyer.locks.seeker(), mine).await
}

/// The same for somebody who tries again and again.
pub(super) async fn seek(buyer: &Buyer, seeker: &mut LockSeeker, mine: Option<Uuid>) -> Result<Option<Run>, DbError> {
    let Some(lock) = seeker.try_now().await? else {
        end_frozen(buyer).await?;
        return Ok(None);
    };
    fail::fail_point!("lock_taken");
    let (id, key, backend_pid) = (Uuid::new_v4(), buyer.locks.advisory_key(), lock.backend_pid());
    let (slots, hangs_after) = {
        let config = buyer.config.load();
        (config.purchase.concurrency.max(config.purchase.emergency_concurrency), config.twilio.request_timeout())
    };
    let begun = buyer.db.run_patiently("run_begin", move |conn| {
        // From here on no earlier run opens an order.
        holder_take(conn, id, key, backend_pid, hangs_after)?;
        Ok((purchases_interrupt_stale(conn, id, mine)?, items_sort_leftovers(conn)?, pools_webhooks(conn)?))
    });
    let (interrupted, sorted, webhooks) = match begun.await {
        Ok(begun) => begun,
        // It took us so long to get here that somebody took the lock from us: their orders are none of ours to end.
        Err(error) if is_overtaken(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    fail::fail_point!("run_begun");
    for (pool, trigger, state) in &interrupted {
        buyer.telemetry.purchase_ended(pool, *trigger, *state);
    }
    if interrupted.len() + sorted > 0 {
        slog::warn!(buyer.log, "an earlier run ended before its orders did; what it left is sorted";
            "orders" => interrupted.len(), "items" => sorted);
    }
    Ok(Some(Run {
        id,
        lock,
        webhooks: webhooks.into_iter().map(|(pool, webhooks)| (pool, Arc::new(webhooks))).collect(),
        traffic: Traffic::default(),
        serving: Serving::default(),
        is_done: AtomicBool::new(false),
        slots,
        hangs_after,
        _beat: Beat::of(buyer, id),
    }))
}

/// Whether the database refused an order because another one runs: the lock was lost, and somebody else has it.
pub(super) fn is_overtaken(error: &DbError) -> bool {
    error.violates(Constraint::OneRunningOrder)
}

impl Run {
    /// What the numbers of `pool` shall carry. One that was configured since the run began is stored here, as a reload stores it.
    pub(super) async fn webhooks_of(&self, buyer: &Buyer, pool: &PoolName) -> Result<Arc<Webhooks>, DbError> {
        if let Some(webhooks) = self.webhooks.get(pool) {
            return Ok(Arc::clone(webhooks));
        }
        let mine: PoolsWebhooks =
            buyer.config.load().webhooks_of(pool).map(|webhooks| (pool.clone(), webhooks)).into_iter().collect();
        let mut stored = buyer.db.run_patiently("pools_claim", move |conn| pools_claim(conn, &mine)).await?;
        let webhooks = stored.remove(pool);
        webhooks.map(Arc::new).ok_or_else(|| DbError::Corrupt { what: "pool", why: format!("{pool} has no webhooks") })
    }

    /// Gives the lock back.
    pub(super) async fn end(self) {
        self.lock.release().await;
        fail::fail_point!("lock_released");
    }
}
