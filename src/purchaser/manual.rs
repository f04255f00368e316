//! Orders that an operator wrote: they wait for the lock, and between slices others may go first.
//!
//! Invariants: an order by hand waits for the lock until its `expires_at`, by the database's clock, and is told in time,
//! because several orders take turns, one message each. That is `purchase.lock_wait_ms`, unless its caller was told that it
//! is accepted; then whoever told so moves it on.
//! How to get it wrong: letting one's own `begin` end the order as stale; it is named as `mine`.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::beside::with_waitlist_first;
use super::buyer::Buyer;
use super::candidates::Candidates;
use super::order::{fill, finish, sought};
use super::run::{self, Run};
use super::shortfall::Shortfall;
use super::wave::{Allowed, Progress};
use crate::db::DbError;
use crate::db::locks::LockSeeker;
use crate::db::purchases::{self, Order};
use crate::domain::{ManualWish, OrderState};

/// How often an order tries the lock.
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(100);
const DATABASE_TRIED_EVERY: Duration = Duration::from_secs(1);
/// An order that has begun waits at least so long for its next turn: it gave way, it shall not end for that.
const BEGUN_WAITS_MIN: Duration = Duration::from_secs(60);

/// An order by hand on its way, from turn to turn.
pub(super) struct ManualOrder {
    id: Uuid,
    candidates: Option<Candidates>,
    seeker: LockSeeker,
    /// A database that is away ends the order no sooner.
    patience: Instant,
}

/// What became of one turn.
pub(super) enum Turn {
    /// The order is over.
    Ended,
    /// Another turn after this pause: somebody else holds the lock, or was let go first.
    Again(Duration),
}

impl ManualOrder {
    pub(super) fn new(buyer: &Buyer, id: Uuid) -> Self {
        Self { id, candidates: None, seeker: buyer.locks.seeker(), patience: Instant::now() + patience(buyer) }
    }

    /// One turn. While PostgreSQL is away there is no turn, but another one later.
    pub(super) async fn turn(&mut self, buyer: &Buyer) -> Result<Turn, DbError> {
        match self.try_turn(buyer).await {
            Err(error) if error.is_unavailable() && Instant::now() < self.patience && !buyer.is_stopping() => {
                self.seeker = buyer.locks.seeker();
                Ok(Turn::Again(DATABASE_TRIED_EVERY))
            }
            // The lock was lost before the order ran, and somebody else's runs: nothing was bought, and it still waits.
            Err(error) if run::is_overtaken(&error) && Instant::now() < self.patience && !buyer.is_stopping() => {
                Ok(Turn::Again(LOCK_TRIED_EVERY))
            }
            Ok(Turn::Again(pause)) => {
                self.patience = Instant::now() + patience(buyer);
                Ok(Turn::Again(pause))
            }
            other => other,
        }
    }

    /// A try for the lock and, with it, a slice. Between turns others may go first.
    async fn try_turn(&mut self, buyer: &Buyer) -> Result<Turn, DbError> {
        let id = self.id;
        if buyer.is_stopping() {
            return no_lock(buyer, id).await.map(|()| Turn::Ended);
        }
        let Some(run) = run::seek(buyer, &mut self.seeker, Some(id)).await? else {
            let over = buyer
                .db
                .run_patiently("purchase_waits_no_more", move |conn| purchases::purchase_waits_no_more(conn, id))
                .await?;
            return if over {
                no_lock(buyer, id).await.map(|()| Turn::Ended)
            } else {
                Ok(Turn::Again(LOCK_TRIED_EVERY))
            };
        };
        let step = with_waitlist_first(buyer, &run, slice(buyer, &run, id, &mut self.candidates)).await;
        run.end().await;
        Ok(match step? {
            Step::Ended => Turn::Ended,
            // Whoever waits for the lock gets a moment to take it.
            Step::GaveWay => Turn::Again(LOCK_TRIED_EVERY * 2),
        })
    }
}

/// How long an order that has begun waits for its next turn.
fn patience(buyer: &Buyer) -> Duration {
    buyer.config.load().purchase.lock_wait().max(BEGUN_WAITS_MIN)
}

enum Step {
    Ended,
    GaveWay,
}

async fn slice(buyer: &Buyer, run: &Run, order_id: Uuid, candidates: &mut Option<Candidates>) -> Result<Step, DbError> {
    let run_id = run.id;
    let started =
        buyer.db.run_patiently("purchase_start", move |conn| purchases::purchase_start(conn, order_id, run_id)).await?;
    // Ended meanwhile: its time was over, or another instance ended it.
    let Some(order) = started else { return Ok(Step::Ended) };
    fail::fail_point!("order_started");
    let orders_before = run.traffic.orders_if_none_buys();
    let (sight, fresh) = (buyer.observe(&order.wish.pool).await?, sought(buyer, &order.wish));
    let (Some(sight), Some(fresh)) = (sight, fresh) else {
        return refused(buyer, run, &order, Shortfall::Unconfigured).await;
    };
    let wish = ManualWish { count: order.wish.count, override_caps: order.wish.override_caps };
    let plan = sight.plan_manual(wish);
    if candidates.is_none() && plan.count == 0 {
        return refused(buyer, run, &order, sight.shortfall(plan.why)).await;
    }
    let candidates = candidates.get_or_insert(fresh);
    let progress = fill(buyer, run, &order, Allowed { count: plan.count, orders_before }, true, candidates).await;
    if progress.gave_way && progress.shortfall.is_none() {
        let wait = patience(buyer);
        let yielded = buyer
            .db
            .run_patiently("purchase_yield", move |conn| purchases::purchase_yield(conn, order_id, run_id, wait))
            .await?;
        if yielded {
            fail::fail_point!("order_yielded");
            return Ok(Step::GaveWay);
        }
    }
    finish(buyer, run, &order, &progress).await?;
    Ok(Step::Ended)
}

/// Ends an order for which nothing may be bought.
async fn refused(buyer: &Buyer, run: &Run, order: &Order, shortfall: Shortfall) -> Result<Step, DbError> {
    let progress = Progress { shortfall: Some(shortfall), ..Progress::default() };
    finish(buyer, run, order, &progress).await?;
    Ok(Step::Ended)
}

/// The lock was not to be had, or the daemon stops: the order ends, and says so.
async fn no_lock(buyer: &Buyer, order_id: Uuid) -> Result<(), DbError> {
    let (stopping, telemetry) = (buyer.is_stopping(), buyer.telemetry.clone());
    buyer
        .db
        .run_patiently("purchase_end", move |conn| {
            let Some(order) = purchases::purchase_read(conn, order_id)? else { return Ok(()) };
            let (state, code, message) = if stopping {
                (OrderState::Stopped, "stopping", "the daemon is shutting down; ask again")
            } else {
                (OrderState::Interrupted, "locked", "another purchase held the lock for too long; ask again")
            };
            if let Some(state) = purchases::purchase_end(conn, order_id, None, state)? {
                telemetry.purchase_ended(&order.wish.pool, order.wish.trigger, state);
                let missing = order.wish.count.saturating_sub(purchases::purchase_count_used(conn, order_id)?);
                purchases::purchase_add_error(conn, order_id, code, None, message, missing)?;
            }
            Ok(())
        })
        .await
}
