//! The stock: empty or low and why, and the signups that got nothing.
//!
//! How to get it wrong: calling a pool low that is being filled this very moment. It is so after every batch of signups.

use super::super::facts::Facts;
use super::super::item::{Item, Kind, Severity};
use super::obstacle::{Obstacle, obstacle};
use super::words::counted;
use crate::db::attention::Sight;

const REPLENISH: &str = "/admin/phones/dashboard/acts/replenish";
const BUY: &str = "/admin/phones/dashboard#h-buy";

pub(super) fn judge(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let stock = &sight.observation.stock;
    let obstacle = obstacle(&facts.limits, sight);
    let mut items = Vec::new();
    let threshold = facts.limits.policy.threshold_low;
    if stock.available == 0 {
        items.push(empty(facts, sight, obstacle.as_ref()));
    } else {
        items.extend(refused(sight));
        // A pool that nothing keeps from being filled is full again in a moment.
        if stock.available < threshold && (obstacle.is_some() || sight.low_since.is_some()) {
            items.push(low(facts, sight, obstacle.as_ref()));
        }
    }
    if stock.waiting > 0 {
        let summary = format!("{} in line for a number.", counted(stock.waiting.into(), "signup"));
        let todo = "Each is served, or refused, within purchase.emergency_wait_ms.";
        items.push(Item::new(Kind::SignupsWaiting, Severity::Warning, summary, todo).count(stock.waiting.into()));
    }
    items
}

fn empty(facts: &Facts, sight: &Sight, obstacle: Option<&Obstacle>) -> Item {
    let refused = sight.refused.ten_minutes;
    let is_refusing = refused > 0 || obstacle.is_some_and(Obstacle::binds_emergencies);
    let summary = if is_refusing {
        "The pool is empty: signups are refused."
    } else {
        "The pool is empty: signups wait for a purchase."
    };
    // Whoever wants no stock gets each number when it is asked for.
    let is_wanted = facts.limits.policy.threshold_low == 0 && !is_refusing;
    let severity = if is_wanted { Severity::Warning } else { Severity::Critical };
    let item = Item::new(Kind::PoolEmpty, severity, summary, todo(obstacle)).count(refused).since(sight.empty_since);
    let told = match refused {
        0 => None,
        _ => Some(format!("{} refused in the last 10 min, {} in the last hour.", refused, sight.refused.hour)),
    };
    with_act(filled(item, facts, sight, obstacle, told), obstacle)
}

fn low(facts: &Facts, sight: &Sight, obstacle: Option<&Obstacle>) -> Item {
    let (available, threshold) = (sight.observation.stock.available, facts.limits.policy.threshold_low);
    let severity = if obstacle.is_some() { Severity::Warning } else { Severity::Notice };
    let summary = format!("Stock is low: {available} available, threshold {threshold}.");
    let item = Item::new(Kind::PoolLow, severity, summary, todo(obstacle)).count(available.into());
    with_act(filled(item.since(sight.low_since), facts, sight, obstacle, None), obstacle)
}

/// With why, and what is on its way.
fn filled(item: Item, facts: &Facts, sight: &Sight, obstacle: Option<&Obstacle>, told: Option<String>) -> Item {
    let stock = &sight.observation.stock;
    let coming = match stock.purchasing + stock.unsettled {
        0 => None,
        count => Some(format!("{} being bought now.", counted(count.into(), "number"))),
    };
    let why = obstacle.map(|obstacle| obstacle.why(&facts.limits));
    let item = item.detail([why, told, coming].into_iter().flatten().collect::<Vec<_>>().join(" "));
    // A halt, a pause and a cap are items of their own, and say when they end.
    let tries = matches!(obstacle, Some(Obstacle::Failed { .. }));
    if tries { item.next("next try", facts.process.next_try_at) } else { item }
}

fn todo(obstacle: Option<&Obstacle>) -> &'static str {
    match obstacle {
        None => "Nothing: numbers are bought by themselves.",
        Some(Obstacle::Halted) => "End the halt.",
        Some(Obstacle::Paused) => "End the pause.",
        Some(Obstacle::Cap(_)) => "Wait for the cap, raise it, or buy by hand.",
        Some(Obstacle::ByConfiguration) => "Buy some, or set pool.threshold_low.",
        Some(Obstacle::Failed { .. }) => "It is tried again by itself; if it goes on, look at Twilio's status page.",
    }
}

fn with_act(item: Item, obstacle: Option<&Obstacle>) -> Item {
    match obstacle {
        Some(Obstacle::Failed { .. }) => item.link("Check and buy now…", REPLENISH),
        Some(Obstacle::Cap(_) | Obstacle::ByConfiguration) => item.link("Buy numbers", BUY),
        // Their items have the act.
        Some(Obstacle::Halted | Obstacle::Paused) | None => item,
    }
}

/// Those of a while ago, when there is stock again.
fn refused(sight: &Sight) -> Option<Item> {
    let refused = &sight.refused;
    let (severity, count, window) = match (refused.ten_minutes, refused.hour) {
        (0, 0) => return None,
        (0, hour) => (Severity::Notice, hour, "hour"),
        (ten_minutes, _) => (Severity::Warning, ten_minutes, "10 min"),
    };
    let were = if count == 1 { "was" } else { "were" };
    let summary = format!("{} {were} refused in the last {window}.", counted(count, "signup"));
    let todo = "Look whether the pool was empty, or the database away; a larger pool.threshold_low gives more time.";
    Some(Item::new(Kind::SignupsRefused, severity, summary, todo).count(count).since(refused.since))
}
