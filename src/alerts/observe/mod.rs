//! From facts to conditions: what is bad, what is good, what lies between, and what is said of it. Pure.
//!
//! Invariants: all that is observed is of now and of all instances; what pages say of the same cause is said here in the same words;
//! every sentence passes [`told`], which leaves of a number its last digits.
//! How to get it wrong: a condition whose good is not the opposite of its bad by a margin. It would flap.

pub(super) mod account;
mod buying;
mod comparing;
mod numbers;
mod stock;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::attention::{Facts, Item, Kind, judge};
use crate::config::Config;
use crate::db::alerts::AlertsLook;
use crate::db::attention::Sight;
use crate::domain::alert::{AlertKind, AlertSeverity, AlertWords, Observed, Verdict};
use crate::domain::{PoolName, cleaned};
use crate::twilio::hide_numbers;

/// What an operator wants to be told, and when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AlertLimits {
    /// `alerts.low_fraction`
    pub(super) low_fraction: f64,
    /// `alerts.balance_min`
    pub(super) balance_min: Option<Decimal>,
    /// `alerts.attach_stuck_minutes`
    pub(super) attached_within: TimeDelta,
    /// `alerts.registration_stuck_hours`
    pub(super) registered_within: TimeDelta,
    /// The bundle of each pool that has one.
    pub(super) bundles: BTreeMap<PoolName, String>,
}

impl AlertLimits {
    /// Those in force.
    pub(super) fn of(config: &Config) -> Self {
        let bundle = |(name, pool): (&PoolName, &crate::config::PoolConfig)| {
            Some((name.clone(), pool.bundle_sid.as_ref()?.as_str().to_owned()))
        };
        let alerts = &config.alerts;
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            low_fraction: alerts.low_fraction,
            balance_min: alerts.balance_min.map(|amount| amount.0),
            attached_within: TimeDelta::minutes(whole(alerts.attach_stuck_minutes)),
            registered_within: TimeDelta::hours(whole(alerts.registration_stuck_hours)),
            bundles: config.pools().filter_map(bundle).collect(),
        }
    }
}

/// Everything that is observed from.
struct Seen<'a> {
    facts: &'a Facts,
    sight: &'a Sight,
    look: &'a AlertsLook,
    limits: &'a AlertLimits,
    /// What pages say.
    items: Vec<Item>,
}

/// Every condition, as it is now; nothing while the database is away.
pub(super) fn observe(facts: &Facts, look: &AlertsLook, limits: &AlertLimits) -> Vec<Observed> {
    let Some(sight) = &facts.sight else { return Vec::new() };
    let seen = Seen { facts, sight, look, limits, items: judge(facts) };
    let mut observed = stock::observe(&seen);
    observed.extend(buying::observe(&seen));
    observed.extend(numbers::observe(&seen));
    observed.extend(account::observe(&seen));
    observed.extend(comparing::observe(&seen));
    observed
}

/// What is said of a condition that is not good.
struct Saying {
    summary: String,
    detail: String,
    todo: String,
    since: Option<DateTime<Utc>>,
}

impl Saying {
    fn new(summary: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { summary: summary.into(), detail: String::new(), todo: todo.into(), since: None }
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn since(self, since: Option<DateTime<Utc>>) -> Self {
        Self { since, ..self }
    }
}

impl From<&Item> for Saying {
    fn from(item: &Item) -> Self {
        let Item { summary, detail, todo, since, .. } = item.clone();
        Self { summary, detail, todo, since }
    }
}

impl Seen<'_> {
    /// What pages say of a cause, of a pool if it is about one.
    fn item(&self, kind: Kind, pool: Option<&PoolName>) -> Option<Saying> {
        self.items.iter().find(|item| item.kind == kind && item.pool.as_ref() == pool).map(Saying::from)
    }

    fn ago(&self, at: DateTime<Utc>) -> TimeDelta {
        self.facts.at.signed_duration_since(at)
    }
}

/// `verdict` of a condition, and what is said of it.
fn seen_as(
    kind: AlertKind,
    pool: Option<&PoolName>,
    (verdict, severity): (Verdict, AlertSeverity),
    said: Saying,
) -> Observed {
    let words = AlertWords {
        summary: told(&said.summary),
        detail: told(&said.detail),
        means: kind.means().to_owned(),
        todo: told(&said.todo),
        numbers: Vec::new(),
    };
    Observed { severity, since: said.since, words, ..Observed::plain(kind, pool, verdict) }
}

/// Good, if nothing is wrong; else bad.
fn bad_or_good(kind: AlertKind, severity: AlertSeverity, said: Option<Saying>) -> Observed {
    match said {
        Some(said) => seen_as(kind, None, (Verdict::Bad, severity), said),
        None => Observed::plain(kind, None, Verdict::Good),
    }
}

/// As it may be told to whoever reads.
fn told(text: &str) -> String {
    cleaned(&hide_numbers(text))
}
