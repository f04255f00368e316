//! What a pool's real policy would have done with a history: threshold, batch, `total_min`, caps and emergencies, event by event.
//!
//! Invariants: each batch is sized by [`plan()`], and what is on its way is stock, as in the pool itself; whoever finds nothing
//! ready waits, is served in their turn, and is refused when they have waited too long. Nobody gives a number back.
//! How to get it wrong: ordering for those who wait at once. The pool does not: what is on its way is theirs already, and only
//! whom that will not serve is an emergency.

use std::collections::VecDeque;

use super::refill::{DAY_MS, HOUR_MS, Sliding};
use super::setting::{Setting, WhatIf};
use super::supply::micros;
use crate::domain::caps::{Cap, CapLimits, Caps, UNBOUND};
use crate::domain::order::Trigger;
use crate::domain::plan::{lack, plan};
use crate::domain::stock::Stock;

/// What the requests of these instants would have met.
#[must_use]
pub fn what_if(asked: &[i64], setting: &Setting, start: Stock) -> WhatIf {
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return WhatIf::default() };
    let mut replay = Replay::begin(*setting, start, *first);
    for at in asked {
        replay.ask(*at);
    }
    // Whoever still waits is served or refused.
    replay.end(*last, last.saturating_add(setting.emergency_wait_ms.max(0)))
}

/// A pool in its course.
#[derive(Debug, Clone)]
pub struct Replay {
    setting: Setting,
    stock: Stock,
    /// When each number that is on its way will be ready.
    coming: VecDeque<i64>,
    /// When each of those who wait asked.
    waiting: VecDeque<i64>,
    hour: Sliding,
    day: Sliding,
    now: i64,
    begun: i64,
    /// When the last purchase is ready: the next one is behind it.
    last_ready: i64,
    /// The cap that is in the way of what lacks.
    blocked: Option<Cap>,
    /// Number-microseconds so far: of ready numbers, and of all idle ones.
    spent: [u128; 2],
    waits: Vec<i64>,
    bound: Vec<(Cap, u64)>,
    found: WhatIf,
}

impl Replay {
    /// A pool that is as full as its policy has it when nobody asks.
    #[must_use]
    pub fn begin(setting: Setting, start: Stock, at: i64) -> Self {
        let mut stock = start;
        let free = Caps {
            hour_left: UNBOUND,
            day_left: UNBOUND,
            pool_day_left: UNBOUND,
            owned_all_left: UNBOUND,
            paused: false,
            halted: false,
        };
        loop {
            let caps = Caps { owned_all_left: owned_left(&setting.limits, &stock), ..free };
            match plan(&setting.policy, &caps, &stock, Trigger::Threshold).count {
                0 => break,
                count => stock.available += count,
            }
        }
        let now = micros(at);
        Self {
            setting,
            stock,
            coming: VecDeque::new(),
            waiting: VecDeque::new(),
            hour: Sliding::of(HOUR_MS),
            day: Sliding::of(DAY_MS),
            now,
            begun: now,
            last_ready: i64::MIN,
            blocked: None,
            spent: [0; 2],
            waits: Vec::new(),
            bound: Vec::new(),
            found: WhatIf { stock_max: stock.available, ..WhatIf::default() },
        }
    }

    /// From now on the pool has another threshold.
    pub fn set_threshold(&mut self, threshold_low: u32, at: i64) {
        self.advance(at);
        self.setting.policy.threshold_low = threshold_low;
        self.refill();
    }

    /// Somebody asks.
    pub fn ask(&mut self, at: i64) {
        self.advance(at);
        self.found.signups += 1;
        if self.stock.available > 0 {
            self.stock.available -= 1;
            self.stock.assigned += 1;
            if lack(&self.setting.policy, self.stock.idle(), self.stock.assigned).is_some() {
                self.refill();
            }
            return;
        }
        self.found.waiting += 1;
        self.waiting.push_back(self.now);
        self.refill();
        if let Some(cap) = self.blocked {
            match self.bound.iter_mut().find(|(known, _)| *known == cap) {
                Some((_, count)) => *count += 1,
                None => self.bound.push((cap, 1)),
            }
        }
    }

    /// Time passes.
    pub fn advance(&mut self, until: i64) {
        let until = micros(until);
        while let Some(next) = self.next_event().filter(|next| *next <= until) {
            self.pass_to(next);
            while self.coming.front().is_some_and(|ready| *ready <= next) {
                self.coming.pop_front();
                self.stock.purchasing -= 1;
                self.stock.available += 1;
            }
            self.serve();
            let wait = micros(self.setting.emergency_wait_ms);
            while self.waiting.front().is_some_and(|asked| asked.saturating_add(wait) <= next) {
                self.waiting.pop_front();
                self.waits.push(wait);
                self.found.refused += 1;
            }
            self.found.stock_max = self.found.stock_max.max(self.stock.available);
            self.refill();
        }
        self.pass_to(until);
    }

    /// What happened until an instant; whoever waits then is served or refused until a second one.
    #[must_use]
    pub fn end(mut self, until: i64, served_until: i64) -> WhatIf {
        self.advance(until);
        let time = (self.now - self.begun).max(1) as f64;
        let mut found = self.found.clone();
        found.stock_mean = self.spent[0] as f64 / time;
        found.idle_mean = self.spent[1] as f64 / time;
        self.advance(served_until);
        self.waits.extend(self.waiting.iter().map(|asked| self.now - asked));
        self.waits.sort_unstable();
        found.refused = self.found.refused;
        found.wait_p50_secs = percentile(&self.waits, 0.5);
        found.wait_p95_secs = percentile(&self.waits, 0.95);
        found.bound = self.bound.iter().max_by_key(|(_, count)| *count).map(|(cap, _)| *cap);
        found
    }

    /// When something happens by itself.
    fn next_event(&self) -> Option<i64> {
        let ready = self.coming.front().copied();
        let refused = self.waiting.front().map(|asked| asked.saturating_add(micros(self.setting.emergency_wait_ms)));
        let freed = self.blocked.and_then(|_| self.hour.frees_at().into_iter().chain(self.day.frees_at()).min());
        [ready, refused, freed].into_iter().flatten().min()
    }

    fn pass_to(&mut self, now: i64) {
        let passed = u128::try_from(now - self.now).unwrap_or_default();
        self.spent[0] += passed * u128::from(self.stock.available);
        self.spent[1] += passed * u128::from(self.stock.idle());
        self.now = self.now.max(now);
    }

    /// Those who wait get what is ready.
    fn serve(&mut self) {
        while self.stock.available > 0 {
            let Some(asked) = self.waiting.pop_front() else { break };
            self.stock.available -= 1;
            self.stock.assigned += 1;
            self.waits.push(self.now - asked);
        }
    }

    /// Orders what lacks, those who wait first.
    fn refill(&mut self) {
        self.blocked = None;
        let unserved = self.waiting.len().saturating_sub(self.coming.len());
        if unserved > 0 {
            let stock = Stock { unserved: u32::try_from(unserved).unwrap_or(u32::MAX), ..self.stock };
            let count = self.order(&stock, Trigger::Emergency);
            self.found.emergencies += u64::from(count > 0);
        }
        while lack(&self.setting.policy, self.stock.idle(), self.stock.assigned).is_some() {
            if self.order(&self.stock.clone(), Trigger::Threshold) == 0 {
                break;
            }
        }
    }

    /// Buys what the plan says; how many.
    fn order(&mut self, stock: &Stock, trigger: Trigger) -> u32 {
        let Setting { policy, limits, supply, .. } = self.setting;
        let caps = Caps {
            hour_left: self.hour.left(limits.per_hour_max, self.now),
            day_left: self.day.left(limits.per_day_max, self.now),
            pool_day_left: limits.pool_per_day_max.map_or(UNBOUND, |max| self.day.left(max, self.now)),
            owned_all_left: owned_left(&limits, stock),
            paused: false,
            halted: false,
        };
        let plan = plan(&policy, &caps, stock, trigger);
        self.blocked = plan.binding_cap.or(self.blocked);
        if plan.count > 0 {
            self.hour.add(self.now, plan.count);
            self.day.add(self.now, plan.count);
        }
        for _number in 0..plan.count {
            self.last_ready = supply.ready_at(self.now, self.last_ready);
            self.coming.push_back(self.last_ready);
        }
        self.stock.purchasing += plan.count;
        self.found.purchases += u64::from(plan.count);
        plan.count
    }
}

fn owned_left(limits: &CapLimits, stock: &Stock) -> u32 {
    limits.owned_all_max.map_or(UNBOUND, |max| max.saturating_sub(stock.owned_at_most()))
}

fn percentile(sorted: &[i64], share: f64) -> Option<f64> {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).map(|wait| *wait as f64 / 1e6)
}

#[cfg(test)]
pub(super) mod tests;
