//! Buying: the one part that cannot be undone.
//!
//! The way of one number: [`run`] takes the lock and sorts what earlier runs left; [`batch`], [`by_hand`] or [`emergency`]
//! sizes the [`order`]; [`wave`] keeps creates in flight, fed by [`candidates`]; [`wire`] is one create from its first POST
//! to its end; [`judge`] says whose a number is; [`settle`] puts it into the pool; [`recover`] settles what was left open.
//! The ledger itself is `db::purchase_items`.
//!
//! Architecture invariant: nothing is bought without a `&PurchaseLock` in the caller's hand, a committed intent and a
//! committed attempt; the actor ([`actor`]) handles one message at a time (`AtomicResponse`), so runs never overlap.
//! How to get it wrong: replacing a candidate whose outcome is unknown. Its place in the order stays taken.

mod actor;
mod batch;
mod breaker;
mod by_hand;
mod candidates;
mod emergency;
mod judge;
mod order;
mod recover;
mod run;
mod settle;
mod shortfall;
mod wave;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::config::Config;
use crate::db::Db;
use crate::db::locks::PurchaseLocks;
use crate::db::purchase_items::Limits;
use crate::domain::Tag;
use crate::twilio::{Failure, Twilio};

pub use actor::{Purchaser, PurchaserError, PurchaserHandle, Work};
pub use batch::BatchReport;
pub use breaker::open_breaker_on;
pub use emergency::EmergencyReport;
pub use recover::RecoverReport;
pub use shortfall::Shortfall;

/// What buying needs. Plain dependencies, no actor.
#[derive(Clone)]
pub struct Buyer {
    /// The ledger.
    pub db: Db,
    /// The cross-instance guard.
    pub locks: PurchaseLocks,
    /// The market.
    pub twilio: Twilio,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// Rung whenever a number became assignable.
    pub stock: Arc<Notify>,
    /// True from the first signal on: no new create starts.
    pub stopping: watch::Receiver<bool>,
    /// Odd purchases since the last good one, whatever order they were of; see `wave`.
    pub odd: Arc<AtomicU32>,
    /// What the latest run did for those who wait.
    pub line_reports: watch::Sender<Option<EmergencyReport>>,
    /// The log.
    pub log: slog::Logger,
}

impl Buyer {
    fn limits(&self) -> Limits {
        let config = self.config.load();
        Limits {
            policy: config.pool.policy(),
            pool_country: config.pool.country,
            per_hour_max: config.spend.purchases_per_hour_max,
            per_day_max: config.spend.purchases_per_day_max,
        }
    }

    fn tag(&self, item_id: uuid::Uuid) -> Tag {
        Tag { instance: self.config.load().instance.name.clone(), item_id }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the breaker if `failure` is of the kind that more calls only make worse; says whether it is.
    async fn halt_on(&self, failure: &Failure) -> bool {
        open_breaker_on(&self.db, &self.log, self.config.load().breaker.probe(), failure).await
    }

    /// Opens the breaker for all instances.
    async fn halt(&self, twilio_code: Option<i32>, message: String, probe_every: Option<std::time::Duration>) {
        breaker::open(&self.db, &self.log, twilio_code, message, probe_every).await;
    }
}
