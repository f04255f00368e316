//! The caretaker: rested numbers and stock that is not ready, whatever stands in their way.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::comparing::{forget_when_they_began, is_ours, rename, rewire, row, stocked, stocked_in};
use crate::world::{World, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

#[test]
fn a_number_that_cannot_be_repaired_keeps_no_other_from_its_repair() {
    let (world, daemon, numbers) = stocked(3);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.twilio.fault(Fault::new(On::Update, FaultKind::Reset).phone_number(&numbers[0]).forever());
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("the others are repaired", || daemon.status()["available"] == 2);
    assert!(is_ours(&world, &numbers[1]) && is_ours(&world, &numbers[2]));
    assert_eq!(row(&world, &numbers[0], "webhook_status"), "drifted");
    world.twilio.clear_faults();
    eventually("its turn comes again", || daemon.status()["available"] == 3);
}

#[test]
fn numbers_that_always_fail_do_not_use_up_every_round() {
    let (world, daemon, numbers) = stocked(6);
    numbers.iter().for_each(|number| rewire(&world, number));
    for number in &numbers[..5] {
        world.twilio.fault(Fault::new(On::Update, FaultKind::Reset).phone_number(number).forever());
    }
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("the last one is repaired", || daemon.status()["available"] == 1);
    assert!(is_ours(&world, &numbers[5]));
}

#[test]
fn whoever_waits_is_served_by_a_repair_first_and_nothing_is_bought() {
    let (world, daemon, numbers) = stocked_in(World::new().quiet().set("purchase.emergency_wait_ms", 1500), 4);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.sql("UPDATE numbers SET webhook_status = 'failed'");
    for (user, number) in numbers.iter().enumerate() {
        world.sql(&format!("UPDATE numbers SET webhook_status = 'drifted' WHERE phone_number = '{number}'"));
        assert_eq!(daemon.assign(&format!("u-{user}")).ok()["phone_number"], json!(number));
        assert!(is_ours(&world, number));
    }
    assert_eq!(world.bought(), 4);
}

#[test]
fn another_instances_tag_is_not_rewired_by_care_and_the_number_is_held() {
    let (world, daemon, numbers) = stocked_in(World::new().quiet().set("pool.quarantine_hours", 0), 2);
    let rested = daemon.assign("u-1").ok()["phone_number"].as_str().unwrap().to_owned();
    let idle = numbers.iter().find(|number| **number != rested).unwrap();
    for number in &numbers {
        rename(&world, number, STAGING);
        rewire(&world, number);
    }
    world.sql(&format!("UPDATE numbers SET webhook_status = 'drifted' WHERE phone_number = '{idle}'"));
    daemon.release("u-1").ok();
    for number in &numbers {
        eventually("it is held", || row(&world, number, "status, quarantine_reason") == "quarantined|tag_conflict");
        assert!(!is_ours(&world, number));
    }
    assert_eq!(world.twilio.truth().updates, 0);
}

#[test]
fn care_marks_nothing_missing_but_asks_for_a_comparison() {
    let (world, daemon, numbers) = stocked_in(World::new().quiet().set("pool.quarantine_hours", 0), 16);
    daemon.assign("u-1").ok();
    forget_when_they_began(&world);
    assert!(numbers.iter().all(|number| world.twilio.disown(number)));
    world.sql("UPDATE numbers SET webhook_status = 'drifted' WHERE id IN (SELECT number_id FROM leases WHERE user_id IS NULL)");
    daemon.release("u-1").ok();
    eventually("the comparison suspects the credentials", || daemon.status()["halted"].is_object());
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    assert_eq!(daemon.status()["available"], 0);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE status = 'quarantined'"), 1, "it rests on");
}

#[test]
fn a_pass_does_not_wait_for_numbers_that_twilio_is_slow_to_confirm() {
    let world = World::new().quiet().set("pool.quarantine_hours", 0);
    let daemon = world.daemon();
    daemon.assign("u-1").ok();
    world.twilio.set_latency_on(On::Fetch, Duration::from_secs(6));
    daemon.release("u-1").ok();
    eventually("care asks for it", || world.twilio.truth().requests_of(On::Fetch) > 0);
    daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!(daemon.status()["available"], 0, "Twilio has not answered care yet");
    eventually("it returned", || daemon.status()["available"] == 1);
}
