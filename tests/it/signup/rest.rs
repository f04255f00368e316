//! Released numbers: their own user's first, then rest, then the pool again.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{On, Webhooks};

use crate::world::{ORIGIN, World, eventually};

#[test]
fn a_user_gets_back_the_number_that_still_rests_and_nobody_else_does() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let first = daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    daemon.release("u-1").problem(404, "not_assigned");
    assert_eq!((&daemon.status()["quarantined"], &daemon.status()["available"]), (&json!(1), &json!(1)));
    let other = daemon.assign("u-2").ok();
    assert_ne!(other["phone_number"], first["phone_number"]);
    let back = daemon.assign("u-1").ok();
    assert_eq!((&back["phone_number"], &back["replayed"]), (&first["phone_number"], &json!(false)));
    assert_eq!(daemon.status()["quarantined"], 0);
    assert_eq!(world.bought(), 2);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn users_who_differ_in_a_single_byte_are_different_users() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(6).ok();
    // Precomposed and combining, case, trailing blank.
    let users = ["Ren\u{e9}", "Rene\u{301}", "rene", "Rene", "rene ", " rene"];
    let mut numbers: Vec<String> =
        users.iter().map(|user| daemon.assign(user).ok()["phone_number"].as_str().unwrap().to_owned()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 6);
    daemon.release("Rene\u{301}").ok();
    assert_eq!(daemon.assign("Ren\u{e9}").ok()["replayed"], true);
}

#[test]
fn a_number_whose_rest_is_over_returns_only_after_twilio_confirmed_its_webhooks() {
    let world = World::new().quiet().set("pool.quarantine_hours", 0);
    let daemon = world.daemon();
    let first = daemon.assign("u-1").ok();
    let number = first["phone_number"].as_str().unwrap();
    let strangers = Webhooks { voice_url: Some("https://stranger.example/v".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(number, strangers));
    daemon.release("u-1").ok();
    eventually("it returned", || daemon.status()["available"] == 1);
    let truth = world.twilio.truth();
    let voice_url = truth.owned_number(number).unwrap().voice_url.clone();
    assert_eq!(voice_url, Some(format!("{ORIGIN}/twilio/voice")), "it was repaired before it returned");
    assert_eq!(daemon.assign("u-2").ok()["phone_number"], number);
    assert_eq!(world.bought(), 1);
}

#[test]
fn a_number_that_is_gone_at_twilio_does_not_return_and_its_user_is_told() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let first = daemon.assign("u-1").ok();
    let number = first["phone_number"].as_str().unwrap();
    assert!(world.twilio.disown(number));
    world.sql("UPDATE numbers SET missing_since = now()");
    let again = daemon.assign("u-1").ok();
    assert_eq!((&again["number_status"], &again["replayed"]), (&json!("missing"), &json!(true)));
    daemon.release("u-1").ok();
    let fresh = daemon.assign("u-1").ok();
    assert_ne!(fresh["phone_number"], first["phone_number"], "release frees the user for a new one");
    assert_eq!(fresh["number_status"], serde_json::Value::Null);
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_number_that_is_unfit_for_a_while_rests_on_for_its_user_who_gets_another_if_there_is_one() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 500);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let own = daemon.assign("u-1").ok()["phone_number"].clone();
    daemon.release("u-1").ok();
    daemon.post("/admin/phones/api/pause", &json!({})).ok();
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    // Nothing is to be had, and the wish must not cost the user the number that rests for them.
    daemon.assign("u-1").problem(503, "pool_empty");
    assert_eq!(world.sql("SELECT rests_for FROM numbers"), "u-1");
    world.sql("UPDATE numbers SET webhook_status = 'configured'");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], own);
    // While stock is there nobody waits for a repair; and nobody ever has two.
    daemon.release("u-1").ok();
    daemon.purchase(2).ok();
    world.sql("UPDATE numbers SET webhook_status = 'drifted' WHERE rests_for = 'u-1'");
    let other = daemon.assign("u-1").ok()["phone_number"].clone();
    assert_ne!(other, own);
    world.sql("UPDATE numbers SET webhook_status = 'configured'");
    let again = daemon.assign("u-1").ok();
    assert_eq!((&again["phone_number"], &again["replayed"]), (&other, &json!(true)));
    // The latest number is the one that waits.
    daemon.release("u-1").ok();
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE rests_for = 'u-1'"), 1);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], other);
    assert_ne!(daemon.assign("u-2").ok()["phone_number"], own, "it rests on");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn whoever_waits_while_their_own_number_is_repaired_gets_that_one() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let own = daemon.assign("u-1").ok()["phone_number"].clone();
    daemon.release("u-1").ok();
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    world.twilio.set_latency_on(On::Search, Duration::from_secs(5));
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| daemon.assign("u-1").ok());
        eventually("the user is on the waitlist", || world.count("SELECT count(*) FROM waiters") == 1);
        world.sql("UPDATE numbers SET webhook_status = 'configured'");
        let given = asked.join().unwrap();
        assert_eq!((&given["phone_number"], &given["replayed"]), (&own, &json!(false)));
    });
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0, "nobody keeps newcomers waiting");
}

#[test]
fn numbers_whose_rest_is_over_are_stock_and_serve_whoever_waits_before_any_other_is_bought() {
    let (mut world, daemon, _) = crate::world::comparing::stocked(60);
    drop(daemon);
    world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() - interval '1 hour'",
    );
    world.change("pool.threshold_low", 50);
    let daemon = world.daemon_at_once();
    daemon.assign("u-1").ok();
    eventually("all are back", || daemon.status()["available"] == 59);
    assert_eq!(world.bought(), 60);
    world.assert_nothing_lost_or_doubled();
}
