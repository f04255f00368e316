//! What each request of a history would have needed: with one-for-one replacement, how large a stock would have had to be for
//! it to find a number ready.
//!
//! A number is replaced when it is taken, or as soon as the caps allow; it is ready after its lead, and behind the one before it.
//! Invariants: one pass, whatever the history; a larger stock never makes more of them wait.
//! How to get it wrong: replaying a stock for each answer. One pass has them all.

use std::collections::VecDeque;

use super::refill::Replacements;
use super::supply::{Supply, micros};
use crate::domain::caps::CapLimits;

/// How many requests needed how large a stock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// At each place, how many needed just so large a stock.
    histogram: Vec<u64>,
    count: u64,
}

/// What the requests of these instants needed.
#[must_use]
pub fn needs(asked: &[i64], supply: &Supply, limits: &CapLimits) -> Needs {
    needs_since(asked, supply, limits, i64::MIN)
}

/// What those of them needed that asked at this instant or later; the ones before them are still being replaced.
#[must_use]
pub fn needs_since(asked: &[i64], supply: &Supply, limits: &CapLimits, since: i64) -> Needs {
    let (mut needs, mut replaced_at, mut last) = (Needs::default(), VecDeque::new(), i64::MIN);
    let mut replacements = Replacements::under(limits, asked.len());
    for asked_at in asked {
        let now = micros(*asked_at);
        while replaced_at.front().is_some_and(|ready| *ready <= now) {
            replaced_at.pop_front();
        }
        if *asked_at >= since {
            needs.add(replaced_at.len() + 1);
        }
        last = supply.ready_at(replacements.next(now), last);
        replaced_at.push_back(last);
    }
    needs
}

impl Needs {
    fn add(&mut self, need: usize) {
        if self.histogram.len() <= need {
            self.histogram.resize(need + 1, 0);
        }
        self.histogram[need] += 1;
        self.count += 1;
    }

    /// How many requests there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest stock that one of them needed.
    #[must_use]
    pub fn most(&self) -> u32 {
        stock(self.histogram.len().saturating_sub(1))
    }

    /// How many would have waited with such a stock.
    #[must_use]
    pub fn waiting_at(&self, stock: u32) -> u64 {
        self.histogram.iter().skip(stock as usize + 1).sum()
    }

    /// The share that would have waited with such a stock; of no requests, none.
    #[must_use]
    pub fn share_at(&self, stock: u32) -> f64 {
        self.share(self.waiting_at(stock))
    }

    /// The smallest stock with which no larger share would have waited.
    #[must_use]
    pub fn stock_for(&self, share: f64) -> u32 {
        let mut waiting = 0;
        for (need, count) in self.histogram.iter().enumerate().rev() {
            waiting += count;
            if self.share(waiting) > share {
                return stock(need);
            }
        }
        0
    }

    /// From no stock at all to the one with which nobody would have waited: the share that would have.
    #[must_use]
    pub fn curve(&self) -> Vec<(u32, f64)> {
        let mut waiting = self.count;
        let shares = self.histogram.iter().enumerate().map(|(need, count)| {
            waiting -= count;
            (stock(need), self.share(waiting))
        });
        shares.collect()
    }

    fn share(&self, waiting: u64) -> f64 {
        if self.count == 0 { 0.0 } else { waiting as f64 / self.count as f64 }
    }
}

fn stock(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;
    use statrs::distribution::{DiscreteCDF as _, Poisson};

    use super::super::refill::{DAY_MS, HOUR_MS};
    use super::super::what_if::tests::FREE;
    use super::*;

    /// A history of so many requests, some of them in crowds.
    pub(in crate::domain::foresight) fn any_history(most: usize) -> impl Strategy<Value = Vec<i64>> {
        let gap = prop_oneof![4 => 0i64..2_000, 2 => 0i64..60_000, 1 => 0i64..4_000_000];
        proptest::collection::vec(gap, 0..most).prop_map(|gaps| {
            let mut now = 1_790_000_000_000;
            gaps.into_iter()
                .map(|gap| {
                    now += gap;
                    now
                })
                .collect()
        })
    }

    pub(in crate::domain::foresight) fn any_supply() -> impl Strategy<Value = Supply> {
        (0i64..600_000, 0.05f64..20.0).prop_map(|(lead_ms, per_second)| Supply { lead_ms, per_second })
    }

    /// Requests at random, so many a second on the average.
    fn poisson(seed: u64, per_second: f64, count: usize) -> Vec<i64> {
        let (mut random, mut now) = (SmallRng::seed_from_u64(seed), 0.0);
        let mut next = || {
            now += -(1.0 - random.random::<f64>()).ln() / per_second * 1000.0;
            now as i64
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn needs_by_hand() {
        let asked = [0, 1_000, 2_000, 10_000, 10_000, 10_000];
        let fast = needs(&asked, &Supply { lead_ms: 1_500, per_second: 1000.0 }, &FREE);
        // Each is replaced 1.5 s later: one outstanding at 1 s and 2 s, then three at once.
        assert_eq!(fast.histogram, [0, 2, 3, 1]);
        assert_eq!(fast.curve(), [(0, 1.0), (1, 4.0 / 6.0), (2, 1.0 / 6.0), (3, 0.0)]);
        assert_eq!(
            (fast.most(), fast.stock_for(0.0), fast.stock_for(0.2), fast.stock_for(0.9), fast.stock_for(1.0)),
            (3, 3, 2, 1, 0)
        );
        // One purchase in four seconds: ready at 4, 8, 12 s, then 16, 20.
        let slow = needs(&asked, &Supply { lead_ms: 4_000, per_second: 0.25 }, &FREE);
        assert_eq!(slow.histogram, [0, 1, 2, 2, 1]);
        let later = needs_since(&asked, &Supply { lead_ms: 4_000, per_second: 0.25 }, &FREE, 10_000);
        assert_eq!(later.histogram, [0, 0, 1, 1, 1]);
        // Two in an hour: the first two are replaced in time, the others after hours.
        let capped =
            needs(&asked, &Supply { lead_ms: 500, per_second: 1000.0 }, &CapLimits { per_hour_max: 2, ..FREE });
        assert_eq!(capped.histogram, [0, 3, 1, 1, 1]);
        let never = needs(&asked, &Supply { lead_ms: 500, per_second: 1000.0 }, &CapLimits { per_day_max: 0, ..FREE });
        assert_eq!(never.histogram, [0, 1, 1, 1, 1, 1, 1]);
        let none = needs(&[], &Supply { lead_ms: 1, per_second: 1.0 }, &FREE);
        assert_eq!((none.count(), none.most(), none.stock_for(0.001), none.share_at(0)), (0, 0, 0, 0.0));
        assert!(none.curve().is_empty());
    }

    #[test]
    fn requests_at_random_need_what_the_formula_says() {
        let (per_second, lead) = (0.5, 60.0);
        let needs = needs(&poisson(7, per_second, 400_000), &Supply { lead_ms: 60_000, per_second: 1e6 }, &FREE);
        let outstanding = Poisson::new(per_second * lead).unwrap();
        for share in [0.1, 0.01, 0.001] {
            let formula = outstanding.inverse_cdf(1.0 - share) as u32 + 1;
            assert!(needs.stock_for(share).abs_diff(formula) <= 1, "{share}: {} and {formula}", needs.stock_for(share));
        }
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_a_slow_model_finds(
            asked in any_history(200), supply in any_supply(), per_hour_max in 1u32..60, per_day_max in 1u32..120,
        ) {
            let limits = CapLimits { per_hour_max, per_day_max, ..FREE };
            let (mut ready, mut bought, mut by_hand) = (Vec::<i64>::new(), Vec::<i64>::new(), Vec::new());
            for asked_at in &asked {
                let now = asked_at * 1000;
                by_hand.push(1 + ready.iter().filter(|ready| **ready > now).count());
                let gap = (1e6 / supply.per_second).round() as i64;
                let mut at = now.max(bought.last().copied().unwrap_or(now));
                let within = |bought: &[i64], at: i64, window_ms: i64| bought.iter().filter(|one| **one + window_ms * 1000 > at).count();
                // The first instant at which neither cap is used up.
                while within(&bought, at, HOUR_MS) >= per_hour_max as usize || within(&bought, at, DAY_MS) >= per_day_max as usize {
                    let frees = bought.iter().flat_map(|one| [one + HOUR_MS * 1000, one + DAY_MS * 1000]);
                    at = frees.filter(|frees| *frees > at).min().unwrap();
                }
                bought.push(at);
                let next = (at + supply.lead_ms * 1000).max(ready.last().map_or(i64::MIN, |last| last + gap));
                ready.push(next);
            }
            let needs = needs(&asked, &supply, &limits);
            for stock in 0..=needs.most() + 1 {
                let waiting = by_hand.iter().filter(|need| **need > stock as usize).count();
                prop_assert_eq!(needs.waiting_at(stock), waiting as u64);
            }
        }

        #[test]
        fn more_stock_never_makes_more_of_them_wait(asked in any_history(300), supply in any_supply(), share in 0.0f64..0.5) {
            let needs = needs(&asked, &supply, &FREE);
            let curve = needs.curve();
            prop_assert!(curve.windows(2).all(|two| two[0].1 >= two[1].1 && two[0].0 + 1 == two[1].0));
            for (stock, share) in &curve {
                prop_assert_eq!(needs.share_at(*stock), *share);
            }
            let stock = needs.stock_for(share);
            prop_assert!(needs.share_at(stock) <= share && (stock == 0 || needs.share_at(stock - 1) > share));
        }
    }
}
