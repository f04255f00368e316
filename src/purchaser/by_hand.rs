//! Orders that an operator wrote: they wait for the lock, and between slices others may go first.
//!
//! Invariant: an order by hand waits for the lock at most `purchase.lock_wait_ms` at a time.
//! How to get it wrong: letting one's own `begin` end the order as stale; it is named as `mine`.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::candidates::Candidates;
use super::order::{fill, finish, observe, places};
use super::run::{self, Run};
use super::wave::Progress;
use super::{Buyer, Shortfall, emergency};
use crate::db::DbError;
use crate::db::purchases;
use crate::domain::{ByHand, OrderState, plan_by_hand};

/// How often an order tries the lock.
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(100);

/// Runs an order to its end. Its document tells the rest.
pub(super) async fn by_hand(buyer: &Buyer, order_id: Uuid) -> Result<(), DbError> {
    let mut candidates: Option<Candidates> = None;
    loop {
        let Some(run) = wait_for_lock(buyer, order_id).await? else { return no_lock(buyer, order_id).await };
        let step = slice(buyer, &run, order_id, &mut candidates).await;
        run.end().await;
        match step? {
            Step::Ended => return Ok(()),
            // Whoever waits for the lock gets a moment to take it.
            Step::GaveWay => tokio::time::sleep(LOCK_TRIED_EVERY * 2).await,
        }
    }
}

enum Step {
    Ended,
    GaveWay,
}

async fn slice(buyer: &Buyer, run: &Run, order_id: Uuid, candidates: &mut Option<Candidates>) -> Result<Step, DbError> {
    emergency::serve_line(buyer, run).await?;
    let run_id = run.id;
    let started =
        buyer.db.run_patiently("purchase_start", move |conn| purchases::purchase_start(conn, order_id, run_id)).await?;
    // Ended meanwhile: its time was over, or another instance ended it.
    let Some(order) = started else { return Ok(Step::Ended) };
    let (seen, limits) = (observe(buyer).await?, buyer.limits());
    let caps = seen.caps(limits.per_hour_max, limits.per_day_max);
    let plan = plan_by_hand(&caps, ByHand { count: order.wish.count, override_caps: order.wish.override_caps });
    if candidates.is_none() && plan.count == 0 {
        let refused = Progress { shortfall: Some(Shortfall::Refused(plan.why)), ..Progress::default() };
        finish(buyer, run, &order, &refused).await?;
        return Ok(Step::Ended);
    }
    let candidates = candidates.get_or_insert_with(|| Candidates::new(order.wish.country, places(buyer, &order.wish)));
    let progress = fill(buyer, run, &order, true, candidates).await;
    if progress.gave_way && progress.shortfall.is_none() {
        let lock_wait = buyer.config.load().purchase.lock_wait();
        let yielded = buyer
            .db
            .run_patiently("purchase_yield", move |conn| purchases::purchase_yield(conn, order_id, run_id, lock_wait))
            .await?;
        if yielded {
            return Ok(Step::GaveWay);
        }
    }
    finish(buyer, run, &order, &progress).await?;
    Ok(Step::Ended)
}

async fn wait_for_lock(buyer: &Buyer, order_id: Uuid) -> Result<Option<Run>, DbError> {
    let deadline = Instant::now() + buyer.config.load().purchase.lock_wait();
    let mut seeker = buyer.locks.seeker();
    loop {
        if buyer.is_stopping() {
            return Ok(None);
        }
        if let Some(run) = run::seek(buyer, &mut seeker, Some(order_id)).await? {
            return Ok(Some(run));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        tokio::time::sleep(LOCK_TRIED_EVERY).await;
    }
}

/// The lock was not to be had, or the daemon stops: the order ends, and says so.
async fn no_lock(buyer: &Buyer, order_id: Uuid) -> Result<(), DbError> {
    let stopping = buyer.is_stopping();
    buyer
        .db
        .run_patiently("purchase_end", move |conn| {
            let Some(order) = purchases::purchase_read(conn, order_id)? else { return Ok(()) };
            let (state, code, message) = if stopping {
                (OrderState::Stopped, "stopping", "the daemon is shutting down; ask again")
            } else {
                (OrderState::Interrupted, "locked", "another purchase held the lock for too long; ask again")
            };
            if purchases::purchase_end(conn, order_id, None, state)? {
                let missing = order.wish.count.saturating_sub(purchases::purchase_places_used(conn, order_id)?);
                purchases::purchase_add_error(conn, order_id, code, None, message, missing)?;
            }
            Ok(())
        })
        .await
}
