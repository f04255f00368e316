//! Instances on one database that are configured differently: what one of them does not know, or knows otherwise.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use super::{order, sign_up};
use crate::world::{World, eventually};

#[test]
fn an_instance_gives_way_to_those_who_wait_at_a_pool_that_it_does_not_know() {
    let mut world = World::new()
        .quiet()
        .set("purchase.concurrency", 1)
        .set("purchase.emergency_wait_ms", 60_000)
        .set("purchase.lock_wait_ms", 60_000);
    world.twilio.set_regulated("GB", false);
    let ours = world.daemon();
    for (key, value) in [("country", "GB"), ("number_type", "mobile"), ("threshold_low", "0")] {
        world.change(&format!("pools.gb.{key}"), value);
    }
    let other = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(300));
    let accepted = ours.post_with("/admin/phones/api/purchase", &json!({"count": 60}), &[("Prefer", "respond-async")]);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    eventually("it buys", || world.bought() >= 2);
    assert_eq!(sign_up(&other, "u-1", "gb").ok()["pool"], "gb");
    let state = world.sql("SELECT state FROM purchases WHERE trigger = 'manual'");
    assert!(["queued", "running"].contains(&state.as_str()), "they were served while it went on: {state}");
}

#[test]
fn a_pool_that_was_said_to_be_of_another_kind_since_buys_nothing_by_itself() {
    let mut world = World::new()
        .quiet()
        .pool("gb", &[("country", "CA"), ("threshold_low", "1"), ("replenishment_batch_size", "1")])
        .set("purchase.emergency_wait_ms", 3000);
    world.twilio.set_regulated("CA", false);
    let ours = world.daemon();
    let of_gb = |key: &str| {
        let status = ours.get("/admin/phones/api/status?pool=gb").ok();
        status["pools"][0][key].clone()
    };
    eventually("it is filled", || of_gb("available") == 1);
    world.change("pools.gb.country", "US");
    world.change("pools.gb.threshold_low", 0);
    let other = world.daemon();
    assert_eq!(other.stop(), Some(0));
    assert_eq!(world.sql("SELECT country FROM pools WHERE name = 'gb'"), "US");
    // What lies there is apart by now, and what is bought would be.
    for user in ["u-1", "u-2"] {
        sign_up(&ours, user, "gb").problem(503, "pool_empty");
    }
    eventually("it is told why", || of_gb("last_replenishment")["reason"] == "config_skew");
    assert_eq!(world.bought(), 1, "{}", world.ledger());
    // An order by hand is an operator's word.
    assert_eq!(order(&ours, &json!({"count": 1, "pool": "gb"})).ok()["purchased_count"], 1);
    // Whoever reloads says anew what it is.
    ours.signal(Signal::SIGHUP);
    eventually("it is what it was", || of_gb("available") == 2);
    assert_eq!(sign_up(&ours, "u-1", "gb").ok()["source"], "pool");
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_halt_of_one_instances_keys_ends_no_halt_of_anothers() {
    let mut world = World::new().quiet();
    let ours = world.daemon();
    world.change("pool.replenishment_batch_size", 9);
    let other = world.daemon();
    let refused = |code: u32| world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(code));
    for (daemon, code) in [(&ours, 21_649), (&other, 21_650)] {
        refused(code);
        daemon.purchase(1).ok();
    }
    for (daemon, needs) in [(&ours, "pool.bundle_sid"), (&other, "pool.identity_sid")] {
        let told = daemon.purchase(1).problem(503, "halted");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(needs)), "{told}");
    }
    assert_eq!(world.twilio.truth().requests_of(On::Create), 2, "nobody tries again what was refused");
    // An operator's word is about the pool, whoever hears it.
    ours.post("/admin/phones/api/resume", &json!({"pool": "default"})).ok();
    for daemon in [&ours, &other] {
        assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    }
}

#[test]
fn those_whom_only_a_halted_instance_could_serve_cut_no_recovery_short() {
    let mut world =
        World::new().quiet().set("purchase.emergency_wait_ms", 60_000).set("purchase.unknown_settle_secs", 5);
    world.twilio.set_regulated("GB", false);
    let ours = world.daemon();
    for (key, value) in [("country", "GB"), ("number_type", "mobile"), ("threshold_low", "0")] {
        world.change(&format!("pools.gb.{key}"), value);
    }
    let other = world.daemon();
    // A purchase whose outcome nobody knows, until somebody has looked twice.
    world.twilio.fault(Fault::new(On::Create, FaultKind::Error500).forever());
    ours.purchase(1).ok();
    assert_eq!(world.sql("SELECT state FROM purchase_items"), "unknown");
    world.twilio.clear_faults();
    assert_eq!(other.stop(), Some(0));
    // Somebody waits at the pool that is known there only, and each look takes longer than it is asked who waits.
    world.sql(
        "INSERT INTO waiters (user_id, instance_id, pool, expires_at)
         VALUES ('u-1', gen_random_uuid(), 'gb', clock_timestamp() + interval '1 hour')",
    );
    world.twilio.set_latency_on(On::List, Duration::from_millis(700));
    eventually("it is settled all the same", || {
        world.count("SELECT count(*) FROM purchase_items WHERE state = 'unknown'") == 0
    });
}
