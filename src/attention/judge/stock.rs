//! The stock: empty or low and why, and the signups that got nothing.
//!
//! How to get it wrong: calling a pool low that is being filled this very moment. It is so after every batch of signups.

use chrono::{DateTime, Utc};

use super::super::facts::{Facts, Limits};
use super::super::item::{Item, Kind, Severity};
use super::obstacle::{Obstacle, obstacle};
use super::one_pool::{OnePool, pools};
use crate::db::attention::{PoolSight, Sight};
use crate::domain::{PoolPolicy, counted, registering_told};

const REPLENISH: &str = "/admin/phones/dashboard/acts/replenish";
const BUY: &str = "/admin/phones/dashboard#h-buy";

/// What is judged of one pool.
#[derive(Clone, Copy)]
struct Judged<'a> {
    pool: OnePool<'a>,
    sight: &'a PoolSight,
    next_try_at: Option<DateTime<Utc>>,
}

pub(super) fn judge(facts: &Facts, sight: &Sight) -> Vec<Item> {
    let known = |pool: OnePool<'_>| -> Vec<Item> {
        let Some(of_pool) = sight.pools.get(pool.name) else { return Vec::new() };
        let next_try_at = facts.process.next_try_at.get(pool.name).copied();
        let obstacle = obstacle(pool, of_pool);
        let judged = Judged { pool, sight: of_pool, next_try_at };
        judged.items(facts, obstacle.as_ref()).into_iter().map(|item| item.of(pool.name)).collect()
    };
    pools(&facts.limits, &sight.stock).flat_map(known).collect()
}

impl Judged<'_> {
    fn items(self, facts: &Facts, obstacle: Option<&Obstacle>) -> Vec<Item> {
        let Self { pool, sight, .. } = self;
        let stock = &pool.seen.stock;
        let mut items = Vec::new();
        if stock.available == 0 {
            items.extend(self.empty(&facts.limits, obstacle));
        } else {
            items.extend(self.refused());
            // A pool that nothing keeps from being filled is full again in a moment.
            let is_low = stock.available < pool.limits.policy.threshold_low;
            if is_low && (obstacle.is_some() || sight.low_since.is_some()) {
                items.push(self.low(&facts.limits, obstacle));
            }
        }
        if stock.waiting > 0 {
            let summary = format!("{} in line for a number{}.", counted(stock.waiting.into(), "signup"), pool.behind());
            let todo = "Each is served, or refused, within purchase.emergency_wait_ms.";
            items.push(Item::new(Kind::SignupsWaiting, Severity::Warning, summary, todo).count(stock.waiting.into()));
        }
        items
    }

    /// Of several pools one that wants no stock, and at which nobody asks in vain, is empty as it should be.
    fn empty(self, limits: &Limits, obstacle: Option<&Obstacle>) -> Option<Item> {
        let Self { pool, sight, .. } = self;
        let refused = sight.refused.ten_minutes;
        let is_refusing = refused > 0 || obstacle.is_some_and(Obstacle::binds_emergencies);
        let PoolPolicy { threshold_low, total_min, .. } = pool.limits.policy;
        if !pool.is_only && threshold_low == 0 && total_min == 0 && refused == 0 && pool.seen.stock.waiting == 0 {
            return None;
        }
        let the_pool = pool.titled();
        let summary = match (is_refusing, pool.seen.stock.registering) {
            (true, _) => format!("{the_pool} is empty: signups are refused."),
            (false, 0) => format!("{the_pool} is empty: signups wait for a purchase."),
            (false, count) => format!("{the_pool} is empty: {}.", registering_told(count)),
        };
        // Whoever wants no stock gets each number when it is asked for.
        let is_wanted = threshold_low == 0 && !is_refusing;
        let severity = if is_wanted { Severity::Warning } else { Severity::Critical };
        let item =
            Item::new(Kind::PoolEmpty, severity, summary, todo(pool, obstacle)).count(refused).since(sight.empty_since);
        let told = match refused {
            0 => None,
            _ => Some(format!("{} refused in the last 10 min, {} in the last hour.", refused, sight.refused.hour)),
        };
        Some(with_act(self.filled(item, limits, obstacle, told), obstacle))
    }

    fn low(self, limits: &Limits, obstacle: Option<&Obstacle>) -> Item {
        let Self { pool, sight, .. } = self;
        let (available, threshold) = (pool.seen.stock.available, pool.limits.policy.threshold_low);
        let severity = if obstacle.is_some() { Severity::Warning } else { Severity::Notice };
        let summary = format!("Stock{} is low: {available} available, threshold {threshold}.", pool.behind());
        let item = Item::new(Kind::PoolLow, severity, summary, todo(pool, obstacle)).count(available.into());
        with_act(self.filled(item.since(sight.low_since), limits, obstacle, None), obstacle)
    }

    /// With why, and what is on its way.
    fn filled(self, item: Item, limits: &Limits, obstacle: Option<&Obstacle>, told: Option<String>) -> Item {
        let stock = &self.pool.seen.stock;
        let coming = match stock.purchasing + stock.unsettled {
            0 => None,
            count => Some(format!("{} being bought now.", counted(count.into(), "number"))),
        };
        let registering = match stock.registering {
            0 => None,
            count => Some(format!("{}: nothing is bought in their place.", registering_told(count))),
        };
        let why = obstacle.map(|obstacle| obstacle.why(self.pool, limits));
        let item = item.detail([why, told, coming, registering].into_iter().flatten().collect::<Vec<_>>().join(" "));
        // A halt, a pause and a cap are items of their own, and say when they end.
        let tries = matches!(obstacle, Some(Obstacle::Failed { .. }));
        if tries { item.next("next try", self.next_try_at) } else { item }
    }

    /// Those of a while ago, when there is stock again.
    fn refused(self) -> Option<Item> {
        let Self { pool, sight: PoolSight { refused, .. }, .. } = self;
        let (severity, count, window) = match (refused.ten_minutes, refused.hour) {
            (0, 0) => return None,
            (0, hour) => (Severity::Notice, hour, "hour"),
            (ten_minutes, _) => (Severity::Warning, ten_minutes, "10 min"),
        };
        let were = if count == 1 { "was" } else { "were" };
        let at = if pool.is_only { String::new() } else { format!(" at {}", pool.name) };
        let summary = format!("{} {were} refused{at} in the last {window}.", counted(count, "signup"));
        let todo = format!(
            "Look whether the pool was empty, or the database away; a larger {} gives more time.",
            pool.key("threshold_low")
        );
        Some(Item::new(Kind::SignupsRefused, severity, summary, todo).count(count).since(refused.since))
    }
}

fn todo(pool: OnePool<'_>, obstacle: Option<&Obstacle>) -> String {
    let todo = match obstacle {
        None if pool.seen.stock.registering > 0 => "Nothing: each is given out as soon as the carriers know it.",
        None => "Nothing: numbers are bought by themselves.",
        Some(Obstacle::Halted) => "End the halt.",
        Some(Obstacle::PoolHalted { .. }) => "Give the pool what it needs.",
        Some(Obstacle::Paused) => "End the pause.",
        Some(Obstacle::Cap(_)) => "Wait for the cap, raise it, or buy by hand.",
        Some(Obstacle::ByConfiguration) => return format!("Buy some, or set {}.", pool.key("threshold_low")),
        Some(Obstacle::Failed { .. }) => "It is tried again by itself; if it goes on, look at Twilio's status page.",
    };
    todo.to_owned()
}

fn with_act(item: Item, obstacle: Option<&Obstacle>) -> Item {
    match obstacle {
        Some(Obstacle::Failed { .. }) => item.link("Check and buy now…", REPLENISH),
        Some(Obstacle::Cap(_) | Obstacle::ByConfiguration) => item.link("Buy numbers", BUY),
        // Their items have the act.
        Some(Obstacle::Halted | Obstacle::PoolHalted { .. } | Obstacle::Paused) | None => item,
    }
}
