//! `[audit]`: how long it is remembered who did what.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How long it is remembered who did what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// Entries older than this are deleted.
    pub retention_days: u64,
}

impl AuditConfig {
    /// `retention_days`
    #[must_use]
    pub fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_days * 86_400)
    }
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { retention_days: 400 }
    }
}

impl Section for AuditConfig {
    const NAME: &'static str = "audit";
    const RANGES: &'static [Range] = &[range("retention_days", 1, 36_500, "days")];
}
