//! One number's document: how it stands, why nobody gets it, and what happened to it.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::shape::shape;
use crate::world::{World, eventually};

const NUMBERS: &str = "/admin/phones/api/numbers";

fn document(daemon: &Daemon, number: &str) -> Value {
    daemon.get(&format!("{NUMBERS}/{number}")).ok()
}

fn events(document: &Value) -> Vec<&str> {
    document["history"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_number_tells_how_it_stands_and_all_that_happened_to_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = daemon.purchase(1).ok();
    let number = order["numbers"][0]["phone_number"].as_str().unwrap();
    let mut fresh = document(&daemon, number);
    // They are written within the hour, perhaps now.
    fresh["charges"] = json!([]);
    assert_eq!(
        shape(&fresh),
        "{area_code:text, assignable:bool, attachments:[], capable:bool, charges:[], country:text, history:[{at:instant, detail:text, event:text, \
         purchase_id:uuid, trigger:text}], last_used_at:null, last_used_source:null, missing_since:null, next_charge_on:text, notice:null, number_type:text, phone_number:e164, \
         pool:text, protected:bool, purchase_id:uuid, \
         purchased_at:instant, quarantine_reason:null, quarantined_until:null, registration:null, registration_reason:null, sid:sid, status:text, user_id:null, webhook_status:text, \
         why_not:null}"
    );
    assert_eq!((&fresh["assignable"], events(&fresh)), (&json!(true), vec!["intended", "bought"]));
    let bought = &fresh["history"][1];
    assert_eq!((&bought["purchase_id"], &bought["trigger"]), (&order["purchase_id"], &json!("manual")));
    assert!(bought["request_id"].as_str().unwrap().starts_with("RQ"), "{bought}");

    daemon.assign("u-1").ok();
    let assigned = document(&daemon, number);
    assert_eq!((&assigned["assignable"], &assigned["user_id"]), (&json!(false), &json!("u-1")));
    assert!(assigned["why_not"].as_str().unwrap().starts_with("assigned to u-1 since "), "{assigned}");
    daemon.release("u-1").ok();
    let resting = document(&daemon, number);
    assert!(resting["why_not"].as_str().unwrap().starts_with("rests until "), "{resting}");
    assert_eq!((&resting["status"], &resting["quarantine_reason"]), (&json!("quarantined"), &json!("released")));
    assert_eq!(events(&resting), ["intended", "bought", "assigned", "released"]);
    let (assigned, released) = (&resting["history"][2], &resting["history"][3]);
    assert_eq!((&assigned["user_id"], &assigned["source"]), (&json!("u-1"), &json!("pool")));
    // Whoever took it away, it need not be the user.
    assert_eq!((&released["user_id"], &released["detail"]), (&json!("u-1"), &json!("released from u-1")));
    let order = |document: &Value| {
        document["history"].as_array().unwrap().iter().map(|event| event["at"].to_string()).collect::<Vec<_>>()
    };
    assert!(order(&resting).is_sorted(), "oldest first");
    // The escaped form is the same number.
    assert_eq!(document(&daemon, &number.replace('+', "%2B")), resting);
}

#[test]
fn every_reason_not_to_assign_a_number_is_told_and_agrees_with_the_database() {
    let world = World::new().quiet();
    world.daemon().stop();
    // Nobody repairs what this test breaks: the instance is configured with other webhooks than the installation.
    let daemon = world.daemon();
    let number = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    world.sql("UPDATE pools SET voice_url = 'https://other.example.com/voice'");
    let intact = "status = 'active', webhook_status = 'configured', capable = true, missing_since = NULL, \
                  quarantined_until = NULL, quarantine_reason = NULL";
    for (change, status, words) in [
        ("webhook_status = 'configured'", "available", None),
        ("webhook_status = 'drifted'", "available", Some("webhooks are drifted")),
        ("webhook_status = 'pending'", "available", Some("not confirmed yet")),
        ("webhook_status = 'failed'", "available", Some("Twilio refused its webhooks")),
        ("capable = false", "available", Some("lacks a capability")),
        ("missing_since = now()", "missing", Some("gone at Twilio since ")),
        ("status = 'quarantined', quarantine_reason = 'unknown_item'", "quarantined", Some("does not know")),
        ("status = 'quarantined', quarantine_reason = 'tag_conflict'", "quarantined", Some("another environment")),
        ("status = 'quarantined', quarantine_reason = 'contested'", "quarantined", Some("set its webhooks back")),
        ("status = 'quarantined', quarantine_reason = 'adopting'", "quarantined", Some("takes it in")),
        ("status = 'quarantined', quarantine_reason = 'leaving'", "quarantined", Some("being released to Twilio")),
        (
            "status = 'quarantined', quarantine_reason = 'released', quarantined_until = now() + interval '1 hour'",
            "quarantined",
            Some("rests until "),
        ),
        // The last one: it never comes back.
        ("status = 'released'", "released", Some("given back to Twilio")),
    ] {
        // What is leaving comes back through a rest only.
        let rests = "status = 'quarantined', quarantine_reason = 'released', quarantined_until = now()";
        world.sql(&format!(
            "UPDATE numbers SET {rests} WHERE quarantine_reason = 'leaving';
             UPDATE numbers SET {intact}; UPDATE numbers SET {change}"
        ));
        let told = document(&daemon, &number);
        assert_eq!(told["status"], status, "{told}");
        let why_not = told["why_not"].as_str();
        assert_eq!(why_not.is_none(), words.is_none(), "{change}: {told}");
        assert!(words.is_none_or(|words| why_not.unwrap_or_default().contains(words)), "{change}: {told}");
        assert_eq!(
            (told["assignable"] == true).to_string(),
            world.sql("SELECT CASE WHEN ready THEN 'true' ELSE 'false' END FROM numbers")
        );
    }
}

#[test]
fn a_number_that_was_given_back_and_bought_again_has_one_history_and_stands_as_the_live_one() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let number = daemon.purchase(1).ok()["numbers"][0]["phone_number"].as_str().unwrap().to_owned();
    world.sql(
        "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'leaving';
         INSERT INTO releases (id, number_id, state, requested_by, attempts, last_sent_at, ended_at, twilio_request_id)
              SELECT gen_random_uuid(), id, 'released', 'operator-1', 1, now(), clock_timestamp(), 'RQ7' FROM numbers;
         UPDATE numbers SET status = 'released', quarantine_reason = NULL",
    );
    let gone = document(&daemon, &number);
    assert_eq!((&gone["status"], &gone["assignable"]), (&json!("released"), &json!(false)));
    assert_eq!(events(&gone), ["intended", "bought", "leaving", "released_to_twilio"]);
    assert_eq!((&gone["history"][3]["by"], &gone["history"][3]["request_id"]), (&json!("operator-1"), &json!("RQ7")));
    world.sql(&format!(
        "WITH p AS (INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, started_at, ended_at)
                    VALUES (gen_random_uuid(), 'adopt', 'done', 1, 'US', 'operator-1', now(), now(), now()) RETURNING id),
              i AS (INSERT INTO purchase_items (id, purchase_id, phone_number, state, override_caps, attempts, first_sent_at, last_sent_at, ended_at, spends)
                    SELECT gen_random_uuid(), p.id, '{number}', 'bought', false, 1, clock_timestamp(), clock_timestamp(), clock_timestamp(), false FROM p RETURNING id)
         INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchase_item_id, purchased_at)
         SELECT 'PN' || repeat('7', 32), '{number}', 'US', substr('{number}', 3, 3), 'active', 'configured', true, i.id, now() FROM i"
    ));
    let back = document(&daemon, &number);
    assert_eq!(
        (&back["status"], &back["assignable"], &back["sid"]),
        (&json!("available"), &json!(true), &json!(format!("PN{}", "7".repeat(32))))
    );
    assert_eq!(events(&back), ["intended", "bought", "leaving", "released_to_twilio", "intended", "adopted"]);
    assert!(back["history"].as_array().unwrap().iter().all(|event| !event["detail"].as_str().unwrap().is_empty()));
}

#[test]
fn what_twilio_refused_stands_in_the_log_in_the_order_and_in_the_numbers_history() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen));
    let order = daemon.purchase(1).ok();
    assert_eq!(order["purchased_count"], 1, "another candidate took its place");
    let row = world.sql("SELECT phone_number, error_code, twilio_code, error_message, twilio_request_id FROM purchase_items WHERE state = 'taken'");
    let columns: Vec<&str> = row.split('|').collect();
    let [number, "twilio_21422", "21422", message, request_id] = columns[..] else { panic!("{row}") };
    assert!(message.contains("not available") && request_id.starts_with("RQ"), "{row}");
    daemon.get(&format!("{NUMBERS}/{number}")).problem(404, "not_found");
    eventually("it is told", || daemon.has_logged("a candidate was not bought"));
    let lines = daemon.log_lines();
    let told = lines.iter().find(|line| line["msg"] == "a candidate was not bought").expect("a line");
    assert_eq!((&told["twilio_code"], &told["request_id"]), (&json!(21422), &json!(request_id)));
    assert!(told["cause"].as_str().unwrap().contains("not available"), "{told}");
    assert!(!daemon.log_text().contains(number), "a whole number in the log");

    // An order that falls short names the requests; a search has no item, and stands in the order itself.
    world.twilio.fault(Fault::new(On::Create, FaultKind::TestCredentials).forever());
    let short = daemon.purchase(1).ok();
    let error = &short["errors"][0];
    assert_eq!((&error["code"], &error["twilio_code"]), (&json!("twilio_20008"), &json!(20008)), "{short}");
    let request_id = error["request_ids"][0].as_str().unwrap_or_else(|| panic!("{short}"));
    assert!(request_id.starts_with("RQ"));
    assert!(daemon.status()["halted"]["message"].as_str().unwrap().contains(request_id));
    eventually("the refusal is told", || {
        daemon.log_lines().iter().any(|line| line["request_id"] == request_id && line["twilio_code"] == 20008)
    });
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/resume").ok();
    world.twilio.fault(Fault::new(On::Search, FaultKind::Unauthorized).forever());
    let short = daemon.purchase(1).ok();
    assert!(short["errors"][0]["message"].as_str().unwrap().contains("(Twilio's request RQ"), "{short}");
}

#[test]
fn a_number_that_cannot_be_read_is_named_and_one_that_nobody_knows_is_not_found() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let asked = || world.twilio.truth().requests.values().sum::<u64>();
    let before = asked();
    for bad in ["4155550100", "+0155550100", "%2B1", "+1415555010x", "+1%20415", "null"] {
        let refused = daemon.get(&format!("{NUMBERS}/{bad}")).problem(422, "invalid_field");
        assert_eq!(refused["field"], "phone_number", "{bad}");
    }
    daemon.get(&format!("{NUMBERS}/+14155550100")).problem(404, "not_found");
    assert_eq!(asked(), before, "nothing of it reached Twilio");
}
