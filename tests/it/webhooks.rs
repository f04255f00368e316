//! configure-webhooks after somebody changed numbers at Twilio.

use serde_json::{Value, json};
use twilio_simulator::{ForeignNumber, Webhooks};

use crate::daemon::Daemon;
use crate::world::{ORIGIN, World};

const CONFIGURE: &str = "/admin/phones/api/configure-webhooks";

/// A quiet daemon with so many numbers.
fn stocked(count: u32) -> (World, Daemon, Vec<String>) {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let bought = daemon.purchase(count).ok();
    let numbers: Vec<String> = bought["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["phone_number"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(numbers.len(), count as usize);
    (world, daemon, numbers)
}

fn drift(world: &World, number: &str) {
    let elsewhere = Webhooks { sms_url: Some("https://elsewhere.example/sms".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(number, elsewhere));
}

fn sms_url(world: &World, number: &str) -> String {
    world.twilio.truth().owned_number(number).expect("it is in the account").sms_url.clone()
}

fn ours() -> String {
    format!("{ORIGIN}/twilio/sms")
}

#[test]
fn every_number_that_differs_is_set_and_nothing_else_is_touched() {
    let (world, daemon, numbers) = stocked(4);
    daemon.assign("u-1").ok();
    world.twilio.own(ForeignNumber::new("+14155550100").sms_url("https://theirs.example"));
    drift(&world, &numbers[0]);
    drift(&world, &numbers[2]);
    // Today's users send no body at all.
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!(report, json!({"checked": 4, "configured": 2, "failed": []}));
    assert!(numbers.iter().all(|number| sms_url(&world, number) == ours()));
    assert_eq!(sms_url(&world, "+14155550100"), "https://theirs.example", "somebody else's stays as it is");
    assert_eq!(world.twilio.truth().updates, 2);
    let again = daemon.post(CONFIGURE, &json!({})).ok();
    assert_eq!(again, json!({"checked": 4, "configured": 0, "failed": []}));
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 4);
}

#[test]
fn only_the_numbers_that_were_named_are_looked_at() {
    let (world, daemon, numbers) = stocked(3);
    drift(&world, &numbers[0]);
    drift(&world, &numbers[1]);
    let report = daemon.post(CONFIGURE, &json!({"phone_numbers": [numbers[1], "+14155550199"]})).ok();
    assert_eq!((&report["checked"], &report["configured"]), (&json!(1), &json!(1)));
    let failed = report["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["phone_number"], &failed[0]["code"]), (&json!("+14155550199"), &json!("not_ours")));
    assert!(failed[0]["message"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(sms_url(&world, &numbers[1]), ours());
    assert_ne!(sms_url(&world, &numbers[0]), ours(), "nobody named this one");
    let none = daemon.post(CONFIGURE, &json!({"phone_numbers": []})).ok();
    assert_eq!(none, json!({"checked": 0, "configured": 0, "failed": []}));
}

#[test]
fn a_number_that_twilio_does_not_know_any_more_is_reported_and_not_assigned() {
    let (world, daemon, numbers) = stocked(2);
    assert!(world.twilio.disown(&numbers[0]));
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!((&report["checked"], &report["failed"][0]["code"]), (&json!(2), &json!("missing")));
    assert_eq!(report["failed"][0]["phone_number"], json!(numbers[0]));
    let lines = daemon.get("/admin/phones/api/numbers?status=missing").ok();
    assert_eq!(lines["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    assert_eq!(daemon.status()["available"], 0);
}

#[test]
fn a_new_origin_holds_back_readiness_until_the_webhooks_are_configured() {
    let (world, daemon, numbers) = stocked(2);
    drop(daemon);
    let world = world.set("PUBLIC_APP_URL", "https://new.example.com");
    let daemon = world.daemon();
    let unready = daemon.send("GET", "/readyz", &[], None);
    assert_eq!((unready.status, &unready.body["failing"]), (503, &json!(["config_skew"])));
    assert_eq!(sms_url(&world, &numbers[0]), ours(), "nothing is rewired by itself");
    let report: Value = daemon.post_empty(CONFIGURE).ok();
    assert_eq!((&report["checked"], &report["configured"]), (&json!(2), &json!(2)));
    assert_eq!(sms_url(&world, &numbers[0]), "https://new.example.com/twilio/sms");
    assert_eq!(daemon.send("GET", "/readyz", &[], None).status, 200);
}
