//! `[recycling]`: how it is known which numbers nobody uses.
//!
//! How to get it wrong: a pattern that the scheduler of the other sections would read in another way; the rule is theirs.

use croner::Cron;
use serde::{Deserialize, Serialize};

use super::schedule::{PATTERN, cron, cron_fault};
use crate::config::section::{Checks, Range, Section, range};

/// How it is known which numbers nobody uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecyclingConfig {
    /// A number of which no use is known for so many days is inactive.
    pub inactive_days: u16,
    /// When the account's calls and messages are walked over; unset = never.
    pub sweep_cron: Option<String>,
    /// Whether the application tells of each use, so that a number that it does not tell of is not used.
    pub by_touch: bool,
}

impl Default for RecyclingConfig {
    fn default() -> Self {
        Self { inactive_days: 90, sweep_cron: None, by_touch: false }
    }
}

/// A pattern that is sound.
#[must_use]
pub(crate) fn cron_of(pattern: &str) -> Option<Cron> {
    cron(pattern).ok()
}

impl Section for RecyclingConfig {
    const NAME: &'static str = "recycling";
    const RANGES: &'static [Range] = &[range("inactive_days", 7, 400, "days")];
    const HINTS: &'static [(&'static str, &'static str)] =
        &[("sweep_cron", "six fields such as \"0 0 4 * * *\""), ("by_touch", "true or false")];

    fn check(&self, checks: &mut Checks<'_>) {
        if let Some(fault) = self.sweep_cron.as_deref().and_then(cron_fault) {
            checks.refuse("sweep_cron", fault, PATTERN);
        }
    }
}
