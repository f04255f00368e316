//! The identity that a pool shows with each purchase. Twilio has no look-up of it that is known.
//!
//! How to get it wrong: calling it well. Only a purchase tells.

use super::report::{Check, CheckName};
use crate::config::PoolConfig;
use crate::domain::PoolName;

/// `None` = the pool shows none.
pub(super) fn judge(name: &PoolName, pool: &PoolConfig) -> Option<Check> {
    let sid = pool.identity_sid.as_ref()?;
    let detail = format!("{} is shown with each purchase, and cannot be looked up before", sid.as_str());
    let todo = format!("Compare {} with Twilio's console; a wrong one halts the pool.", name.key("identity_sid"));
    Some(CheckName::Identity.of(Some(name)).warn(detail, todo))
}
