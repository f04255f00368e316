//! The advice: how large a threshold keeps all but a share of signups from waiting, and what made it so large.
//!
//! Two steps. The base stock is what one-for-one replacement would need: from the replay of needs or, where the history is short,
//! from its moments, whichever is larger, and always something above the sample's own worst. The threshold is the smallest with
//! which the pool's real policy, batches and all, meets the same share.
//! Invariants: the same history and setting give the same advice; a threshold is never advised above `available_max`.
//! How to get it wrong: taking the threshold for the base stock less a batch. Half of all crowds meet the pool near its
//! threshold, and four to six times as many would wait.

use super::growth::growth;
use super::moments::moments;
use super::replay::needs;
use super::setting::{Setting, WhatIf};
use super::what_if::what_if;
use crate::domain::caps::{Cap, CapLimits, PoolPolicy, UNBOUND};
use crate::domain::stock::Stock;

/// With fewer requests than this the moments have a say.
const FEW: u64 = 1000;
/// Above the largest need that the history has, where a rarer one than it can show may come.
const BEYOND_THE_SAMPLE: f64 = 1.2;
/// The market's work of so many seconds is a batch.
const BATCH_SECS: f64 = 5.0;

/// What a pool has lived through, and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct History<'h> {
    /// When somebody asked.
    pub asked: &'h [i64],
    /// From when.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// What it had at the beginning, beside its idle stock.
    pub start: Stock,
}

/// What made the threshold as large as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The need that the history shows.
    Replay,
    /// The distribution of a short history.
    Moments,
    /// Demand that grows.
    Growth,
    /// The share is smaller than the history can show.
    SampleEnd,
    /// A cap: more would be needed, or more than the caps let it buy in time.
    Cap(Cap),
}

/// What a pool should be set to.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// The threshold, for the batch that the pool has.
    pub threshold: u32,
    /// The batch that would suit it; never applied.
    pub batch: u32,
    /// What one-for-one replacement would need.
    pub base_stock: u32,
    /// What made the threshold so large.
    pub bound: Bound,
    /// What the history would have met with the threshold that the pool has.
    pub now: WhatIf,
    /// And with the one that is advised.
    pub then: WhatIf,
}

/// The advice for a pool of this history, run as `setting` says, where no larger share than `share` may wait.
#[must_use]
pub fn advise(history: &History<'_>, setting: &Setting, share: f64) -> Advice {
    let History { asked, from, until, start } = *history;
    let growth = growth(asked, from, until);
    let grown = if growth.weekly > 1.0 { growth.levelled(asked) } else { Vec::new() };
    let levelled = if grown.is_empty() { asked } else { &grown };
    let (replayed, base_stock, bound) = base_stock(levelled, growth.moved(from), until, setting, share);
    let raw =
        if grown.is_empty() { base_stock } else { needs(asked, &setting.supply, &setting.limits).stock_for(share) };
    let bound = match bound {
        Bound::Replay => cap_on_supply(levelled, setting, share, replayed).map_or(bound, Bound::Cap),
        Bound::Moments | Bound::Growth | Bound::SampleEnd | Bound::Cap(_) => bound,
    };
    let bound = if raw < base_stock && bound == Bound::Replay { Bound::Growth } else { bound };
    let with = |threshold_low: u32, asked: &[i64]| {
        let policy = PoolPolicy { threshold_low, ..setting.policy };
        what_if(asked, &Setting { policy, ..*setting }, start)
    };
    let meets = |threshold: u32| with(threshold, levelled).share_waiting() <= share;
    // What the base stock has above the replayed need stands above the threshold, too.
    let smallest = smallest(replayed, setting.policy.replenishment_batch_size, meets);
    let wanted = smallest.saturating_add(base_stock - replayed);
    let threshold = wanted.min(setting.policy.available_max);
    let (now, then) = (with(setting.policy.threshold_low, asked), with(threshold, asked));
    let bound = if threshold < wanted {
        Bound::Cap(Cap::AvailableMax)
    } else {
        then.bound.filter(|_| then.share_waiting() > share).map_or(bound, Bound::Cap)
    };
    Advice { threshold, batch: batch(setting.supply.per_second, base_stock), base_stock, bound, now, then }
}

/// The stock that the replay asks for, and the one that is kept, with what made it larger.
fn base_stock(asked: &[i64], from: i64, until: i64, setting: &Setting, share: f64) -> (u32, u32, Bound) {
    let needs = needs(asked, &setting.supply, &setting.limits);
    let replayed = needs.stock_for(share);
    let mut largest = (replayed, Bound::Replay);
    let mut at_least = |stock: u32, bound| {
        if stock > largest.0 {
            largest = (stock, bound);
        }
    };
    if needs.count() > 0 && needs.count() < FEW {
        at_least(moments(asked, from, until, setting.supply.lead_ms).stock_for(share), Bound::Moments);
    }
    if needs.count() > 0 && share < 1.0 / needs.count() as f64 {
        at_least((f64::from(needs.most()) * BEYOND_THE_SAMPLE).ceil() as u32, Bound::SampleEnd);
    }
    (replayed, largest.0, largest.1)
}

/// The cap that makes the need so large, because what is taken can be bought again only when it allows.
fn cap_on_supply(asked: &[i64], setting: &Setting, share: f64, replayed: u32) -> Option<Cap> {
    let free = CapLimits::of_spend(UNBOUND, UNBOUND);
    let stock = |limits: &CapLimits| needs(asked, &setting.supply, limits).stock_for(share);
    let unbound = stock(&free);
    if replayed == unbound {
        return None;
    }
    let CapLimits { per_hour_max, per_day_max, pool_per_day_max, .. } = setting.limits;
    [
        (CapLimits { per_hour_max, ..free }, Cap::PurchasesPerHour),
        (CapLimits { per_day_max, ..free }, Cap::PurchasesPerDay),
        (CapLimits { pool_per_day_max, ..free }, Cap::PoolPurchasesPerDay),
    ]
    .into_iter()
    .map(|(limits, cap)| (stock(&limits), cap))
    .max_by_key(|(stock, _)| *stock)
    .map(|(_, cap)| cap)
}

/// The smallest threshold that meets the share: between the base stock less a batch and, where those who wait make the pool order
/// late, somewhat above it.
fn smallest(base_stock: u32, batch: u32, meets: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (base_stock.saturating_sub(batch), base_stock);
    for _step in 0..3 {
        if meets(high) {
            break;
        }
        (low, high) = (high + 1, high + 1 + high / 4 + batch);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if meets(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}

/// What the market delivers in some seconds, and no more than a third of the stock.
fn batch(per_second: f64, base_stock: u32) -> u32 {
    let delivered = (per_second * BATCH_SECS).round().clamp(1.0, 1000.0) as u32;
    delivered.min(base_stock / 3).max(1)
}

#[cfg(test)]
mod tests;
