//! `[recycling]`: how it is known which numbers nobody uses, and what is done about them.
//!
//! How to get it wrong: a pattern that the scheduler of the other sections would read in another way; the rule is theirs.

use croner::Cron;
use serde::{Deserialize, Serialize};

use super::alerts_rules::address_fault;
use super::schedule::{PATTERN, cron, cron_fault};
use crate::config::section::{Checks, Range, Section, range};
use crate::config::web_address::PrivateUrl;
use crate::domain::recycling::RecyclingMode;

/// How it is known which numbers nobody uses, and what is done about them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecyclingConfig {
    /// Whether numbers that nobody uses are taken, after a notice; or only by hand; or not at all.
    pub mode: RecyclingMode,
    /// A number of which no use is known for so many days is inactive.
    pub inactive_days: u16,
    /// How long there is time to answer a notice.
    pub notice_days: u16,
    /// So many are taken at most in any day, over all instances.
    pub per_day_max: u32,
    /// When the account's calls and messages are walked over; unset = never.
    pub sweep_cron: Option<String>,
    /// Whether the application tells of each use, so that a number that it does not tell of is not used.
    pub by_touch: bool,
    /// Where notices are sent, signed; one that is a secret is `RECYCLING_NOTICE_URL`.
    pub notice_url: Option<PrivateUrl>,
}

impl Default for RecyclingConfig {
    fn default() -> Self {
        Self {
            mode: RecyclingMode::Off,
            inactive_days: 90,
            notice_days: 14,
            per_day_max: 10,
            sweep_cron: None,
            by_touch: false,
            notice_url: None,
        }
    }
}

/// A pattern that is sound.
#[must_use]
pub(crate) fn cron_of(pattern: &str) -> Option<Cron> {
    cron(pattern).ok()
}

impl Section for RecyclingConfig {
    const NAME: &'static str = "recycling";
    const RANGES: &'static [Range] = &[
        range("inactive_days", 7, 400, "days"),
        range("notice_days", 0, 90, "days"),
        range("per_day_max", 1, 10_000, "numbers"),
    ];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("mode", "off, suggest or apply"),
        ("sweep_cron", "six fields such as \"0 0 4 * * *\""),
        ("by_touch", "true or false"),
        ("notice_url", "a URL such as https://app.example.com/numbers/inactive"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        if let Some(fault) = self.sweep_cron.as_deref().and_then(cron_fault) {
            checks.refuse("sweep_cron", fault, PATTERN);
        }
        let Some(PrivateUrl(url)) = &self.notice_url else { return };
        if url.password().is_some() {
            let what = "holds a password, and secrets do not belong here";
            checks.refuse("notice_url", what, "remove it, and give the whole address as RECYCLING_NOTICE_URL");
        } else if let Some((what, remedy)) = address_fault(url) {
            checks.refuse("notice_url", what, remedy);
        }
    }
}
