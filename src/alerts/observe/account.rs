//! What only a question at Twilio tells of the account: its money, and until when bundles are good.
//!
//! How to get it wrong: clearing because nobody could look. What is old is unknown, and unknown neither raises nor clears.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{Saying, Seen, seen_as};
use crate::domain::PoolName;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, Verdict};

/// A balance that is older says nothing.
const BALANCE_HOLDS: TimeDelta = TimeDelta::hours(6);
/// A bundle that ends within so long is renewed in time.
const TOLD_BEFORE: TimeDelta = TimeDelta::days(30);

/// Under which name the balance is written down.
pub(in crate::alerts) const BALANCE: &str = "balance";

/// Under which name the bundle of a pool is written down.
pub(in crate::alerts) fn bundle_of(pool: &PoolName) -> String {
    format!("bundle:{pool}")
}

/// Whether `at` is less than `age` before `now`; one of the future was written by a clock that was set back since.
pub(in crate::alerts) fn is_younger(now: DateTime<Utc>, at: DateTime<Utc>, age: TimeDelta) -> bool {
    now - at < age && at <= now + TimeDelta::minutes(1)
}

pub(super) fn observe(seen: &Seen<'_>) -> Vec<Observed> {
    let bundles = seen.limits.bundles.iter().map(|(pool, bundle)| expiring(seen, pool, bundle));
    balance(seen).into_iter().chain(bundles).collect()
}

#[derive(Deserialize)]
struct Balance {
    amount: Decimal,
    currency: String,
}

fn balance(seen: &Seen<'_>) -> Option<Observed> {
    let min = seen.limits.balance_min?;
    let kind = AlertKind::BalanceLow;
    let look = seen.look.looks.get(BALANCE).filter(|(at, _)| is_younger(seen.facts.at, *at, BALANCE_HOLDS));
    let Some(Balance { amount, currency }) = look.and_then(|(_, detail)| serde_json::from_value(detail.clone()).ok())
    else {
        return Some(Observed::plain(kind, None, Verdict::Unknown));
    };
    // A tenth more, so that one purchase does not raise again what a small payment has cleared.
    let enough = min.checked_add(min / Decimal::TEN).unwrap_or(Decimal::MAX);
    let verdict = match () {
        () if amount < min || amount <= Decimal::ZERO => Verdict::Bad,
        () if amount >= enough => Verdict::Good,
        () => Verdict::Between,
    };
    let severity = if amount <= Decimal::ZERO { AlertSeverity::Critical } else { AlertSeverity::Warning };
    let summary = format!("The account has {amount} {currency} left.");
    let todo = "Top the account up in Twilio's console, or let it recharge by itself there.";
    let said = Saying::new(summary, todo).detail(format!("alerts.balance_min is {min}."));
    Some(seen_as(kind, None, (verdict, severity), said))
}

#[derive(Deserialize)]
struct Bundle {
    bundle: String,
    until: DateTime<Utc>,
}

fn expiring(seen: &Seen<'_>, pool: &PoolName, configured: &str) -> Observed {
    let kind = AlertKind::BundleExpiring;
    let look = seen.look.looks.get(&bundle_of(pool)).and_then(|(_, detail)| Bundle::deserialize(detail).ok());
    // One that has no end, and another one than what was looked at.
    let Some(Bundle { until, .. }) = look.filter(|look| look.bundle == configured) else {
        return Observed::plain(kind, Some(pool), Verdict::Good);
    };
    // It is good to the end of its last day.
    let has_ended = until.date_naive() < seen.facts.at.date_naive();
    if !has_ended && until - seen.facts.at >= TOLD_BEFORE {
        return Observed::plain(kind, Some(pool), Verdict::Good);
    }
    let (severity, ends) =
        if has_ended { (AlertSeverity::Critical, "ended") } else { (AlertSeverity::Warning, "ends") };
    let summary = format!("The bundle of pool {pool} {ends} on {}.", until.format("%Y-%m-%d"));
    let todo = format!("Renew it in Twilio's console, or set {} to one that is valid.", pool.key("bundle_sid"));
    seen_as(kind, Some(pool), (Verdict::Bad, severity), Saying::new(summary, todo))
}
