//! Who keeps the books: what it asks and where it writes.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::idle::Remembered;
use crate::config::Config;
use crate::db::Db;
use crate::domain::money::Month;
use crate::pricing::Pricing;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;

/// Keeps the books. Cheap to clone; clones are one.
#[derive(Clone)]
pub(crate) struct Bookkeeper {
    /// Where the books are.
    pub(super) db: Db,
    /// Whom to ask what it counted.
    pub(super) twilio: Twilio,
    /// Whom to ask what numbers cost.
    pub(super) pricing: Pricing,
    /// Which pools there are.
    pub(super) config: Arc<ArcSwap<Config>>,
    /// Where sums are shown.
    pub(super) telemetry: Telemetry,
    /// The process ends.
    stopping: watch::Receiver<bool>,
    /// Who takes duties.
    pub(super) me: Uuid,
    /// Months that Twilio told nothing of when it was last asked, and why; locked while a question is on its way.
    pub(super) untold: Arc<Mutex<HashMap<Month, (Instant, String)>>>,
    /// How long numbers lay idle, if that was dear to read.
    pub(super) idle: Arc<Mutex<Remembered>>,
    pub(super) log: slog::Logger,
}

impl Bookkeeper {
    /// Nothing is asked yet.
    pub(crate) fn new(
        (db, twilio, pricing): (Db, Twilio, Pricing),
        config: Arc<ArcSwap<Config>>,
        telemetry: Telemetry,
        stopping: watch::Receiver<bool>,
        log: slog::Logger,
    ) -> Self {
        Self {
            db,
            twilio,
            pricing,
            config,
            telemetry,
            stopping,
            me: Uuid::new_v4(),
            untold: Arc::default(),
            idle: Arc::default(),
            log,
        }
    }

    /// Whether the process ends.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }
}
