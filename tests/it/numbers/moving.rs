//! Numbers that an operator moves to another pool: whoever has one keeps it, and Twilio learns what the new pool wants.

use serde_json::{Value, json};
use twilio_simulator::{AddressOrder, Fault, FaultKind, ForeignNumber, On};

use crate::world::comparing::{assert_found, only, owned, reconcile, rename, row, stocked_in};
use crate::world::daemon::{Daemon, Reply};
use crate::world::{ORIGIN, World, eventually};

const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

fn shift(daemon: &Daemon, number: &str, pool: &str) -> Reply {
    daemon.post(&format!("/admin/phones/api/numbers/{number}/move"), &json!({ "pool": pool }))
}

/// With a second pool that buys nothing by itself.
fn with_pool(world: World, name: &str, keys: &[(&str, &str)]) -> World {
    let world = world.set(&format!("pools.{name}.threshold_low"), 0);
    keys.iter().fold(world, |world, (key, value)| world.set(&format!("pools.{name}.{key}"), value))
}

/// So many numbers in `default`, and a pool `vip` of the same kind whose numbers lead elsewhere and show an address.
fn stocked(count: u32) -> (World, Daemon, Vec<String>) {
    let world = World::new().quiet();
    let address = world.twilio.address(AddressOrder::new("US"));
    let keys = [("country", "US"), ("webhooks.sms_path", "/vip/sms"), ("address_sid", &address)];
    let world = with_pool(world, "vip", &keys);
    let twin = with_pool(world, "twin", &[("country", "US")]);
    stocked_in(twin, count)
}

fn leads_to(world: &World, number: &str, path: &str) -> bool {
    owned(world, number).sms_url == format!("{ORIGIN}{path}")
}

const OURS: &str = "/twilio/sms";
const VIP: &str = "/vip/sms";

#[test]
fn an_idle_number_is_its_new_pools_stock_with_its_webhooks_and_papers() {
    let (world, daemon, numbers) = stocked(2);
    let (moved, stays) = (numbers[0].as_str(), numbers[1].as_str());
    let number = shift(&daemon, moved, "vip").ok();
    assert_eq!((&number["pool"], &number["status"]), (&json!("vip"), &json!("available")));
    assert_eq!(number["webhook_status"], "configured");
    assert!(leads_to(&world, moved, VIP) && leads_to(&world, stays, OURS));
    assert_eq!(owned(&world, moved).address_sid.map(|sid| sid.len()), Some(34), "the pool's address is set on it");
    assert_eq!(owned(&world, stays).address_sid, None);
    // Asked again, nothing changes.
    let updates = world.twilio.truth().updates;
    assert_eq!(shift(&daemon, moved, "vip").ok(), number);
    assert_eq!(world.twilio.truth().updates, updates);
    let in_full = daemon.get(&format!("/admin/phones/api/numbers/{moved}")).ok();
    let lines: Vec<&Value> =
        in_full["history"].as_array().expect("a list").iter().filter(|line| line["event"] == "moved").collect();
    assert_eq!(lines.len(), 1, "{in_full}");
    let detail = lines[0]["detail"].as_str().expect("a sentence");
    assert!(detail.ends_with(" moved it from the pool default into vip"), "{detail}");
    assert_found(&reconcile(&daemon), &[]);
    eventually("the trail says where it went", || {
        world.count("SELECT count(*) FROM audit WHERE path LIKE '%/move' AND detail::text LIKE '%vip%'") == 2
    });
    // Each pool serves with its own.
    let given = daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "pool": "vip"})).ok();
    assert_eq!((&given["phone_number"], &given["pool"]), (&json!(moved), &json!("vip")));
    assert_eq!(daemon.assign("u-2").ok()["phone_number"], stays);
    world.assert_nothing_lost_or_doubled();
    assert_eq!(world.bought(), 2, "caps do not bind a move, and it buys nothing");
}

#[test]
fn what_both_pools_want_stays_confirmed_without_a_word_to_twilio() {
    let (world, daemon, numbers) = stocked(1);
    let updates = world.twilio.truth().updates;
    let number = shift(&daemon, &numbers[0], "twin").ok();
    assert_eq!((&number["pool"], &number["webhook_status"]), (&json!("twin"), &json!("configured")));
    assert_eq!(world.twilio.truth().updates, updates);
    // Unless the former pool has changed its mind, and has not said so to all of its numbers yet.
    world.sql("UPDATE pools SET unconfirming = true WHERE name = 'twin'");
    daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "pool": "twin"})).ok();
    assert_eq!(shift(&daemon, &numbers[0], "default").ok()["webhook_status"], "drifted");
}

#[test]
fn a_resting_number_rests_on_in_its_new_pool_and_comes_back_to_its_user() {
    let (world, daemon, numbers) = stocked(2);
    let number = numbers[0].as_str();
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], number);
    daemon.release("u-1").ok();
    let until = row(&world, number, "quarantined_until");
    let moved = shift(&daemon, number, "vip").ok();
    assert_eq!((&moved["pool"], &moved["status"]), (&json!("vip"), &json!("quarantined")));
    assert_eq!(row(&world, number, "quarantined_until"), until);
    assert!(leads_to(&world, number, VIP), "nobody uses it, so it is set at once");
    let back = daemon.assign("u-1").ok();
    assert_eq!((&back["phone_number"], &back["pool"]), (&json!(number), &json!("vip")));
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn whoever_has_a_number_keeps_it_and_its_webhooks_until_an_operator_sets_them() {
    let (world, daemon, numbers) = stocked(2);
    let number = numbers[0].as_str();
    daemon.assign("u-1").ok();
    let moved = shift(&daemon, number, "vip").ok();
    assert_eq!(
        (&moved["status"], &moved["user_id"], &moved["pool"]),
        (&json!("assigned"), &json!("u-1"), &json!("vip"))
    );
    assert_eq!(moved["webhook_status"], "drifted");
    assert!(leads_to(&world, number, OURS), "a user's calls go on where they went");
    assert!(owned(&world, number).address_sid.is_some(), "papers disturb nobody");
    let has = daemon.get("/signup/api/assignments/u-1").ok();
    assert_eq!((&has["phone_number"], &has["pool"]), (&json!(number), &json!("vip")));
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1)]);
    let drift = only(&report, "webhook_drift");
    assert_eq!((&drift["pool"], &drift["user_id"]), (&json!("vip"), &json!("u-1")));
    let set = daemon.post_empty("/admin/phones/api/configure-webhooks?pool=vip").ok();
    assert_eq!((&set["checked"], &set["configured"]), (&json!(1), &json!(1)));
    assert!(leads_to(&world, number, VIP));
    assert_eq!(daemon.release("u-1").ok()["pool"], "vip");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_released_number_rests_as_long_as_its_new_pool_says() {
    let world = with_pool(World::new().quiet(), "brief", &[("country", "US"), ("quarantine_hours", "1")]);
    let (world, daemon, numbers) = stocked_in(world, 1);
    daemon.assign("u-1").ok();
    shift(&daemon, &numbers[0], "brief").ok();
    daemon.release("u-1").ok();
    let rests = "SELECT count(*) FROM numbers WHERE quarantined_until < now() + interval '2 hours'";
    assert_eq!(world.count(rests), 1);
}

#[test]
fn what_does_not_fit_is_told_and_stays_where_it_is() {
    let world = World::new().quiet();
    let world = with_pool(world, "gb", &[("country", "GB"), ("number_type", "mobile")]);
    let world = with_pool(world, "free", &[("country", "US"), ("number_type", "toll_free")]);
    let world = with_pool(world, "fax", &[("country", "US"), ("capabilities", "voice,fax")]);
    let unknown = format!("AD{}", "9".repeat(32));
    let world = with_pool(world, "papers", &[("country", "US"), ("address_sid", &unknown)]);
    let world = with_pool(world, "vip", &[("country", "US")]);
    let (world, daemon, numbers) = stocked_in(world, 5);
    let number = numbers[0].as_str();
    let everything = |world: &World| world.sql("SELECT string_agg(n::text, '|' ORDER BY id) FROM numbers n");
    let before = (everything(&world), world.twilio.truth().updates);
    assert_eq!(shift(&daemon, number, "nowhere").problem(422, "invalid_field")["field"], "pool");
    daemon.post(&format!("/admin/phones/api/numbers/{number}/move"), &json!({})).problem(422, "invalid_field");
    shift(&daemon, "+14155550199", "vip").problem(404, "not_found");
    for (pool, lacks) in [("gb", "GB, mobile"), ("free", "US, toll-free"), ("fax", "fax")] {
        let told = shift(&daemon, number, pool).problem(409, "conflict");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains(lacks)), "{told}");
    }
    // Papers come first: what Twilio does not take leaves the number in its pool.
    let told = shift(&daemon, number, "papers").problem(502, "twilio_refused");
    assert_eq!(told["twilio_code"], 21_631, "{told}");
    world.twilio.fault(Fault::new(On::Fetch, FaultKind::Error503));
    shift(&daemon, number, "vip").problem(503, "unavailable");
    assert_eq!((everything(&world), world.twilio.truth().updates), before);

    rename(&world, &numbers[1], STAGING);
    shift(&daemon, &numbers[1], "vip").problem(409, "conflict");
    for (number, reason, code) in [(&numbers[2], "unknown_item", "conflict"), (&numbers[3], "leaving", "leaving")] {
        world.sql(&format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = '{reason}', held_since = now() WHERE phone_number = '{number}'"
        ));
        shift(&daemon, number, "vip").problem(409, code);
    }
    world.sql(&format!("UPDATE numbers SET missing_since = now() WHERE phone_number = '{}'", numbers[4]));
    shift(&daemon, &numbers[4], "vip").problem(409, "conflict");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE pool <> 'default'"), 0);
    // One that Twilio lost while nobody looked.
    assert!(world.twilio.disown(number));
    shift(&daemon, number, "vip").problem(404, "not_found");
    assert_eq!(row(&world, number, "missing_since IS NOT NULL, pool"), "t|default");
}

#[test]
fn what_lies_apart_or_in_a_pool_that_is_gone_is_brought_where_it_belongs() {
    let mut world = World::new().quiet();
    world.twilio.own(ForeignNumber::new("+447400123456").friendly_name("desk"));
    let daemon = world.daemon();
    // No pool is of its kind yet.
    let adopted = daemon.post_empty("/admin/phones/api/numbers/+447400123456/adopt").ok();
    assert_eq!((&adopted["pool"], &adopted["number_type"]), (&json!("default"), &json!("mobile")));
    assert_eq!(row(&world, "+447400123456", "apart"), "t");
    assert_eq!(daemon.stop(), Some(0));
    for (key, value) in [("country", "GB"), ("number_type", "mobile"), ("threshold_low", "0")] {
        world.change(&format!("pools.gb.{key}"), value);
    }
    let daemon = world.daemon();
    assert_eq!(shift(&daemon, "+447400123456", "gb").ok()["pool"], "gb");
    assert_eq!(row(&world, "+447400123456", "apart"), "f");
    assert_eq!(shift(&daemon, "+447400123456", "default").problem(409, "conflict")["code"], "conflict");
    let given = daemon.signup("/signup/api/assign", &json!({"user_id": "u-1", "country": "GB"})).ok();
    assert_eq!((&given["phone_number"], &given["pool"]), (&json!("+447400123456"), &json!("gb")));
    // As if it had been of a pool that the configuration has no more.
    world.sql(
        "INSERT INTO pools (name, voice_url, sms_url, status_callback)
         SELECT 'uk', voice_url, sms_url, status_callback FROM pools WHERE name = 'gb';
         UPDATE numbers SET pool = 'uk'",
    );
    shift(&daemon, "+447400123456", "uk").problem(422, "invalid_field");
    let moved = shift(&daemon, "+447400123456", "gb").ok();
    assert_eq!((&moved["pool"], &moved["user_id"]), (&json!("gb"), &json!("u-1")));
    assert_eq!(moved["webhook_status"], "configured", "both want the same");
}

#[test]
fn when_twilio_falls_silent_in_the_middle_care_ends_it() {
    let (world, daemon, numbers) = stocked(1);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error503));
    let told = shift(&daemon, &numbers[0], "vip").problem(503, "unavailable");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("stays in its pool")), "{told}");
    assert_eq!(row(&world, &numbers[0], "pool"), "default");
    // The papers are taken, the webhooks are not.
    let vip_is_silent = Fault::new(On::Update, FaultKind::Error503).after(1);
    world.twilio.fault(vip_is_silent);
    let moved = shift(&daemon, &numbers[0], "vip").ok();
    assert_eq!((&moved["pool"], &moved["webhook_status"]), (&json!("vip"), &json!("pending")));
    let nobody: Value = json!({"user_id": "u-1", "pool": "vip", "area_code": "907", "strict": true});
    daemon.signup("/signup/api/assign", &nobody).problem(409, "area_code_unavailable");
    eventually("care sets them", || {
        leads_to(&world, &numbers[0], VIP) && row(&world, &numbers[0], "webhook_status") == "configured"
    });
}
