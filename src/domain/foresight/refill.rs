//! What sliding caps leave: so many in any hour, in any day.
//!
//! How to get it wrong: counting by the clock's hours. Twice the cap would fit around each full hour.

use std::collections::VecDeque;

use super::supply::{NEVER, micros};
use crate::domain::caps::CapLimits;

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// What was bought within the last hour, or day. Instants are microseconds.
#[derive(Debug, Clone)]
pub(super) struct Sliding {
    window: i64,
    bought: VecDeque<(i64, u32)>,
    sum: u32,
}

impl Sliding {
    pub(super) fn of(window_ms: i64) -> Self {
        Self { window: micros(window_ms), bought: VecDeque::new(), sum: 0 }
    }

    /// What is left of a cap.
    pub(super) fn left(&mut self, max: u32, now: i64) -> u32 {
        while self.frees_at().is_some_and(|at| at <= now) {
            self.sum -= self.bought.pop_front().map_or(0, |(_, count)| count);
        }
        max.saturating_sub(self.sum)
    }

    pub(super) fn add(&mut self, now: i64, count: u32) {
        self.sum += count;
        self.bought.push_back((now, count));
    }

    /// When the first purchase counts no more.
    pub(super) fn frees_at(&self) -> Option<i64> {
        self.bought.front().map(|(at, _)| at + self.window)
    }
}

/// Purchases one after the other, each as soon as the caps allow.
pub(super) struct Replacements {
    at: Vec<i64>,
    /// So many at most in such a time, in microseconds.
    caps: [(usize, i64); 2],
}

impl Replacements {
    pub(super) fn under(limits: &CapLimits, count: usize) -> Self {
        let per_day = limits.pool_per_day_max.unwrap_or(u32::MAX).min(limits.per_day_max);
        let caps = [(limits.per_hour_max as usize, micros(HOUR_MS)), (per_day as usize, micros(DAY_MS))];
        Self { at: Vec::with_capacity(count), caps }
    }

    /// When a number is bought that lacks from now on.
    pub(super) fn next(&mut self, now: i64) -> i64 {
        let mut at = now;
        for (most, window) in self.caps {
            // The one that many before it must count no more; under a cap of nothing that is never.
            let frees_at = match self.at.len().checked_sub(most).map(|place| self.at.get(place)) {
                None => continue,
                Some(None) => NEVER,
                Some(Some(bought)) => bought.saturating_add(window),
            };
            at = at.max(frees_at);
        }
        self.at.push(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_counts_for_an_hour_to_the_microsecond() {
        let mut hour = Sliding::of(HOUR_MS);
        assert_eq!((hour.left(5, 0), hour.frees_at()), (5, None));
        hour.add(10, 3);
        hour.add(20, 2);
        assert_eq!((hour.left(5, 3_600_000_009), hour.left(4, 30)), (0, 0));
        assert_eq!(hour.left(5, 3_600_000_010), 3);
        assert_eq!((hour.left(5, 3_600_000_019), hour.left(5, 3_600_000_020)), (3, 5));
    }
}
