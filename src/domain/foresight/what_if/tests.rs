//! Replays of the pool's policy, by hand and beside what the requests needed.

use proptest::prelude::*;

use super::super::replay::needs;
use super::super::replay::tests::{any_history, any_supply};
use super::super::supply::Supply;
use super::*;
use crate::domain::caps::PoolPolicy;

pub(in crate::domain::foresight) const FREE: CapLimits =
    CapLimits { per_hour_max: UNBOUND, per_day_max: UNBOUND, pool_per_day_max: None, owned_all_max: None };

const NEVER_MS: i64 = 1 << 40;

pub(in crate::domain::foresight) fn setting(threshold_low: u32, batch: u32, supply: Supply) -> Setting {
    let policy = PoolPolicy {
        threshold_low,
        replenishment_batch_size: batch,
        total_min: 0,
        available_max: 100_000,
        owned_max: 100_000_000,
    };
    Setting { policy, limits: FREE, supply, emergency_wait_ms: NEVER_MS }
}

fn run(asked: &[i64], setting: &Setting) -> WhatIf {
    what_if(asked, setting, Stock::default())
}

fn fast(lead_ms: i64) -> Supply {
    Supply { lead_ms, per_second: f64::INFINITY }
}

#[test]
fn without_traffic_nothing_happens() {
    assert_eq!(run(&[], &setting(10, 10, fast(1000))), WhatIf::default());
    let one = run(&[5_000], &setting(10, 10, fast(1000)));
    assert_eq!((one.signups, one.waiting, one.purchases, one.stock_max), (1, 0, 10, 10));
    assert_eq!((one.share_waiting(), one.wait_p50_secs, one.bound), (0.0, None, None));
}

#[test]
fn who_finds_nothing_waits_for_what_is_on_its_way_or_for_an_emergency() {
    // Two numbers, bought two at a time, ready after ten seconds; four ask at once, one a second later.
    let crowd = run(&[0, 0, 0, 0, 1_000], &setting(2, 2, fast(10_000)));
    // The first leaves one: two are ordered. The third and fourth wait for them, the fifth for an emergency.
    assert_eq!((crowd.signups, crowd.waiting, crowd.emergencies, crowd.refused), (5, 3, 1, 0));
    assert_eq!((crowd.wait_p50_secs, crowd.wait_p95_secs), (Some(10.0), Some(10.0)));
    // What is bought when they are served is no part of the history any more.
    assert_eq!(crowd.purchases, 2 + 1);
    let short = run(&[0, 0, 0, 0, 1_000], &Setting { emergency_wait_ms: 8_000, ..setting(2, 2, fast(10_000)) });
    assert_eq!((short.waiting, short.refused, short.wait_p95_secs), (3, 3, Some(8.0)));
    let nothing = run(&[0, 60_000], &Setting { emergency_wait_ms: 20_000, ..setting(0, 5, fast(10_000)) });
    assert_eq!((nothing.waiting, nothing.refused, nothing.emergencies, nothing.purchases), (2, 0, 2, 2));
}

#[test]
fn means_are_over_the_time() {
    // One of two is taken at 0 s and replaced at 5 s; the next one asks at 10 s.
    let calm = run(&[0, 10_000], &setting(2, 1, fast(5_000)));
    assert_eq!((calm.stock_mean, calm.idle_mean, calm.stock_max), (1.5, 2.0, 2));
}

#[test]
fn caps_bind_and_are_named() {
    let (day, asked) = (86_400_000, [0; 30]);
    let of = |change: fn(&mut Setting)| {
        let mut setting = setting(10, 10, fast(1_000));
        change(&mut setting);
        run(&asked, &setting)
    };
    let free = of(|_| ());
    assert_eq!((free.waiting, free.bound), (20, None));
    let hour = of(|setting| setting.limits.per_hour_max = 12);
    assert_eq!((hour.waiting, hour.bound), (20, Some(Cap::PurchasesPerHour)));
    // Twelve in the first hour, eight more when it is over.
    assert!(hour.wait_p50_secs.unwrap() < 2.0 && hour.wait_p95_secs.unwrap() > 3600.0);
    let pool = of(|setting| setting.limits.pool_per_day_max = Some(3));
    assert_eq!(pool.bound, Some(Cap::PoolPurchasesPerDay));
    assert!(pool.wait_p50_secs.unwrap() > day as f64 / 1000.0);
    let all = of(|setting| setting.limits.owned_all_max = Some(15));
    assert_eq!((all.bound, all.purchases), (Some(Cap::SpendOwnedMax), 5));
    let owned = of(|setting| setting.policy.owned_max = 15);
    assert_eq!((owned.bound, owned.purchases), (Some(Cap::OwnedMax), 5));
    let least = of(|setting| {
        setting.policy.available_max = 4;
        setting.limits.per_day_max = 1000;
    });
    assert_eq!((least.stock_max, least.waiting), (4, 26));
}

#[test]
fn total_min_fills_a_pool_that_has_no_threshold() {
    let mut setting = setting(0, 10, fast(1_000));
    setting.policy.total_min = 25;
    let filled = run(&[0, 0, 0], &setting);
    assert_eq!((filled.stock_max, filled.waiting, filled.purchases), (30, 0, 0));
    let assigned = what_if(&[0], &setting, Stock { assigned: 20, ..Stock::default() });
    assert_eq!((assigned.stock_max, assigned.waiting), (10, 0));
}

#[test]
fn a_threshold_may_change_on_the_way() {
    let mut replay = Replay::begin(setting(2, 1, fast(1_000)), Stock::default(), 0);
    replay.ask(0);
    replay.set_threshold(5, 10_000);
    (0..5).for_each(|_| replay.ask(20_000));
    let found = replay.end(30_000, 30_000);
    assert_eq!((found.waiting, found.stock_max, found.purchases), (0, 5, 1 + 3 + 5));
}

proptest! {
    /// One for one, nobody waits exactly when nobody needed a larger stock.
    #[test]
    fn with_single_replacement_it_is_the_replay_of_needs(asked in any_history(150), supply in any_supply(), stock in 1u32..12) {
        let found = run(&asked, &setting(stock, 1, supply));
        let needs = needs(&asked, &supply, &FREE);
        prop_assert_eq!(found.waiting == 0, needs.most() <= stock);
        prop_assert_eq!((found.signups, found.refused), (asked.len() as u64, 0));
    }

    #[test]
    fn a_higher_threshold_makes_no_more_of_them_wait_beyond_a_batch(
        asked in any_history(150), supply in any_supply(), threshold in 0u32..12, higher in 0u32..12, batch in 1u32..8,
    ) {
        let low = run(&asked, &setting(threshold, batch, supply));
        let high = run(&asked, &setting(threshold + batch + higher, batch, supply));
        prop_assert!(high.waiting <= low.waiting, "{} with more, {} with less", high.waiting, low.waiting);
    }

    #[test]
    fn every_request_is_served_or_refused_and_caps_hold(
        asked in any_history(150), supply in any_supply(), threshold in 0u32..12, batch in 1u32..8, available_max in 1u32..30,
        per_hour_max in 0u32..20, emergency_wait_ms in 0i64..20_000,
    ) {
        let mut setting = Setting { emergency_wait_ms, ..setting(threshold, batch, supply) };
        setting.policy.available_max = available_max;
        setting.limits.per_hour_max = per_hour_max;
        let found = run(&asked, &setting);
        let hours = asked.last().zip(asked.first()).map_or(0, |(last, first)| (last - first) / HOUR_MS + 1);
        prop_assert!(found.purchases <= (hours as u64 + 1) * u64::from(per_hour_max));
        prop_assert!(found.waiting <= found.signups && found.refused <= found.waiting);
        prop_assert_eq!(found.wait_p95_secs.is_some(), found.waiting > 0);
        prop_assert!(found.wait_p95_secs.unwrap_or_default() <= emergency_wait_ms as f64 / 1000.0);
        prop_assert!(found.stock_mean <= found.idle_mean + 1e-9 && found.stock_mean <= f64::from(found.stock_max) + 1e-9);
    }
}
