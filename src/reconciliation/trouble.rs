//! Why a comparison breaks off.

use crate::db::DbError;
use crate::twilio::{TwilioError, Verdict};

/// Why a comparison broke off.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Twilio did not answer, or refused.
    #[error(transparent)]
    Twilio(#[from] TwilioError),
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The daemon stops.
    #[error("stopping")]
    Stopping,
}

impl Trouble {
    /// Whether Twilio refuses the account, so that more calls only make it worse.
    #[must_use]
    pub fn refuses_the_account(&self) -> bool {
        matches!(self, Self::Twilio(failure) if refuses_the_account(failure))
    }
}

pub(super) fn refuses_the_account(failure: &TwilioError) -> bool {
    let TwilioError::Refused(refusal) = failure else { return false };
    matches!(refusal.verdict(), Verdict::HaltUntilProbe | Verdict::HaltUntilResume)
}
