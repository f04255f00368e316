//! `[shutdown]`: how long an orderly end may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How long an orderly end may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// From the signal to the exit.
    pub grace_secs: u64,
}

impl ShutdownConfig {
    /// `grace_secs`
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_secs)
    }
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace_secs: 30 }
    }
}

impl Section for ShutdownConfig {
    const NAME: &'static str = "shutdown";
    const RANGES: &'static [Range] = &[range("grace_secs", 1, 3600, "seconds")];
}
