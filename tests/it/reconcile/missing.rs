//! Numbers of ours that Twilio does not have any more, or seems not to have.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::comparing::{
    RECONCILE, age, assert_found, lines, only, owned, reconcile, reconcile_confirmed, row, stocked, with_our_webhooks,
};
use crate::world::eventually;

#[test]
fn a_missing_number_is_told_with_its_user_and_never_assigned_again() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    assert!(world.twilio.disown(&numbers[0]) && world.twilio.disown(&numbers[1]));
    let report = reconcile(&daemon);
    assert_found(&report, &[("missing", 2)]);
    let of = |number: &str| lines(&report, "missing").iter().find(|line| line["phone_number"] == number).unwrap();
    assert_eq!(of(&numbers[0])["user_id"], "u-1");
    assert_eq!(of(&numbers[1]).get("user_id"), Some(&json!(null)));
    let held = daemon.get("/signup/api/assignments/u-1").ok();
    assert_eq!((&held["number_status"], &held["phone_number"]), (&json!("missing"), &json!(numbers[0])));
    assert_eq!(daemon.status()["available"], 1);
    assert_eq!(daemon.assign("u-2").ok()["phone_number"], json!(numbers[2]));
    let other = daemon.assign("u-3").ok();
    assert!(!numbers.contains(&other["phone_number"].as_str().unwrap().to_owned()), "{other}");
    // A release frees the user for a new one, though not for the one that is gone.
    daemon.release("u-1").ok();
    let fresh = daemon.assign("u-1").ok();
    assert!(!numbers.contains(&fresh["phone_number"].as_str().unwrap().to_owned()), "{fresh}");
    assert_found(&reconcile(&daemon), &[]);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_missing_number_that_turns_up_again_is_what_it_was() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    // All of a few at once would not be believed.
    let numbers = &numbers[..2];
    let before: Vec<_> = numbers.iter().map(|number| owned(&world, number)).collect();
    for number in numbers {
        assert!(world.twilio.disown(number));
    }
    assert_found(&reconcile(&daemon), &[("missing", 2)]);
    for number in &before {
        world.twilio.own(with_our_webhooks(&number.phone_number, &number.friendly_name).sid(number.sid.clone()));
    }
    let report = reconcile(&daemon);
    assert_found(&report, &[("adopted", 2)]);
    assert!(lines(&report, "adopted").iter().all(|line| line["reason"] == "turned up again at Twilio"), "{report}");
    let held = daemon.get("/signup/api/assignments/u-1").ok();
    assert_eq!((held.get("number_status"), &held["phone_number"]), (None, &json!(numbers[0])));
    assert_eq!(daemon.assign("u-2").ok()["phone_number"], json!(numbers[1]));
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn a_number_that_turns_up_with_other_webhooks_is_repaired_before_anybody_gets_it() {
    let (world, daemon, numbers) = stocked(2);
    let before = owned(&world, &numbers[0]);
    assert!(world.twilio.disown(&numbers[0]));
    reconcile(&daemon);
    let mut back = with_our_webhooks(&before.phone_number, &before.friendly_name).sid(before.sid);
    back.sms_url = Some("https://elsewhere.example/sms".to_owned());
    world.twilio.own(back);
    assert_found(&reconcile(&daemon), &[("adopted", 1), ("repaired", 1)]);
    assert_eq!(row(&world, &numbers[0], "ready, webhook_status"), "t|configured");
    assert!(crate::world::comparing::is_ours(&world, &numbers[0]));
}

#[test]
fn a_list_that_lags_makes_nothing_missing() {
    let (world, daemon, _) = stocked(1);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(1));
    daemon.purchase(1).ok();
    age(&world);
    let fetches = world.twilio.truth().requests_of(On::Fetch);
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    assert_eq!(world.twilio.truth().requests_of(On::Fetch), fetches + 1, "it was asked for by its SID");
}

#[test]
fn a_number_that_was_just_bought_is_not_missing_however_long_list_and_look_up_lag() {
    let (world, daemon, _) = stocked(1);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(50));
    daemon.purchase(1).ok();
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(daemon.status()["available"], 2, "it was confirmed by Twilio's 201");
    // Ten minutes later nobody believes in a lag any more.
    age(&world);
    assert_found(&reconcile(&daemon), &[("missing", 1)]);
}

#[test]
fn a_404_that_is_not_twilios_own_makes_nothing_missing() {
    let (world, daemon, numbers) = stocked(2);
    assert!(world.twilio.disown(&numbers[0]));
    // What stands between us and Twilio, or a wrong path, says 404 as well, but not 20404.
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Refuse).status(404).code(99999).forever());
    let report = reconcile(&daemon);
    assert_eq!((&report["complete"], lines(&report, "missing").len()), (&json!(false), 0), "{report}");
    assert_eq!(only(&report, "conflicts")["phone_number"], json!(numbers[0]), "{report}");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    world.twilio.clear_faults();
    assert_found(&reconcile(&daemon), &[("missing", 1)]);
}

#[test]
fn a_404_in_other_words_about_one_number_keeps_no_other_from_its_judgement() {
    let (world, daemon, numbers) = stocked(3);
    world.twilio.fault(Fault::new(On::List, FaultKind::Omit).phone_number(&numbers[0]).forever());
    let elsewhere = Fault::new(On::Fetch, FaultKind::Refuse).status(404).code(99999);
    world.twilio.fault(elsewhere.phone_number(&numbers[0]).forever());
    assert!(world.twilio.disown(&numbers[1]));
    let report = reconcile(&daemon);
    assert_eq!(only(&report, "missing")["phone_number"], json!(numbers[1]), "{report}");
    assert_eq!(only(&report, "conflicts")["phone_number"], json!(numbers[0]), "{report}");
    assert_eq!((&report["complete"], &daemon.status()["halted"]), (&json!(false), &json!(null)), "{report}");
}

#[test]
fn more_numbers_than_one_statement_marks_are_all_marked_once() {
    let (world, daemon, _) = stocked(1);
    super::large::fill(&world, 1500);
    let fill: Vec<String> = world
        .twilio
        .truth()
        .owned
        .iter()
        .map(|number| number.phone_number.clone())
        .filter(|n| n.starts_with("+1907"))
        .collect();
    for number in &fill[..1200] {
        assert!(world.twilio.disown(number));
    }
    let report = reconcile_confirmed(&daemon).ok();
    assert_found(&report, &[("missing", 1200)]);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 1200);
}

#[test]
fn a_missing_number_that_turns_up_with_another_environments_tag_is_there_again_but_held() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    let numbers = &numbers[..2];
    let before: Vec<_> = numbers.iter().map(|number| owned(&world, number)).collect();
    for number in numbers {
        assert!(world.twilio.disown(number));
    }
    assert_found(&reconcile(&daemon), &[("missing", 2)]);
    let tag = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
    for number in &before {
        world.twilio.own(with_our_webhooks(&number.phone_number, tag).sid(number.sid.clone()));
    }
    assert_found(&reconcile(&daemon), &[("conflicts", 2)]);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    assert_eq!(row(&world, &numbers[0], "status, quarantine_reason"), "assigned|");
    assert_eq!(row(&world, &numbers[1], "status, quarantine_reason"), "quarantined|tag_conflict");
    assert_eq!(daemon.get("/signup/api/assignments/u-1").ok().get("number_status"), None);
}

#[test]
fn more_missing_than_can_be_true_marks_nothing_and_halts_buying_until_an_operator_confirms() {
    let (world, daemon, numbers) = stocked(10);
    daemon.assign("u-1").ok();
    for number in &numbers[..6] {
        assert!(world.twilio.disown(number));
    }
    let report = reconcile(&daemon);
    assert_eq!((lines(&report, "missing").len(), &report["missing_suspected"]), (0, &json!(6)), "{report}");
    let problem = report["problem"].as_str().unwrap();
    assert!(problem.contains("confirm_missing") && problem.contains("resume"), "{problem}");
    assert_eq!(report["complete"], true);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    let halted = daemon.status()["halted"].clone();
    assert_eq!((&halted["twilio_code"], &halted["next_probe_at"]), (&json!(null), &json!(null)), "{halted}");
    eventually("somebody is called", || {
        daemon.log_lines().iter().any(|line| line["level"] == "critical" || line["level"] == "crit")
    });
    daemon.purchase(1).problem(503, "halted");
    // Once more, and still nothing; then an operator says that it is so.
    assert_eq!(reconcile(&daemon)["missing_suspected"], 6);
    let report = reconcile_confirmed(&daemon).ok();
    assert_found(&report, &[("missing", 6)]);
    assert_eq!(daemon.status()["available"], 4);
    daemon.purchase(1).problem(503, "halted");
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn a_halt_for_missing_numbers_keeps_the_next_comparison_from_nothing() {
    let (world, daemon, numbers) = stocked(7);
    let before: Vec<_> = numbers.iter().map(|number| owned(&world, number)).collect();
    for number in &numbers {
        assert!(world.twilio.disown(number));
    }
    assert!(reconcile(&daemon)["missing_suspected"].as_u64().is_some_and(|gone| gone >= 6));
    // The cause is mended: the right account is asked again.
    for number in &before {
        world.twilio.own(with_our_webhooks(&number.phone_number, &number.friendly_name).sid(number.sid.clone()));
    }
    crate::world::comparing::forget_when_they_began(&world);
    drop(daemon);
    let daemon = world.daemon();
    eventually("the comparison at start ran", || daemon.has_logged("were compared"));
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn exactly_as_many_as_can_be_true_are_marked() {
    let (world, daemon, numbers) = stocked(60);
    for number in &numbers[..6] {
        assert!(world.twilio.disown(number));
    }
    assert_found(&reconcile(&daemon), &[("missing", 6)]);
    // A tenth of what is left is five; five are always believed.
    for number in &numbers[6..11] {
        assert!(world.twilio.disown(number));
    }
    assert_found(&reconcile(&daemon), &[("missing", 5)]);
}

#[test]
fn a_list_that_fails_half_way_marks_nothing_missing() {
    let (world, daemon, numbers) = stocked(1);
    super::large::fill(&world, 1500);
    assert!(world.twilio.disown(&numbers[0]));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).after(1).forever());
    let refused = daemon.post_empty(RECONCILE);
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    let refused = refused.problem(503, "unavailable");
    assert_eq!((&refused["report"]["checked"], &refused["report"]["complete"]), (&json!(1000), &json!(false)));
    assert!(lines(&refused["report"], "missing").is_empty());
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    world.twilio.clear_faults();
    let report = reconcile(&daemon);
    assert_found(&report, &[("missing", 1)]);
    assert_eq!(
        (only(&report, "missing")["phone_number"].as_str(), &report["checked"]),
        (Some(numbers[0].as_str()), &json!(1500))
    );
}

#[test]
fn a_small_pool_that_vanishes_whole_marks_nothing_and_is_not_bought_anew() {
    for count in [1, 5] {
        let (mut world, daemon, numbers) = stocked(count);
        drop(daemon);
        world.change("pool.threshold_low", count);
        for number in &numbers {
            assert!(world.twilio.disown(number));
        }
        crate::world::comparing::forget_when_they_began(&world);
        let daemon = world.daemon();
        let report = reconcile(&daemon);
        assert_eq!((lines(&report, "missing").len(), &report["missing_suspected"]), (0, &json!(count)), "{report}");
        daemon.post_empty("/admin/phones/api/replenish").ok();
        assert_eq!(world.bought(), count as usize, "nothing is bought anew");
        assert!(daemon.status()["halted"].is_object());
        assert_found(&reconcile_confirmed(&daemon).ok(), &[("missing", count as usize)]);
    }
}

#[test]
fn a_list_that_leaves_out_thousands_is_asked_for_some_of_them_only() {
    let (world, daemon, _) = stocked(1);
    super::large::fill(&world, 3000);
    world.twilio.fault(Fault::new(On::List, FaultKind::Omit).forever());
    let fetches = world.twilio.truth().requests_of(On::Fetch);
    let report = reconcile(&daemon);
    assert!(report["problem"].as_str().unwrap().contains("left out 3001"), "{report}");
    assert_eq!(world.twilio.truth().requests_of(On::Fetch), fetches + 1000);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 0);
    assert_eq!(daemon.status()["halted"], json!(null), "they are there: nobody has to confirm anything");
    world.twilio.clear_faults();
    assert_found(&reconcile(&daemon), &[]);
}
