//! What the monitor, maintenance and the sampler need.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::confirm::WebhookConfigurer;
use crate::attachment::Attacher;
use crate::config::Config;
use crate::custody::Custody;
use crate::db::Db;
use crate::domain::PoolName;
use crate::purchaser::{CareAnswers, PurchaserHandle};
use crate::telemetry::Telemetry;

/// When each pool is looked at again that is left alone now, for people.
pub(crate) type QuietUntil = BTreeMap<PoolName, DateTime<Utc>>;

/// What the monitor needs.
#[derive(Clone)]
pub(crate) struct MonitorDependencies {
    /// Stock and ledger.
    pub db: Db,
    /// Who buys.
    pub purchaser: PurchaserHandle,
    /// Webhooks confirmed, and the account probed.
    pub configurer: WebhookConfigurer,
    /// Whether Twilio answers it.
    pub care: CareAnswers,
    /// What numbers lack of what their pool wants them to be attached to.
    pub attacher: Attacher,
    /// Numbers that leave.
    pub custody: Custody,
    /// The policy in force.
    pub config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable.
    pub stock: Arc<Notify>,
    /// Rung by the desk when it took some.
    pub taken: Arc<Notify>,
    /// Rung by the desk when somebody waits: stock that is not ready is repaired for them first.
    pub unready: Arc<Notify>,
    /// Where the monitor tells until when it leaves which pool alone after a pass that bought nothing for it.
    pub quiet_until: watch::Sender<QuietUntil>,
    /// True from the first signal on.
    pub stopping: watch::Receiver<bool>,
    /// Where passes are counted, and stock is told.
    pub telemetry: Telemetry,
    /// The log.
    pub log: slog::Logger,
}
