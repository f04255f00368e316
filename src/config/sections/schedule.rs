//! `[schedule]`: when replenishment and reconciliation run by themselves.
//!
//! How to get it wrong: accepting here what the scheduler reads differently. The parser and its options are the ones
//! of tokio-cron-scheduler's `Job::new`; its shorthands (`@hourly`) and a seventh field (years) are refused, because it
//! stores the pattern and parses it again.

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use serde::{Deserialize, Serialize};

use crate::config::section::{Checks, Section};

/// When replenishment and reconciliation run by themselves: six fields, seconds first, UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// When the pool is looked at, whatever else happened.
    pub replenish_cron: String,
    /// When the database and Twilio are compared.
    pub reconcile_cron: String,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { replenish_cron: "0 0 * * * *".to_owned(), reconcile_cron: "0 30 * * * *".to_owned() }
    }
}

impl Section for ScheduleConfig {
    const NAME: &'static str = "schedule";

    fn check(&self, checks: &mut Checks<'_>) {
        for (key, pattern) in [("replenish_cron", &self.replenish_cron), ("reconcile_cron", &self.reconcile_cron)] {
            if let Some(fault) = cron_fault(pattern) {
                checks.refuse(key, fault, PATTERN);
            }
        }
    }
}

/// What a pattern shall be like.
pub(super) const PATTERN: &str =
    "give second, minute, hour, day, month and weekday in UTC, such as \"0 0 * * * *\" for every hour";

/// What is wrong with a pattern.
pub(super) fn cron_fault(pattern: &str) -> Option<&'static str> {
    cron(pattern).err()
}

/// A pattern as the scheduler reads it; or what is wrong with it.
pub(super) fn cron(pattern: &str) -> Result<Cron, &'static str> {
    if pattern.split_whitespace().count() != 6 {
        return Err("has not exactly six fields");
    }
    let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
    let cron = parser.parse(pattern).map_err(|_| "is not a cron pattern")?;
    // Any instant will do: a pattern that has no occurrence after this one, leap years included, has none at all.
    match cron.find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, false) {
        Ok(_) => Ok(cron),
        Err(_) => Err("names a moment that never comes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_fields_that_the_scheduler_reads_are_sound() {
        for (pattern, fault) in [
            ("0 0 * * * *", None),
            ("*/10 * * * * *", None),
            ("0 0 3 * * MON-FRI", None),
            ("0 0 0 29 2 *", None),
            ("0 * * * *", Some("has not exactly six fields")),
            ("0 0 * * * * 2026", Some("has not exactly six fields")),
            ("@hourly", Some("has not exactly six fields")),
            ("", Some("has not exactly six fields")),
            ("0 60 * * * *", Some("is not a cron pattern")),
            ("0 0 * * * nonsense", Some("is not a cron pattern")),
            ("0 0 0 30 2 *", Some("names a moment that never comes")),
        ] {
            assert_eq!(cron_fault(pattern), fault, "{pattern:?}");
        }
    }
}
