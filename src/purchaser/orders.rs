//! Orders by hand, from their first row to their end: written first, then run, so that nothing whoever asked does can lose
//! or double one.
//!
//! Invariants: from its first row on an order goes its way whoever listens; one that is accepted ([`Asker::GoesOn`], or too
//! slow for an answer) is kept in the queue for as long as it is carried on here, so it is not dropped while it waits for its
//! turn, nor because its client hung up; nobody looks at an order that is carried elsewhere without a listener; an instance
//! that dies takes its waiting orders along within a minute; no order waits longer than `ACCEPTED_WAITS_MAX`.
//! How to get it wrong: writing the long time into the queue at once. The orders of an instance that died would fill it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use super::actor::{PurchaserError, PurchaserHandle};
use crate::config::Config;
use crate::db::purchases::record::{PurchaseRecord, purchase_record};
use crate::db::purchases::{Enqueued, Order, Wish, purchase_enqueue, purchase_keep_waiting, purchase_read};
use crate::db::{Db, DbError};
use crate::domain::OrderState;

/// How often a repeated request looks whether the first one's order has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it looks, beyond the time that an order may wait for the lock; then it tells how far the order is.
const REPEAT_PATIENCE: Duration = Duration::from_secs(120);
/// An accepted order waits at least so long, whatever `purchase.lock_wait_ms` says.
const WAITS_AT_LEAST: Duration = Duration::from_secs(60);
/// An order that could not be begun is tried again so soon.
const AGAIN_EVERY: Duration = Duration::from_secs(1);
/// How often its time in the queue begins anew.
const KEPT_EVERY: Duration = Duration::from_secs(5);

/// What carrying orders by hand needs. Plain dependencies, no actor.
#[derive(Clone)]
pub struct Orders {
    /// Where they stand.
    pub db: Db,
    /// Who runs them.
    pub purchaser: PurchaserHandle,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// True from the first signal on.
    pub stopping: watch::Receiver<bool>,
    /// The log.
    pub log: slog::Logger,
}

/// What whoever asks does while their order runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Wants to know how it ended.
    Waits,
    /// Is told that it goes on.
    GoesOn,
}

/// An order that stands in the ledger.
#[derive(Debug)]
pub struct Placed {
    /// Its id.
    pub id: Uuid,
    /// Whether the same key had placed it before.
    pub was_there: bool,
    /// `None` when nobody waits for its end.
    going: Option<Going>,
}

#[derive(Debug)]
enum Going {
    /// By a task of ours, which goes on whoever listens.
    Here(JoinHandle<Result<(), Untold>>),
    /// By whoever placed it before, or by nobody; then it ends by itself.
    Elsewhere,
}

/// Why an order was not placed, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum NotPlaced {
    /// The key names an order with another body.
    #[error("its key was used with another body")]
    KeyReused,
    /// Too many wait already.
    #[error("too many orders wait")]
    TooMany,
    /// PostgreSQL failed. If the row was written all the same, nobody runs it, it buys nothing, and its key finds it again.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A bug.
    #[error("placing an order panicked")]
    Panicked,
    /// It stands there, and how it goes cannot be told.
    #[error("order {0} is placed: {1}")]
    Untold(Uuid, Untold),
}

/// Why it cannot be told how a placed order went.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// Whoever runs it failed; what it has begun is settled by recovery.
    #[error(transparent)]
    BrokeOff(#[from] PurchaserError),
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A bug.
    #[error("carrying an order panicked")]
    Panicked,
    /// Its row is gone: kept long enough.
    #[error("there is no such order any more")]
    Gone,
}

impl Orders {
    /// Writes an order and sets it going. The same `key` with the same wish finds the order that it placed before.
    ///
    /// # Errors
    /// When it is not placed; [`NotPlaced::Untold`] when it is, and nothing else is known of it.
    pub async fn place(&self, wish: Wish, key: Option<String>, asker: Asker) -> Result<Placed, NotPlaced> {
        let orders = self.clone();
        // A task of its own: from the first row on, the order goes its way whoever listens.
        let placing = tokio::spawn(async move { orders.write_and_carry(wish, key, asker).await });
        placing.await.unwrap_or(Err(NotPlaced::Panicked))
    }

    async fn write_and_carry(self, wish: Wish, key: Option<String>, asker: Asker) -> Result<Placed, NotPlaced> {
        let lock_wait = self.config.load().purchase.lock_wait();
        let waits = if asker == Asker::GoesOn { lock_wait.max(WAITS_AT_LEAST) } else { lock_wait };
        let write = move |conn: &mut _| purchase_enqueue(conn, &wish, key.as_deref(), waits);
        let (id, was_there) = match self.db.run("purchase_enqueue", write).await? {
            Enqueued::New(id) => (id, false),
            Enqueued::Same(id) => (id, true),
            Enqueued::KeyReused => return Err(NotPlaced::KeyReused),
            Enqueued::TooMany => return Err(NotPlaced::TooMany),
        };
        fail::fail_point!("order_enqueued");
        // A repeated request may find an order that nobody runs, because the first one's instance died before it began.
        // One that has begun is carried on by the instance that began it, or by nobody, and then it ends.
        let is_carried_here =
            !was_there || self.is_unbegun(id).await.map_err(|untold| NotPlaced::Untold(id, untold))?;
        let going = if is_carried_here {
            if asker == Asker::GoesOn {
                self.keep(id).await;
            }
            Going::Here(tokio::spawn(async move { self.carry(id, asker).await }))
        } else {
            Going::Elsewhere
        };
        Ok(Placed { id, was_there, going: (asker == Asker::Waits).then_some(going) })
    }

    /// Waits for the end of a placed order, but no longer than `until`; then it goes on.
    ///
    /// # Errors
    /// When it cannot be told how it goes.
    pub(crate) async fn follow(&self, placed: &mut Placed, until: Instant) -> Result<(), Untold> {
        let ended = match placed.going.take() {
            None => return Ok(()),
            Some(Going::Here(ran)) => timeout_at(until, ran).await.map(|ran| ran.unwrap_or(Err(Untold::Panicked))),
            // Looked at only as long as somebody listens.
            Some(Going::Elsewhere) => timeout_at(until, self.ended(placed.id)).await,
        };
        ended.unwrap_or(Ok(()))
    }

    /// How an order stands, and what it bought.
    ///
    /// # Errors
    /// When PostgreSQL fails, or there is none.
    pub async fn record(&self, id: Uuid) -> Result<PurchaseRecord, Untold> {
        self.db.run("purchase_record", move |conn| purchase_record(conn, id)).await?.ok_or(Untold::Gone)
    }

    /// How an order stands, and no more.
    async fn order(&self, id: Uuid) -> Result<Order, Untold> {
        self.db.run("purchase_read", move |conn| purchase_read(conn, id)).await?.ok_or(Untold::Gone)
    }

    async fn is_unbegun(&self, id: Uuid) -> Result<bool, Untold> {
        let order = self.order(id).await?;
        Ok(order.state == OrderState::Queued && order.started_at.is_none())
    }

    /// Runs an order to its end. Who waits is told after `http.sync_order_secs` that it goes on, whether they listen yet
    /// or not: from then on it is kept in the queue, and what did not begin, because whoever runs it died or the database
    /// was away, is begun later.
    async fn carry(&self, id: Uuid, asker: Asker) -> Result<(), Untold> {
        let mut is_accepted = asker == Asker::GoesOn;
        let mut ran = std::pin::pin!(self.run(id));
        loop {
            let patience = if is_accepted { KEPT_EVERY } else { self.config.load().http.sync_order() };
            match timeout(patience, ran.as_mut()).await {
                Err(_goes_on) => {
                    is_accepted = true;
                    self.keep(id).await;
                }
                Ok(Err(Untold::BrokeOff(_))) if is_accepted && self.begins_later(id).await => ran.set(self.run(id)),
                Ok(ended) => return ended,
            }
        }
    }

    /// Whether an order that broke off has not begun at all; told when the database can tell.
    async fn begins_later(&self, id: Uuid) -> bool {
        loop {
            sleep(AGAIN_EVERY).await;
            if self.is_stopping() {
                return false;
            }
            match self.is_unbegun(id).await {
                Err(Untold::Database(_away)) => {}
                known => return known.unwrap_or(false),
            }
        }
    }

    async fn run(&self, id: Uuid) -> Result<(), Untold> {
        self.purchaser.run_manual(id).await.inspect_err(|error| {
            slog::error!(self.log, "an order by hand broke off; its items are settled by recovery";
                "order" => id.to_string(), "error" => error.to_string());
        })?;
        // Two requests with one key may both run it; whoever comes second waits for the end here.
        self.ended(id).await
    }

    /// Resolves when an order has ended, or nobody has the patience to wait any longer.
    async fn ended(&self, id: Uuid) -> Result<(), Untold> {
        let deadline = Instant::now() + self.config.load().purchase.lock_wait() + REPEAT_PATIENCE;
        while !self.order(id).await?.state.has_ended() && !self.is_stopping() && Instant::now() < deadline {
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn keep(&self, id: Uuid) {
        let wait = self.config.load().purchase.lock_wait().max(WAITS_AT_LEAST);
        let kept = self.db.run("purchase_keep_waiting", move |conn| purchase_keep_waiting(conn, id, wait)).await;
        if let Err(error) = kept {
            // The next word will do: there is one before its time is over.
            slog::debug!(self.log, "an order could not be kept in the queue"; "order" => id.to_string(),
                "error" => error.in_full());
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}
