//! What a short history says beyond its own worst hour: a distribution with its mean and its variance.
//!
//! Invariant: negative binomial where requests come in crowds (variance above the mean), Poisson where they do not.
//! How to get it wrong: Poisson always. Bursts make it short by a factor of eight to sixty.

use statrs::distribution::{DiscreteCDF as _, NegativeBinomial, Poisson};

/// The demand within one lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// On the average.
    pub mean: f64,
    /// And how far from it.
    pub variance: f64,
}

/// How many asked within one lead after the other, from one instant to another.
#[must_use]
pub fn moments(asked: &[i64], from: i64, until: i64, lead_ms: i64) -> Moments {
    let lead = lead_ms.max(1);
    let windows = ((until - from) as f64 / lead as f64).max(1.0);
    let window_of = |at: &i64| (at - from).div_euclid(lead);
    let counts = asked.chunk_by(|one, other| window_of(one) == window_of(other)).map(|window| window.len() as f64);
    let (sum, squares) = counts.fold((0.0, 0.0), |(sum, squares), count| (sum + count, squares + count * count));
    let mean = sum / windows;
    Moments { mean, variance: (squares / windows - mean * mean).max(0.0) }
}

impl Moments {
    /// The stock that keeps all but this share from waiting: what is asked for within a lead is not replaced yet, and whoever
    /// asks then needs one more.
    #[must_use]
    pub fn stock_for(&self, share: f64) -> u32 {
        let Self { mean, variance } = *self;
        if mean <= 0.0 {
            return 0;
        }
        let probability = (1.0 - share).clamp(0.0, 1.0 - f64::EPSILON);
        let crowded = (variance > mean).then(|| mean * mean / (variance - mean));
        let outstanding = match crowded.and_then(|r| NegativeBinomial::new(r, r / (r + mean)).ok()) {
            Some(distribution) => distribution.inverse_cdf(probability),
            None => Poisson::new(mean).map(|distribution| distribution.inverse_cdf(probability)).unwrap_or_default(),
        };
        u32::try_from(outstanding.saturating_add(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::replay::tests::any_history;
    use super::*;

    #[test]
    fn crowds_want_more_than_their_mean_says() {
        // Ten windows of a second: 2, 0, 0, 4, and nobody in the others.
        let asked = [100, 900, 3_000, 3_100, 3_200, 3_999];
        let moments = moments(&asked, 0, 10_000, 1_000);
        assert_eq!((moments.mean, moments.variance), (0.6, 2.0 - 0.36));
        let steady = Moments { mean: 0.6, variance: 0.6 };
        assert_eq!((steady.stock_for(0.001), steady.stock_for(0.5)), (5, 1));
        assert!(moments.stock_for(0.001) > steady.stock_for(0.001) + 3, "{}", moments.stock_for(0.001));
        assert_eq!(Moments { mean: 0.0, variance: 0.0 }.stock_for(0.001), 0);
    }

    proptest! {
        #[test]
        fn the_mean_is_of_all_windows(asked in any_history(200), lead_ms in 0i64..100_000) {
            let (from, until) = (1_789_999_000_000, 1_791_000_000_000);
            let moments = moments(&asked, from, until, lead_ms);
            let windows = (until - from) as f64 / lead_ms.max(1) as f64;
            prop_assert!((moments.mean * windows - asked.len() as f64).abs() < 1e-6 * (1.0 + asked.len() as f64));
            prop_assert!(moments.variance >= 0.0 && moments.variance.is_finite());
        }

        #[test]
        fn fewer_may_wait_only_with_more_stock(mean in 0.001f64..200.0, above in 0.0f64..50.0, share in 0.00001f64..0.5) {
            let moments = Moments { mean, variance: mean * (1.0 + above) };
            prop_assert!(moments.stock_for(share / 2.0) >= moments.stock_for(share));
            prop_assert!(moments.stock_for(share) >= 1);
        }
    }
}
