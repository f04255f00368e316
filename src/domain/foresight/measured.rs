//! Supply and confidence, out of what was measured.
//!
//! How to get it wrong: leaving out the numbers that are not ready yet. The slowest are among them, and count at their age.

use super::supply::Supply;

/// With fewer purchases than this the lead is no measurement.
const PURCHASES_MIN: usize = 20;
/// Nor is it believed to be shorter than this, then.
const LEAD_MIN_MS: i64 = 60_000;
/// Purchases a second where nobody has measured any.
const PER_SECOND_UNMEASURED: f64 = 1.0;
const DAYS_MIN: u32 = 7;
const REQUESTS_MIN: u64 = 1000;

/// How much an answer is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Too little was seen.
    Low,
    /// A week, a thousand requests, twenty purchases.
    Good,
}

/// The supply of a pool whose purchases took so long until they were ready, in milliseconds, and that the market sold so many
/// a second. Caps are no part of it: replays know them.
#[must_use]
pub fn measured(leads_ms: &[i64], per_second: Option<f64>) -> Supply {
    let mut leads = leads_ms.to_vec();
    leads.sort_unstable();
    let place = (leads.len() * 95).div_ceil(100).saturating_sub(1);
    let lead = leads.get(place).copied().unwrap_or_default().max(0);
    let lead_ms = if leads.len() < PURCHASES_MIN { lead.max(LEAD_MIN_MS) } else { lead };
    Supply { lead_ms, per_second: per_second.filter(|rate| *rate > 0.0).unwrap_or(PER_SECOND_UNMEASURED) }
}

/// How much advice out of so much history is to be believed.
#[must_use]
pub fn confidence(days: u32, requests: u64, purchases: usize) -> Confidence {
    let is_enough = days >= DAYS_MIN && requests >= REQUESTS_MIN && purchases >= PURCHASES_MIN;
    if is_enough { Confidence::Good } else { Confidence::Low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_that_of_all_but_one_in_twenty() {
        let hundred: Vec<i64> = (1..=100).rev().collect();
        assert_eq!(measured(&hundred, Some(13.0)), Supply { lead_ms: 95, per_second: 13.0 });
        let twenty: Vec<i64> = (1..=20).collect();
        assert_eq!(measured(&twenty, None), Supply { lead_ms: 19, per_second: 1.0 });
        // Of fewer the slowest, and a minute at least.
        assert_eq!(measured(&twenty[1..], None).lead_ms, 60_000);
        assert_eq!(measured(&[5, 90_000], Some(0.0)), Supply { lead_ms: 90_000, per_second: 1.0 });
        assert_eq!(measured(&[], None).lead_ms, 60_000);
    }

    #[test]
    fn little_history_is_little_confidence() {
        assert_eq!(confidence(7, 1000, 20), Confidence::Good);
        for (days, requests, purchases) in [(6, 1000, 20), (7, 999, 20), (7, 1000, 19)] {
            assert_eq!(confidence(days, requests, purchases), Confidence::Low);
        }
    }
}
