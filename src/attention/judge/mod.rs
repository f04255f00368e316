//! From facts to what waits for a person. Pure, so that every bad morning can be tried.
//!
//! Invariants: one cause is one item; the worst comes first; nothing is told that a moment mends by itself.
//! How to get it wrong: judging by the last comparison, or by what this instance saw. A person who looks at another instance,
//! or an hour later, would be told that all is well.

mod buying;
mod numbers;
mod obstacle;
mod process;
mod stock;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use buying::owned_max_exceeded;

use super::facts::{Facts, Limits};
use super::item::{Item, Kind};
use crate::db::stock::Observation;
use crate::domain::Cap;
use obstacle::{cap_in_the_way, cap_sentence};

/// What waits for a person, or hurts signups now, the worst first.
#[must_use]
pub(crate) fn judge(facts: &Facts) -> Vec<Item> {
    let mut items = process::judge(facts);
    if let Some(sight) = &facts.sight {
        items.extend(stock::judge(facts, sight));
        items.extend(buying::judge(facts, sight));
        items.extend(numbers::judge(facts, sight));
    }
    items.sort_by_key(|item| (item.severity, item.kind));
    items
}

/// What `/readyz` warns of: a name and a sentence each. Whoever asks there may be anybody, so no number and no user is named.
#[must_use]
pub(crate) fn named_warnings(limits: &Limits, seen: &Observation) -> Vec<String> {
    let exceeded = owned_max_exceeded(&limits.policy, seen.stock.owned_at_most());
    let cap = cap_in_the_way(limits, seen).filter(|cap| *cap != Cap::OwnedMax || exceeded.is_none());
    let missing = (seen.missing_of_users > 0).then(|| match seen.missing_of_users {
        1 => "1 number of users is gone at Twilio".to_owned(),
        count => format!("{count} numbers of users are gone at Twilio"),
    });
    let named = |kind: Kind, words: String| format!("{}: {}", kind.as_str(), words.trim_end_matches('.'));
    [
        missing.map(|words| named(Kind::MissingOfUsers, words)),
        cap.map(|cap| named(Kind::CapBinds, cap_sentence(cap, limits))),
        exceeded.map(|words| named(Kind::OwnedMaxExceeded, words)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
