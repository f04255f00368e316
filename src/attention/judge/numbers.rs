//! Single numbers that wait for a person: gone, another environment's, held, without webhooks, unconfirmed.
//!
//! How to get it wrong: waiting for a comparison to tell it again. What the rows say now is told now.

use chrono::TimeDelta;

use super::super::facts::Facts;
use super::super::item::{Item, Kind, Severity};
use super::one_pool::pools;
use crate::db::attention::{Lying, Sight};
use crate::domain::counted;

const MISSING: &str = "/admin/phones/dashboard/numbers?status=missing";
const HELD: &str = "/admin/phones/dashboard/numbers?status=held";
const COMPARISON: &str = "/admin/phones/dashboard#h-comparison";
const COMPARE: &str = "/admin/phones/dashboard/acts/reconcile";
const CONFIGURE: &str = "/admin/phones/dashboard/acts/configure-webhooks";
const ORDERS: &str = "/admin/phones/dashboard/orders";

pub(super) fn judge(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let is_low =
        pools(&facts.limits, &sight.stock).any(|pool| pool.seen.stock.available < pool.limits.policy.threshold_low);
    let items = [
        some(sight.missing_of_users).map(missing_of_users),
        some(sight.another_tag).map(another_tag),
        some(sight.contested).map(contested),
        some(sight.held).map(to_decide),
        some(sight.webhooks_failed).map(webhooks_failed),
        some(sight.webhooks_pending).map(|lying| webhooks_pending(lying, is_low)),
        some(sight.unsettled).filter(|lying| is_old(facts, *lying)).map(unsettled),
        comparison(sight),
    ];
    items.into_iter().flatten().collect()
}

fn some(lying: Lying) -> Option<Lying> {
    (lying.count > 0).then_some(lying)
}

fn item(kind: Kind, severity: Severity, lying: Lying, summary: String, todo: &'static str) -> Item {
    Item::new(kind, severity, summary, todo).count(lying.count).since(lying.since)
}

fn missing_of_users(lying: Lying) -> Item {
    let have = if lying.count == 1 { "has a number that is" } else { "have numbers that are" };
    let summary = format!("{} {have} gone at Twilio.", counted(lying.count, "user"));
    let todo = "Take it from its user, who gets another one then.";
    item(Kind::MissingOfUsers, Severity::Critical, lying, summary, todo)
        .detail(
            "Nobody calls them there any more. They get no other by themselves: they may have told theirs to others.",
        )
        .link("Show them", MISSING)
}

fn another_tag(lying: Lying) -> Item {
    let carry = if lying.count == 1 { "user's number carries" } else { "users' numbers carry" };
    let summary = format!("{} {carry} another environment's tag.", lying.count);
    let todo = "Adopt it if it is ours, else take it from its user and leave it to them.";
    item(Kind::AnotherTag, Severity::Warning, lying, summary, todo)
        .detail("That environment may change its webhooks or give it back.")
        .link("Show them", COMPARISON)
}

fn contested(lying: Lying) -> Item {
    let are = if lying.count == 1 { "is" } else { "are" };
    let summary = format!("{} {are} held: somebody else sets the webhooks back.", counted(lying.count, "number"));
    let todo =
        "Find out who sets them (Twilio's console, another program with this account's key), stop them, then adopt it.";
    item(Kind::Contested, Severity::Warning, lying, summary, todo)
        .detail("It happened three times within a day. Nobody is given it until then, and it costs its fee.")
        .link("Show them", HELD)
}

fn to_decide(lying: Lying) -> Item {
    let wait = if lying.count == 1 { "waits" } else { "wait" };
    let summary = format!("{} {wait} for your decision.", counted(lying.count, "number"));
    let todo = "Adopt it if it is ours, else give it back to Twilio or leave it to its environment.";
    item(Kind::ToDecide, Severity::Warning, lying, summary, todo)
        .detail("Nobody is given it until then, and it costs its fee.")
        .link("Show them", HELD)
}

fn webhooks_failed(lying: Lying) -> Item {
    let lie = if lying.count == 1 { "lies" } else { "lie" };
    let summary = format!("{} {lie} in stock: Twilio refuses their webhooks.", counted(lying.count, "number"));
    let todo = "Look at PUBLIC_APP_URL and at the numbers in Twilio's console, then set the webhooks again.";
    item(Kind::WebhooksFailed, Severity::Warning, lying, summary, todo)
        .detail("They cost their fee and are given to nobody.")
        .link("Configure webhooks…", CONFIGURE)
}

fn webhooks_pending(lying: Lying, is_low: bool) -> Item {
    let lie = if lying.count == 1 { "lies" } else { "lie" };
    let summary = format!("{} {lie} in stock: webhooks pending.", counted(lying.count, "number"));
    let todo = "It is tried again by itself; if it goes on, look whether Twilio answers.";
    let severity = if is_low { Severity::Warning } else { Severity::Notice };
    item(Kind::WebhooksPending, severity, lying, summary, todo)
        .detail("They are given to nobody until Twilio has confirmed their webhooks.")
        .link("Configure webhooks…", CONFIGURE)
}

/// Looks settle it after `purchase.unknown_settle_secs`; when that has passed twice, they do not.
fn is_old(facts: &Facts, lying: Lying) -> bool {
    let patience = TimeDelta::from_std(facts.limits.unknown_settle * 2).unwrap_or(TimeDelta::MAX);
    lying.since.is_some_and(|since| facts.at.signed_duration_since(since) > patience)
}

fn unsettled(lying: Lying) -> Item {
    let have = if lying.count == 1 { "has" } else { "have" };
    let summary = format!("{} {have} been unconfirmed for long.", counted(lying.count, "purchase"));
    let todo = "Look whether Twilio's list can be read: compare, and look at the numbers in Twilio's console.";
    item(Kind::UnsettledLong, Severity::Warning, lying, summary, todo)
        .detail(
            "Twilio's answer was lost and its list does not tell; nothing is lost, and nothing is bought in its place.",
        )
        .link("Orders", ORDERS)
}

fn comparison(sight: &Sight) -> Option<Item> {
    let comparison = sight.comparison.as_ref()?;
    let problem = comparison.problem.as_ref()?;
    // What halted all buying is told there.
    let is_told = sight.stock.buying.halted.as_ref().is_some_and(|halted| halted.message.contains(problem));
    let summary = "The last comparison with Twilio needs somebody.";
    let told = Item::new(Kind::ComparisonProblem, Severity::Warning, summary, "Do as it says, then compare again.")
        .detail(problem.clone())
        .since(Some(comparison.ended_at))
        .link("Compare now…", COMPARE);
    (!is_told).then_some(told)
}
