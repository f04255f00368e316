//! A market that hangs holds back those who wait at it, and nobody else.
//!
//! How to get it wrong: asking how long something took. Whoever waits at the market that hangs must be waiting still when the
//! others have been served.

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
