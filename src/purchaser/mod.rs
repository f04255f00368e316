//! Buying: the one part that cannot be undone.
//!
//! The way of one number: [`run`] takes the lock and sorts what earlier runs left; [`batch`], [`by_hand`] or [`emergency`]
//! sizes the [`order`]; [`wave`] keeps creates in flight, fed by [`candidates`]; [`wire`] is one create from its first POST
//! to its end; [`judge`] says whose a number is; [`settle`] puts it into the pool; [`recover`] settles what was left open.
//! [`breaker`] stops it all. The ledger itself is `db::purchase_items`.
//!
//! Architecture invariant: nothing is bought without a `&PurchaseLock` in the caller's hand, a committed intent and a
//! committed attempt; the actor ([`actor`]) handles one message at a time (`AtomicResponse`), so runs never overlap. Within
//! a run the line is served [`beside`] calls that hang; what a run has on the wire is its [`traffic`].
//! How to get it wrong: replacing a candidate whose outcome is unknown. Its place in the order stays taken.

mod actor;
mod batch;
mod beside;
pub mod breaker;
mod by_hand;
mod candidates;
mod emergency;
mod judge;
mod order;
mod orders;
mod recover;
mod run;
mod settle;
mod shortfall;
mod traffic;
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
use crate::telemetry::Telemetry;
use crate::twilio::{Failure, Twilio};

pub use actor::{Purchaser, PurchaserError, PurchaserHandle, Work};
pub use batch::BatchReport;
pub use emergency::EmergencyReport;
pub(crate) use judge::Owner;
pub use orders::{Asker, NotPlaced, Orders, Placed, Untold};
pub use recover::RecoverReport;
pub use shortfall::Shortfall;
pub(crate) use wire::judge_for;

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
    /// Where orders and candidates are counted.
    pub telemetry: Telemetry,
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

    pub(crate) fn tag(&self, item_id: uuid::Uuid) -> Tag {
        Tag { instance: self.config.load().instance.name.clone(), item_id }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the breaker if `failure` is of the kind that more calls only make worse; says whether it is.
    pub(crate) async fn halt_on(&self, failure: &Failure) -> bool {
        breaker::halt_on(&self.db, &self.config.load().breaker, &self.log, failure).await
    }

    /// Opens the breaker until an operator resumes: not for Twilio's sake.
    pub(crate) async fn halt(&self, message: String) {
        breaker::halt(&self.db, &self.log, None, message, None).await;
    }

    /// Whether nothing may ask Twilio now: the breaker is open because it refuses us, or nobody knows.
    async fn is_silenced(&self) -> bool {
        breaker::is_silenced(&self.db).await.unwrap_or(true)
    }
}
