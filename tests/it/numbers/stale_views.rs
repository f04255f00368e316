//! What somebody saw a moment ago is not what is: lists that lag, webhooks that changed on the way, numbers that became
//! somebody's.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{Capabilities, On};

use crate::world::comparing::{
    assert_found, is_ours, only, owned, reconcile, rename, rewire, row, stocked, stocked_in,
};
use crate::world::{World, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";
const NEW_ORIGIN: &str = "https://new.example.com";

fn configure(daemon: &crate::world::daemon::Daemon, only: &[&str]) -> serde_json::Value {
    daemon.post("/admin/phones/api/configure-webhooks", &json!({"phone_numbers": only})).ok()
}

#[test]
fn a_page_that_was_read_before_a_number_was_adopted_holds_it_no_more() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("u-1").ok();
    let (theirs, idle, drifted) = (&numbers[0], &numbers[1], &numbers[2]);
    let name = owned(&world, idle).friendly_name;
    rename(&world, idle, STAGING);
    rewire(&world, theirs);
    rewire(&world, drifted);
    daemon.failpoints("reconcile_page_read=1*pause->off");
    let lists = world.twilio.truth().requests_of(On::List);
    std::thread::scope(|scope| {
        let comparing = scope.spawn(|| reconcile(&daemon));
        eventually("the page was read", || world.twilio.truth().requests_of(On::List) > lists);
        std::thread::sleep(Duration::from_millis(1000));
        rename(&world, idle, &name);
        configure(&daemon, &[theirs, drifted]);
        daemon.failpoint_off("reconcile_page_read");
        assert_found(&comparing.join().unwrap(), &[]);
    });
    assert_eq!(row(&world, idle, "status, webhook_status"), "available|configured");
    assert_eq!(row(&world, theirs, "status, webhook_status"), "assigned|configured");
    assert_eq!(daemon.status()["available"], 2);
}

#[test]
fn what_an_older_origin_set_late_counts_as_confirmed_for_nobody() {
    let (mut world, first, numbers) = stocked_in(World::new().quiet(), 1);
    world.change("PUBLIC_APP_URL", NEW_ORIGIN);
    let second = world.daemon();
    rewire(&world, &numbers[0]);
    // The first instance has marked the number and is about to set the old webhooks, while the new ones are configured.
    first.failpoints("care_marked=1*pause->off");
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("it is about to", || first.status()["unready"] == 1 && world.twilio.truth().requests_of(On::Fetch) > 0);
    std::thread::sleep(Duration::from_millis(500));
    configure(&second, &[&numbers[0]]);
    let new = format!("{NEW_ORIGIN}/twilio/sms");
    assert_eq!(owned(&world, &numbers[0]).sms_url, new);
    let updates = world.twilio.truth().updates;
    first.failpoint_off("care_marked");
    eventually("the old webhooks came late", || world.twilio.truth().updates > updates);
    eventually("what is assignable carries the new ones", || {
        world.sql("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready").ends_with('1')
            && owned(&world, &numbers[0]).sms_url == new
    });
}

#[test]
fn a_number_that_was_somebodys_during_a_change_of_origin_is_not_given_back_unconfirmed() {
    let (mut world, first, numbers) = stocked_in(World::new().quiet(), 3);
    let own = first.assign("u-1").ok()["phone_number"].clone();
    assert_eq!(own, json!(numbers[0]));
    world.change("PUBLIC_APP_URL", NEW_ORIGIN);
    let second = world.daemon();
    // Only the others: an operator moves by and by.
    configure(&second, &[&numbers[1], &numbers[2]]);
    assert_eq!(row(&world, &numbers[0], "webhook_status"), "pending");
    second.release("u-1").ok();
    let other = second.assign("u-1").ok()["phone_number"].clone();
    assert_ne!(other, own, "Twilio still has the old webhooks on it");
}

#[test]
fn care_leaves_a_number_alone_that_became_somebodys_since_it_was_listed() {
    let (world, daemon, numbers) = stocked(1);
    rewire(&world, &numbers[0]);
    world.twilio.set_latency_on(On::Fetch, Duration::from_secs(4));
    let fetches = world.twilio.truth().requests_of(On::Fetch);
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    eventually("care asks for it", || world.twilio.truth().requests_of(On::Fetch) > fetches);
    let rows = json!({"numbers": [{"phone_number": numbers[0], "user_id": "u-1"}]});
    assert_eq!(daemon.post("/admin/phones/api/import", &rows).ok()["assigned"], 1);
    // Care has its answer by then.
    std::thread::sleep(Duration::from_secs(5));
    assert!(!is_ours(&world, &numbers[0]), "only an operator rewires what is somebody's");
    assert_eq!(world.twilio.truth().updates, 0);
    assert_eq!(configure(&daemon, &[&numbers[0]])["configured"], 1);
    assert!(is_ours(&world, &numbers[0]));
}

#[test]
fn capabilities_that_the_pool_promises_anew_are_looked_for_in_stock() {
    let mut world = World::new().quiet();
    world.twilio.set_capabilities("US", "415", Capabilities { mms: false, ..Capabilities::default() });
    let daemon = world.daemon();
    assert_eq!(
        daemon.post("/admin/phones/api/purchase", &json!({"count": 2, "area_code": "415"})).ok()["purchased_count"],
        2
    );
    assert_eq!(daemon.status()["available"], 2);
    assert_eq!(daemon.stop(), Some(0));
    world.change("pool.capabilities", "voice,sms,mms");
    let daemon = world.daemon();
    // All of a few at once: an operator says that it is so.
    crate::world::comparing::reconcile_confirmed(&daemon).ok();
    assert_eq!((&daemon.status()["available"], &daemon.status()["unfit"]), (&json!(0), &json!(2)));
    assert_eq!(daemon.stop(), Some(0));
    world.change("pool.capabilities", "voice,sms");
    let daemon = world.daemon();
    reconcile(&daemon);
    assert_eq!((&daemon.status()["available"], &daemon.status()["unfit"]), (&json!(2), &json!(0)));
}

#[test]
fn a_tag_that_really_is_anothers_still_holds_the_number() {
    let (world, daemon, numbers) = stocked(1);
    rename(&world, &numbers[0], STAGING);
    let report = reconcile(&daemon);
    assert!(only(&report, "conflicts")["reason"].as_str().unwrap().contains("staging"));
    assert_eq!(row(&world, &numbers[0], "status, quarantine_reason"), "quarantined|tag_conflict");
}
