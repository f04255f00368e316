//! Buying: the one part that cannot be undone.
//!
//! The way of one number: [`run`] takes the lock and sorts what earlier runs left; [`orders`] sizes the order;
//! [`wave`] keeps creates in flight, fed by [`candidates`]; [`wire`] is one create from its first POST to its end;
//! [`judge`] says whose a number is; [`recover`] settles what was left open. The ledger itself is `db::purchase_items`.
//!
//! Architecture invariant: nothing is bought without a `&PurchaseLock` in the caller's hand, a committed intent and a
//! committed attempt; the actor ([`actor`]) handles one message at a time (`AtomicResponse`), so runs never overlap.
//! How to get it wrong: replacing a candidate whose outcome is unknown. Its place in the order stays taken.

mod actor;
mod candidates;
mod judge;
mod orders;
mod recover;
mod run;
mod wave;
mod wire;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::config::Config;
use crate::db::locks::PurchaseLocks;
use crate::db::purchase_items::Limits;
use crate::db::{Db, DbError, buying_gate};
use crate::domain::{Tag, Webhooks};
use crate::twilio::{Failure, Twilio, Verdict};

pub use actor::{Purchaser, PurchaserError, PurchaserHandle};
pub use orders::{BatchReport, EmergencyReport, OrderReport};
pub use recover::RecoverReport;

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

    fn webhooks(&self) -> Webhooks {
        self.config.load().webhooks.webhooks()
    }

    fn tag(&self, item_id: uuid::Uuid) -> Tag {
        Tag { instance: self.config.load().instance.name.clone(), item_id }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the breaker if `failure` is of the kind that more calls only make worse; says whether it is.
    async fn halt_on(&self, failure: &Failure) -> bool {
        let Failure::Refused(refusal) = failure else { return false };
        let probe_every = match refusal.verdict() {
            Verdict::HaltUntilProbe => Some(self.config.load().breaker.probe()),
            Verdict::HaltUntilResume => None,
            _ => return false,
        };
        self.halt(refusal.code, refusal.to_string(), probe_every).await;
        true
    }

    /// Opens the breaker for all instances.
    async fn halt(&self, twilio_code: Option<i32>, message: String, probe_every: Option<std::time::Duration>) {
        let told = message.clone();
        let opened = self
            .db
            .run_patiently("gate_halt", move |conn| buying_gate::gate_halt(conn, twilio_code, &message, probe_every))
            .await;
        match opened {
            Ok(true) => slog::crit!(self.log, "all buying is halted: mend the cause at Twilio, then resume";
                "twilio_code" => twilio_code, "cause" => told, "probes" => probe_every.is_some()),
            Ok(false) => {}
            Err(error) => slog::error!(self.log, "buying should halt, but the breaker could not be written";
                "cause" => told, "error" => error.in_full()),
        }
    }
}

/// Why buying stopped short of what the plan said.
#[derive(Debug, Clone)]
pub enum Shortfall {
    /// Twilio has no more such numbers.
    NoStock,
    /// A limit, the pause or the halt says no.
    Refused(crate::domain::Why),
    /// Too many candidates in a row were not to be had, or the order cannot succeed as configured; the last word.
    Twilio(Failure),
    /// Twilio refused in a way that halted all buying.
    Halted(Failure),
    /// The run lost its order: the lock was lost, or somebody else ended it.
    RunIsOver,
    /// The daemon stops.
    Stopping,
    /// PostgreSQL is gone; not one call goes to Twilio without it.
    Database(Arc<DbError>),
}

impl Shortfall {
    /// The code in an order's errors and in a pass's reason.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::NoStock => "no_stock".to_owned(),
            Self::Refused(why) => why.as_str().to_owned(),
            Self::Twilio(failure) | Self::Halted(failure) => failure.error_code(),
            Self::RunIsOver => "interrupted".to_owned(),
            Self::Stopping => "stopping".to_owned(),
            Self::Database(_) => "database_unavailable".to_owned(),
        }
    }

    /// What happened, for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NoStock => "Twilio has no more such numbers; try another area code or country".to_owned(),
            Self::Refused(why) => format!("a limit binds: {}", why.as_str()),
            Self::Twilio(failure) | Self::Halted(failure) => failure.to_string(),
            Self::RunIsOver => {
                "the purchase lock was lost or the order was ended; what is still needed is a new order".to_owned()
            }
            Self::Stopping => "the daemon is shutting down; ask again".to_owned(),
            Self::Database(error) => error.to_string(),
        }
    }

    /// Twilio's code, when it gave one.
    #[must_use]
    pub fn twilio_code(&self) -> Option<i32> {
        match self {
            Self::Twilio(failure) | Self::Halted(failure) => failure.twilio_code(),
            _ => None,
        }
    }
}

impl From<DbError> for Shortfall {
    fn from(error: DbError) -> Self {
        Self::Database(Arc::new(error))
    }
}
