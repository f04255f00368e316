//! The attacher: what a number lacks of what its pool wants is made so at Twilio.
//!
//! The way of an attachment: [`round`] writes down what lacks, and takes up what is due, target by target; [`send`] asks Twilio, after
//! a committed attempt; [`judge`] says what the answer means, with a look ([`look_up`]) where it says too little; [`settle`] writes
//! the end. [`halt`] stops buying for a pool for which nothing succeeds; [`leave`] ends at Twilio what a number was in that left for
//! ever; [`rest`] knows which target is left alone for a while.
//!
//! Architecture invariant: a plain struct, no actor: it is worked by a loop of the monitor's, and everything that must last stands
//! in the ledger of attachments. What is repeated was looked up before; nothing that it hears halts all buying; no number is taken
//! out of anything while it is ours.
//! How to get it wrong: one slow target that all others wait for. Each has a task of its own.

mod halt;
mod judge;
mod leave;
mod look_up;
mod rest;
mod round;
mod send;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use rest::Rests;
pub(crate) use round::Rounds;

use crate::config::Config;
use crate::db::Db;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;

/// Longer than its call may take, an attachment is silent: nobody is at work on it.
const SILENT_AFTER_TIMEOUT: Duration = Duration::from_secs(5);

/// What attaching needs. Plain dependencies, no actor; cheap to clone, all clones share what rests.
#[derive(Clone)]
pub(crate) struct Attacher {
    db: Db,
    twilio: Twilio,
    config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable.
    stock: Arc<Notify>,
    /// Rung when there may be something to do.
    bell: Arc<Notify>,
    stopping: watch::Receiver<bool>,
    /// Targets that take numbers no faster for now, and those that let none go.
    joining: Arc<Rests>,
    leaving: Arc<Rests>,
    telemetry: Telemetry,
    log: slog::Logger,
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
        let (joining, leaving) = (Arc::default(), Arc::default());
        Self { db, twilio, config, stock, bell, stopping, joining, leaving, telemetry, log }
    }

    /// Rung when there may be something to do.
    pub(crate) fn bell(&self) -> &Notify {
        &self.bell
    }

    /// An operator says that what failed will do now: nothing rests any more.
    pub(crate) fn begin_anew(&self) {
        self.joining.forget();
        self.leaving.forget();
        self.bell.notify_one();
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Nobody seems to work on what was sent so long ago.
    fn silent_for(&self) -> Duration {
        self.config.load().twilio.request_timeout() + SILENT_AFTER_TIMEOUT
    }
}
