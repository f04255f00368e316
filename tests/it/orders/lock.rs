//! The purchase lock: shared with the earlier service, waited for, and worth nothing by itself.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::session::Session;
use crate::world::{HAS_THE_PURCHASE_LOCK, World, eventually};

#[test]
fn while_somebody_else_holds_the_lock_cron_says_so_and_an_operator_is_told_in_time() {
    let mut world = World::new().quiet().set("purchase.lock_wait_ms", 300);
    world.daemon().stop();
    world.change("pool.threshold_low", 10);
    let session = Session::holding_the_purchase_lock(&world);
    let daemon = world.daemon();
    let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("locked")), "{answer}");
    let refused = daemon.purchase(1);
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    refused.problem(409, "locked");
    assert_eq!(world.sql("SELECT state FROM purchases"), "interrupted");
    assert_eq!(world.twilio.truth().creates.len(), 0);
    drop(session);
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
}

#[test]
fn sixteen_orders_may_wait_for_the_lock_and_one_more_is_turned_away() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 1500);
    let (first, second) = (world.daemon(), world.daemon());
    let session = Session::holding_the_purchase_lock(&world);
    std::thread::scope(|scope| {
        let orders: Vec<_> = (0..16)
            .map(|n| {
                let daemon = if n % 2 == 0 { &first } else { &second };
                scope.spawn(|| daemon.purchase(1))
            })
            .collect();
        eventually("sixteen orders wait", || {
            world.count("SELECT count(*) FROM purchases WHERE state = 'queued'") == 16
        });
        let refused = second.purchase(1);
        assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
        refused.problem(429, "rate_limited");
        for order in orders {
            order.join().unwrap().problem(409, "locked");
        }
    });
    drop(session);
    assert_eq!(first.purchase(1).ok()["purchased_count"], 1);
    assert_eq!(world.bought(), 1);
}

#[test]
fn an_order_behind_a_long_one_of_the_same_instance_is_told_in_time() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 500);
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    std::thread::scope(|scope| {
        let long = scope.spawn(|| daemon.purchase(60).ok());
        eventually("the long one runs", || world.bought() > 0);
        let told = daemon.purchase(1);
        assert!(world.bought() < 60, "it was told only after the long one");
        // It had a turn between two slices, or it was told that there was none.
        assert!(told.status == 200 || told.body["code"] == "locked", "{told:?}");
        let long = long.join().unwrap();
        assert_eq!((&long["purchased_count"], &long["state"]), (&json!(60), &json!("done")), "{long}");
    });
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_by_hand_gets_its_turn_between_the_batches_of_another_instances_pass() {
    let mut world = World::new().quiet().set("pool.replenishment_batch_size", 2);
    let by_hand = world.daemon();
    world.change("pool.threshold_low", 40);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(150));
    let _refills = world.daemon_at_once();
    eventually("the pass buys", || world.bought() > 0);
    assert_eq!(by_hand.purchase(1).ok()["purchased_count"], 1);
    assert!(world.bought() < 30, "only when the pass was over: {} were bought", world.bought());
}

#[test]
fn a_batch_takes_its_turn_beside_an_order_by_hand_of_the_same_instance() {
    let mut world = World::new().quiet();
    world.daemon().stop();
    // More than the order brings, so that a pass always has something to buy.
    world.change("pool.threshold_low", 45);
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    eventually("it found nothing to buy", || daemon.status()["last_replenishment"]["reason"] == "no_stock");
    world.twilio.clear_faults();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(40).ok());
        eventually("the order runs", || world.bought() > 0);
        let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
        assert_eq!(answer["replenished"], true, "{answer}");
        let order = order.join().unwrap();
        assert_eq!((&order["purchased_count"], &order["state"]), (&json!(40), &json!("done")), "{order}");
    });
    let late =
        "SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE p.trigger = 'manual'
                   AND i.intended_at > (SELECT min(created_at) FROM purchases WHERE trigger = 'cron')";
    assert!(world.count(late) > 0, "the batch came after the whole order");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_that_would_not_wait_runs_when_nobody_holds_the_lock() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 0);
    let daemon = world.daemon();
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    let session = Session::holding_the_purchase_lock(&world);
    daemon.purchase(1).problem(409, "locked");
    drop(session);
    assert_eq!(world.bought(), 2);
}

#[test]
fn the_lock_is_held_in_a_transaction_of_its_own_that_holds_back_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_secs(5));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(1).ok());
        eventually("the create is on the wire", || world.twilio.truth().creates_in_flight == 1);
        let holder =
            world.sql(&format!("SELECT state, backend_xmin IS NULL, backend_xid IS NULL {HAS_THE_PURCHASE_LOCK}"));
        assert_eq!(holder, "idle in transaction|t|t");
        let rival = world.sql("SELECT pg_try_advisory_lock(12345)");
        assert_eq!(rival, "f", "the earlier service's way of asking");
        order.join().unwrap();
    });
    eventually("it is given back", || world.count(&format!("SELECT count(*) {HAS_THE_PURCHASE_LOCK}")) == 0);
}

#[test]
fn a_run_whose_lock_died_buys_nothing_more_once_another_instance_has_taken_over() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 40);
    let (first, second) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
    std::thread::scope(|scope| {
        let lost = scope.spawn(|| first.purchase(30).ok());
        eventually("the first one buys", || world.bought() >= 2);
        // Between two slices it has none to lose.
        let cut = format!("SELECT count(pg_terminate_backend(pid)) {HAS_THE_PURCHASE_LOCK}");
        eventually("it loses its lock", || world.count(&cut) > 0);
        let next = second.purchase(30).ok();
        let lost = lost.join().unwrap();
        assert_eq!(lost["state"], "interrupted", "{lost}");
        assert!(lost["errors"].as_array().unwrap().iter().any(|error| error["code"] == "interrupted"), "{lost}");
        let bought = |order: &serde_json::Value| order["purchased_count"].as_u64().unwrap();
        assert!(bought(&lost) < 30 && bought(&next) <= 30, "{lost} {next}");
    });
    eventually("all is settled", || {
        world.count("SELECT count(*) FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')") == 0
    });
    assert!(world.bought() <= 40, "the cap holds whoever has the lock: {}", world.bought());
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_run_that_somebody_ended_in_the_database_sends_nothing_more() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // Two waves more at most pass before the statement below is there.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(1500));
    let order = std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(40).ok());
        eventually("it buys", || world.bought() >= 2);
        world.sql("UPDATE purchases SET state = 'interrupted', run_id = NULL, ended_at = now()");
        order.join().unwrap()
    });
    assert_eq!(order["state"], "interrupted");
    assert!(world.bought() <= 12, "{} bought", world.bought());
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_that_waits_for_the_lock_outlives_the_loss_of_its_sessions() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 20_000);
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let order = std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(2));
        eventually("it waits", || world.count("SELECT count(*) FROM purchases WHERE state = 'queued'") == 1);
        for _cut in 0..3 {
            // One of them is the connection over which it tries the lock.
            world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'callbunker%' AND datname = current_database()");
            std::thread::sleep(Duration::from_millis(300));
        }
        drop(session);
        order.join().unwrap().ok()
    });
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(2)), "{order}");
    world.assert_nothing_lost_or_doubled();
}
