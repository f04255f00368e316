//! A tug of war: somebody else sets a number's webhooks back again and again.

use serde_json::json;

use crate::world::comparing::{assert_found, is_ours, lines, only, owned, reconcile, rewire, row, stocked};
use crate::world::daemon::Daemon;
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

const CONFIGURE: &str = "/admin/phones/api/configure-webhooks";
const CONTESTED: &str = "quarantined|contested";

fn stands(world: &World, number: &str) -> String {
    row(world, number, "status, quarantine_reason")
}

fn needs(daemon: &Daemon, kind: &str) -> Option<serde_json::Value> {
    let needs = daemon.get("/admin/phones/api/attention").ok();
    needs["items"].as_array().unwrap().iter().find(|item| item["kind"] == kind).cloned()
}

/// Set back and mended, so often.
fn mended(world: &World, daemon: &Daemon, number: &str, times: u32) {
    for _ in 0..times {
        rewire(world, number);
        assert_found(&reconcile(daemon), &[("repaired", 1)]);
        assert!(is_ours(world, number));
    }
}

#[test]
fn a_number_that_is_set_back_three_times_a_day_is_held_told_and_taken_back_by_an_operator() {
    let (world, daemon, numbers) = stocked(3);
    let number = &numbers[0];
    mended(&world, &daemon, number, 2);
    rewire(&world, number);
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 1)]);
    let told = only(&report, "conflicts");
    assert_eq!((&told["phone_number"], &told["held"]), (&json!(number), &json!(true)));
    assert!(told["reason"].as_str().unwrap().contains("three times within a day (sms_url)"), "{told}");
    assert_eq!(stands(&world, number), CONTESTED);
    assert_eq!(world.twilio.truth().updates, 2, "the last one was left");
    // It is no stock, and everybody says why.
    assert_eq!((&daemon.status()["available"], &daemon.status()["held"]), (&json!(2), &json!(1)));
    let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
    assert_eq!((&document["quarantine_reason"], &document["assignable"]), (&json!("contested"), &json!(false)));
    assert!(document["why_not"].as_str().unwrap().contains("set its webhooks back"), "{document}");
    let need = needs(&daemon, "contested").expect("it needs somebody");
    assert_eq!((&need["count"], &need["severity"]), (&json!(1), &json!("warning")));
    assert_eq!(needs(&daemon, "to_decide"), None, "told once");
    eventually("the log says so", || {
        daemon.has_logged(
            "somebody else set a number's webhooks back three times within a day: find out who, then adopt it",
        )
    });
    let pool = [("pool", "default")];
    eventually("the metric tells", || Scrape::of(&daemon).get("callbunker_numbers_contested", &pool) > 0.5);
    // Nobody pulls any more.
    assert_found(&reconcile(&daemon), &[]);
    daemon.post_empty(CONFIGURE).ok();
    assert_eq!((is_ours(&world, number), world.twilio.truth().updates), (false, 2));
    for user in ["u-1", "u-2"] {
        assert_ne!(daemon.assign(user).ok()["phone_number"], json!(number));
    }
    world.sql("UPDATE numbers SET held_since = held_since - interval '11 minutes' WHERE held_since IS NOT NULL");
    let reason = only(&reconcile(&daemon), "conflicts")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("adopt it"), "{reason}");
    // An operator decides, and it is counted anew.
    daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/adopt")).ok();
    assert_eq!((stands(&world, number), is_ours(&world, number)), ("available|".to_owned(), true));
    let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
    let history: Vec<&str> =
        document["history"].as_array().unwrap().iter().filter_map(|event| event["detail"].as_str()).collect();
    assert!(history.iter().any(|told| told.contains("set its webhooks back again and again")), "{history:?}");
    mended(&world, &daemon, number, 2);
    assert_eq!(needs(&daemon, "contested"), None);
}

#[test]
fn configure_webhooks_pulls_no_more_often() {
    let (world, daemon, numbers) = stocked(3);
    for _ in 0..2 {
        rewire(&world, &numbers[0]);
        assert_eq!(daemon.post_empty(CONFIGURE).ok()["configured"], 1);
    }
    rewire(&world, &numbers[0]);
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!((&report["configured"], &report["failed"][0]["code"]), (&json!(0), &json!("contested")), "{report}");
    assert_eq!(stands(&world, &numbers[0]), CONTESTED);
}

#[test]
fn what_is_a_day_ago_what_is_somebodys_and_what_we_had_not_confirmed_is_not_counted() {
    let (world, daemon, numbers) = stocked(4);
    daemon.assign("u-1").ok();
    for _ in 0..4 {
        // A user's is set again by an operator's word, as often as it takes.
        rewire(&world, &numbers[0]);
        assert_eq!(daemon.post_empty(CONFIGURE).ok()["configured"], 1);
        // Long ago.
        world.sql("UPDATE numbers SET webhooks_set_back_at = ARRAY(SELECT at - interval '25 hours' FROM unnest(webhooks_set_back_at) AS at)");
        mended(&world, &daemon, &numbers[1], 1);
        // Our own change of mind is nobody's pull.
        world.sql(&format!("UPDATE numbers SET webhook_status = 'pending' WHERE phone_number = '{}'", numbers[2]));
        rewire(&world, &numbers[2]);
        daemon.post_empty(CONFIGURE).ok();
        assert!(is_ours(&world, &numbers[2]));
    }
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE status <> 'active'"), 0);
    assert_eq!(row(&world, &numbers[0], "cardinality(webhooks_set_back_at)"), "0");
    assert_eq!(row(&world, &numbers[2], "cardinality(webhooks_set_back_at)"), "0");
}

#[test]
fn what_was_counted_once_holds_no_number_weeks_later_nor_when_we_change_our_mind() {
    let (world, daemon, numbers) = stocked(4);
    for (number, ago, status) in [(&numbers[0], "25 hours", "configured"), (&numbers[1], "1 hour", "pending")] {
        world.sql(&format!(
            "UPDATE numbers SET webhooks_set_back_at = array_fill(now() - interval '{ago}', ARRAY[3]), webhook_status = '{status}'
              WHERE phone_number = '{number}'"
        ));
        rewire(&world, number);
    }
    assert_eq!(daemon.post_empty(CONFIGURE).ok()["failed"], json!([]));
    for number in &numbers[..2] {
        assert_eq!((stands(&world, number).as_str(), is_ours(&world, number)), ("available|", true), "{number}");
    }
}

#[test]
fn a_rested_number_that_is_contested_does_not_return() {
    let (world, daemon, numbers) = stocked(3);
    let number = &numbers[0];
    mended(&world, &daemon, number, 2);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(number));
    daemon.release("u-1").ok();
    rewire(&world, number);
    world.sql("UPDATE numbers SET quarantined_until = now() WHERE quarantine_reason = 'released'");
    eventually("it is held", || stands(&world, number) == CONTESTED);
    assert!(!is_ours(&world, number));
}

#[test]
fn what_a_crash_left_between_the_last_pull_and_its_hold_is_held_by_care() {
    let (world, _daemon, numbers) = stocked(3);
    let number = &numbers[0];
    rewire(&world, number);
    world.sql(&format!(
        "UPDATE numbers SET webhook_status = 'drifted', webhooks_set_back_at = array_fill(now(), ARRAY[3])
          WHERE phone_number = '{number}'"
    ));
    eventually("it is held", || stands(&world, number) == CONTESTED);
    assert_eq!((is_ours(&world, number), world.twilio.truth().updates), (false, 0));
}

#[test]
fn a_number_that_is_contested_can_be_given_back() {
    let (world, daemon, numbers) = stocked(3);
    let number = &numbers[0];
    mended(&world, &daemon, number, 2);
    rewire(&world, number);
    reconcile(&daemon);
    assert_eq!(stands(&world, number), CONTESTED);
    daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/release-to-twilio")).ok();
    assert_eq!(row(&world, number, "status"), "released");
    assert!(world.twilio.truth().owned_number(number).is_none());
}

#[test]
fn more_than_can_be_true_are_held_but_not_bought_anew() {
    let (world, daemon, numbers) = stocked(8);
    for _ in 0..2 {
        numbers.iter().for_each(|number| rewire(&world, number));
        assert_found(&reconcile(&daemon), &[("repaired", 8)]);
    }
    numbers.iter().for_each(|number| rewire(&world, number));
    let report = reconcile(&daemon);
    assert_eq!(lines(&report, "conflicts").len(), 8, "{report}");
    let problem = report["problem"].as_str().expect("somebody is called");
    assert!(problem.contains("set the webhooks of more numbers") && problem.contains("resume"), "{problem}");
    assert!(numbers.iter().all(|number| stands(&world, number) == CONTESTED));
    assert!(daemon.status()["halted"]["message"].as_str().unwrap().contains(problem));
    daemon.purchase(1).problem(503, "halted");
    assert_eq!(world.bought(), 8);
    for number in &numbers {
        assert!(!owned(&world, number).sms_url.starts_with("https://app"));
        daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/adopt")).ok();
    }
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!((&daemon.status()["available"], &daemon.status()["halted"]), (&json!(8), &json!(null)));
}
