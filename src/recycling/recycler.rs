//! What the loops of recycling share.
//!
//! How to get it wrong: remembering something here. Another instance, or the next incarnation, would not know it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use uuid::Uuid;

use super::watch::SweepWatch;
use crate::config::Config;
use crate::db::Db;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;

/// What its loops need.
#[derive(Clone)]
pub(crate) struct Recycler {
    pub(crate) db: Db,
    pub(crate) twilio: Twilio,
    pub(crate) config: Arc<ArcSwap<Config>>,
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) telemetry: Telemetry,
    /// Where it is told that walks stand still.
    pub(crate) sweeps: SweepWatch,
    pub(crate) log: slog::Logger,
    /// By which claims are known to be this process's.
    pub(crate) instance: Uuid,
    /// It works on its threads, not on the actors'.
    pub(crate) runtime: tokio::runtime::Handle,
}

impl Recycler {
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}
