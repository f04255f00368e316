//! What all of buying needs, and may do: the ledger, the lock, the market, the breaker.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use super::breaker;
use super::care_answers::CareAnswers;
use super::first_alone::FirstAlone;
use super::holder_watch::HolderWatch;
use super::report::EmergencyReport;
use super::sight::Sight;
use crate::config::{Config, PoolConfig};
use crate::db::locks::PurchaseLocks;
use crate::db::pool_halts::Keys;
use crate::db::purchases::items::Limits;
use crate::db::stock::stock_read_for_buying;
use crate::db::{Db, DbError};
use crate::domain::{AreaCode, Capability, Contains, Kind, Market, Papers, Place, PoolName, Tag};
use crate::telemetry::Telemetry;
use crate::twilio::{Twilio, TwilioError};

/// What buying needs. Plain dependencies, no actor.
#[derive(Clone)]
pub(crate) struct Buyer {
    /// The ledger.
    pub db: Db,
    /// The cross-instance guard.
    pub locks: PurchaseLocks,
    /// Whether whoever has it lives.
    pub holder: HolderWatch,
    /// Whether Twilio answers those who look after the numbers that we have.
    pub care: CareAnswers,
    /// The market.
    pub twilio: Twilio,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// Rung whenever a number became assignable.
    pub stock: Arc<Notify>,
    /// Rung whenever a number came that its pool wants to be attached to something.
    pub unattached: Arc<Notify>,
    /// True from the first signal on: no new create starts.
    pub stopping: watch::Receiver<bool>,
    /// Purchases that nobody can use since the last good one, whatever order they were of; see `wave`.
    pub unusable_in_a_row: Arc<AtomicU32>,
    /// Batches of this instance that wait for their turn: an order by hand lets them go first.
    pub batches_waiting: Arc<AtomicU32>,
    /// Whose keys were seen to do.
    pub first_alone: Arc<FirstAlone>,
    /// What the latest run did for those who wait.
    pub waitlist_reports: watch::Sender<Option<EmergencyReport>>,
    /// Where orders and candidates are counted.
    pub telemetry: Telemetry,
    /// The log.
    pub log: slog::Logger,
}

/// A pool as it is configured this moment, as far as its numbers are sought and bought.
#[derive(Debug, Clone)]
pub(super) struct PoolInForce {
    /// Its name, and under which keys.
    pub(super) keys: Keys,
    /// What it holds.
    pub(super) kind: Kind,
    /// Where its numbers are looked for first.
    pub(super) area_codes: Vec<AreaCode>,
    /// Where else; all of its country, unless somebody wishes for less.
    pub(super) place: Place,
    /// Digits that its numbers shall have.
    pub(super) contains: Option<Contains>,
    /// What its numbers can do.
    pub(super) capabilities: Vec<Capability>,
    /// What is shown when one is bought.
    pub(super) papers: Papers,
}

impl PoolInForce {
    fn of(keys: Keys, pool: &PoolConfig) -> Self {
        let Market { kind, place, contains, capabilities, .. } = pool.market();
        Self { keys, kind, area_codes: pool.area_codes.clone(), place, contains, capabilities, papers: pool.papers() }
    }
}

impl Buyer {
    /// A pool as it is configured this moment; `None` = it is not.
    pub(super) fn pool(&self, name: &PoolName) -> Option<PoolInForce> {
        let config = self.config.load();
        Some(PoolInForce::of(config.keys_of(name)?, config.pool(name)?))
    }

    /// What a number of this pool must be able to do; of one that is not configured any more nobody wants anything.
    pub(super) fn capabilities_of(&self, name: &PoolName) -> Vec<Capability> {
        self.config.load().pool(name).map(|pool| pool.capabilities.clone()).unwrap_or_default()
    }

    /// A pool's stock as far as its policy goes, what is on its way, and what all pools spent, as they are now, beside the limits in
    /// force; `None` = it is not configured.
    pub(super) async fn observe(&self, pool: &PoolName) -> Result<Option<Sight>, DbError> {
        let Some(limits) = self.limits(pool) else { return Ok(None) };
        let Limits { keys, policy, care, .. } = limits.clone();
        let seen =
            self.db.run_patiently("stock_observe", move |conn| stock_read_for_buying(conn, &policy, care, &keys));
        let seen = seen.await?;
        if seen.pool_halt.is_some() {
            // Perhaps another instance learned it; whoever resumes it begins anew.
            self.first_alone.unproven(&limits.keys);
        }
        Ok(Some(Sight { seen, limits }))
    }

    /// What bounds the purchases of a pool this moment; `None` = it is not configured.
    pub(super) fn limits(&self, name: &PoolName) -> Option<Limits> {
        let config = self.config.load();
        let pool = config.pool(name)?;
        Some(Limits {
            keys: config.keys_of(name)?,
            policy: config.policy(name)?,
            caps: config.cap_limits(pool),
            care: self.care.now(),
        })
    }

    pub(crate) fn tag(&self, item_id: uuid::Uuid) -> Tag {
        Tag { instance: self.config.load().instance.name.clone(), item_id }
    }

    /// A number of this pool is ours: whoever attaches it looks at once, if there is something to attach it to.
    pub(super) fn ring_attacher(&self, pool: &PoolName) {
        if self.config.load().pool(pool).is_some_and(|pool| !pool.wants().is_nothing()) {
            self.unattached.notify_one();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Opens the breaker if `failure` is of the kind that more calls only make worse; says whether it is.
    pub(crate) async fn halt_on(&self, failure: &TwilioError) -> bool {
        breaker::halt_on(&self.db, &self.config.load().breaker, &self.log, failure).await
    }

    /// Opens the breaker until an operator resumes: not for Twilio's sake.
    pub(crate) async fn halt(&self, message: String) {
        breaker::halt(&self.db, &self.log, None, message, None).await;
    }

    /// Whether nothing may ask Twilio now: the breaker is open because it refuses us, or nobody knows.
    pub(super) async fn is_silenced(&self) -> bool {
        breaker::is_silenced(&self.db).await.unwrap_or(true)
    }
}
