//! What configuring the webhooks did, and why it broke off.
//!
//! How to get it wrong: losing what was done before a failure. It is told beside it.

use crate::db::DbError;
use crate::domain::PoolName;
use crate::twilio::TwilioError;

/// A number whose webhooks could not be set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct FailedNumber {
    /// Which.
    pub phone_number: String,
    /// Its pool; null when it is not ours.
    #[serde(default)]
    #[schema(required)]
    pub pool: Option<PoolName>,
    /// `missing`, `not_ours`, `other_pool`, `held`, `tag_conflict`, `contested`, or Twilio's refusal.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// What configuring the webhooks did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub(crate) struct ConfigureReport {
    /// Numbers looked at.
    pub checked: u32,
    /// Numbers whose webhooks were set, because they differed.
    pub configured: u32,
    /// Numbers that could not be set.
    pub failed: Vec<FailedNumber>,
}

/// Why configuring stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigureError {
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Twilio's list could not be read, or Twilio refuses the account.
    #[error(transparent)]
    Twilio(#[from] TwilioError),
    /// The account does not have what a pool's numbers shall lead to.
    #[error("{needs} names what is not in the account: {message}")]
    NoTarget {
        /// The key, with dots.
        needs: String,
        /// How that is known.
        message: String,
    },
    /// The daemon stops.
    #[error("stopping")]
    Stopping,
}

/// Configuring stopped before its end.
#[derive(Debug)]
pub(crate) struct BrokeOff {
    /// What was done until then.
    pub report: ConfigureReport,
    /// Why.
    pub error: ConfigureError,
}
