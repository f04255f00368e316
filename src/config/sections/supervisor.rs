//! `[supervisor]`: when restarting children is given up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// When restarting children is given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupervisorConfig {
    /// More restarts than this in the window end the process; 0 = the first one does.
    pub restarts_max: u32,
    /// The window.
    pub window_secs: u64,
}

impl SupervisorConfig {
    /// `window_secs`
    #[must_use]
    pub fn window(&self) -> Duration {
        Duration::from_secs(self.window_secs)
    }
}

impl Default for SupervisorConfig {
    fn default() -> Self {
        Self { restarts_max: 5, window_secs: 60 }
    }
}

impl Section for SupervisorConfig {
    const NAME: &'static str = "supervisor";
    const RANGES: &'static [Range] =
        &[range("restarts_max", 0, 1000, "restarts"), range("window_secs", 1, 86_400, "seconds")];
}
