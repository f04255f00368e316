//! What attaching needs, and when it is silent.
//!
//! How to get it wrong: a second one. What rests is known to this one and its clones alone.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use super::rest::{Alone, Rests};
use crate::config::Config;
use crate::db::Db;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;

/// Longer than its call may take, an attachment is silent: nobody is at work on it.
const SILENT_AFTER_TIMEOUT: Duration = Duration::from_secs(5);

/// What attaching needs. Plain dependencies, no actor; cheap to clone, all clones share what rests.
#[derive(Clone)]
pub(crate) struct Attacher {
    pub(super) db: Db,
    pub(super) twilio: Twilio,
    pub(super) config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable.
    pub(super) stock: Arc<Notify>,
    /// Rung when there may be something to do.
    pub(super) bell: Arc<Notify>,
    pub(super) stopping: watch::Receiver<bool>,
    /// Targets that take numbers no faster for now, and those that let none go.
    pub(super) joining: Arc<Rests>,
    pub(super) leaving: Arc<Rests>,
    /// What Twilio does not let go for a reason of its own.
    pub(super) kept: Arc<Alone>,
    pub(super) telemetry: Telemetry,
    pub(super) log: slog::Logger,
}

/// What it is put together of.
pub(crate) struct AttacherParts {
    /// The ledger.
    pub(crate) db: Db,
    /// Where numbers are attached.
    pub(crate) twilio: Twilio,
    /// The configuration in force.
    pub(crate) config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable.
    pub(crate) stock: Arc<Notify>,
    /// Rung by whoever brings a number that may lack something.
    pub(crate) bell: Arc<Notify>,
    /// True from the first signal on.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Where halts are told.
    pub(crate) telemetry: Telemetry,
    /// The log.
    pub(crate) log: slog::Logger,
}

impl Attacher {
    pub(crate) fn new(parts: AttacherParts) -> Self {
        let AttacherParts { db, twilio, config, stock, bell, stopping, telemetry, log } = parts;
        let (joining, leaving, kept) = (Arc::default(), Arc::default(), Arc::default());
        Self { db, twilio, config, stock, bell, stopping, joining, leaving, kept, telemetry, log }
    }

    /// Rung when there may be something to do.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell
    }

    /// An operator says that what failed will do now: nothing rests any more.
    pub(crate) fn begin_anew(&self) {
        self.joining.forget();
        self.leaving.forget();
        self.kept.forget();
        self.bell.notify_one();
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Nobody seems to work on what was sent so long ago.
    pub(super) fn silent_for(&self) -> Duration {
        self.config.load().twilio.request_timeout() + SILENT_AFTER_TIMEOUT
    }
}
