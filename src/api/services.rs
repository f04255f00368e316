//! What the handlers share: handles and plain dependencies.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::assignment::DeskHandle;
use crate::attention::Sources;
use crate::bookkeeping::Bookkeeper;
use crate::config::Config;
use crate::custody::Custody;
use crate::db::{Db, DbError};
use crate::domain::alert::ChannelTested;
use crate::foresight::Forecaster;
use crate::http::{Place, Problem};
use crate::pool_monitor::{MonitorError, MonitorHandle, WebhookConfigurer};
use crate::pricing::Pricing;
use crate::purchaser::{HolderWatch, Orders};
use crate::reconciliation::ReconcilerHandle;
use crate::recycling::SweepWatch;
use crate::supervisor::Health;
use crate::telemetry::Telemetry;
use crate::twilio_check::TwilioChecker;
use crate::twilio_events::{FormerAddresses, Rejections};

/// What tests the channels that are configured, all at once.
pub(crate) type AlertTests = Box<dyn Fn() -> BoxFuture<'static, Vec<ChannelTested>> + Send + Sync>;

/// What the handlers share.
pub struct Services {
    /// Lists and orders.
    pub db: Db,
    /// Numbers taken in and given back.
    pub custody: Custody,
    /// Webhooks.
    pub configurer: WebhookConfigurer,
    /// What numbers cost.
    pub pricing: Pricing,
    /// What they did cost.
    pub(crate) bookkeeper: Bookkeeper,
    /// Signups.
    pub desk: DeskHandle,
    /// Orders by hand.
    pub orders: Orders,
    /// Whether whoever has the purchase lock lives.
    pub(crate) holder: HolderWatch,
    /// Passes.
    pub monitor: MonitorHandle,
    /// Comparisons with Twilio.
    pub reconciler: ReconcilerHandle,
    /// Below which path all of it is.
    pub(crate) place: Arc<Place>,
    /// The configuration in force.
    pub config: Arc<ArcSwap<Config>>,
    /// What needs a person is judged from these.
    pub(crate) attention: Sources,
    /// What pools need, by their past.
    pub(crate) forecaster: Forecaster,
    /// Whether walks over calls and messages stand still.
    pub(crate) sweeps: SweepWatch,
    /// Sends a test on each channel that is configured.
    pub(crate) alert_tests: AlertTests,
    /// Whether buying could succeed.
    pub(crate) twilio_checker: TwilioChecker,
    /// Events that Twilio did not send, or so it seems.
    pub(crate) events_rejected: Arc<Rejections>,
    /// Where Twilio sent them before, and may have signed what it sends again.
    pub(crate) events_before: Arc<FormerAddresses>,
    /// Turns of those that are written down.
    pub(crate) events_turns: Semaphore,
    /// How the parts fare.
    pub health: Vec<Arc<Health>>,
    /// What `/metrics` tells.
    pub telemetry: Telemetry,
    /// Operators' work at Twilio that goes on when its client hangs up; the daemon's end waits for it.
    pub custody_tasks: TaskTracker,
    /// Where an act goes on that is more than a look: whoever shares the connection's thread would wait behind it.
    pub runtime: tokio::runtime::Handle,
    /// True from the first signal on.
    pub stopping: watch::Receiver<bool>,
    /// The log.
    pub log: slog::Logger,
}

impl Services {
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The outside's view of a database error; the log has the inside's.
    pub(crate) fn database_problem(&self, error: &DbError) -> Problem {
        if error.is_unavailable() {
            slog::warn!(self.log, "a request fails: the database is unavailable"; "error" => error.in_full());
            Problem::database_unavailable(self.db.why_away(error))
        } else {
            slog::error!(self.log, "a request fails at the database"; "error" => error.in_full());
            Problem::internal()
        }
    }

    pub(super) fn monitor_problem(&self, error: &MonitorError) -> Problem {
        match error {
            MonitorError::Gone(_) => Problem::unavailable(),
            MonitorError::Database(error) => self.database_problem(error),
        }
    }

    /// Sends a test on each channel that is configured; what each said.
    pub(super) async fn test_alerts(&self) -> Vec<ChannelTested> {
        (self.alert_tests)().await
    }

    /// Runs a statement for a handler.
    pub(crate) async fn read<T, F>(&self, name: &'static str, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut crate::db::Connection) -> Result<T, DbError> + Send + 'static,
    {
        self.db.run(name, work).await.map_err(|error| self.database_problem(&error))
    }
}
