//! Boosts, by hand and beside what the caps let a pool buy.

use proptest::prelude::*;

use super::*;
use crate::domain::caps::UNBOUND;

const FREE: CapLimits =
    CapLimits { per_hour_max: UNBOUND, per_day_max: UNBOUND, pool_per_day_max: None, owned_all_max: None };
const NOTHING: Bought<'static> = Bought { by_all: &[], by_pool: &[] };
const FROM: i64 = 100 * DAY_MS;

fn boost(threshold_low: u32) -> Boost {
    Boost { from: FROM, until: FROM + DAY_MS, threshold_low }
}

fn hours_before(begin: i64) -> f64 {
    (FROM - begin) as f64 / HOUR_MS as f64
}

#[test]
fn it_begins_as_late_as_caps_and_lead_allow_with_a_fifth_to_spare() {
    let supply = Supply { lead_ms: HOUR_MS, per_second: 1000.0 };
    let begin = |threshold, limits: CapLimits| begins_at(&boost(threshold), 0, 50, &supply, &limits, NOTHING);
    // Nothing lacks, so it is enough to begin when it begins.
    assert!(hours_before(begin(50, FREE)) < 0.1);
    let near =
        |begin: i64, hours: f64| assert!((hours_before(begin) - hours * 1.2).abs() < 0.1, "{}", hours_before(begin));
    near(begin(250, FREE), 1.0);
    // A hundred at once, a hundred an hour later: the second hundred is ready after two hours.
    let hourly = CapLimits { per_hour_max: 100, ..FREE };
    near(begin(250, hourly), 2.0);
    near(begin(251, hourly), 3.0);
    // Thirty a day: 200 need six days and the lead.
    near(begin(250, CapLimits { pool_per_day_max: Some(30), ..hourly }), 6.0 * 24.0 + 1.0);
    assert!(hours_before(begin(250, CapLimits { per_day_max: 0, ..FREE })) > 24.0 * 27.9);
    let late = begins_at(&boost(250), FROM - 1000, 50, &supply, &hourly, NOTHING);
    assert_eq!(late, FROM - 1000);
}

#[test]
fn what_was_bought_already_counts_and_what_cannot_be_reached_is_told() {
    let supply = Supply { lead_ms: 60_000, per_second: 1000.0 };
    let limits = CapLimits { per_hour_max: 100, per_day_max: 150, ..FREE };
    let room = (1000, Cap::AvailableMax);
    let lacks = |hours: i64, threshold, bought: &[i64], room| {
        let bought = Bought { by_all: bought, by_pool: &[] };
        shortfall(&boost(threshold), FROM - hours * HOUR_MS, 10, room, &supply, &limits, bought)
    };
    assert_eq!(lacks(2, 160, &[], room), None);
    assert_eq!(lacks(2, 170, &[], room), Some(Shortfall { count: 10, cap: Some(Cap::PurchasesPerDay) }));
    let just_now: Vec<i64> = (0..100).map(|one| FROM - 2 * HOUR_MS - 1000 + one).collect();
    assert_eq!(lacks(2, 60, &just_now, room), None);
    assert_eq!(lacks(2, 61, &just_now, room), Some(Shortfall { count: 1, cap: Some(Cap::PurchasesPerDay) }));
    assert_eq!(lacks(1, 11, &just_now[50..], room), None);
    assert_eq!(
        lacks(2, 160, &[], (120, Cap::AvailableMax)),
        Some(Shortfall { count: 30, cap: Some(Cap::AvailableMax) })
    );
    let too_late = shortfall(&boost(30), FROM - 1000, 10, room, &supply, &FREE, NOTHING);
    assert_eq!(too_late, Some(Shortfall { count: 20, cap: None }));
    let nothing = CapLimits { pool_per_day_max: Some(0), ..FREE };
    let never = shortfall(&boost(30), 0, 10, room, &supply, &nothing, NOTHING);
    assert_eq!(never, Some(Shortfall { count: 20, cap: Some(Cap::PoolPurchasesPerDay) }));
}

proptest! {
    #[test]
    fn whatever_the_caps_it_is_ready_in_time_or_told(
        threshold in 0u32..300, idle in 0u32..40, lead_ms in 0i64..HOUR_MS, per_second in 0.01f64..20.0,
        per_hour_max in 0u32..60, per_day_max in 0u32..200, pool_per_day_max in proptest::option::of(0u32..100),
        bought in proptest::collection::vec(0i64..DAY_MS, 0..80), hours in 0i64..300,
    ) {
        let now = FROM - hours * HOUR_MS;
        let supply = Supply { lead_ms, per_second };
        let limits = CapLimits { per_hour_max, per_day_max, pool_per_day_max, owned_all_max: None };
        let mut bought: Vec<i64> = bought.into_iter().map(|before| now - before).collect();
        bought.sort_unstable();
        let bought = Bought { by_all: &bought, by_pool: &bought[bought.len() / 2..] };
        let begin = begins_at(&boost(threshold), now, idle, &supply, &limits, bought);
        prop_assert!(begin >= now.min(FROM) && begin <= FROM);
        let room = (UNBOUND, Cap::AvailableMax);
        let of_now = shortfall(&boost(threshold), now, idle, room, &supply, &limits, bought);
        // Whoever begins at that instant has all of them, unless it was too late from the outset.
        let of_begin = shortfall(&boost(threshold), begin, idle, room, &supply, &limits, bought);
        prop_assert!(of_begin.is_none() || (of_now.is_some() && begin == now), "{:?} {:?}", of_begin, of_now);
        // And no window has more purchases than its cap.
        let lacking = threshold.saturating_sub(idle) as usize;
        let mut purchases = Purchases::begin(begin, &supply, &limits, bought);
        let mut made: Vec<i64> = bought.by_all.iter().map(|at| at * 1000).collect();
        let before = made.len();
        while made.len() < before + lacking && purchases.next().is_some() {
            made.push(purchases.now);
        }
        for (window, most) in [(HOUR_MS * 1000, per_hour_max), (DAY_MS * 1000, per_day_max)] {
            for place in before..made.len() {
                let within = made[..=place].iter().filter(|at| **at + window > made[place]).count();
                prop_assert!(within <= most as usize, "{within} of {most}");
            }
        }
    }
}
