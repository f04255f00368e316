//! Orders by hand, and what becomes of each candidate.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Capabilities, Fault, FaultKind, On};

use crate::world::{World, eventually};

#[test]
fn every_intent_and_attempt_is_committed_before_twilio_is_asked() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // The first one goes alone.
    daemon.purchase(1).ok();
    // Everything below is asked while they are on the wire.
    world.twilio.set_latency_on(On::Create, Duration::from_secs(5));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(3).ok());
        assert!(world.twilio.wait_until(Duration::from_secs(20), |truth| truth.creates.len() == 4));
        let mut asked: Vec<String> = (world.twilio.truth().creates.iter().skip(1))
            .map(|create| format!("{}|{}", create.parameters["PhoneNumber"], create.parameters["FriendlyName"]))
            .collect();
        asked.sort();
        let written = world.sql(
            "SELECT phone_number, 'callbunker:default:' || id FROM purchase_items
              WHERE state = 'sent' AND attempts = 1 AND first_sent_at IS NOT NULL ORDER BY phone_number",
        );
        assert_eq!(asked.join("\n"), written, "what Twilio was asked for, and what was written down before");
        assert_eq!(world.bought(), 1, "the look came after the fact");
        assert_eq!(daemon.status()["purchasing"], 3);
        assert_eq!(order.join().unwrap()["purchased_count"], 3);
    });
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_by_hand_buys_what_it_asked_for_in_its_area_code_and_nothing_elsewhere() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 7, "area_code": "415"})).ok();
    assert_eq!((&order["state"], &order["purchased_count"], &order["errors"]), (&json!("done"), &json!(7), &json!([])));
    for number in order["numbers"].as_array().unwrap() {
        assert!(number["phone_number"].as_str().unwrap().starts_with("+1415"), "{number}");
        assert_eq!(number["webhook_status"], "configured");
    }
    world.twilio.set_stock("US", "212", 2);
    let short = daemon.post("/admin/phones/api/purchase", &json!({"count": 3, "area_code": "212"})).ok();
    assert_eq!((&short["state"], &short["purchased_count"]), (&json!("done"), &json!(2)));
    assert_eq!((&short["errors"][0]["code"], &short["errors"][0]["count"]), (&json!("no_stock"), &json!(1)));
    let wish = json!({"count": 2, "area_code": "212", "fallback": true});
    assert_eq!(daemon.post("/admin/phones/api/purchase", &wish).ok()["purchased_count"], 2);
    assert_eq!(world.bought(), 11);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_candidate_that_a_rival_took_is_posted_once_and_the_next_one_is_bought() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).times(3));
    let order = daemon.purchase(2).ok();
    assert_eq!((&order["purchased_count"], &order["errors"]), (&json!(2), &json!([])));
    assert_eq!(world.sql("SELECT state, count(*) FROM purchase_items GROUP BY 1 ORDER BY 1"), "bought|2\ntaken|3");
    let truth = world.twilio.truth();
    let mut posted: Vec<_> = truth.creates.iter().map(|create| create.phone_number.clone()).collect();
    posted.sort();
    posted.dedup();
    assert_eq!((truth.creates.len(), posted.len()), (5, 5), "a number refused with 21422 is not asked for again");
    world.twilio.fault(Fault::new(On::Create, FaultKind::Stolen).forever());
    let order = daemon.purchase(1).ok();
    assert_eq!((&order["purchased_count"], &order["state"]), (&json!(0), &json!("done")));
    assert_eq!(order["errors"][0]["twilio_code"], 21422, "{order}");
    assert!(world.twilio.truth().creates.len() < 50, "a market that is always faster is left alone at last");
}

#[test]
fn a_number_of_another_environment_is_taken_reported_and_left_alone() {
    for kind in [FaultKind::OldDateCreated, FaultKind::ForeignTag] {
        let world = World::new().quiet();
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Create, kind));
        let order = daemon.purchase(1).ok();
        assert_eq!((&order["purchased_count"], &order["state"]), (&json!(1), &json!("done")), "{order}");
        assert_eq!(world.sql("SELECT state, count(*) FROM purchase_items GROUP BY 1 ORDER BY 1"), "bought|1\ntaken|1");
        let truth = world.twilio.truth();
        let theirs = truth.owned.iter().find(|number| number.foreign).expect("the other environment's number");
        assert_eq!(world.sql(&format!("SELECT count(*) FROM numbers WHERE sid = '{}'", theirs.sid)), "0");
        assert_eq!((truth.requests_of(On::Update), truth.releases.len()), (0, 0), "it is not ours to repair");
        assert_eq!(
            truth.creates.iter().filter(|create| create.phone_number.as_deref() == Some(&theirs.phone_number)).count(),
            1
        );
        eventually("it is told", || daemon.has_logged("belongs to another environment"));
        // Twilio said that it sold it: until a day has passed, the caps count it.
        assert_eq!(daemon.status()["spend"]["hour"]["bought"], 2, "{kind:?}");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn creates_in_flight_stay_within_the_concurrency_and_two_orders_never_overlap() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // Long enough for four to be begun by a slow machine before the first is over.
    world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(daemon.purchase(13).ok()["purchased_count"], 13));
        }
    });
    assert_eq!(world.twilio.truth().max_concurrent_creates, 4);
    let overlaps = world.count(
        "SELECT count(*) FROM purchase_items a JOIN purchase_items b ON a.purchase_id < b.purchase_id
            AND a.first_sent_at < b.ended_at AND b.first_sent_at < a.ended_at",
    );
    assert_eq!(overlaps, 0, "items of different orders were on the wire at the same time");
    assert_eq!(world.bought(), 26);
}

#[test]
fn only_numbers_that_can_do_what_is_wanted_are_searched_for_and_others_are_never_assigned() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 600);
    let daemon = world.daemon();
    let deaf = Capabilities { sms: false, ..Capabilities::default() };
    world.twilio.set_capabilities("US", "415", Capabilities { voice: true, ..deaf });
    world.twilio.set_beta("US", "212", true);
    for area_code in ["415", "212"] {
        let order = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "area_code": area_code})).ok();
        assert_eq!(order["errors"][0]["code"], "no_stock", "{order}");
    }
    assert_eq!(world.twilio.truth().creates.len(), 0);
    world.twilio.fault(Fault::new(On::Create, FaultKind::NoCapability));
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "it is paid for, so it is ours");
    let status = daemon.status();
    assert_eq!((&status["available"], &status["unready"], &status["unfit"]), (&json!(0), &json!(0), &json!(1)));
    eventually("the alert", || daemon.has_logged("lacks a capability"));
    world.sql("UPDATE buying_gate SET paused_since = now(), paused_by = 'test'");
    daemon.assign("u-1").problem(503, "pool_empty");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_second_unfit_number_in_a_row_halts_all_buying_however_many_wait() {
    for waiting in [1usize, 16] {
        let world = World::new().quiet();
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Create, FaultKind::NoCapability).forever());
        std::thread::scope(|scope| {
            for user in 0..waiting {
                let daemon = &daemon;
                scope.spawn(move || daemon.assign(&format!("u-{user}")).problem(503, "pool_empty"));
            }
        });
        if waiting == 1 {
            // One who waits costs one number, however odd it is; the second one is somebody else's.
            assert_eq!((world.bought(), &daemon.status()["halted"]), (1, &json!(null)));
            daemon.purchase(1);
        }
        assert!(!daemon.status()["halted"].is_null(), "{waiting}");
        // Those on the wire when the second one came are paid for, too; nothing after them.
        assert!(world.bought() <= waiting.max(2), "{waiting} waited, {} were bought", world.bought());
        daemon.purchase(1).problem(503, "halted");
        world.assert_nothing_lost_or_doubled();
    }
}
