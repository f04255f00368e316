//! What only a question at Twilio tells of the account: its money, and until when bundles are good.
//!
//! How to get it wrong: clearing because nobody could look. What is old is unknown, and unknown neither raises nor clears.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{Saying, Seen, bad_or_good, seen_as};
use crate::db::charges::{RENEWALS_LOOK, USAGE_LOOK};
use crate::domain::PoolName;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, Verdict};

/// A balance that is older says nothing.
const BALANCE_HOLDS: TimeDelta = TimeDelta::hours(6);
/// A bundle that ends within so long is renewed in time.
const TOLD_BEFORE: TimeDelta = TimeDelta::days(30);

/// What the books told is written down once an hour,
const BOOKS_HOLD: TimeDelta = TimeDelta::hours(24);
/// and what Twilio counted once a day.
const USAGE_HOLDS: TimeDelta = TimeDelta::days(3);

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
    balance(seen).into_iter().chain(usage(seen)).chain(bundles).collect()
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
    let renewals = renewals(seen, &currency);
    let least = renewals.map_or(min, |renewals| renewals.max(min));
    // A tenth more, so that one purchase does not raise again what a small payment has cleared.
    let enough = least.checked_add(least / Decimal::TEN).unwrap_or(Decimal::MAX);
    let verdict = match () {
        () if amount < least || amount <= Decimal::ZERO => Verdict::Bad,
        () if amount >= enough => Verdict::Good,
        () => Verdict::Between,
    };
    let severity = if amount <= Decimal::ZERO { AlertSeverity::Critical } else { AlertSeverity::Warning };
    let summary = format!("The account has {amount} {currency} left.");
    let todo = "Top the account up in Twilio's console, or let it recharge by itself there.";
    let due =
        renewals.map(|renewals| format!(" The numbers renew for {renewals} {currency} within the next seven days."));
    let said = Saying::new(summary, todo).detail(format!("alerts.balance_min is {min}.{}", due.unwrap_or_default()));
    Some(seen_as(kind, None, (verdict, severity), said))
}

#[derive(Deserialize)]
struct Renewals {
    amount: Option<Decimal>,
    currency: Option<String>,
}

/// What the numbers renew for within the next days, if the books know it in the balance's currency.
fn renewals(seen: &Seen<'_>, currency: &str) -> Option<Decimal> {
    let (at, detail) = seen.look.looks.get(RENEWALS_LOOK)?;
    let due = Renewals::deserialize(detail).ok().filter(|_| is_younger(seen.facts.at, *at, BOOKS_HOLD))?;
    due.amount.filter(|_| due.currency.as_deref() == Some(currency))
}

#[derive(Deserialize)]
struct UsageOf {
    month: String,
    mismatch: bool,
    count: i64,
}

/// Twilio's own count of the last month beside the books; nothing until somebody compared them.
fn usage(seen: &Seen<'_>) -> Option<Observed> {
    let kind = AlertKind::UsageMismatch;
    let (at, detail) = seen.look.looks.get(USAGE_LOOK)?;
    let UsageOf { month, mismatch, count } = UsageOf::deserialize(detail).ok()?;
    if !is_younger(seen.facts.at, *at, USAGE_HOLDS) {
        return Some(Observed::plain(kind, None, Verdict::Unknown));
    }
    let more = if count < 0 { "fewer" } else { "more" };
    let summary = format!(
        "Twilio counts {} {more} charges of {month} than the books, and not all of it is explained.",
        count.unsigned_abs()
    );
    let todo =
        format!("Look at `callbunker cost --month {month}`: it names what explains the difference, and what does not.");
    Some(bad_or_good(kind, AlertSeverity::Warning, mismatch.then(|| Saying::new(summary, todo))))
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
