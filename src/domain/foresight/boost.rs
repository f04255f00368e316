//! When a boost must begin so that its numbers are ready in time, and what it lacks when it cannot.
//!
//! Invariant: the instant is the latest from which the caps let all of them be ready when the boost begins, with a fifth of
//! the time to spare; what was bought already counts against the caps.
//! How to get it wrong: dividing the count by the cap of an hour. The day's cap binds behind it, and the last number needs its
//! lead, too.

use std::collections::VecDeque;

use super::refill::{DAY_MS, HOUR_MS};
use super::supply::{Supply, micros};
use crate::domain::caps::{Cap, CapLimits};

/// No boost begins earlier.
const EARLIEST_MS: i64 = 28 * DAY_MS;
/// A minute, to which the beginning is found.
const STEP_MS: i64 = 60_000;

/// A threshold for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boost {
    /// When its numbers must be ready.
    pub from: i64,
    /// When it is over.
    pub until: i64,
    /// The threshold meanwhile.
    pub threshold_low: u32,
}

/// What was bought within the last day, in order.
#[derive(Debug, Clone, Copy)]
pub struct Bought<'b> {
    /// By all pools.
    pub by_all: &'b [i64],
    /// By the pool itself.
    pub by_pool: &'b [i64],
}

/// What a boost will lack when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    /// So many numbers.
    pub count: u32,
    /// The cap that is in the way; `None` = the time that numbers need to become ready.
    pub cap: Option<Cap>,
}

/// When buying for a boost must begin, given that the pool has `idle` numbers by then: now, or later.
#[must_use]
pub fn begins_at(boost: &Boost, now: i64, idle: u32, supply: &Supply, limits: &CapLimits, bought: Bought<'_>) -> i64 {
    let lacking = boost.threshold_low.saturating_sub(idle);
    let is_in_time =
        |start: i64| ready_at(start, lacking, supply, limits, bought).is_some_and(|ready| ready <= micros(boost.from));
    let (mut early, mut late) = (now.max(boost.from.saturating_sub(EARLIEST_MS)), boost.from);
    if early >= late || !is_in_time(early) {
        return early;
    }
    while late - early > STEP_MS {
        let middle = early + (late - early) / 2;
        if is_in_time(middle) {
            early = middle;
        } else {
            late = middle;
        }
    }
    let spare = (boost.from - early) / 5;
    (early - spare).max(now)
}

/// What will lack when the boost begins, though buying begins now; `None` = nothing. `room` is what `available_max` and the caps
/// on what is owned leave, with the tightest of them.
#[must_use]
pub fn shortfall(
    boost: &Boost,
    now: i64,
    idle: u32,
    room: (u32, Cap),
    supply: &Supply,
    limits: &CapLimits,
    bought: Bought<'_>,
) -> Option<Shortfall> {
    let lacking = boost.threshold_low.saturating_sub(idle);
    let (room, tightest) = room;
    let mut purchases = Purchases::begin(now, supply, limits, bought);
    for made in 0..lacking {
        let count = lacking - made;
        if made >= room {
            return Some(Shortfall { count, cap: Some(tightest) });
        }
        let Some((ready, cap)) = purchases.next() else {
            return Some(Shortfall { count, cap: Some(no_purchase(limits)) });
        };
        if ready > micros(boost.from) {
            return Some(Shortfall { count, cap });
        }
    }
    None
}

/// When the last of so many is ready that are bought as fast as the caps allow; `None` = never.
fn ready_at(start: i64, count: u32, supply: &Supply, limits: &CapLimits, bought: Bought<'_>) -> Option<i64> {
    let mut purchases = Purchases::begin(start, supply, limits, bought);
    (0..count).try_fold(micros(start), |_, _| purchases.next().map(|(ready, _)| ready))
}

/// The cap that lets nothing be bought at all.
fn no_purchase(limits: &CapLimits) -> Cap {
    match (limits.per_hour_max, limits.per_day_max) {
        (0, _) => Cap::PurchasesPerHour,
        (_, 0) => Cap::PurchasesPerDay,
        _ => Cap::PoolPurchasesPerDay,
    }
}

/// Purchases one after the other, as fast as the caps allow. Instants are microseconds.
struct Purchases<'p> {
    now: i64,
    supply: &'p Supply,
    last_ready: i64,
    rings: Vec<Ring>,
}

/// The last purchases under one cap: as many as it allows, or fewer.
struct Ring {
    cap: Cap,
    most: usize,
    window: i64,
    made: VecDeque<i64>,
}

impl<'p> Purchases<'p> {
    fn begin(start: i64, supply: &'p Supply, limits: &CapLimits, bought: Bought<'_>) -> Self {
        let ring = |cap, most: u32, window_ms, bought: &[i64]| {
            let most = most as usize;
            let made = bought[bought.len().saturating_sub(most)..].iter().map(|at| micros(*at)).collect();
            Ring { cap, most, window: micros(window_ms), made }
        };
        let mut rings = vec![
            ring(Cap::PurchasesPerHour, limits.per_hour_max, HOUR_MS, bought.by_all),
            ring(Cap::PurchasesPerDay, limits.per_day_max, DAY_MS, bought.by_all),
        ];
        rings.extend(limits.pool_per_day_max.map(|max| ring(Cap::PoolPurchasesPerDay, max, DAY_MS, bought.by_pool)));
        Self { now: micros(start), supply, last_ready: i64::MIN, rings }
    }
}

impl Iterator for Purchases<'_> {
    /// When the next number is ready, and the cap that it had to wait for.
    type Item = (i64, Option<Cap>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut cap = None;
        for ring in &self.rings {
            if ring.most == 0 {
                return None;
            }
            // Once the cap is used up, each purchase waits until the one that many before it counts no more.
            let frees_at = ring.made.front().filter(|_| ring.made.len() == ring.most).map(|at| at + ring.window);
            if let Some(at) = frees_at.filter(|at| *at > self.now) {
                (self.now, cap) = (at, Some(ring.cap));
            }
        }
        for ring in &mut self.rings {
            if ring.made.len() == ring.most {
                ring.made.pop_front();
            }
            ring.made.push_back(self.now);
        }
        self.last_ready = self.supply.ready_at(self.now, self.last_ready);
        Some((self.last_ready, cap))
    }
}

#[cfg(test)]
mod tests;
