//! What automatic buying may never exceed, across instances and restarts.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::{World, eventually};

#[test]
fn an_order_by_hand_buys_what_the_spend_cap_leaves_and_overriding_it_is_counted_apart() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 5);
    let daemon = world.daemon();
    let order = daemon.purchase(8).ok();
    assert_eq!(order["purchased_count"], 5, "{order}");
    let errors = order["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["code"], &errors[0]["count"]), (1, &json!("spend_cap"), &json!(3)));
    daemon.purchase(1).problem(409, "spend_cap");
    assert_eq!(world.bought(), 5);
    let wish = json!({"count": 3, "override_caps": true});
    assert_eq!(daemon.post("/admin/phones/api/purchase", &wish).ok()["purchased_count"], 3);
    let spend = daemon.status()["spend"].clone();
    assert_eq!(spend, json!({"hour": {"bought": 5, "max": 5}, "day": {"bought": 5, "max": 300}, "override": 3}));
    world.sql("UPDATE purchase_items SET intended_at = intended_at - interval '61 minutes' WHERE NOT override_caps");
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "the window slides, and overridden ones do not fill it");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn the_spend_caps_hold_over_two_instances_and_restarts() {
    for (key, age) in [("spend.purchases_per_hour_max", "0 minutes"), ("spend.purchases_per_day_max", "90 minutes")] {
        let world = World::new().set(key, 7).set("pool.replenishment_batch_size", 4);
        world.twilio.set_latency_on(On::Create, Duration::from_millis(30));
        let (first, second) = (world.daemon(), world.daemon());
        eventually("the cap is reached", || world.bought() == 7);
        world.sql(&format!("UPDATE purchase_items SET intended_at = intended_at - interval '{age}'"));
        for daemon in [&first, &second] {
            let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
            assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("spend_cap")), "{answer}");
        }
        first.kill9();
        let first = world.daemon();
        let answer = first.post_empty("/admin/phones/api/replenish").ok();
        assert_eq!(answer["reason"], "spend_cap", "{answer}");
        assert_eq!(world.bought(), 7, "{key}");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn numbers_that_are_taken_or_not_bought_do_not_use_up_the_caps() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 2);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).times(5));
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    assert_eq!(daemon.status()["spend"]["hour"]["bought"], 2);
}

#[test]
fn idle_stock_never_exceeds_available_max_whoever_replenishes() {
    let world = World::new().set("pool.threshold_low", 6).set("pool.total_min", 6).set("pool.available_max", 6);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(30));
    let (first, second) = (world.daemon(), world.daemon());
    std::thread::scope(|scope| {
        for daemon in [&first, &second, &first, &second] {
            scope.spawn(|| daemon.post_empty("/admin/phones/cron/auto-replenish").ok());
        }
    });
    eventually("the pool is warm", || first.status()["available"] == 6);
    for daemon in [&first, &second] {
        let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
        assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("above_threshold")), "{answer}");
    }
    assert_eq!(world.bought(), 6);
    assert_eq!(first.purchase(3).ok()["purchased_count"], 3, "an operator may go beyond");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn owned_max_binds_emergencies_too_and_counts_what_is_assigned_and_resting() {
    let world = World::new().quiet().set("pool.owned_max", 3);
    let daemon = world.daemon();
    for user in ["u-1", "u-2", "u-3"] {
        assert_eq!(daemon.assign(user).ok()["source"], "emergency");
    }
    daemon.release("u-3").ok();
    let refused = daemon.assign("u-4");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    let refused = refused.problem(503, "pool_empty");
    assert!(refused["detail"].as_str().unwrap().contains("owned_max"), "{refused}");
    assert_eq!(world.bought(), 3);
}

#[test]
fn an_emergency_stops_at_the_spend_cap_and_says_so() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1);
    let daemon = world.daemon();
    daemon.assign("u-1").ok();
    let refused = daemon.assign("u-2").problem(503, "pool_empty");
    assert!(refused["detail"].as_str().unwrap().contains("spend_cap"), "{refused}");
    assert_eq!(world.bought(), 1);
}

#[test]
fn a_batch_that_bought_nothing_ends_the_pass() {
    let world = World::new();
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("no_stock")), "{answer}");
    let searches = world.twilio.truth().requests_of(On::Search);
    assert!(searches <= 4, "{searches} searches for two passes");
    eventually("it is written down", || daemon.status()["last_replenishment"]["reason"] == "no_stock");
}

#[test]
fn numbers_under_repair_are_stock_and_never_a_reason_to_buy() {
    let world =
        World::new().set("pool.threshold_low", 5).set("pool.total_min", 5).set("pool.replenishment_batch_size", 5);
    let daemon = world.daemon();
    eventually("the pool is warm", || daemon.status()["available"] == 5);
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("above_threshold")), "{answer}");
    assert_eq!(world.bought(), 5);
}

/// What was committed answers 500, its repeat is told "not available", and no list shows it for longer than anybody waits.
fn lost_without_a_trace(world: &World) {
    world.twilio.set_reown_mode(twilio_simulator::ReownMode::B);
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThen500).forever());
    world.twilio.fault(Fault::new(On::List, FaultKind::Omit).forever());
}

/// As the settling leaves them, without its wait.
fn settle_as_not_bought(world: &World) {
    world.sql("UPDATE purchase_items SET state = 'not_bought', ended_at = now() WHERE state = 'unknown'");
}

#[test]
fn what_was_ever_in_doubt_counts_against_the_spend_caps_for_its_whole_window() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 2).set("spend.purchases_per_day_max", 3);
    let daemon = world.daemon();
    lost_without_a_trace(&world);
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 0);
    assert_eq!(world.bought(), 2);
    settle_as_not_bought(&world);
    let status = daemon.status();
    assert_eq!((&status["unsettled"], &status["spend"]["hour"]["bought"]), (&json!(0), &json!(2)), "{status}");
    daemon.purchase(1).problem(409, "spend_cap");
    daemon.assign("u-1").problem(503, "pool_empty");
    world.sql("UPDATE purchase_items SET intended_at = intended_at - interval '61 minutes'");
    daemon.purchase(2).ok();
    settle_as_not_bought(&world);
    daemon.purchase(1).problem(409, "spend_cap");
    assert_eq!((world.bought(), daemon.status()["spend"]["day"]["bought"].clone()), (3, json!(3)));
    // What turns up was counted all along.
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    assert_eq!(daemon.status()["spend"]["day"]["bought"], 3);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_may_turn_up_after_a_doubt_uses_up_the_room_of_the_pool_but_a_failure_is_made_good_below_it() {
    let world = World::new()
        .quiet()
        .set("pool.threshold_low", 3)
        .set("pool.available_max", 5)
        .set("pool.owned_max", 6)
        .set("pool.replenishment_batch_size", 3);
    lost_without_a_trace(&world);
    let daemon = world.daemon();
    eventually("the first batch is in doubt", || world.bought() == 3);
    eventually("its pass ended", || world.count("SELECT count(*) FROM passes") > 0);
    settle_as_not_bought(&world);
    // The pool is empty as far as anybody can see: two more fit under available_max, and no third one.
    daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!(world.bought(), 5);
    settle_as_not_bought(&world);
    let answer = daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("available_max")), "{answer}");
    // A signup is above available_max, but not above owned_max.
    world.twilio.clear_faults();
    assert_eq!(daemon.assign("u-1").ok()["source"], "emergency");
    daemon.assign("u-2").problem(503, "pool_empty");
    assert_eq!(world.bought(), 6);
    daemon.post_empty("/admin/phones/api/reconcile").ok();
    assert_eq!((daemon.status()["available"].clone(), daemon.status()["assigned"].clone()), (json!(5), json!(1)));
    world.assert_nothing_lost_or_doubled();
}
