//! What the first start with a configuration would buy, for each pool: a database without a number, Twilio with all that is
//! wished for.
//!
//! How to get it wrong: looking at each pool alone. The caps of `[spend]` are shared, and the emptiest pool comes first.

use chrono::Utc;

use super::boost_lines::boost_lines;
use super::root::Config;
use super::sections::PoolConfig;
use crate::domain::{BATCHES_MAX, Cap, Caps, Kind, Level, PoolKey, PoolName, Stock, Trigger, UNBOUND, emptiest, plan};

/// What one pool gets.
struct Bought<'c> {
    pool: &'c PoolConfig,
    level: Level,
    cut_by: Option<Cap>,
    is_done: bool,
}

/// One line for each pool, then one for each country that several pools are of.
pub(super) fn lines(config: &Config) -> Vec<String> {
    let mut lines: Vec<String> = bought(config).iter().map(line).collect();
    lines.extend(boost_lines(config, Utc::now()));
    let catalog = config.catalog();
    let kinds: Vec<Kind> = catalog.entries().map(|entry| entry.kind).collect();
    for (place, Kind { country, .. }) in kinds.iter().enumerate() {
        let is_of_it = |kind: &&Kind| kind.country == *country;
        if kinds.iter().position(|kind| is_of_it(&kind)) == Some(place) && kinds.iter().filter(is_of_it).count() > 1 {
            let serves = catalog.of_country(*country).map(|entry| entry.name.path());
            let serves = serves.unwrap_or_else(|| "no pool, so they are told that there is none".to_owned());
            lines.push(format!("signups that name only {country} go to {serves}"));
        }
    }
    lines
}

/// Batch after batch, the emptiest pool first, as the monitor would.
fn bought(config: &Config) -> Vec<Bought<'_>> {
    let empty = |(name, pool): (&PoolName, &'_ PoolConfig)| Level {
        pool: name.clone(),
        idle: 0,
        assigned: 0,
        policy: pool.configured_policy(),
    };
    let mut pools: Vec<Bought<'_>> = config
        .pools()
        .map(|(name, pool)| Bought { pool, level: empty((name, pool)), cut_by: None, is_done: false })
        .collect();
    let spend = &config.spend;
    let mut all = Caps {
        hour_left: spend.purchases_per_hour_max,
        day_left: spend.purchases_per_day_max,
        pool_day_left: UNBOUND,
        owned_all_left: spend.owned_max.unwrap_or(UNBOUND),
        paused: false,
        halted: false,
    };
    for _ in 0..BATCHES_MAX {
        let open = pools.iter().filter(|bought| !bought.is_done).map(|bought| &bought.level);
        let Some(next) = emptiest(open).cloned() else { break };
        let Some(bought) = pools.iter_mut().find(|bought| bought.level.pool == next) else { break };
        let stock = Stock { available: bought.level.idle, ..Stock::default() };
        let own_day = bought.pool.purchases_per_day_max.map(|max| max.saturating_sub(bought.level.idle));
        let caps = Caps { pool_day_left: own_day.unwrap_or(UNBOUND), ..all };
        let batch = plan(&bought.level.policy, &caps, &stock, Trigger::WarmStart);
        bought.level.idle += batch.count;
        bought.cut_by = batch.binding_cap.or(bought.cut_by);
        bought.is_done = batch.count == 0;
        all.spend(batch.count);
    }
    pools
}

fn line(Bought { pool, level, cut_by, .. }: &Bought<'_>) -> String {
    let count = match level.idle {
        0 => "nothing".to_owned(),
        count => count.to_string(),
    };
    let mut wants = vec![format!("threshold_low {}", pool.threshold_low)];
    wants.extend((pool.total_min > 0).then(|| format!("total_min {}", pool.total_min)));
    let cut = cut_by.map(|cap| format!(", cut by {}", cap.key(&level.pool))).unwrap_or_default();
    let papers = pool.papers();
    let papers = [
        (PoolKey::AddressSid, papers.address.is_some()),
        (PoolKey::BundleSid, papers.bundle.is_some()),
        (PoolKey::IdentitySid, papers.identity.is_some()),
    ];
    let mut shown: Vec<String> =
        papers.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| format!("{key} given")).collect();
    if !shown.is_empty() && pool.address_sid.is_none() {
        shown.push("no address_sid".to_owned());
    }
    let shown = if shown.is_empty() { String::new() } else { format!("; {}", shown.join(", ")) };
    let (name, kind) = (level.pool.path(), pool.kind());
    format!("{name} ({kind}): the first start buys {count} ({}, nothing owned{cut}){shown}", wants.join(", "))
}
