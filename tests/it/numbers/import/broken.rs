//! An import that breaks off, at Twilio or by itself: what is left, and who finishes it.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use super::{THEIRS, account, assert_tagged, codes, counts, everything, import, number, shown};
use crate::world::eventually;

#[test]
fn when_twilios_list_cannot_be_read_nothing_is_written() {
    for (rows, fault) in [
        (30, FaultKind::Error503),
        (30, FaultKind::LoopingNextPage),
        (3, FaultKind::Reset),
        (3, FaultKind::Unauthorized),
    ] {
        let (world, daemon) = account(1200);
        let before = everything(&world);
        world.twilio.fault(Fault::new(On::List, fault).forever());
        let rows: Vec<Value> =
            (0..rows).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
        let refused = import(&daemon, &json!({"numbers": rows}));
        let expected = if fault == FaultKind::Unauthorized { (502, "twilio_refused") } else { (503, "unavailable") };
        refused.problem(expected.0, expected.1);
        assert_eq!((everything(&world), world.twilio.truth().updates), (before, 0), "{fault:?}");
    }
}

#[test]
fn a_tag_that_could_not_be_written_is_told_and_the_same_call_writes_it() {
    let (world, daemon) = account(3);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).phone_number(number(1)).forever());
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error503).phone_number(number(2)));
    let rows: Vec<Value> = (0..3).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report)), ((3, 3, 0), vec![(number(1), "tag_failed".to_owned())]));
    assert_tagged(&world, &number(0), THEIRS);
    assert_tagged(&world, &number(2), THEIRS);
    assert_eq!(shown(&world)[&number(1)].0, "earlier");
    world.twilio.clear_faults();
    let again = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&again), codes(&again)), ((0, 0, 3), vec![]));
    assert_tagged(&world, &number(1), THEIRS);
    // When Twilio answers nothing any more, it is not asked for every number.
    let (world, daemon) = account(40);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error500).forever());
    let rows: Vec<Value> = (0..40).map(|n| json!({"phone_number": number(n)})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report).len()), ((40, 0, 0), 40));
    assert!(world.twilio.truth().requests_of(On::Update) <= 30, "{:?}", world.twilio.truth().requests);
    // They are no stock before their webhooks are confirmed, and care confirms them.
    assert_eq!(daemon.status()["available"], 0);
    world.twilio.clear_faults();
    eventually("care made them ready", || daemon.status()["available"] == 40);
}

#[test]
fn a_tag_that_the_import_could_not_write_on_a_users_number_is_written_by_a_comparison_and_nothing_else() {
    let (world, daemon) = account(2);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).forever());
    let rows: Vec<Value> = (0..2).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let report = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!((counts(&report), codes(&report).len()), ((2, 2, 0), 2));
    world.twilio.clear_faults();
    let report = crate::world::comparing::reconcile(&daemon);
    // Their webhooks still belong to the earlier service: told, not touched.
    crate::world::comparing::assert_found(&report, &[("repaired", 2), ("webhook_drift", 2)]);
    for n in 0..2 {
        assert_tagged(&world, &number(n), THEIRS);
    }
    // A restored backup that knows nothing of them finds them by their tags.
    crate::world::comparing::assert_found(&crate::world::comparing::reconcile(&daemon), &[("webhook_drift", 2)]);
}

#[cfg(feature = "failpoints")]
#[test]
fn after_kill_9_in_the_middle_of_an_import_the_same_call_finishes_it() {
    let (world, daemon) = account(6);
    let rows: Vec<Value> = (0..6).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let body = json!({"numbers": rows});
    daemon.failpoints("import_written=3*off->sleep(60000)");
    std::thread::scope(|scope| {
        let (daemon, body) = (&daemon, body.to_string());
        let headers = [("X-Admin-API-Key", crate::world::ADMIN_KEY), ("Content-Type", "application/json")];
        scope.spawn(move || daemon.try_send("POST", "/admin/phones/api/import", &headers, Some(body.as_bytes())).err());
        eventually("some are written", || world.count("SELECT count(*) FROM numbers") == 4);
        daemon.signal(nix::sys::signal::Signal::SIGKILL);
    });
    drop(daemon);
    let daemon = world.daemon();
    assert_eq!(daemon.assign("u-0").ok()["phone_number"], json!(number(0)));
    let report = import(&daemon, &body).ok();
    assert_eq!((counts(&report), codes(&report)), ((2, 2, 4), vec![]));
    for n in 0..6 {
        assert_eq!(daemon.assign(&format!("u-{n}")).ok()["phone_number"], json!(number(n)));
        assert_tagged(&world, &number(n), THEIRS);
    }
    assert_eq!(world.bought(), 0);
}

#[test]
fn a_repeat_beside_the_first_call_is_never_told_that_a_living_number_has_left() {
    let (_world, daemon) = account(3);
    let rows: Vec<Value> = (0..3).map(|n| json!({"phone_number": number(n), "user_id": format!("u-{n}")})).collect();
    let body = json!({"numbers": rows});
    // Whichever of two has decided first stands still while the other one writes.
    daemon.failpoints("import_decided=1*pause");
    let (ended, first_to_end) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for ended in [ended.clone(), ended] {
            let (daemon, body) = (&daemon, &body);
            scope.spawn(move || ended.send(import(daemon, body).ok()));
        }
        assert_eq!(first_to_end.recv().unwrap()["imported"], 3);
        daemon.failpoint_off("import_decided");
        let told = first_to_end.recv().unwrap();
        let codes: Vec<&Value> = told["problems"].as_array().unwrap().iter().map(|problem| &problem["code"]).collect();
        assert_eq!(codes, ["changed_meanwhile"; 3], "{told}");
    });
    assert_eq!(import(&daemon, &body).ok()["already_imported"], 3);
}

#[test]
fn numbers_that_twilio_denies_at_the_last_step_are_judged_by_a_comparison_and_not_one_by_one() {
    let (world, daemon) = account(8);
    let rows: Vec<Value> = (0..8).map(|n| json!({"phone_number": number(n)})).collect();
    world.twilio.fault(Fault::new(On::Update, FaultKind::NotFound).times(8));
    let told = import(&daemon, &json!({"numbers": rows})).ok();
    assert_eq!(told["problems"].as_array().unwrap().len(), 8, "{told}");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    eventually("the comparison that was asked for finds them there", || daemon.status()["available"] == 8);
}
