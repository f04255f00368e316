//! A pool under the keys that it has this moment.
//!
//! What Twilio refuses for want of a bundle is said of the keys that were shown, and of no others: whoever has new ones is
//! not halted by it.
//! How to get it wrong: comparing the name alone.

use std::sync::Arc;

use super::pool::PoolName;

/// A pool under the keys that it has this moment: what is said of it under others is not said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Which pool.
    pub pool: PoolName,
    /// Its keys in short; see `PoolConfig::fingerprint`.
    pub fingerprint: Arc<str>,
}

#[cfg(test)]
impl Default for Keys {
    fn default() -> Self {
        Self { pool: PoolName::default_pool(), fingerprint: "0123456789abcdef".into() }
    }
}
