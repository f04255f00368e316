//! configure-webhooks after somebody changed numbers at Twilio.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, Webhooks};

use crate::world::comparing::{age, forget_when_they_began, rename, row};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
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
fn a_number_that_twilio_does_not_know_any_more_is_reported_not_assigned_and_marked_by_a_comparison() {
    let (world, daemon, numbers) = stocked(2);
    forget_when_they_began(&world);
    age(&world);
    assert!(world.twilio.disown(&numbers[0]));
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!((&report["checked"], &report["failed"][0]["code"]), (&json!(2), &json!("missing")));
    assert_eq!(report["failed"][0]["phone_number"], json!(numbers[0]));
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    assert_eq!(daemon.status()["available"], 0);
    let missing = || daemon.get("/admin/phones/api/numbers?status=missing").ok();
    eventually("a comparison marks it", || missing()["items"].as_array().map(Vec::len) == Some(1));
    let named = daemon.post(CONFIGURE, &json!({"phone_numbers": [numbers[0]]})).ok();
    assert_eq!((&named["checked"], &named["failed"][0]["code"]), (&json!(0), &json!("missing")));
}

#[test]
fn many_numbers_that_seem_gone_are_marked_by_nobody_and_halt_buying() {
    let (world, daemon, numbers) = stocked(8);
    forget_when_they_began(&world);
    age(&world);
    assert!(numbers.iter().all(|number| world.twilio.disown(number)));
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(8));
    eventually("the comparison suspects the credentials", || daemon.status()["halted"].is_object());
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    assert_eq!((&daemon.status()["available"], &daemon.status()["unready"]), (&json!(0), &json!(8)));
    let asked = world.count("SELECT count(*) FROM reconciliations WHERE trigger = 'cron'");
    assert!((1..8).contains(&asked), "{asked} comparisons, not one for each number");
}

#[test]
fn numbers_that_are_held_or_leaving_are_never_touched() {
    let (world, daemon, numbers) = stocked(5);
    let holds = ["tag_conflict", "unknown_item", "adopting"];
    for (number, hold) in numbers.iter().zip(holds) {
        world.sql(&format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = '{hold}' WHERE phone_number = '{number}'"
        ));
    }
    world.twilio.fault(Fault::new(On::Delete, FaultKind::Error503).forever());
    daemon.post_empty(&format!("/admin/phones/api/numbers/{}/release-to-twilio", numbers[3]));
    assert_eq!(row(&world, &numbers[3], "quarantine_reason"), "leaving");
    numbers.iter().for_each(|number| drift(&world, number));
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!(report, json!({"checked": 1, "configured": 1, "failed": []}));
    let named = daemon.post(CONFIGURE, &json!({"phone_numbers": numbers})).ok();
    let codes: Vec<&Value> = named["failed"].as_array().unwrap().iter().map(|line| &line["code"]).collect();
    assert_eq!((&named["checked"], codes), (&json!(1), vec![&json!("held"); 4]), "{named}");
    assert!(numbers[..4].iter().all(|number| sms_url(&world, number) != ours()));
    assert_eq!(world.twilio.truth().updates, 1);
}

#[test]
fn another_instances_tag_is_told_held_and_never_rewired() {
    for named in [false, true] {
        let (world, daemon, numbers) = stocked(2);
        let user = daemon.assign("u-1").ok()["phone_number"].as_str().unwrap().to_owned();
        for number in &numbers {
            rename(&world, number, STAGING);
            drift(&world, number);
        }
        let body = if named { json!({"phone_numbers": numbers}) } else { json!({}) };
        let report = daemon.post(CONFIGURE, &body).ok();
        let codes: Vec<&Value> = report["failed"].as_array().unwrap().iter().map(|line| &line["code"]).collect();
        assert_eq!(codes, [&json!("tag_conflict"), &json!("tag_conflict")], "{report}");
        assert_eq!((&report["configured"], world.twilio.truth().updates), (&json!(0), 0));
        let idle = numbers.iter().find(|number| **number != user).unwrap();
        assert_eq!(row(&world, idle, "status, quarantine_reason"), "quarantined|tag_conflict");
        assert_eq!(row(&world, &user, "status, webhook_status"), "assigned|configured");
        assert_eq!(daemon.status()["available"], 0);
    }
}

#[test]
fn a_list_that_goes_in_circles_ends_it_and_a_call_that_only_timed_out_demotes_nothing() {
    let (world, daemon, numbers) = stocked(2);
    world.twilio.fault(Fault::new(On::List, FaultKind::LoopingNextPage).forever());
    let refused = daemon.post_empty(CONFIGURE).problem(503, "unavailable");
    assert!(refused["detail"].as_str().unwrap().contains("read before"), "{refused}");
    assert_eq!(refused["report"]["checked"], 2);
    world.twilio.clear_faults();
    // A failure that passes is waited out.
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503));
    assert_eq!(daemon.post_empty(CONFIGURE).ok()["checked"], 2);
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Reset));
    let report = daemon.post(CONFIGURE, &json!({"phone_numbers": [numbers[0]]})).ok();
    assert_eq!(report["failed"][0]["code"], "outcome_unknown", "{report}");
    assert_eq!(row(&world, &numbers[0], "webhook_status"), "configured");
    assert_eq!(daemon.status()["available"], 2);
}

#[test]
fn a_refusal_of_the_account_halts_buying_and_ends_it_at_once() {
    let (world, daemon, numbers) = stocked(12);
    numbers.iter().for_each(|number| drift(&world, number));
    world.twilio.fault(Fault::new(On::Update, FaultKind::Unauthorized).forever());
    let refused = daemon.post_empty(CONFIGURE).problem(503, "halted");
    assert!(refused["report"]["checked"].as_u64().unwrap() < 12, "{refused}");
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003);
    let asked = world.twilio.truth().requests_of(On::Update);
    assert!((1..12).contains(&asked), "{asked} updates");
    // What Twilio showed to differ is nobody's until it is set.
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'"), 0);
}

#[test]
fn a_stop_ends_it_early_and_says_so() {
    let (world, mut daemon, numbers) = stocked(40);
    numbers.iter().for_each(|number| drift(&world, number));
    world.twilio.set_latency_on(On::Update, Duration::from_millis(500));
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| daemon.post_empty(CONFIGURE));
        eventually("it sets webhooks", || world.twilio.truth().requests_of(On::Update) > 0);
        daemon.signal(Signal::SIGTERM);
        let refused = answer.join().unwrap().problem(503, "shutting_down");
        assert!(refused["report"]["configured"].as_u64().unwrap() < 40, "{refused}");
    });
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn nothing_is_ever_assignable_with_the_old_webhooks_while_a_purchase_runs_and_the_origin_changes() {
    let mut world = World::new().quiet();
    let first = world.daemon();
    first.purchase(2).ok();
    world.change("PUBLIC_APP_URL", "https://new.example.com");
    let second = world.daemon();
    let new = "https://new.example.com/twilio/sms";
    world.twilio.set_latency_on(On::Create, Duration::from_millis(400));
    let created = world.twilio.truth().requests_of(On::Create);
    std::thread::scope(|scope| {
        let purchase = scope.spawn(|| first.purchase(12).ok());
        eventually("creates are on the wire", || world.twilio.truth().requests_of(On::Create) > created);
        let report = second.post(CONFIGURE, &json!({"phone_numbers": []})).ok();
        assert_eq!(report["checked"], 0);
        let ready = || {
            let rows = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL AND ready");
            rows.lines().filter(|line| line.starts_with('+')).map(str::to_owned).collect::<Vec<_>>()
        };
        eventually("all are repaired", || {
            let ready = ready();
            for number in &ready {
                assert_eq!(sms_url(&world, number), new, "{number} may be assigned");
            }
            ready.len() == 14
        });
        assert_eq!(purchase.join().unwrap()["purchased_count"], 12);
    });
    assert_eq!(world.bought(), 14, "what is under repair is not bought again");
    world.assert_nothing_lost_or_doubled();
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
