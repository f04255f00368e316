//! How one question is asked: within the time of the whole look, repeated once, and not while the daemon stops.
//!
//! How to get it wrong: patience for each question. A Twilio that hangs would be waited for as often as there are questions.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::report::{Check, Unjudged};
use crate::twilio::{BackOff, TwilioError};

/// Once more after a moment: what passes by itself often has by then.
const PACE: BackOff = BackOff { first: Duration::from_millis(400), longest: Duration::from_secs(3), tries_max: 2 };

/// What bounds a look.
pub(crate) struct Bounds {
    until: Instant,
    by_key: bool,
    stopping: watch::Receiver<bool>,
    log: slog::Logger,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Silence {
    /// Twilio's, or the way to it.
    Failed {
        /// What was told.
        failure: TwilioError,
        /// Whether an API key signed in, which may lack a right.
        by_key: bool,
    },
    /// The time of the look was over.
    Late,
    /// The daemon stops.
    Stopping,
}

impl Bounds {
    /// Ends so long from now at the latest. `by_key` = an API key signs in instead of the account's token.
    pub(crate) fn within(patience: Duration, by_key: bool, stopping: watch::Receiver<bool>, log: slog::Logger) -> Self {
        Self { until: Instant::now() + patience, by_key, stopping, log }
    }

    /// Asks Twilio; `name` is the question, for the log.
    pub(super) async fn ask<T, F>(&self, name: &'static str, get: impl FnMut() -> F) -> Result<T, Silence>
    where
        F: Future<Output = Result<T, TwilioError>>,
    {
        let asked = PACE.repeat(name, &self.log, &self.stopping, get);
        self.bound(asked).await?.map_err(|failure| Silence::Failed { failure, by_key: self.by_key })
    }

    /// Waits for something else, such as a name's address.
    pub(super) async fn bound<T>(&self, work: impl Future<Output = T>) -> Result<T, Silence> {
        let mut stopping = self.stopping.clone();
        if Instant::now() >= self.until {
            return Err(Silence::Late);
        }
        tokio::select! {
            done = timeout_at(self.until, work) => done.map_err(|_elapsed| Silence::Late),
            Ok(_) = stopping.wait_for(|stopping| *stopping) => Err(Silence::Stopping),
        }
    }
}

impl Silence {
    /// As a line of the report: nothing is known, and nothing is said against it.
    pub(super) fn told(&self, what: Unjudged) -> Check {
        let again = "Check again in a while; if it stays, look at Twilio's status page.";
        match self {
            Self::Late => what.warn("not looked at: the time for one check was over", "Check again."),
            Self::Stopping => what.warn("not looked at: the daemon stops", "Check again."),
            Self::Failed { failure, .. } if failure.is_passing() => {
                what.warn(format!("could not be looked at: {}", failure.in_full()), again)
            }
            Self::Failed { failure, by_key } => what.warn(
                format!("could not be looked at: {}", failure.in_full()),
                if *by_key {
                    "Give the API key the right to read it, or look in Twilio's console; buying may need no such right."
                } else {
                    "Look in Twilio's console, and ask Twilio's support why the account may not read it; buying may need no such right."
                },
            ),
        }
    }
}
