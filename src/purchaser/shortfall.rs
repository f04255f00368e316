//! Why buying stopped short of what a plan said, and what that means for others.

use std::sync::Arc;

use crate::db::DbError;
use crate::db::purchases::CANCELLED;
use crate::db::purchases::items::Intent;
use crate::db::stock::Observation;
use crate::domain::{Sought, Why, tell_pool_halt};
use crate::twilio::TwilioError;

/// Why buying stopped short of what the plan said.
#[derive(Debug, Clone)]
pub enum Shortfall {
    /// Twilio has no more such numbers.
    NoStock,
    /// The latest creates brought nothing, and the next one is not due.
    Paced,
    /// A limit, the pause or the halt says no.
    Refused(Why),
    /// Too many candidates in a row were not to be had, or the order cannot succeed as configured; the last word.
    Twilio(TwilioError),
    /// Twilio refused in a way that halted all buying.
    Halted(TwilioError),
    /// Twilio refused in a way that halted the pool, now or before.
    PoolHalted {
        /// The key of the configuration that it needs, with dots.
        needs: String,
        /// Twilio's code.
        twilio_code: Option<i32>,
        /// What Twilio said.
        message: String,
    },
    /// The configuration has no such pool any more.
    Unconfigured,
    /// The database was last told that the pool is of another kind than this instance's configuration says.
    AnotherKind,
    /// The run lost its order: the lock was lost, or somebody else ended it.
    RunIsOver,
    /// Somebody cancelled the order.
    Cancelled,
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
            Self::Paced => "twilio_unavailable".to_owned(),
            Self::Refused(why) => why.as_str().to_owned(),
            Self::PoolHalted { .. } => Why::Halted.as_str().to_owned(),
            Self::Unconfigured => "unconfigured".to_owned(),
            Self::AnotherKind => "config_skew".to_owned(),
            // A search changes nothing: no outcome is open.
            Self::Twilio(TwilioError::Unknown { .. }) => "twilio_unavailable".to_owned(),
            // Not a word of Twilio's, but of ours about what it answered.
            Self::Halted(TwilioError::Unknown { .. }) => "halted".to_owned(),
            Self::Twilio(failure) | Self::Halted(failure) => failure.error_code(),
            Self::RunIsOver => "interrupted".to_owned(),
            Self::Cancelled => CANCELLED.to_owned(),
            Self::Stopping => "stopping".to_owned(),
            Self::Database(_) => "database_unavailable".to_owned(),
        }
    }

    /// What happened to whoever sought this, for people.
    #[must_use]
    pub fn message(&self, sought: &Sought) -> String {
        match self {
            Self::NoStock => format!("{}: no stock of {sought}; try another area code or country", sought.pool),
            Self::Paced => {
                "the latest purchases brought no number that is ready; until one does, one is tried now and then; ask again"
                    .to_owned()
            }
            Self::Refused(why) => format!("{}: {}", why.as_str(), why.sentence(&sought.pool)),
            Self::Twilio(TwilioError::Unknown { message, request_id, .. }) => {
                let request = request_id.as_ref().map(|id| format!(", Twilio's request {id}")).unwrap_or_default();
                format!("Twilio gave no proper answer to a search ({message}{request}); try again later")
            }
            Self::Halted(TwilioError::Unknown { message, .. }) => message.clone(),
            Self::PoolHalted { needs, message, .. } => tell_pool_halt(needs, message),
            Self::Twilio(failure) | Self::Halted(failure) => failure.in_full(),
            Self::Unconfigured => {
                "the configuration has no such pool any more, or one of another kind; what is still needed is a new order".to_owned()
            }
            Self::AnotherKind => {
                "another instance, or a reload of a moment ago, says that the pool is of another country or type: what is bought would \
                 serve nobody who asks the pool; give all instances one configuration, and reload or restart them"
                    .to_owned()
            }
            Self::RunIsOver => {
                "the purchase lock was lost or the order was ended; what is still needed is a new order".to_owned()
            }
            Self::Cancelled => "somebody cancelled the order; what is still needed is a new one".to_owned(),
            Self::Stopping => "the daemon is shutting down; ask again".to_owned(),
            Self::Database(error) => error.to_string(),
        }
    }

    /// Whether it belongs into the order's errors. Nobody waiting any more does not.
    #[must_use]
    pub fn is_worth_telling(&self) -> bool {
        !matches!(self, Self::Refused(Why::NobodyWaits))
    }

    /// Whether it stops buying for every pool, not only for the one where it was met.
    #[must_use]
    pub fn ends_all_buying(&self) -> bool {
        !matches!(
            self,
            Self::NoStock | Self::Twilio(_) | Self::PoolHalted { .. } | Self::Unconfigured | Self::AnotherKind
        )
    }

    /// Whether whoever waits may give up: nothing can be bought until somebody acts. Another run, a restart or a database
    /// that comes back may serve them yet.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::NoStock | Self::Halted(_) | Self::PoolHalted { .. } | Self::Unconfigured | Self::Refused(_) => true,
            Self::Twilio(failure) => !failure.is_passing(),
            // An instance that is configured otherwise may serve them.
            Self::Paced
            | Self::AnotherKind
            | Self::RunIsOver
            | Self::Cancelled
            | Self::Stopping
            | Self::Database(_) => false,
        }
    }

    /// Twilio's code, when it gave one.
    #[must_use]
    pub fn twilio_code(&self) -> Option<i32> {
        match self {
            Self::Twilio(failure) | Self::Halted(failure) => failure.twilio_code(),
            Self::PoolHalted { twilio_code, .. } => *twilio_code,
            Self::NoStock
            | Self::Paced
            | Self::Refused(_)
            | Self::Unconfigured
            | Self::AnotherKind
            | Self::RunIsOver
            | Self::Cancelled
            | Self::Stopping
            | Self::Database(_) => None,
        }
    }
}

impl Shortfall {
    /// Why nothing may be bought, by a plan over what was seen: where it is the pool that is halted, what it needs.
    pub(super) fn of_plan(why: Why, seen: &Observation) -> Self {
        match &seen.pool_halt {
            Some(halt) if why == Why::Halted && seen.buying.halted.is_none() => Self::PoolHalted {
                needs: halt.needs.clone(),
                twilio_code: halt.twilio_code,
                message: halt.message.clone(),
            },
            _ => Self::Refused(why),
        }
    }

    /// Whether the pool is halted, and says what it needs.
    pub(super) fn is_of_the_pool(&self) -> bool {
        matches!(self, Self::PoolHalted { .. })
    }

    /// The pool lacks `needs`, as `failure` says.
    pub(super) fn of_pool(needs: String, failure: &TwilioError) -> Self {
        Self::PoolHalted { needs, twilio_code: failure.twilio_code(), message: failure.in_full() }
    }
}

impl From<Intent> for Shortfall {
    /// Why an attempt may not be sent.
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::Refused(why) => Self::Refused(why),
            Intent::Paced => Self::Paced,
            Intent::Cancelled => Self::Cancelled,
            Intent::AnotherKind => Self::AnotherKind,
            Intent::RunIsOver | Intent::OrderIsFull | Intent::NumberIsKnown | Intent::Written => Self::RunIsOver,
        }
    }
}

impl From<DbError> for Shortfall {
    fn from(error: DbError) -> Self {
        Self::Database(Arc::new(error))
    }
}
