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

/// Creates and searches of GB's market.
fn hanging() -> World {
    three().set("twilio.request_timeout_ms", 6000).set("purchase.emergency_wait_ms", 40_000)
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
            eventually("it hangs", || world.twilio.truth().faults_fired.get("hang").is_some_and(|times| *times > 0));
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

#[test]
fn one_hanging_market_delays_the_others_by_one_batch() {
    // What GB lacks is on its way, and hangs, when the United States are looked at.
    let world = hanging()
        .set("pool.threshold_low", 2)
        .set("pool.replenishment_batch_size", 2)
        .set("pools.gb.threshold_low", 3)
        .set("pools.gb.replenishment_batch_size", 3)
        .set("twilio.request_timeout_ms", 2000);
    hang(&world, "GB");
    let daemon = world.daemon();
    eventually("it hangs", || world.twilio.truth().faults_fired.get("hang").is_some_and(|times| *times > 0));
    eventually("the others are filled", || {
        daemon.post_empty("/admin/phones/api/replenish?pool=default");
        world.count("SELECT count(*) FROM numbers WHERE pool = 'default'") >= 2
    });
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE pool = 'gb'"), 0);
    let most = "SELECT coalesce(max(count), 0) FROM (SELECT count(*) FROM purchases WHERE pool = 'gb' GROUP BY pool) AS orders";
    assert!(world.count(most) >= 1, "it was tried");
    twenty_are_served_or_stocked(&daemon);
    world.twilio.clear_faults();
    eventually("it sells again", || world.count("SELECT count(*) FROM numbers WHERE pool = 'gb'") >= 3);
    world.settle();
    world.assert_truth();
}

/// Signups at both other pools, from stock or not.
fn twenty_are_served_or_stocked(daemon: &Daemon) {
    std::thread::scope(|scope| {
        for user in 0..20 {
            scope.spawn(move || {
                let pool = ["default", "ca"][user % 2];
                assert_eq!(sign_up(daemon, &format!("s-{user}"), pool).ok()["pool"], pool);
            });
        }
    });
}

#[test]
fn an_order_by_hand_of_a_hanging_market_gives_way() {
    let world = hanging()
        .set("pool.threshold_low", 3)
        .set("pool.replenishment_batch_size", 3)
        .set("purchase.lock_wait_ms", 60_000);
    let daemon = world.daemon();
    eventually("the default pool is filled", || daemon.status()["available"] == 3);
    hang(&world, "GB");
    // Its candidates are found before it hangs: it is the creates that do.
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).country("GB").forever());
    let wish = json!({"count": 30, "pool": "gb"});
    let accepted = daemon.post_with("/admin/phones/api/purchase", &wish, &[("Prefer", "respond-async")]);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let state = "SELECT state FROM purchases WHERE pool = 'gb'";
    eventually("it hangs", || world.twilio.truth().faults_fired.get("hang").is_some_and(|times| *times > 0));
    // Another order by hand, a check, and signups of the other pools have their turn while it is not over.
    assert_eq!(order(&daemon, &json!({"count": 2, "pool": "ca"})).ok()["purchased_count"], 2);
    assert!(["queued", "running"].contains(&world.sql(state).as_str()), "{}", world.ledger());
    for user in 0..3 {
        assert_eq!(sign_up(&daemon, &format!("u-{user}"), "default").ok()["source"], "pool");
    }
    eventually("the check bought", || daemon.status()["available"].as_u64() >= Some(3));
    assert!(["queued", "running"].contains(&world.sql(state).as_str()), "{}", world.ledger());
    world.twilio.clear_faults();
    eventually("it ends", || world.sql(state) == "done");
    world.settle();
    world.assert_truth();
}
