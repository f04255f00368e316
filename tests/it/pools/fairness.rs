//! A market that hangs holds back those who wait at it, and nobody else.
//!
//! How to get it wrong: asking how long something took. Whoever waits at the market that hangs must be waiting still when the
//! others have been served.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use super::{order, sign_up, three};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// Nothing that is asked of one country's market is answered.
fn hang(world: &World, country: &str) {
    for on in [On::Search, On::Create] {
        world.twilio.fault(Fault::new(on, FaultKind::Hang).country(country).forever());
    }
}

/// Whether something has hung.
fn hangs(world: &World) -> bool {
    world.twilio.truth().faults_fired.get("hang").is_some_and(|times| *times > 0)
}

/// Three pools, of which one market may hang.
fn hanging() -> World {
    three()
        .set("twilio.request_timeout_ms", 6000)
        .set("purchase.emergency_wait_ms", 40_000)
        .set("purchase.unknown_settle_secs", 1)
}

/// Twenty signups at the empty pools of the United States and Canada, while `others` still wait.
fn twenty_are_served(daemon: &Daemon) {
    std::thread::scope(|scope| {
        for user in 0..20 {
            scope.spawn(move || {
                let pool = ["default", "ca"][user % 2];
                let given = sign_up(daemon, &format!("u-{user}"), pool).ok();
                assert_eq!((&given["pool"], &given["source"]), (&json!(pool), &json!("emergency")), "{given}");
            });
        }
    });
}

#[test]
fn one_hanging_market_keeps_no_signup_of_another_waiting() {
    for on in [On::Search, On::Create] {
        let world = hanging();
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(on, FaultKind::Hang).country("GB").forever());
        std::thread::scope(|scope| {
            let waiting: Vec<_> = (0..2)
                .map(|user| {
                    scope.spawn({
                        let daemon = &daemon;
                        move || sign_up(daemon, &format!("gb-{user}"), "gb")
                    })
                })
                .collect();
            eventually("it hangs", || hangs(&world));
            twenty_are_served(&daemon);
            assert!(waiting.iter().all(|signup| !signup.is_finished()), "they were served while it hung");
            assert_eq!(world.count("SELECT count(*) FROM numbers WHERE pool = 'gb'"), 0);
            world.twilio.clear_faults();
            for signup in waiting {
                assert_eq!(signup.join().unwrap().ok()["pool"], "gb", "and they are served once it sells again");
            }
        });
        world.settle();
        world.assert_truth();
    }
}

/// An order by hand of thirty in GB's market, accepted, whose creates hang.
fn hanging_order(world: &World, daemon: &Daemon) {
    // Its candidates are found: it is the creates that hang.
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).country("GB").forever());
    let wish = json!({"count": 30, "pool": "gb"});
    let accepted = daemon.post_with("/admin/phones/api/purchase", &wish, &[("Prefer", "respond-async")]);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    eventually("it hangs", || hangs(world));
}

/// It is not over.
fn goes_on(world: &World) -> bool {
    ["queued", "running"].contains(&world.sql("SELECT state FROM purchases WHERE pool = 'gb'").as_str())
}

fn ends(world: &World) {
    world.twilio.clear_faults();
    eventually("it ends", || world.sql("SELECT state FROM purchases WHERE pool = 'gb'") == "done");
    world.settle();
    world.assert_truth();
}

#[test]
fn an_order_by_hand_of_a_hanging_market_gives_way_to_others() {
    let world = hanging().set("purchase.lock_wait_ms", 60_000);
    let daemon = world.daemon();
    hanging_order(&world, &daemon);
    for pool in ["ca", "default"] {
        assert_eq!(order(&daemon, &json!({"count": 2, "pool": pool})).ok()["purchased_count"], 2);
        assert!(goes_on(&world), "{}", world.ledger());
    }
    ends(&world);
}

#[test]
fn one_hanging_market_delays_the_others_by_one_batch() {
    let world = hanging()
        .set("pool.threshold_low", 2)
        .set("pool.replenishment_batch_size", 2)
        .set("pools.gb.threshold_low", 3)
        .set("pools.gb.replenishment_batch_size", 3)
        .set("twilio.request_timeout_ms", 2000);
    hang(&world, "GB");
    let daemon = world.daemon();
    let of_pool = |pool: &str| world.count(&format!("SELECT count(*) FROM numbers WHERE pool = '{pool}'"));
    eventually("the default pool is filled, and the other market hangs", || of_pool("default") == 2 && hangs(&world));
    // What is bought for the default pool from now on waits for one batch of the other pool at most.
    let batches = || world.count("SELECT count(*) FROM purchases WHERE pool = 'gb'");
    let before = batches();
    for user in ["u-1", "u-2"] {
        assert_eq!(sign_up(&daemon, user, "default").ok()["source"], "pool");
    }
    daemon.post_empty("/admin/phones/api/replenish?pool=default").ok();
    eventually("it is filled again", || of_pool("default") >= 4);
    assert!(batches() <= before + 1, "{}", world.ledger());
    assert_eq!(of_pool("gb"), 0);
    world.twilio.clear_faults();
    eventually("it sells again", || of_pool("gb") >= 3);
    world.settle();
    world.assert_truth();
}

#[test]
fn an_order_by_hand_of_a_hanging_market_gives_way_to_checks() {
    let world = hanging()
        .set("pool.threshold_low", 3)
        .set("pool.replenishment_batch_size", 3)
        .set("purchase.lock_wait_ms", 60_000);
    let daemon = world.daemon();
    let of_default = || world.count("SELECT count(*) FROM numbers WHERE pool = 'default'");
    eventually("the default pool is filled", || of_default() == 3);
    hanging_order(&world, &daemon);
    for user in 0..3 {
        assert_eq!(sign_up(&daemon, &format!("u-{user}"), "default").ok()["source"], "pool");
    }
    eventually("the check bought", || of_default() >= 6);
    assert!(goes_on(&world), "{}", world.ledger());
    ends(&world);
}

#[test]
fn those_who_wait_at_a_busy_pool_keep_no_run_going_whose_own_work_is_done() {
    let world = three()
        .set("twilio.request_timeout_ms", 2500)
        .set("purchase.emergency_wait_ms", 60_000)
        .set("spend.purchases_per_hour_max", 1000)
        .set("spend.purchases_per_day_max", 1000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).country("US"));
    let (answered, next) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        let ordered = scope.spawn(|| {
            let ended = order(&daemon, &json!({"count": 1})).ok();
            let since = "SELECT count(*) FROM purchases WHERE trigger = 'emergency'
                            AND created_at > (SELECT ended_at FROM purchases WHERE trigger = 'manual')";
            let rounds = world.count(since);
            answered.store(true, Ordering::Relaxed);
            (ended, rounds)
        });
        eventually("its create hangs", || hangs(&world));
        world.twilio.set_latency_on(On::Create, Duration::from_millis(200));
        // More than are bought for at a time: somebody waits whenever a round ends.
        for _many in 0..12 {
            scope.spawn(|| {
                while !answered.load(Ordering::Relaxed) {
                    let user = next.fetch_add(1, Ordering::Relaxed);
                    if user >= 400 {
                        return;
                    }
                    sign_up(&daemon, &format!("ca-{user}"), "ca").ok();
                }
            });
        }
        let (ended, rounds) = ordered.join().unwrap();
        assert_eq!(ended["purchased_count"], 1, "{ended}");
        // Those that were under way end; and a few may have begun elsewhere before this was asked.
        assert!(rounds <= 16, "{rounds} rounds since it ended");
    });
    world.assert_nothing_lost_or_doubled();
}

/// Somebody waits at another instance, for an hour.
fn waits_elsewhere(world: &World, user: &str, pool: &str, wish: &str) {
    world.sql(&format!(
        "INSERT INTO waiters (user_id, instance_id, pool, area_code, expires_at)
         VALUES ('{user}', gen_random_uuid(), '{pool}', nullif('{wish}', ''), clock_timestamp() + interval '1 hour')"
    ));
}

#[test]
fn one_wishs_search_that_is_refused_keeps_nobody_else_waiting() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 40_000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::Refuse).code(29_999).area_code("415").forever());
    for round in 0..3 {
        waits_elsewhere(&world, &format!("w-{round}"), "default", "415");
        assert_eq!(daemon.assign(&format!("u-{round}")).ok()["source"], "emergency");
    }
    assert!(world.bought() <= 6, "one for each: {}", world.ledger());
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn those_who_wait_for_a_hanging_market_hold_up_no_order_of_another_pool() {
    let world = hanging().set("twilio.request_timeout_ms", 20_000);
    let daemon = world.daemon();
    hang(&world, "GB");
    waits_elsewhere(&world, "w-1", "gb", "");
    let accepted = daemon.post_with("/admin/phones/api/purchase", &json!({"count": 2}), &[("Prefer", "respond-async")]);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    eventually("it is done", || world.sql("SELECT state FROM purchases WHERE pool = 'default'") == "done");
    let was_over = daemon.has_logged("a question to Twilio failed and is asked again");
    assert!(hangs(&world) && !was_over, "their first search still hangs");
    world.twilio.clear_faults();
    let bought = || world.count("SELECT count(*) FROM numbers WHERE pool = 'gb'");
    eventually("it is bought for them once it sells again", || bought() == 1);
    world.settle();
    world.assert_truth();
}
