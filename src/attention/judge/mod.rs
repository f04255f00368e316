//! From facts to what waits for a person. Pure, so that every bad morning can be tried.
//!
//! Invariants: one cause is one item; the worst comes first; nothing is told that a moment mends by itself.
//! How to get it wrong: judging by the last comparison, or by what this instance saw. A person who looks at another instance,
//! or an hour later, would be told that all is well.

mod at_twilio;
mod attached;
mod boosts;
mod buying;
mod numbers;
mod obstacle;
mod one_pool;
mod process;
mod releases;
mod stock;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use buying::owned_max_exceeded;

use chrono::{DateTime, Utc};

use super::facts::{Facts, Limits};
use super::item::{Item, Kind};
use crate::db::attachments::AttachmentsSeen;
use crate::db::releases::StuckReleases;
use crate::db::stock::Overview;
use crate::domain::Cap;
use crate::foresight::Unreachable;
use crate::twilio_check::Checked;
use buying::exceeded;
use obstacle::{cap_in_the_way, cap_sentence};
use one_pool::pools;

/// What waits for a person, or hurts signups now, the worst first.
#[must_use]
pub(crate) fn judge(facts: &Facts) -> Vec<Item> {
    let mut items = process::judge(facts);
    items.extend(facts.process.boosts_unreachable.iter().map(boosts::judge));
    items.extend(at_twilio::judge(facts));
    if let Some(sight) = &facts.sight {
        items.extend(stock::judge(facts, sight));
        items.extend(buying::judge(facts, sight));
        items.extend(numbers::judge(facts, sight));
        items.extend(sight.releases_stuck.as_ref().map(releases::judge));
        items.extend(attached::judge(&sight.attachments, sight.at));
    }
    items.sort_by_key(|item| (item.severity, item.kind));
    items
}

/// What `/readyz` warns of: a name and a sentence each. Whoever asks there may be anybody, so no number and no user is named.
#[must_use]
pub(crate) fn named_warnings(limits: &Limits, seen: &Overview, checked: Option<&Checked>) -> Vec<String> {
    let named = |kind: Kind, words: String| format!("{}: {}", kind.as_str(), words.trim_end_matches('.'));
    let missing = match seen.missing_of_users() {
        0 => None,
        1 => Some("1 number of users is gone at Twilio".to_owned()),
        count => Some(format!("{count} numbers of users are gone at Twilio")),
    };
    let mut warnings: Vec<String> = missing.into_iter().map(|words| named(Kind::MissingOfUsers, words)).collect();
    for pool in pools(limits, seen) {
        let halted = pool.seen.pool_halt.as_ref().map(|halt| format!("{} needs {}", pool.name, halt.needs));
        warnings.extend(halted.map(|words| named(Kind::PoolHalted, words)));
    }
    // A cap of all pools is told once.
    for pool in pools(limits, seen) {
        let exceeded = exceeded(pool);
        let cap = cap_in_the_way(pool).filter(|cap| *cap != Cap::OwnedMax || exceeded.is_none());
        let cap = cap.map(|cap| named(Kind::CapBinds, cap_sentence(cap, pool, limits)));
        let exceeded = exceeded.map(|words| named(Kind::OwnedMaxExceeded, words));
        let new = cap.into_iter().chain(exceeded).filter(|words| !warnings.contains(words));
        let new: Vec<String> = new.collect();
        warnings.extend(new);
    }
    warnings.extend(unconfigured(seen).map(|words| named(Kind::PoolUnconfigured, words)));
    warnings.extend(at_twilio::warning(checked, seen).map(|words| named(Kind::TwilioCheckFailed, words)));
    warnings
}

/// The same of boosts that will lack numbers when they begin.
#[must_use]
pub(crate) fn boost_warnings(unreachable: &[Unreachable]) -> Vec<String> {
    let named = |lacks: &Unreachable| format!("{}: {}", Kind::BoostUnreachable.as_str(), boosts::words(lacks));
    unreachable.iter().map(named).collect()
}

/// The same of what numbers shall be attached to.
#[must_use]
pub(crate) fn attachment_warnings(seen: &AttachmentsSeen, now: DateTime<Utc>) -> Vec<String> {
    attached::warnings(seen, now).into_iter().map(|(kind, words)| format!("{}: {words}", kind.as_str())).collect()
}

/// The same of numbers that are on their way back to Twilio.
#[must_use]
pub(crate) fn release_warning(stuck: &StuckReleases) -> String {
    format!("releases_stuck: {}", releases::sentence(stuck).trim_end_matches('.'))
}

/// That numbers belong to pools which the configuration does not name, in words.
fn unconfigured(seen: &Overview) -> Option<String> {
    let names: Vec<&str> = seen.unconfigured().map(|(name, _)| name.as_str()).collect();
    let last = names.last()?;
    Some(match names.len() {
        1 => format!("numbers belong to pool {last}, which the configuration does not name"),
        _ => format!("numbers belong to pools {}, which the configuration does not name", names.join(", ")),
    })
}
