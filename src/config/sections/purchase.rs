//! `[purchase]`: how an order is worked off.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How an order is worked off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurchaseConfig {
    /// Twilio creates in flight inside the one batch that runs at a time.
    pub concurrency: usize,
    /// The same, for an emergency run.
    pub emergency_concurrency: usize,
    /// How long after its last POST an item of unknown outcome may be called not bought.
    pub unknown_settle_secs: u64,
    /// How long a purchase by hand waits for the one that runs.
    pub lock_wait_ms: u64,
    /// How long a signup may wait for an emergency purchase.
    pub emergency_wait_ms: u64,
}

impl PurchaseConfig {
    /// `unknown_settle_secs`
    #[must_use]
    pub fn unknown_settle(&self) -> Duration {
        Duration::from_secs(self.unknown_settle_secs)
    }

    /// `lock_wait_ms`
    #[must_use]
    pub fn lock_wait(&self) -> Duration {
        Duration::from_millis(self.lock_wait_ms)
    }

    /// `emergency_wait_ms`
    #[must_use]
    pub fn emergency_wait(&self) -> Duration {
        Duration::from_millis(self.emergency_wait_ms)
    }
}

impl Default for PurchaseConfig {
    fn default() -> Self {
        Self {
            concurrency: 4,
            emergency_concurrency: 16,
            unknown_settle_secs: 300,
            lock_wait_ms: 30_000,
            emergency_wait_ms: 8_000,
        }
    }
}

impl Section for PurchaseConfig {
    const NAME: &'static str = "purchase";
    const RANGES: &'static [Range] = &[
        range("concurrency", 1, 64, "calls at a time"),
        range("emergency_concurrency", 1, 64, "calls at a time"),
        range("unknown_settle_secs", 1, 86_400, "seconds"),
        range("lock_wait_ms", 0, 600_000, "milliseconds"),
        range("emergency_wait_ms", 0, 120_000, "milliseconds"),
    ];
}
