//! `[breaker]`: what happens while buying is halted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// What happens while buying is halted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// One probe this often.
    pub probe_secs: u64,
}

impl BreakerConfig {
    /// `probe_secs`
    #[must_use]
    pub fn probe(&self) -> Duration {
        Duration::from_secs(self.probe_secs)
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { probe_secs: 60 }
    }
}

impl Section for BreakerConfig {
    const NAME: &'static str = "breaker";
    const RANGES: &'static [Range] = &[range("probe_secs", 1, 86_400, "seconds")];
}
