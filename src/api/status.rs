//! How the pools are: the sums over all of them, or one alone, and a line for each.
//!
//! Invariant: whoever knows of one pool only reads what was always there: the sums on top have the names that the counts of the
//! one pool had.
//! How to get it wrong: adding up what is no count. A threshold is reached by each pool for itself: one of them that needs
//! numbers is not helped by another that has enough.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::lists::passes::PassView;
use super::pause::{HaltedDocument, PausedDocument};
use super::services::Services;
use crate::config::Config;
use crate::db::passes::{Pass, passes_latest};
use crate::db::stock::{Observation, Overview, Spend as Spent, stock_read_all};
use crate::domain::{PoolName, Stock};
use crate::http::{Problem, ProblemCode, json_response};
use crate::routing::{About, Outcome, Request};

mod of_pool;

pub(crate) use of_pool::OfPool;

/// The first five fields are the earlier service's, to the letter. Counts are the sums of those of `pools`; what users have, or
/// had a moment ago, of pools that are not configured any more is in them, too, and so is what these own.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PoolStatus)]
pub(crate) struct Status {
    pub(crate) available: u32,
    pub(crate) assigned: u32,
    pub(crate) total: u32,
    /// The thresholds in force.
    pub(crate) threshold: u32,
    /// Whether any of the pools does.
    pub(crate) needs_replenishment: bool,
    /// `threshold_low` of each pool: what no boost and no foresight goes below.
    pub(crate) threshold_configured: u32,
    pub(crate) quarantined: u32,
    pub(crate) unready: u32,
    /// Assignable as soon as they have joined what their pool wants and the carriers know them.
    pub(crate) registering: u32,
    pub(crate) unfit: u32,
    /// The carriers do not take them, or know them no more.
    pub(crate) registration_failed: u32,
    /// Of another country or type than their pool: given only to whoever asks for their very area code or their country.
    pub(crate) apart: u32,
    pub(crate) purchasing: u32,
    pub(crate) unsettled: u32,
    pub(crate) waiting: u32,
    /// Numbers that we had and that are not at Twilio any more.
    pub(crate) missing: u32,
    /// Those of them that are users'.
    pub(crate) missing_of_users: u32,
    /// Out of stock until an operator decides; `quarantined` counts them, too.
    pub(crate) held: u32,
    /// At rest, or on their way back to Twilio: `quarantined` without those that are held.
    pub(crate) resting: u32,
    /// Everything that costs a monthly fee, or may.
    pub(crate) owned: u32,
    /// `owned_max` of each pool.
    pub(crate) owned_max: u32,
    /// What automatic buying may still make idle stock larger by, under `available_max` of each pool.
    pub(crate) available_room: u32,
    #[schema(required)]
    pub(crate) paused: Option<PausedDocument>,
    /// Buying is halted for all pools; with `?pool=`, or for that one alone.
    #[schema(required)]
    pub(crate) halted: Option<HaltedDocument>,
    /// Against the caps that bind all pools together.
    pub(crate) spend: Spend,
    #[schema(required)]
    pub(crate) last_replenishment: Option<PassView>,
    /// Each pool, `default` first, then by name; with `?pool=`, that one alone.
    pub(crate) pools: Vec<OfPool>,
    /// Pools that numbers belong to and the configuration does not name. Their users keep their numbers; idle ones serve nobody.
    pub(crate) unconfigured: Vec<Unconfigured>,
}

/// A pool that the configuration does not name any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Unconfigured {
    pub(crate) pool: PoolName,
    pub(crate) available: u32,
    pub(crate) assigned: u32,
    pub(crate) quarantined: u32,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Spend {
    pub(crate) hour: Window,
    pub(crate) day: Window,
    #[serde(rename = "override")]
    pub(crate) overridden: u32,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SpendWindow)]
pub(crate) struct Window {
    pub(crate) bought: u32,
    pub(crate) max: u32,
}

pub(crate) async fn status(services: Arc<Services>, request: Request) -> Outcome {
    let config = services.config.load_full();
    let only = asked(&config, &request)?;
    let keys = config.keys();
    let look = move |conn: &mut crate::db::Connection| Ok((stock_read_all(conn, &keys)?, passes_latest(conn)?));
    let (seen, passes) = services.read("status", look).await?;
    json_response(StatusCode::OK, &told(&seen, &passes, &config, only.as_ref()))
}

/// The pool that is asked about. A name that no pool could have is unknown like any other.
fn asked(config: &Config, request: &Request) -> Result<Option<PoolName>, Problem> {
    let text = request.query_text("pool").unwrap_or_default();
    let name = text.trim();
    if name.is_empty() {
        return Ok(None);
    }
    match config.pools().find(|(known, _)| known.as_str() == name) {
        Some((known, _)) => Ok(Some(known.clone())),
        None => {
            let names: Vec<&str> = config.pools().map(|(known, _)| known.as_str()).collect();
            let detail = format!("The configuration has no pool of this name; the pools are {}.", names.join(", "));
            Err(Problem::new(ProblemCode::NotFound, detail))
        }
    }
}

/// The status document over all pools, for the dashboard and its live events; `passes` are the latest of each pool.
pub(crate) fn document(seen: &Overview, passes: &[Pass], config: &Config) -> Status {
    told(seen, passes, config, None)
}

/// The same of one pool alone, as with `?pool=`.
pub(crate) fn document_of(seen: &Overview, passes: &[Pass], config: &Config, pool: &PoolName) -> Status {
    told(seen, passes, config, Some(pool))
}

fn told(seen: &Overview, passes: &[Pass], config: &Config, only: Option<&PoolName>) -> Status {
    let meant = config.pools().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let pools: Vec<OfPool> = meant
        .filter_map(|(name, pool)| {
            let last = passes.iter().find(|pass| pass.pool == *name);
            Some(OfPool::new(name, pool, config.policy(name)?.threshold_low, seen.pools.get(name)?, last))
        })
        .collect();
    let is_told = |name: &PoolName| pools.iter().any(|pool| pool.pool == *name);
    let last = passes.iter().filter(|pass| is_told(&pass.pool)).max_by_key(|pass| pass.id);
    let halted = seen.buying.halted.clone().map(Into::into);
    let alone = pools.first().filter(|_| only.is_some()).and_then(|of_pool| of_pool.halted.clone());
    // Nobody asks for the numbers of a pool that is gone but their users.
    let left: Vec<(&PoolName, &Observation)> = seen.unconfigured().filter(|_| only.is_none()).collect();
    let sum = |count: fn(&OfPool) -> u32| pools.iter().fold(0_u32, |sum, of_pool| sum.saturating_add(count(of_pool)));
    let with_left = |count: fn(&OfPool) -> u32, left_count: fn(&Observation) -> u32| {
        left.iter().fold(sum(count), |sum, (_, seen)| sum.saturating_add(left_count(seen)))
    };
    let assigned = with_left(|pool| pool.assigned, |left| left.stock.assigned);
    let quarantined = with_left(|pool| pool.quarantined, |left| left.stock.quarantined);
    let held = with_left(|pool| pool.held, |left| left.held);
    let available = sum(|pool| pool.available);
    Status {
        available,
        assigned,
        total: available.saturating_add(assigned),
        threshold: sum(|pool| pool.threshold),
        needs_replenishment: pools.iter().any(|pool| pool.needs_replenishment),
        threshold_configured: sum(|pool| pool.threshold_configured),
        quarantined,
        unready: sum(|pool| pool.unready),
        registering: sum(|pool| pool.registering),
        unfit: sum(|pool| pool.unfit),
        registration_failed: sum(|pool| pool.registration_failed),
        apart: sum(|pool| pool.apart),
        purchasing: sum(|pool| pool.purchasing),
        unsettled: sum(|pool| pool.unsettled),
        waiting: sum(|pool| pool.waiting),
        missing: with_left(|pool| pool.missing, |left| left.missing),
        missing_of_users: with_left(|pool| pool.missing_of_users, |left| left.missing_of_users),
        held,
        resting: quarantined.saturating_sub(held),
        owned: with_left(|pool| pool.owned, |left| left.stock.owned()),
        owned_max: sum(|pool| pool.owned_max),
        available_room: sum(|pool| pool.available_room),
        paused: seen.buying.paused.clone().map(Into::into),
        halted: alone.or(halted),
        spend: spend(seen.spend, config),
        last_replenishment: last.cloned().map(Into::into),
        unconfigured: left.into_iter().map(Unconfigured::of).collect(),
        pools,
    }
}

impl Unconfigured {
    fn of((pool, seen): (&PoolName, &Observation)) -> Self {
        let Stock { available, assigned, quarantined, .. } = seen.stock;
        Self { pool: pool.clone(), available, assigned, quarantined }
    }
}

fn spend(spent: Spent, config: &Config) -> Spend {
    Spend {
        hour: Window { bought: spent.hour, max: config.spend.purchases_per_hour_max },
        day: Window { bought: spent.day, max: config.spend.purchases_per_day_max },
        overridden: spent.overridden,
    }
}

pub(crate) fn about() -> About {
    let last = json!({"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start", "reason": "below_threshold",
        "purchased_count": 20, "error": null, "pool": "default"});
    let mut document = json!({"available": 13, "assigned": 6, "total": 19, "threshold": 10, "needs_replenishment": false,
        "threshold_configured": 10, "quarantined": 1, "unready": 0, "registering": 0, "unfit": 0, "registration_failed": 0, "apart": 0, "purchasing": 0, "unsettled": 0, "waiting": 0, "missing": 0,
        "missing_of_users": 0, "held": 0, "resting": 1, "owned": 20, "owned_max": 1000, "available_room": 37, "halted": null,
        "spend": {"hour": {"bought": 20, "max": null}, "day": {"bought": 20, "max": null}}, "last_replenishment": last});
    let mut pool = document.clone();
    for (key, value) in [("pool", "default"), ("country", "US"), ("number_type", "local")] {
        pool[key] = json!(value);
    }
    document["pools"] = json!([pool]);
    document["unconfigured"] = json!([]);
    document["paused"] = json!(null);
    document["spend"] = json!({"hour": {"bought": 20, "max": 100}, "day": {"bought": 20, "max": 300}, "override": 0});
    About::new("status", "Pool", "How the pools are")
        .text("Sums over all pools on top, and each of them under `pools`.")
        .query::<PoolName>("pool", "The same of that pool alone.")
        .answer::<Status>("The pools.", document)
        .refuses(ProblemCode::NotFound, "The configuration has no pool of this name.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_words_of_the_sums() {
        let of_pool = |name: &str| {
            let pool = crate::config::PoolConfig::default();
            let seen = crate::db::stock::Observation::default();
            serde_json::to_value(OfPool::new(&name.parse().unwrap(), &pool, pool.threshold_low, &seen, None)).unwrap()
        };
        let line = of_pool("gb");
        for count in [
            "available",
            "assigned",
            "total",
            "threshold",
            "threshold_configured",
            "quarantined",
            "owned",
            "available_room",
        ] {
            assert!(line[count].is_u64(), "{count}");
        }
        assert_eq!((line["pool"].as_str(), line["spend"]["day"]["max"].is_null()), (Some("gb"), true));
    }
}
