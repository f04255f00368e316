//! What the tests of reconciliation share: numbers in every state, and ways to change them behind the daemon's back.

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{ForeignNumber, On, OwnedNumber, Webhooks};

use crate::world::daemon::{Daemon, Reply};
use crate::world::{ORIGIN, World, eventually};

pub const RECONCILE: &str = "/admin/phones/api/reconcile";

/// Compares by hand.
#[track_caller]
pub fn reconcile(daemon: &Daemon) -> Value {
    daemon.post_empty(RECONCILE).ok()
}

/// Compares by hand, with an operator's word that what seems gone is gone.
pub fn reconcile_confirmed(daemon: &Daemon) -> Reply {
    daemon.post(RECONCILE, &json!({"confirm_missing": true}))
}

/// One of a report's lists.
pub fn lines<'r>(report: &'r Value, list: &str) -> &'r [Value] {
    report[list].as_array().unwrap_or_else(|| panic!("{list}: {report}"))
}

/// The only element of a list.
#[track_caller]
pub fn only<'r>(report: &'r Value, list: &str) -> &'r Value {
    assert_eq!(lines(report, list).len(), 1, "{list}: {report}");
    &report[list][0]
}

/// Checks which lists have elements: every other one is empty.
#[track_caller]
pub fn assert_found(report: &Value, expected: &[(&str, usize)]) {
    for list in ["adopted", "missing", "webhook_drift", "attachment_drift", "repaired", "conflicts"] {
        let wanted = expected.iter().find(|(name, _)| *name == list).map_or(0, |(_, count)| *count);
        assert_eq!(lines(report, list).len(), wanted, "{list}: {report}");
        for line in lines(report, list) {
            assert!(line["phone_number"].is_string() && line["reason"].is_string(), "{line}");
        }
    }
    assert_eq!((&report["complete"], &report["problem"]), (&json!(true), &json!(null)), "{report}");
}

/// A quiet world with a daemon and so many numbers, in the order in which signups get them.
pub fn stocked(count: u32) -> (World, Daemon, Vec<String>) {
    stocked_in(World::new().quiet(), count)
}

pub fn stocked_in(world: World, count: u32) -> (World, Daemon, Vec<String>) {
    let daemon = world.daemon();
    assert_eq!(daemon.purchase(count).ok()["purchased_count"], json!(count));
    age(&world);
    let numbers = world.sql("SELECT phone_number FROM numbers ORDER BY purchased_at, id");
    let numbers = numbers.lines().filter(|line| line.starts_with('+')).map(str::to_owned).collect();
    (world, daemon, numbers)
}

/// Lets numbers be old enough to be missed: just bought ones may lag. Their order stays. What a clock that stepped back wrote
/// down for later is old then, too.
pub fn age(world: &World) {
    world.sql(
        "UPDATE numbers SET purchased_at = purchased_at - interval '1 hour';
         UPDATE purchase_items SET ended_at = least(ended_at, clock_timestamp()) - interval '1 hour'",
    );
}

/// Somebody changes a number's webhooks in Twilio's console.
pub fn rewire(world: &World, number: &str) {
    let elsewhere = Webhooks { sms_url: Some("https://elsewhere.example/sms".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(number, elsewhere));
}

/// Nobody has set anything back until now: who does it three times a day to the same number has it held.
pub fn forget_set_backs(world: &World) {
    world.sql("UPDATE numbers SET webhooks_set_back_at = '{}' WHERE webhooks_set_back_at <> '{}'");
}

/// Somebody renames a number in Twilio's console.
pub fn rename(world: &World, number: &str, name: &str) {
    let name = Webhooks { friendly_name: Some(name.to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(number, name));
}

/// The number as Twilio has it.
pub fn owned(world: &World, number: &str) -> OwnedNumber {
    world.twilio.truth().owned_number(number).unwrap_or_else(|| panic!("{number} is not in the account")).clone()
}

/// Whether Twilio has our webhooks on it.
pub fn is_ours(world: &World, number: &str) -> bool {
    let owned = owned(world, number);
    owned.voice_url == Some(format!("{ORIGIN}/twilio/voice"))
        && owned.sms_url == format!("{ORIGIN}/twilio/sms")
        && owned.status_callback == format!("{ORIGIN}/twilio/status")
}

/// A number that somebody put into the account, with our webhooks and this name.
pub fn with_our_webhooks(number: &str, name: &str) -> ForeignNumber {
    ForeignNumber::new(number)
        .friendly_name(name)
        .voice_url(format!("{ORIGIN}/twilio/voice"))
        .sms_url(format!("{ORIGIN}/twilio/sms"))
        .status_callback(format!("{ORIGIN}/twilio/status"))
}

/// Where a number stands, as people are told: the database stores whose an active one is with its lease.
pub const SHOWN_STATUS: &str = "CASE WHEN status <> 'active' THEN status
    WHEN EXISTS (SELECT FROM leases l WHERE l.number_id = numbers.id AND l.user_id IS NOT NULL) THEN 'assigned' ELSE 'available' END";

/// A column of a number's row.
pub fn row(world: &World, number: &str, columns: &str) -> String {
    let columns = match columns.strip_prefix("status") {
        Some(rest) => format!("{SHOWN_STATUS}{rest}"),
        None => columns.to_owned(),
    };
    let rows =
        world.sql(&format!("SELECT {columns} FROM numbers WHERE phone_number = '{number}' ORDER BY id DESC LIMIT 1"));
    rows.lines().last().unwrap_or_default().to_owned()
}

/// A purchase that was paid for and that nobody heard of: the daemon is killed before Twilio's answer, and the ledger gave
/// the item up. The number, and its order.
pub fn lose_a_purchase(world: &World, daemon: Daemon) -> (String, String) {
    let before = world.bought();
    world.twilio.set_latency_on(On::Create, Duration::from_secs(3));
    let reply = daemon.post_with("/admin/phones/api/purchase", &json!({"count": 1}), &[("Prefer", "respond-async")]);
    assert_eq!(reply.status, 202, "{reply:?}");
    eventually("it is paid for", || world.bought() == before + 1);
    daemon.kill9();
    world.twilio.set_latency_on(On::Create, Duration::ZERO);
    world.sql(
        "UPDATE purchases SET state = 'interrupted', run_id = NULL, ended_at = now() WHERE state = 'running';
         UPDATE purchase_items SET state = 'not_bought', doubted = true, ended_at = now() WHERE state IN ('sent', 'unknown')",
    );
    let number = world.twilio.truth().purchases[before].phone_number.clone();
    assert_eq!(world.count(&format!("SELECT count(*) FROM numbers WHERE phone_number = '{number}'")), 0);
    (number, reply.body["purchase_id"].as_str().expect("its id").to_owned())
}

/// Lets the next comparison that comes by itself be due.
pub fn forget_when_they_began(world: &World) {
    world.sql("UPDATE reconciliations SET started_at = started_at - interval '1 hour', ended_at = ended_at - interval '1 hour'");
}
