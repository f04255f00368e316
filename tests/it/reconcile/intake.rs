//! Reconciliation takes in what was paid for and lost, and nothing else.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{ForeignNumber, On};

use crate::world::World;
use crate::world::comparing::{
    SHOWN_STATUS, assert_found, forget_when_they_began, is_ours, lines, lose_a_purchase, only, owned, reconcile, row,
    stocked, with_our_webhooks,
};

const UNKNOWN_TAG: &str = "callbunker:default:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

#[test]
fn a_purchase_that_nobody_heard_of_is_adopted_through_its_item() {
    let world = World::new().quiet();
    let (number, purchase_id) = lose_a_purchase(&world, world.daemon());
    // Its own comparison at start finds it.
    forget_when_they_began(&world);
    let daemon = world.daemon();
    assert_eq!(row(&world, &number, "status, webhook_status"), "available|configured");
    let report = world.sql("SELECT report->'adopted'->0->>'reason' FROM reconciliations ORDER BY id DESC LIMIT 1");
    assert!(report.ends_with(&format!("bought by purchase {purchase_id}, which never heard of it")), "{report}");
    let document = daemon.get(&format!("/admin/phones/api/purchases/{purchase_id}")).ok();
    assert_eq!(document["purchased_count"], 1, "{document}");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(number));
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(world.twilio.truth().updates, 0, "there was nothing to repair");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_lost_purchase_whose_place_was_given_on_is_taken_in_all_the_same() {
    let world = World::new().quiet();
    let (number, purchase_id) = lose_a_purchase(&world, world.daemon());
    // The only place of its order was given to another number, which was bought.
    world.sql(&format!(
        "UPDATE purchase_items SET doubted = false WHERE purchase_id = '{purchase_id}';
         INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, attempts, first_sent_at, ended_at)
         VALUES (gen_random_uuid(), '{purchase_id}', '+14155550100', false, 'bought', 1, now(), now())"
    ));
    forget_when_they_began(&world);
    let daemon = world.daemon();
    assert_eq!(row(&world, &number, "status, webhook_status, purchase_item_id IS NULL"), "available|configured|t");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(number));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_number_with_our_tag_that_is_days_older_than_its_purchase_belongs_to_another_environment() {
    let world = World::new().quiet();
    let (number, _) = lose_a_purchase(&world, world.daemon());
    let tag = owned(&world, &number).friendly_name;
    assert!(world.twilio.disown(&number));
    let mut older = with_our_webhooks(&number, &tag);
    older.date_created = Some(chrono::Utc::now() - chrono::TimeDelta::days(2));
    world.twilio.own(older);
    let daemon = world.daemon();
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 1)]);
    assert_eq!((&report["foreign"], &only(&report, "conflicts")["phone_number"]), (&json!(1), &json!(number)));
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().updates), (0, 0));
    // What an operator took in may be as old as it likes.
    world.sql("UPDATE purchase_items SET spends = false");
    let report = reconcile(&daemon);
    assert_found(&report, &[("adopted", 1)]);
    assert_eq!(row(&world, &number, "status"), "available");
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn our_tag_with_an_item_that_a_restored_ledger_does_not_know_is_held_for_an_operator() {
    let (world, daemon, _) = stocked(1);
    world.twilio.own(ForeignNumber::new("+14155550100").friendly_name(UNKNOWN_TAG).voice_url("https://theirs.example"));
    let report = reconcile(&daemon);
    assert_found(&report, &[("adopted", 1)]);
    let line = only(&report, "adopted");
    assert_eq!(line["phone_number"], "+14155550100");
    assert!(line["reason"].as_str().unwrap().starts_with("our tag, but the ledger does not know its item"), "{line}");
    assert_eq!(
        row(&world, "+14155550100", "status, quarantine_reason, webhook_status, purchase_item_id IS NULL"),
        "quarantined|unknown_item|drifted|t"
    );
    // Its user may still be using it: nobody gets it, and nothing changes at Twilio.
    daemon.assign("u-1").ok();
    assert_ne!(daemon.assign("u-2").ok()["phone_number"], "+14155550100");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(owned(&world, "+14155550100").voice_url.as_deref(), Some("https://theirs.example"));
    assert_eq!(world.twilio.truth().updates, 0);
}

#[test]
fn numbers_of_others_are_counted_named_and_never_touched() {
    let (world, daemon, _) = stocked(2);
    let staging = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
    for (number, name) in [("+14155550100", "front desk"), ("+14155550101", staging), ("+14155550102", "fax")] {
        world.twilio.own(ForeignNumber::new(number).friendly_name(name).sms_url("https://theirs.example"));
    }
    world.sql(&format!(
        "INSERT INTO ignored_numbers (phone_number, sid, ignored_by) VALUES ('+14155550102', '{}', 'test')",
        owned(&world, "+14155550102").sid
    ));
    let before = world.twilio.truth();
    let report = reconcile(&daemon);
    assert_found(&report, &[]);
    assert_eq!((&report["checked"], &report["foreign"], &report["ignored"]), (&json!(5), &json!(2), &json!(1)));
    let mut named: Vec<(&str, &str)> = lines(&report, "foreign_numbers")
        .iter()
        .map(|line| (line["phone_number"].as_str().unwrap(), line["reason"].as_str().unwrap()))
        .collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [("+14155550100", "not callbunker's: it carries no tag"), ("+14155550101", "tagged for instance \"staging\"")]
    );
    let after = world.twilio.truth();
    assert_eq!((&after.owned, after.updates, after.releases.len()), (&before.owned, 0, 0));
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 2);
}

#[test]
fn a_number_that_came_back_under_another_sid_takes_the_place_of_the_one_that_is_gone() {
    let (world, daemon, numbers) = stocked(2);
    let tag = owned(&world, &numbers[0]).friendly_name;
    assert!(world.twilio.disown(&numbers[0]));
    let sid = world.twilio.own(with_our_webhooks(&numbers[0], &tag));
    let report = reconcile(&daemon);
    assert_found(&report, &[("adopted", 1)]);
    let rows = format!("SELECT {SHOWN_STATUS} FROM numbers WHERE phone_number = '{}' ORDER BY id", numbers[0]);
    assert!(world.sql(&rows).ends_with("released\navailable"), "{}", world.sql(&rows));
    assert_eq!(row(&world, &numbers[0], "sid"), sid);
    assert_found(&reconcile(&daemon), &[]);
    // Somebody's number is not taken from under them.
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], json!(numbers[1]));
    let tag = owned(&world, &numbers[1]).friendly_name;
    assert!(world.twilio.disown(&numbers[1]));
    world.twilio.own(with_our_webhooks(&numbers[1], &tag));
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 1), ("missing", 1)]);
    assert_eq!(only(&report, "conflicts")["user_id"], "u-1");
    assert_eq!(only(&report, "missing")["user_id"], "u-1");
    daemon.release("u-1").ok();
    assert_found(&reconcile(&daemon), &[("adopted", 1)]);
}

#[test]
fn two_numbers_with_one_tag_are_a_conflict_and_both_stay_as_they_are() {
    let (world, daemon, numbers) = stocked(1);
    let tag = owned(&world, &numbers[0]).friendly_name;
    world.twilio.own(with_our_webhooks("+14155550100", &tag));
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 1)]);
    assert_eq!(only(&report, "conflicts")["phone_number"], "+14155550100");
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().updates), (1, 0));
}

#[test]
fn a_number_that_was_given_back_and_is_still_there_is_told_after_a_while() {
    let (world, daemon, numbers) = stocked(1);
    let number = &numbers[0];
    world.sql(&format!(
        "INSERT INTO releases (id, number_id, state, requested_by, attempts, ended_at)
         SELECT gen_random_uuid(), id, 'released', 'test', 1, now() FROM numbers WHERE phone_number = '{number}';
         UPDATE numbers SET status = 'released' WHERE phone_number = '{number}'"
    ));
    assert_found(&reconcile(&daemon), &[]);
    world.sql("UPDATE releases SET ended_at = now() - interval '11 minutes'");
    let report = reconcile(&daemon);
    assert_found(&report, &[("conflicts", 1)]);
    assert_eq!(
        (&report["foreign"], only(&report, "conflicts")["phone_number"].as_str()),
        (&json!(0), Some(number.as_str()))
    );
    assert!(is_ours(&world, number), "it was not touched");
}

#[test]
fn beside_a_purchase_nothing_is_adopted_and_nothing_doubled() {
    let world = World::new().quiet();
    let (buying, comparing) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, Duration::from_millis(600));
    let comparisons = std::thread::scope(|scope| {
        let order = scope.spawn(|| buying.purchase(50).ok());
        let mut comparisons = 0;
        while !order.is_finished() {
            for daemon in [&comparing, &buying] {
                assert_found(&reconcile(daemon), &[]);
                comparisons += 1;
            }
        }
        assert_eq!(order.join().unwrap()["purchased_count"], 50);
        comparisons
    });
    assert!(comparisons > 6, "only {comparisons} comparisons overlapped");
    assert_found(&reconcile(&comparing), &[]);
    assert_eq!(world.bought(), 50);
    assert_eq!(world.twilio.truth().updates, 0);
    world.assert_nothing_lost_or_doubled();
}
