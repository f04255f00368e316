//! `[foresight]`: what comes of what the past says about the stock that a pool needs.
//!
//! How to get it wrong: a share of zero. No stock keeps everybody from waiting for ever, and no history can say so.

use serde::{Deserialize, Serialize};

use crate::config::section::{Checks, Section};

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForesightMode {
    /// Nothing is worked out.
    Off,
    /// Advice is given to whoever asks.
    Advise,
    /// Thresholds follow the advice.
    Apply,
}

/// What comes of what the past says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForesightConfig {
    /// What comes of it.
    pub mode: ForesightMode,
    /// The share of signups that may wait.
    pub waiting_share_max: f64,
}

impl Default for ForesightConfig {
    fn default() -> Self {
        Self { mode: ForesightMode::Advise, waiting_share_max: 0.001 }
    }
}

impl Section for ForesightConfig {
    const NAME: &'static str = "foresight";
    const HINTS: &'static [(&'static str, &'static str)] =
        &[("mode", "off, advise or apply"), ("waiting_share_max", "a share from 0.00001 to 0.5, such as 0.001")];

    fn check(&self, checks: &mut Checks<'_>) {
        if !(0.000_01..=0.5).contains(&self.waiting_share_max) {
            let what = "is not from 0.00001 to 0.5";
            checks.refuse("waiting_share_max", what, "give the share of signups that may wait, such as 0.001");
        }
    }
}
