//! The Purchaser's shell: one message at a time, whatever they ask.
//!
//! Invariants: every handler answers with `AtomicResponse`, which holds back the next message until this one is done; a
//! caller that hangs up cancels nothing, because a task of its own carries each message.
//! How to get it wrong: `ResponseFuture`, which would let two purchases interleave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix::prelude::*;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::batch::{self, BatchReport};
use super::buyer::Buyer;
use super::emergency;
use super::frozen::Looking;
use super::manual::{ManualOrder, Turn};
use super::recover::{self, RecoverReport};
use super::report::EmergencyReport;
use crate::db::DbError;
use crate::domain::{PoolName, Trigger};
use crate::supervisor::{ChildGone, Heartbeat, Slot, Working};

/// Serializes everything that costs money.
pub(crate) struct Purchaser {
    buyer: Buyer,
    work: watch::Sender<Work>,
    /// Orders by hand that wait for their next turn or have it.
    manual_open: usize,
    looking: Option<Looking>,
    heartbeat: Heartbeat,
}

/// What the Purchaser is at, for whoever must not wait for it, or must.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Anything at all, this very moment.
    pub busy: bool,
    /// An order by hand, perhaps between two turns.
    pub manual: bool,
}

/// A batch that waits for its turn; its drop, however it comes, says that it does not any more.
struct InLine(Arc<AtomicU32>);

impl InLine {
    fn new(line: &Arc<AtomicU32>) -> Self {
        line.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(line))
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Work in progress; its drop, however it comes, ends it.
struct AtWork {
    work: watch::Sender<Work>,
    _working: Working,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.work.send_modify(|work| work.busy = false);
    }
}

/// How others reach the Purchaser, whichever incarnation of it lives.
#[derive(Clone)]
pub struct PurchaserHandle {
    slot: Slot<Purchaser>,
    work: watch::Receiver<Work>,
    waitlist_reports: watch::Receiver<Option<EmergencyReport>>,
    batches_waiting: Arc<AtomicU32>,
}

impl Purchaser {
    /// What the supervisor starts, and starts again.
    pub(crate) fn new(buyer: Buyer, work: watch::Sender<Work>, heartbeat: Heartbeat) -> Self {
        work.send_replace(Work::default());
        Self { buyer, work, manual_open: 0, looking: None, heartbeat }
    }

    fn at_work(&self) -> AtWork {
        self.work.send_modify(|work| work.busy = true);
        AtWork { work: self.work.clone(), _working: self.heartbeat.health().work() }
    }

    /// Does one thing; until it is done, no other message is looked at.
    fn atomically<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> AtomicResponse<Self, T> {
        let at_work = self.at_work();
        let done = async move {
            let outcome = work.await;
            drop(at_work);
            outcome
        };
        AtomicResponse::new(Box::pin(done.into_actor(self)))
    }
}

/// Whoever waits for the work to end must not wait for somebody who is gone.
impl Drop for Purchaser {
    fn drop(&mut self) {
        self.work.send_replace(Work::default());
        self.buyer.waitlist_reports.send_replace(None);
    }
}

impl Actor for Purchaser {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(64);
        self.heartbeat.beat_from(ctx);
        // Whoever has the lock is watched, so that it can be had by the time somebody needs it.
        self.looking = Some(Looking::start(self.buyer.clone()));
        // Whatever a crash left is settled before the first new purchase.
        ctx.notify(Recover);
    }
}

/// Run this order by hand.
#[derive(Message)]
#[rtype(result = "()")]
struct BuyManually(Uuid, Reply);

type Reply = oneshot::Sender<Result<(), DbError>>;

/// The next turn of an order by hand. Each turn is a message, so that several orders take turns.
#[derive(Message)]
#[rtype(result = "()")]
struct NextTurn {
    order: ManualOrder,
    reply: Reply,
}

/// One batch of one pool.
#[derive(Message)]
#[rtype(result = "Result<BatchReport, DbError>")]
struct BuyBatch(Trigger, PoolName);

/// Serve the waitlist.
#[derive(Message)]
#[rtype(result = "Result<Option<EmergencyReport>, DbError>")]
struct BuyForWaiters;

/// Settle what is open.
#[derive(Message)]
#[rtype(result = "Result<RecoverReport, DbError>")]
struct Recover;

impl Handler<BuyManually> for Purchaser {
    type Result = ();

    fn handle(&mut self, BuyManually(order_id, reply): BuyManually, ctx: &mut Self::Context) {
        fail::fail_point!("purchaser");
        self.manual_open += 1;
        self.work.send_modify(|work| work.manual = true);
        let order = ManualOrder::new(&self.buyer, order_id);
        ctx.notify(NextTurn { order, reply });
    }
}

impl Handler<NextTurn> for Purchaser {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, NextTurn { mut order, reply }: NextTurn, _ctx: &mut Self::Context) -> Self::Result {
        let (buyer, at_work) = (self.buyer.clone(), self.at_work());
        let work = async move {
            let turn = order.turn(&buyer).await;
            drop(at_work);
            (turn, order)
        };
        let done = work.into_actor(self).map(move |(turn, order), purchaser, ctx| {
            let outcome = match turn {
                Ok(Turn::Again(pause)) => {
                    ctx.notify_later(NextTurn { order, reply }, pause);
                    return;
                }
                Ok(Turn::Ended) => Ok(()),
                Err(error) => Err(error),
            };
            purchaser.manual_open = purchaser.manual_open.saturating_sub(1);
            let more = purchaser.manual_open > 0;
            purchaser.work.send_modify(|work| work.manual = more);
            if !more {
                purchaser.buyer.waitlist_reports.send_replace(None);
            }
            // Whoever hung up reads the order's document instead.
            let _ = reply.send(outcome);
        });
        AtomicResponse::new(Box::pin(done))
    }
}

impl Handler<BuyBatch> for Purchaser {
    type Result = AtomicResponse<Self, Result<BatchReport, DbError>>;

    fn handle(&mut self, BuyBatch(trigger, pool): BuyBatch, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("purchaser");
        let buyer = self.buyer.clone();
        self.atomically(async move { batch::batch(&buyer, trigger, &pool).await })
    }
}

impl Handler<BuyForWaiters> for Purchaser {
    type Result = AtomicResponse<Self, Result<Option<EmergencyReport>, DbError>>;

    fn handle(&mut self, _: BuyForWaiters, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("purchaser");
        let buyer = self.buyer.clone();
        self.atomically(async move { emergency::emergency(&buyer).await })
    }
}

impl Handler<Recover> for Purchaser {
    type Result = AtomicResponse<Self, Result<RecoverReport, DbError>>;

    fn handle(&mut self, _: Recover, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        self.atomically(async move {
            let report = recover::recover(&buyer).await;
            if let Err(error) = &report {
                slog::warn!(buyer.log, "recovery must wait"; "error" => error.in_full());
            }
            report
        })
    }
}

/// Why the Purchaser gave no report.
#[derive(Debug, thiserror::Error)]
pub enum PurchaserError {
    /// It died meanwhile.
    #[error(transparent)]
    Gone(#[from] ChildGone),
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl PurchaserHandle {
    /// Over the supervisor's slot; `work` tells what the Purchaser is at, `batches_waiting` is the [`Buyer`]'s.
    pub(crate) fn new(
        slot: Slot<Purchaser>,
        work: watch::Receiver<Work>,
        waitlist_reports: watch::Receiver<Option<EmergencyReport>>,
        batches_waiting: Arc<AtomicU32>,
    ) -> Self {
        Self { slot, work, waitlist_reports, batches_waiting }
    }

    /// Resolves when nothing is being bought here. While the daemon stops, nothing new begins either.
    pub async fn idle(&self) {
        let mut work = self.work.clone();
        while work.wait_for(|work| *work == Work::default()).await.is_ok() {
            // The next message of the mailbox, if there is one, begins within this time.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if *work.borrow() == Work::default() {
                return;
            }
        }
    }

    /// Runs an order by hand to its end. Whoever stops listening cancels nothing.
    ///
    /// # Errors
    /// When the Purchaser dies meanwhile (recovery settles the order's items), or PostgreSQL fails.
    pub async fn run_manual(&self, order_id: Uuid) -> Result<(), PurchaserError> {
        let (reply, ended) = oneshot::channel();
        self.slot.ask(BuyManually(order_id, reply)).await?;
        Ok(ended.await.map_err(|_died| ChildGone)??)
    }

    /// Buys one batch of `pool`. An order by hand that is being run here lets it go first after a slice.
    ///
    /// # Errors
    /// As [`Self::run_manual`].
    pub async fn batch(&self, trigger: Trigger, pool: &PoolName) -> Result<BatchReport, PurchaserError> {
        let _in_line = InLine::new(&self.batches_waiting);
        Ok(self.slot.ask(BuyBatch(trigger, pool.clone())).await??)
    }

    /// Buys for the signups that wait; `None` = somebody else holds the lock. An order by hand that is being run here
    /// serves them too.
    ///
    /// # Errors
    /// As [`Self::run_manual`].
    pub async fn for_waiters(&self) -> Result<Option<EmergencyReport>, PurchaserError> {
        if self.work.borrow().manual {
            return Ok(self.waitlist_reports.borrow().clone());
        }
        Ok(self.slot.ask(BuyForWaiters).await??)
    }

    /// Sets a recovery off without waiting for it. Whoever is buying here right now needs none, and has the next one soon.
    pub fn recover_soon(&self) {
        if !self.work.borrow().busy {
            self.slot.tell(Recover);
        }
    }
}
