//! Numbers of ours that somebody changed at Twilio: repaired, told, or held, by whose they are.

use serde_json::json;
use twilio_simulator::Webhooks;

use crate::world::comparing::{
    assert_found, forget_when_they_began, is_ours, only, owned, reconcile, rename, rewire, row, stocked, stocked_in,
};
use crate::world::{World, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

#[test]
fn drift_on_idle_and_resting_stock_is_repaired_at_once_and_on_assigned_numbers_told() {
    let (world, daemon, numbers) = stocked(4);
    daemon.assign("u-1").ok();
    daemon.assign("u-2").ok();
    daemon.release("u-2").ok();
    for number in &numbers[..3] {
        rewire(&world, number);
    }
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1), ("repaired", 2)]);
    let drift = only(&report, "webhook_drift");
    assert_eq!((&drift["phone_number"], &drift["user_id"]), (&json!(numbers[0]), &json!("u-1")));
    assert_eq!(drift["reason"], "webhooks differ (sms_url)");
    assert!(!is_ours(&world, &numbers[0]) && is_ours(&world, &numbers[1]) && is_ours(&world, &numbers[2]));
    assert_eq!(world.twilio.truth().updates, 2);
    assert_eq!(row(&world, &numbers[0], "status, webhook_status"), "assigned|drifted");
    assert_eq!(row(&world, &numbers[1], "status, webhook_status"), "quarantined|configured");
    assert_eq!(daemon.status()["available"], 2);
    // What was repaired is not told again, what is somebody's is, until an operator has it repaired.
    assert_found(&reconcile(&daemon), &[("webhook_drift", 1)]);
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn drift_on_assigned_numbers_is_repaired_when_the_configuration_says_so() {
    let (world, daemon, numbers) = stocked_in(World::new().quiet().set("reconcile.repair_assigned", true), 1);
    daemon.assign("u-1").ok();
    rewire(&world, &numbers[0]);
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1), ("repaired", 1)]);
    assert_eq!(
        (&report["webhook_drift"][0]["user_id"], &report["repaired"][0]["user_id"]),
        (&json!("u-1"), &json!("u-1"))
    );
    assert!(is_ours(&world, &numbers[0]));
    assert_eq!(row(&world, &numbers[0], "status, webhook_status"), "assigned|configured");
    rename(&world, &numbers[0], "mine");
    assert_found(&reconcile(&daemon), &[("webhook_drift", 1), ("repaired", 1)]);
    assert!(owned(&world, &numbers[0]).friendly_name.starts_with("callbunker:default:"));
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn a_changed_friendly_name_on_a_number_of_ours_is_drift_and_not_foreign() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    let tags: Vec<String> = numbers.iter().map(|number| owned(&world, number).friendly_name).collect();
    rename(&world, &numbers[0], "mine");
    rename(&world, &numbers[1], "(415) 555-0100");
    rename(&world, &numbers[2], &tags[0]);
    rewire(&world, &numbers[2]);
    let report = reconcile(&daemon);
    assert_found(&report, &[("repaired", 3)]);
    assert_eq!(report["foreign"], 0);
    // Without a tag a restored backup would lose it, so even a user's number gets it, and nothing else.
    let of_a_user =
        crate::world::comparing::lines(&report, "repaired").iter().find(|line| line["user_id"] == "u-1").unwrap();
    let reason = of_a_user["reason"].as_str().unwrap();
    assert!(reason.contains("no tag") && reason.contains("webhooks were left"), "{reason}");
    assert_eq!(owned(&world, &numbers[0]).friendly_name, tags[0]);
    assert_eq!((owned(&world, &numbers[1]).friendly_name, is_ours(&world, &numbers[1])), (tags[1].clone(), true));
    assert_eq!((owned(&world, &numbers[2]).friendly_name, is_ours(&world, &numbers[2])), (tags[2].clone(), true));
    assert_eq!(world.twilio.truth().updates, 3, "one call for both");
    assert_eq!(row(&world, &numbers[0], "status, webhook_status"), "assigned|configured", "its webhooks are right");
    assert_found(&reconcile(&daemon), &[]);
    // Another tag of ours is somebody's mistake: told, and left to an operator.
    rename(&world, &numbers[0], &tags[1]);
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1)]);
    let drift = only(&report, "webhook_drift");
    assert_eq!((&drift["reason"], &drift["user_id"]), (&json!("friendly name changed"), &json!("u-1")));
    assert_eq!(owned(&world, &numbers[0]).friendly_name, tags[1]);
}

#[test]
fn held_numbers_are_told_on_every_run_until_somebody_decides_with_what_to_do() {
    let (world, daemon, numbers) = stocked(3);
    for (number, reason) in numbers.iter().zip(["adopting", "unknown_item", "tag_conflict"]) {
        if reason == "tag_conflict" {
            rename(&world, number, STAGING);
        }
        world.sql(&format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = '{reason}', held_since = now() WHERE phone_number = '{number}'"
        ));
    }
    // Somebody may still be at it; the other environment's tag is told at once.
    assert_found(&reconcile(&daemon), &[("conflicts", 1)]);
    world.sql("UPDATE numbers SET held_since = held_since - interval '11 minutes'");
    for _run in 0..2 {
        let report = reconcile(&daemon);
        assert_found(&report, &[("conflicts", 3)]);
        let of = |number: &String| {
            let lines = crate::world::comparing::lines(&report, "conflicts").to_vec();
            let line = lines.into_iter().find(|line| line["phone_number"] == json!(number)).expect("it is told");
            line["reason"].as_str().expect("why").to_owned()
        };
        assert!(of(&numbers[0]).contains("adopt it again"), "{report}");
        assert!(of(&numbers[1]).contains("release-to-twilio"), "{report}");
        assert!(of(&numbers[2]).contains("staging"), "{report}");
    }
    // The daemon's own holds begin when they begin.
    let adopt = format!("/admin/phones/api/numbers/{}/adopt", numbers[1]);
    daemon.post_empty(&adopt).ok();
    assert_found(&reconcile(&daemon), &[("conflicts", 2)]);
    rename(&world, &numbers[1], STAGING);
    reconcile(&daemon);
    let since = "SELECT count(*) FROM numbers WHERE quarantine_reason = 'tag_conflict' AND held_since > now() - interval '1 minute'";
    assert_eq!(world.count(since), 1);
}

#[test]
fn a_number_without_an_item_gets_any_tag_of_ours_and_keeps_it() {
    let (world, daemon, numbers) = stocked(1);
    world.sql("UPDATE numbers SET purchase_item_id = NULL");
    assert_found(&reconcile(&daemon), &[]);
    rename(&world, &numbers[0], "mine");
    assert_found(&reconcile(&daemon), &[("repaired", 1)]);
    let tag = owned(&world, &numbers[0]).friendly_name;
    assert!(tag.starts_with("callbunker:default:"), "{tag}");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(owned(&world, &numbers[0]).friendly_name, tag);
}

#[test]
fn numbers_that_all_at_once_carry_another_environments_tag_are_held_but_not_bought_anew() {
    let (world, daemon, numbers) = stocked(8);
    numbers[..5].iter().for_each(|number| rename(&world, number, STAGING));
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 5)]);
    assert_eq!((&report["problem"], &daemon.status()["halted"]), (&json!(null), &json!(null)), "five may be");
    // However slowly it goes, what is held since a day counts.
    for (at, number) in numbers[5..].iter().enumerate() {
        rename(&world, number, STAGING);
        let report = reconcile(&daemon);
        assert_eq!(crate::world::comparing::lines(&report, "conflicts").len(), 6 + at, "{report}");
        let problem = report["problem"].as_str().expect("it is told");
        assert!(problem.contains("another environment") && problem.contains("resume"), "{problem}");
        assert_eq!(
            row(&world, number, "status, quarantine_reason"),
            "quarantined|tag_conflict",
            "it is held all the same"
        );
        let halted = daemon.status()["halted"].clone();
        assert_eq!(
            halted["message"].as_str().map(|told| told.matches(problem).count()),
            Some(1),
            "told once: {halted}"
        );
        daemon.purchase(1).problem(503, "halted");
    }
    assert_eq!((world.bought(), world.twilio.truth().updates), (8, 0));
    // An operator decides, and it is over.
    for number in &numbers {
        daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/adopt")).ok();
    }
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!((&daemon.status()["available"], &daemon.status()["halted"]), (&json!(8), &json!(null)));
}

#[test]
fn another_environments_tag_on_a_number_of_ours_is_a_conflict_and_never_rewritten() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    daemon.assign("u-2").ok();
    daemon.release("u-2").ok();
    for number in &numbers {
        rename(&world, number, STAGING);
        rewire(&world, number);
    }
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 3)]);
    assert_eq!(row(&world, &numbers[0], "status, quarantine_reason"), "assigned|");
    assert_eq!(row(&world, &numbers[1], "status, quarantine_reason, rests_for"), "quarantined|tag_conflict|");
    assert_eq!(row(&world, &numbers[2], "status, quarantine_reason"), "quarantined|tag_conflict");
    let named: Vec<_> =
        report["conflicts"].as_array().unwrap().iter().filter(|line| line["user_id"] == "u-1").collect();
    assert_eq!((named.len(), &named[0]["phone_number"]), (1, &json!(numbers[0])));
    assert!(named[0]["reason"].as_str().unwrap().contains("\"staging\""), "{report}");
    assert_eq!((&daemon.status()["available"], &daemon.status()["assigned"]), (&json!(0), &json!(1)));
    assert_ne!(daemon.assign("u-3").ok()["phone_number"], json!(numbers[2]), "nobody is given it");
    assert_ne!(daemon.assign("u-2").ok()["phone_number"], json!(numbers[1]), "not even its former user");
    assert_eq!(world.twilio.truth().updates, 0);
    // An operator must decide, also when the other environment has let go.
    rename(&world, &numbers[2], "free");
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 3)]);
    assert_eq!(
        (row(&world, &numbers[2], "quarantine_reason"), world.twilio.truth().updates),
        ("tag_conflict".into(), 0)
    );
}

#[test]
fn what_the_database_wrongly_has_as_unready_is_confirmed_without_an_update() {
    let (world, daemon, _) = stocked(3);
    daemon.assign("u-1").ok();
    world.sql(
        "UPDATE numbers SET webhook_status = 'drifted' WHERE id IN (SELECT number_id FROM leases WHERE user_id IS NOT NULL);
         UPDATE numbers SET webhook_status = 'failed' WHERE id IN (SELECT number_id FROM leases WHERE user_id IS NULL)",
    );
    assert_found(&reconcile(&daemon), &[("repaired", 3)]);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 3);
    assert_eq!(world.twilio.truth().updates, 0);
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn numbers_that_are_held_or_leaving_are_not_touched() {
    let (world, daemon, numbers) = stocked(3);
    for (number, reason) in numbers.iter().zip(["unknown_item", "adopting", "leaving"]) {
        world.sql(&format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = '{reason}', held_since = now() WHERE phone_number = '{number}'"
        ));
        rename(&world, number, "mine");
        rewire(&world, number);
    }
    let before = world.sql("SELECT md5(string_agg(n::text, '' ORDER BY id)) FROM numbers n");
    assert_found(&reconcile(&daemon), &[]);
    assert!(world.twilio.disown(&numbers[2]), "it has left, and its release will notice");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(world.sql("SELECT md5(string_agg(n::text, '' ORDER BY id)) FROM numbers n"), before);
    assert_eq!(world.twilio.truth().updates, 0);
}

#[test]
fn an_instance_that_is_configured_otherwise_tells_drift_and_repairs_nothing() {
    let (mut world, first, numbers) = stocked(2);
    world.change("PUBLIC_APP_URL", "https://other.example.com");
    world.change("reconcile.repair_assigned", true);
    let skewed = world.daemon();
    assert_found(&reconcile(&skewed), &[]);
    first.assign("u-1").ok();
    // The other instance's caretaker would mend it.
    first.stop();
    rewire(&world, &numbers[0]);
    rename(&world, &numbers[1], "mine");
    let report = reconcile(&skewed);
    assert_found(&report, &[("webhook_drift", 2)]);
    assert_eq!((report["webhook_drift"].as_array().unwrap().len(), world.twilio.truth().updates), (2, 0));
    world.change("PUBLIC_APP_URL", crate::world::ORIGIN);
    forget_when_they_began(&world);
    let right = world.daemon();
    assert!(numbers.iter().all(|number| is_ours(&world, number)), "the start of the right one repaired it");
    assert_found(&reconcile(&right), &[]);
}

#[test]
fn a_number_that_twilio_does_not_let_us_set_is_told_and_keeps_no_other_from_its_repair() {
    use twilio_simulator::{Fault, FaultKind, On};
    let (world, daemon, numbers) = stocked(3);
    for number in &numbers {
        rewire(&world, number);
    }
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error503).times(1));
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1), ("repaired", 2)]);
    assert!(only(&report, "webhook_drift")["reason"].as_str().unwrap().contains("the repair failed"), "{report}");
    eventually("the caretaker repairs the last one", || numbers.iter().all(|number| is_ours(&world, number)));
}

#[cfg(feature = "failpoints")]
#[test]
fn a_number_that_has_drifted_is_given_to_nobody_while_it_is_repaired() {
    let (world, daemon, numbers) = stocked(1);
    rewire(&world, &numbers[0]);
    daemon.failpoints("drift_marked=sleep(1500)");
    let report = std::thread::scope(|scope| {
        let report = scope.spawn(|| reconcile(&daemon));
        eventually("the drift is marked", || row(&world, &numbers[0], "webhook_status") == "drifted");
        let other = daemon.assign("u-1").ok();
        assert!(other["phone_number"] != json!(numbers[0]) || is_ours(&world, &numbers[0]), "{other}");
        report.join().unwrap()
    });
    assert_found(&report, &[("repaired", 1)]);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_application_a_trunk_or_another_method_is_drift_although_the_urls_are_ours() {
    let (world, daemon, numbers) = stocked(4);
    daemon.assign("u-1").ok();
    let application = || Some(format!("AP{}", "0".repeat(32)));
    let changes = [
        Webhooks { voice_application_sid: application(), ..Webhooks::default() },
        Webhooks { trunk_sid: Some(format!("TK{}", "0".repeat(32))), ..Webhooks::default() },
        Webhooks { sms_application_sid: application(), ..Webhooks::default() },
        Webhooks { voice_method: Some("GET".to_owned()), ..Webhooks::default() },
    ];
    for (number, change) in numbers.iter().zip(changes) {
        assert!(world.twilio.set_webhooks(number, change));
    }
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1), ("repaired", 3)]);
    assert_eq!(only(&report, "webhook_drift")["reason"], "webhooks differ (voice_application_sid)");
    let left = |number: &str| {
        let owned = owned(&world, number);
        (owned.trunk_sid, owned.voice_application_sid, owned.sms_application_sid, owned.voice_method)
    };
    let plain = (None, String::new(), String::new(), "POST".to_owned());
    assert!(numbers[1..].iter().all(|number| left(number) == plain), "{:?}", world.twilio.truth().owned);
    assert_eq!(left(&numbers[0]).1, application().unwrap(), "what somebody has is not rewired by itself");
    assert_eq!(row(&world, &numbers[0], "status, webhook_status"), "assigned|drifted");
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!(left(&numbers[0]), plain);
    assert_found(&reconcile(&daemon), &[]);
}
