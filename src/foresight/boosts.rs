//! When buying for a boost begins, and whether its numbers can be there in time.
//!
//! Invariant: a boost for which buying has begun stays begun until it is over: what was bought for it would else seem to be enough,
//! and the next signup would find it missing.
//! How to get it wrong: judging only now and then. A number may be ready within seconds, and a boost begins on the minute.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::facts::Facts;
use crate::config::{BoostConfig, Config};
use crate::domain::foresight::{Boost, Bought, begins_at, measured, shortfall};
use crate::domain::{Cap, PoolName};

/// Boosts are judged from so long before they begin.
const JUDGED_MS: i64 = 7 * 86_400_000;

/// A boost of a pool.
pub(super) type Which = (PoolName, BoostConfig);

/// What is known of the boosts that are not over.
#[derive(Debug, Default)]
pub(super) struct Boosts {
    /// When buying begins.
    begins: BTreeMap<Which, i64>,
    /// Those that will lack numbers.
    pub(super) unreachable: Vec<Unreachable>,
}

/// A boost that will lack numbers when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreachable {
    /// Of which pool.
    pub(crate) pool: PoolName,
    /// When it begins.
    pub(crate) from: DateTime<Utc>,
    /// Its threshold.
    pub(crate) threshold_low: u32,
    /// How many will lack.
    pub(crate) lacking: u32,
    /// What is in the way; `None` = the time that numbers need.
    pub(crate) cap: Option<Cap>,
}

impl Unreachable {
    /// Whether it is configured still, and did not begin.
    pub(super) fn is_coming(&self, config: &Config, now: DateTime<Utc>) -> bool {
        let is_it = |boost: &BoostConfig| boost.from == self.from && boost.threshold_low == self.threshold_low;
        self.from > now && config.pool(&self.pool).is_some_and(|pool| pool.boosts.iter().any(is_it))
    }
}

/// The boosts that are not over at an instant.
fn coming(config: &Config, now: i64) -> impl Iterator<Item = Which> {
    let of_pool = move |(name, pool): (&PoolName, &crate::config::PoolConfig)| {
        let coming = pool.boosts.iter().filter(|boost| boost.until.timestamp_millis() > now);
        coming.map(|boost| (name.clone(), *boost)).collect::<Vec<Which>>()
    };
    config.pools().flat_map(of_pool)
}

impl Boosts {
    /// Judges them all.
    pub(super) fn judge(&mut self, config: &Config, facts: &Facts, now: i64) {
        self.begins.clear();
        self.unreachable.clear();
        for (name, boost) in coming(config, now) {
            let Some((begins, lacks)) = judged(config, facts, now, &name, &boost) else { continue };
            self.unreachable.extend(lacks);
            self.begins.insert((name, boost), begins);
        }
    }

    /// Those for which buying has begun, by now or before, and that are not over.
    pub(super) fn begun(&self, before: &BTreeSet<Which>, config: &Config, now: i64) -> BTreeSet<Which> {
        let has_begun =
            |which: &Which| before.contains(which) || self.begins.get(which).is_some_and(|begins| *begins <= now);
        coming(config, now).filter(has_begun).collect()
    }
}

/// When buying for a boost begins, and what it will lack.
fn judged(
    config: &Config,
    facts: &Facts,
    now: i64,
    name: &PoolName,
    boost: &BoostConfig,
) -> Option<(i64, Option<Unreachable>)> {
    let limits = config.cap_limits(config.pool(name)?);
    let policy = config.policy(name)?;
    let seen = facts.stock.pools.get(name)?;
    let market = facts.markets.get(name).cloned().unwrap_or_default();
    let supply = measured(&market.leads_ms, market.per_second);
    let mut by_all: Vec<i64> = facts.bought.values().flatten().copied().collect();
    by_all.sort_unstable();
    let none = Vec::new();
    let bought = Bought { by_all: &by_all, by_pool: facts.bought.get(name).unwrap_or(&none) };
    let asked = Boost {
        from: boost.from.timestamp_millis(),
        until: boost.until.timestamp_millis(),
        threshold_low: boost.threshold_low,
    };
    let idle = seen.stock.idle();
    let begins = begins_at(&asked, now, idle, &supply, &limits, bought);
    if asked.from <= now || asked.from - now > JUDGED_MS {
        return Some((begins, None));
    }
    let mut rooms = vec![
        (policy.available_max.saturating_sub(seen.stock.idle_at_most()), Cap::AvailableMax),
        (policy.owned_max.saturating_sub(seen.stock.owned_at_most()), Cap::OwnedMax),
    ];
    rooms.extend(limits.owned_all_max.map(|max| (max.saturating_sub(seen.owned_all), Cap::SpendOwnedMax)));
    let room = rooms.into_iter().min_by_key(|(room, _)| *room)?;
    let lacks = shortfall(&asked, now, idle, room, &supply, &limits, bought).map(|lacks| Unreachable {
        pool: name.clone(),
        from: boost.from,
        threshold_low: boost.threshold_low,
        lacking: lacks.count,
        cap: lacks.cap,
    });
    Some((begins, lacks))
}
