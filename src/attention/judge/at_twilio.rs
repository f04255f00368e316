//! What a look at Twilio says of the next purchase.
//!
//! How to get it wrong: telling a second time what has halted buying. A halt is the same cause, and says more.

use super::super::facts::Facts;
use super::super::item::{Item, Kind, Severity};
use super::words::sentence;
use crate::db::stock::Overview;
use crate::twilio_check::{Check, Checked};

const PAGE: &str = "/admin/phones/dashboard/twilio-check";

pub(super) fn judge(facts: &Facts) -> Option<Item> {
    let checked = facts.process.twilio.as_deref()?;
    let failing = untold(checked, facts.sight.as_ref().map(|sight| &sight.stock));
    let first = failing.first()?;
    let more = match failing.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let summary = format!("Buying could not succeed: {}{more}.", subject(first));
    let todo = first.todo.clone().unwrap_or_default();
    let item = Item::new(Kind::TwilioCheckFailed, Severity::Warning, summary, format!("{todo} Then check again."))
        .detail(sentence(&first.detail))
        .since(checked.failing_since)
        .count(i64::try_from(failing.len()).unwrap_or(i64::MAX))
        .link("Show the check", PAGE);
    Some(match &first.pool {
        Some(pool) if failing.len() == 1 => item.of(pool),
        Some(_) | None => item,
    })
}

/// The failures that no halt tells of already.
pub(super) fn untold<'c>(checked: &'c Checked, seen: Option<&Overview>) -> Vec<&'c Check> {
    let is_told = |check: &&Check| {
        seen.is_some_and(|seen| match &check.pool {
            None => seen.buying.halted.is_some(),
            Some(pool) => seen.pools.get(pool).is_some_and(|pool| pool.pool_halt.is_some()),
        })
    };
    checked.report.failing().filter(|check| !is_told(check)).collect()
}

/// The same for whoever may be anybody: of the failures only what they are of.
pub(super) fn warning(checked: Option<&Checked>, seen: &Overview) -> Option<String> {
    let failing: Vec<String> = untold(checked?, Some(seen)).into_iter().map(subject).collect();
    (!failing.is_empty()).then(|| format!("buying could not succeed: {}", failing.join(", ")))
}

/// `the stock of gb`
fn subject(check: &Check) -> String {
    format!("the {}", check.subject().replace('_', " "))
}
