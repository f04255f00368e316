//! The Purchaser's shell: one message at a time, whatever they ask.
//!
//! Invariants: every handler answers with `AtomicResponse`, which holds back the next message until this one is done; a
//! caller that hangs up cancels nothing, because a task of its own carries each message.
//! How to get it wrong: `ResponseFuture`, which would let two purchases interleave.

use actix::prelude::*;
use tokio::sync::watch;
use uuid::Uuid;

use super::Buyer;
use super::batch::{self, BatchReport};
use super::by_hand;
use super::emergency::{self, EmergencyReport};
use super::recover::{self, RecoverReport};
use crate::db::DbError;
use crate::domain::Trigger;
use crate::supervisor::{Alive, ChildGone, Slot, Working};

/// Serializes everything that costs money.
pub struct Purchaser {
    buyer: Buyer,
    work: watch::Sender<Work>,
    alive: Alive,
}

/// What the Purchaser is at, for whoever must not wait for it, or must.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Anything at all.
    pub busy: bool,
    /// An order by hand.
    pub by_hand: bool,
}

/// Work in progress; its drop, however it comes, ends it.
struct AtWork {
    work: watch::Sender<Work>,
    _working: Working,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.work.send_replace(Work::default());
    }
}

/// How others reach the Purchaser, whichever incarnation of it lives.
#[derive(Clone)]
pub struct PurchaserHandle {
    slot: Slot<Purchaser>,
    work: watch::Receiver<Work>,
}

impl Purchaser {
    /// What the supervisor starts, and starts again.
    pub(crate) fn new(buyer: Buyer, work: watch::Sender<Work>, alive: Alive) -> Self {
        work.send_replace(Work::default());
        Self { buyer, work, alive }
    }

    /// Does one thing; until it is done, no other message is looked at.
    fn atomically<T: 'static>(
        &self,
        by_hand: bool,
        work: impl Future<Output = T> + 'static,
    ) -> AtomicResponse<Self, T> {
        fail::fail_point!("purchaser");
        self.work.send_replace(Work { busy: true, by_hand });
        let at_work = AtWork { work: self.work.clone(), _working: self.alive.vitals().work() };
        let done = async move {
            let outcome = work.await;
            drop(at_work);
            outcome
        };
        AtomicResponse::new(Box::pin(done.into_actor(self)))
    }
}

impl Actor for Purchaser {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(64);
        self.alive.beat_from(ctx);
        // Whatever a crash left is settled before the first new purchase.
        ctx.notify(Recover);
    }
}

/// Run this order by hand.
#[derive(Message)]
#[rtype(result = "Result<(), DbError>")]
struct BuyByHand(Uuid);

/// One batch.
#[derive(Message)]
#[rtype(result = "Result<BatchReport, DbError>")]
struct BuyBatch(Trigger);

/// Serve the line.
#[derive(Message)]
#[rtype(result = "Result<Option<EmergencyReport>, DbError>")]
struct BuyForLine;

/// Settle what is open.
#[derive(Message)]
#[rtype(result = "Result<RecoverReport, DbError>")]
struct Recover;

impl Handler<BuyByHand> for Purchaser {
    type Result = AtomicResponse<Self, Result<(), DbError>>;

    fn handle(&mut self, BuyByHand(order_id): BuyByHand, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        self.atomically(true, async move { by_hand::by_hand(&buyer, order_id).await })
    }
}

impl Handler<BuyBatch> for Purchaser {
    type Result = AtomicResponse<Self, Result<BatchReport, DbError>>;

    fn handle(&mut self, BuyBatch(trigger): BuyBatch, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        self.atomically(false, async move { batch::batch(&buyer, trigger).await })
    }
}

impl Handler<BuyForLine> for Purchaser {
    type Result = AtomicResponse<Self, Result<Option<EmergencyReport>, DbError>>;

    fn handle(&mut self, _: BuyForLine, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        self.atomically(false, async move { emergency::emergency(&buyer).await })
    }
}

impl Handler<Recover> for Purchaser {
    type Result = AtomicResponse<Self, Result<RecoverReport, DbError>>;

    fn handle(&mut self, _: Recover, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        self.atomically(false, async move {
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
    /// Over the supervisor's slot; `work` tells what the Purchaser is at.
    pub(crate) fn new(slot: Slot<Purchaser>, work: watch::Receiver<Work>) -> Self {
        Self { slot, work }
    }

    /// Resolves when nothing is being bought here. While the daemon stops, nothing new begins either.
    pub async fn idle(&self) {
        let mut work = self.work.clone();
        while work.wait_for(|work| !work.busy).await.is_ok() {
            // The next message of the mailbox, if there is one, begins within this time.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            if !work.borrow().busy {
                return;
            }
        }
    }

    /// Runs an order by hand to its end. Whoever stops listening cancels nothing.
    ///
    /// # Errors
    /// When the Purchaser dies meanwhile (recovery settles the order's items), or PostgreSQL fails.
    pub async fn by_hand(&self, order_id: Uuid) -> Result<(), PurchaserError> {
        Ok(self.slot.ask(BuyByHand(order_id)).await??)
    }

    /// Buys one batch; says "locked" at once while an order by hand is being run here.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn batch(&self, trigger: Trigger) -> Result<BatchReport, PurchaserError> {
        if self.work.borrow().by_hand {
            return Ok(BatchReport::locked());
        }
        Ok(self.slot.ask(BuyBatch(trigger)).await??)
    }

    /// Buys for the signups that wait; `None` = somebody else holds the lock. An order by hand that is being run here
    /// serves them too.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn for_line(&self) -> Result<Option<EmergencyReport>, PurchaserError> {
        if self.work.borrow().by_hand {
            return Ok(None);
        }
        Ok(self.slot.ask(BuyForLine).await??)
    }

    /// Sets a recovery off without waiting for it. Whoever is buying here right now needs none, and has the next one soon.
    pub fn recover_soon(&self) {
        if !self.work.borrow().busy {
            self.slot.tell(Recover);
        }
    }
}
