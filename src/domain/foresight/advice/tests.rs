//! Advice beside the replay that it promises.

use proptest::prelude::*;

use super::super::replay::tests::{any_history, any_supply};
use super::super::supply::Supply;
use super::super::what_if::tests::{FREE, setting};
use super::*;

const DAY: i64 = 86_400_000;
const FROM: i64 = 1_790_000_000_000;

fn history(asked: &[i64], days: i64) -> History<'_> {
    History { asked, from: FROM, until: FROM + days * DAY, start: Stock::default() }
}

/// A request every so many milliseconds, and a crowd on each day's noon.
fn crowds(days: i64, every_ms: i64, crowd: i64) -> Vec<i64> {
    let mut asked: Vec<i64> = (0..days * DAY / every_ms).map(|one| FROM + one * every_ms).collect();
    asked.extend((0..days).flat_map(|day| (0..crowd).map(move |one| FROM + day * DAY + DAY / 2 + one * 100)));
    asked.sort_unstable();
    asked
}

#[test]
fn a_long_history_speaks_for_itself() {
    let asked = crowds(28, 60_000, 40);
    let supply = Supply { lead_ms: 30_000, per_second: 10.0 };
    let advice = advise(&history(&asked, 28), &setting(10, 10, supply), 0.001);
    assert_eq!((advice.bound, advice.then.share_waiting() <= 0.001), (Bound::Replay, true));
    assert!((20..=45).contains(&advice.threshold) && advice.threshold <= advice.base_stock, "{advice:?}");
    // One less would not do, and today's ten let far more of them wait.
    let one_less = advise(&history(&asked, 28), &setting(advice.threshold - 1, 10, supply), 0.001);
    assert_eq!(one_less.threshold, advice.threshold);
    assert!(one_less.now.share_waiting() > 0.001 && advice.now.share_waiting() > 0.01);
    assert_eq!(one_less.then, advice.then);
    // In five seconds the market delivers fifty, and a third of the stock is less.
    assert_eq!(advice.batch, advice.base_stock / 3);
}

#[test]
fn a_short_history_is_not_believed_to_have_seen_the_worst() {
    let supply = Supply { lead_ms: 60_000, per_second: 10.0 };
    // One request after the other, as evenly as chance never has it.
    let even: Vec<i64> = (0..300).map(|one| FROM + one * 20_000).collect();
    let short = History { until: FROM + 6_000_000, ..history(&even, 0) };
    let advice = advise(&short, &setting(2, 1, supply), 0.02);
    assert_eq!((advice.bound, needs(&even, &supply, &FREE).most()), (Bound::Moments, 3));
    assert!(advice.base_stock > 6 && advice.threshold > 6, "{advice:?}");
    let few = crowds(7, DAY / 20, 3);
    let rare = advise(&history(&few, 7), &setting(2, 1, supply), 0.00001);
    assert!(rare.base_stock > needs(&few, &supply, &FREE).most(), "{rare:?}");
    let long = crowds(28, 60_000, 40);
    let rarest = advise(&history(&long, 28), &setting(10, 10, Supply { lead_ms: 30_000, per_second: 10.0 }), 0.00001);
    let most = needs(&long, &Supply { lead_ms: 30_000, per_second: 10.0 }, &FREE).most();
    assert_eq!((rarest.bound, rarest.base_stock), (Bound::SampleEnd, (f64::from(most) * 1.2).ceil() as u32));
    assert!(rarest.threshold > rarest.base_stock - 10);
    let nobody = advise(&history(&[], 28), &setting(10, 10, supply), 0.001);
    assert_eq!((nobody.threshold, nobody.base_stock, nobody.batch, nobody.bound), (0, 0, 1, Bound::Replay));
}

#[test]
fn a_cap_in_the_way_is_named() {
    let (asked, supply) = (crowds(28, 60_000, 40), Supply { lead_ms: 30_000, per_second: 10.0 });
    let of = |change: fn(&mut Setting)| {
        let mut setting = setting(10, 10, supply);
        change(&mut setting);
        advise(&history(&asked, 28), &setting, 0.001)
    };
    let small = of(|setting| setting.policy.available_max = 12);
    assert_eq!((small.threshold, small.bound), (12, Bound::Cap(Cap::AvailableMax)));
    assert!(small.then.share_waiting() > 0.001);
    let slow = of(|setting| setting.limits.per_hour_max = 20);
    // Sixty an hour ask, and twenty may be bought: nothing but a stock for all four weeks would do.
    assert_eq!((slow.bound, slow.threshold > 20_000), (Bound::Cap(Cap::PurchasesPerHour), true));
    let daily = of(|setting| setting.limits.pool_per_day_max = Some(1475));
    assert_eq!(daily.bound, Bound::Cap(Cap::PoolPurchasesPerDay));
}

#[test]
fn demand_that_grows_is_met_before_it_is_there() {
    // Each week a request comes sooner after the other.
    let mut asked = Vec::new();
    for (week, every_ms) in [(0, 10_000), (1, 7_000), (2, 5_000), (3, 3_500)] {
        asked.extend((0..7 * DAY / every_ms).map(|one| FROM + week * 7 * DAY + one * every_ms));
    }
    let supply = Supply { lead_ms: 60_000, per_second: 10.0 };
    let grown = advise(&history(&asked, 28), &setting(10, 1, supply), 0.001);
    let needed_last = needs(&asked, &supply, &FREE).most();
    assert_eq!(grown.bound, Bound::Growth);
    assert!(grown.base_stock > needed_last, "{} and {needed_last}", grown.base_stock);
    assert_eq!(grown.then.waiting, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_advised_keeps_its_word(
        asked in any_history(120), supply in any_supply(), threshold in 0u32..20, batch in 1u32..12, available_max in 1u32..60,
        share in 0.001f64..0.3,
    ) {
        let mut setting = setting(threshold, batch, supply);
        setting.policy.available_max = available_max;
        let (from, until) = (asked.first().copied().unwrap_or(FROM), asked.last().copied().unwrap_or(FROM));
        let advice = advise(&History { asked: &asked, from, until, start: Stock::default() }, &setting, share);
        prop_assert!(advice.threshold <= available_max && advice.batch >= 1);
        prop_assert!(advice.then.share_waiting() <= share || matches!(advice.bound, Bound::Cap(_)), "{:?}", advice);
        // The same question has the same answer, to the last digit.
        let policy = PoolPolicy { threshold_low: advice.threshold, ..setting.policy };
        prop_assert_eq!(what_if(&asked, &Setting { policy, ..setting }, Stock::default()), advice.then);
    }
}
