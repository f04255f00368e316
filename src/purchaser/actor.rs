//! The Purchaser's shell: one message at a time, whatever they ask.
//!
//! Invariants: every handler answers with `AtomicResponse`, which holds back the next message until this one is done; a
//! caller that hangs up cancels nothing, because a task of its own carries each message.
//! How to get it wrong: `ResponseFuture`, which would let two purchases interleave.

use actix::prelude::*;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::Buyer;
use super::candidates::Candidates;
use super::orders::{self, BatchReport, EmergencyReport, OrderReport, Turn};
use super::recover::{self, RecoverReport};
use crate::db::DbError;
use crate::domain::Trigger;
use crate::supervisor::{Alive, ChildGone, Slot};

/// Serializes everything that costs money.
pub struct Purchaser {
    buyer: Buyer,
    by_hand: watch::Sender<bool>,
    /// Orders by hand that wait for their next turn or have it.
    by_hand_open: usize,
    alive: Alive,
}

/// How others reach the Purchaser, whichever incarnation of it lives.
#[derive(Clone)]
pub struct PurchaserHandle {
    slot: Slot<Purchaser>,
    by_hand: watch::Receiver<bool>,
}

impl Purchaser {
    /// What the supervisor starts, and starts again.
    pub(crate) fn new(buyer: Buyer, by_hand: watch::Sender<bool>, alive: Alive) -> Self {
        by_hand.send_replace(false);
        Self { buyer, by_hand, by_hand_open: 0, alive }
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
#[rtype(result = "()")]
struct BuyByHand(Uuid, Reply);

type Reply = oneshot::Sender<Result<OrderReport, DbError>>;

/// The next turn of an order by hand. Each turn is a message, so that several orders take turns.
#[derive(Message)]
#[rtype(result = "()")]
struct NextTurn {
    order_id: Uuid,
    candidates: Option<Candidates>,
    reply: Reply,
}

/// Answered when everything before it is done.
#[derive(Message)]
#[rtype(result = "()")]
struct Idle;

/// One batch.
#[derive(Message)]
#[rtype(result = "Result<BatchReport, DbError>")]
struct BuyBatch(Trigger);

/// Serve the line.
#[derive(Message)]
#[rtype(result = "Result<EmergencyReport, DbError>")]
struct BuyForLine;

/// Settle what is open.
#[derive(Message)]
#[rtype(result = "Result<RecoverReport, DbError>")]
struct Recover;

impl Handler<BuyByHand> for Purchaser {
    type Result = ();

    fn handle(&mut self, BuyByHand(order_id, reply): BuyByHand, ctx: &mut Self::Context) {
        self.by_hand_open += 1;
        self.by_hand.send_replace(true);
        ctx.notify(NextTurn { order_id, candidates: None, reply });
    }
}

impl Handler<NextTurn> for Purchaser {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, NextTurn { order_id, candidates, reply }: NextTurn, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        let work = async move { orders::turn(&buyer, order_id, candidates).await };
        let done = work.into_actor(self).map(move |turn, purchaser, ctx| {
            let report = match turn {
                Ok(Turn::Again(pause, candidates)) => {
                    ctx.notify_later(NextTurn { order_id, candidates, reply }, pause);
                    return;
                }
                Ok(Turn::Ended(report)) => Ok(report),
                Err(error) => Err(error),
            };
            purchaser.by_hand_open = purchaser.by_hand_open.saturating_sub(1);
            purchaser.by_hand.send_replace(purchaser.by_hand_open > 0);
            // Whoever hung up reads the order's document instead.
            let _ = reply.send(report);
        });
        AtomicResponse::new(Box::pin(done))
    }
}

impl Handler<Idle> for Purchaser {
    type Result = ();

    fn handle(&mut self, _: Idle, _ctx: &mut Self::Context) {}
}

impl Handler<BuyBatch> for Purchaser {
    type Result = AtomicResponse<Self, Result<BatchReport, DbError>>;

    fn handle(&mut self, BuyBatch(trigger): BuyBatch, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        AtomicResponse::new(Box::pin(async move { orders::batch(&buyer, trigger).await }.into_actor(self)))
    }
}

impl Handler<BuyForLine> for Purchaser {
    type Result = AtomicResponse<Self, Result<EmergencyReport, DbError>>;

    fn handle(&mut self, _: BuyForLine, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        AtomicResponse::new(Box::pin(async move { orders::emergency(&buyer).await }.into_actor(self)))
    }
}

impl Handler<Recover> for Purchaser {
    type Result = AtomicResponse<Self, Result<RecoverReport, DbError>>;

    fn handle(&mut self, _: Recover, _ctx: &mut Self::Context) -> Self::Result {
        let buyer = self.buyer.clone();
        let work = async move {
            let report = recover::recover(&buyer).await;
            if let Err(error) = &report {
                slog::warn!(buyer.log, "recovery must wait"; "error" => error.in_full());
            }
            report
        };
        AtomicResponse::new(Box::pin(work.into_actor(self)))
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
    /// Over the supervisor's slot; `by_hand` tells whether an order by hand is being run here.
    pub(crate) fn new(slot: Slot<Purchaser>, by_hand: watch::Receiver<bool>) -> Self {
        Self { slot, by_hand }
    }

    /// Runs an order by hand to its end. Whoever stops listening cancels nothing.
    ///
    /// # Errors
    /// When the Purchaser dies meanwhile (recovery settles the order's items), or PostgreSQL fails.
    pub async fn by_hand(&self, order_id: Uuid) -> Result<OrderReport, PurchaserError> {
        let (reply, report) = oneshot::channel();
        self.slot.ask(BuyByHand(order_id, reply)).await?;
        Ok(report.await.map_err(|_died| ChildGone)??)
    }

    /// Waits until nothing is being bought here: what was on the wire is settled.
    pub async fn idle(&self) {
        let mut by_hand = self.by_hand.clone();
        // Whoever is gone buys nothing.
        let _ = by_hand.wait_for(|by_hand| !by_hand).await;
        let _ = self.slot.ask(Idle).await;
    }

    /// Buys one batch; says "locked" at once while an order by hand is being run here.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn batch(&self, trigger: Trigger) -> Result<BatchReport, PurchaserError> {
        if *self.by_hand.borrow() {
            return Ok(BatchReport { plan: None, bought: 0, shortfall: None });
        }
        Ok(self.slot.ask(BuyBatch(trigger)).await??)
    }

    /// Buys for the signups that wait. While an order by hand is being run here, that run serves them.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn for_line(&self) -> Result<EmergencyReport, PurchaserError> {
        if *self.by_hand.borrow() {
            return Ok(EmergencyReport::locked());
        }
        Ok(self.slot.ask(BuyForLine).await??)
    }

    /// Settles what is open.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn recover(&self) -> Result<RecoverReport, PurchaserError> {
        if *self.by_hand.borrow() {
            // Each of its turns recovers first.
            return Ok(RecoverReport { locked: true, ..RecoverReport::default() });
        }
        Ok(self.slot.ask(Recover).await??)
    }
}
