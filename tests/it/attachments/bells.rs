//! Whoever brings a number that lacks something rings the attacher: nothing waits for the next look at the clock.
//!
//! The clock is off here: what nobody rings for would never be attached.

use serde_json::json;
use twilio_simulator::{ForeignNumber, RegistrationOutcome, ServiceOrder};

use super::{assert_twilio_agrees, members, naming, needs, service};
use crate::world::daemon::Daemon;
use crate::world::events::{self, FAILED, deliver, event, register, waiting};
use crate::world::reloading::Reloading;
use crate::world::{World, eventually};

const NUMBER: &str = "+14155550001";

/// From here on only whoever rings has the attacher look.
fn without_a_clock(daemon: &Daemon) {
    daemon.failpoints("attach_by_clock=return");
}

/// A pool that wants a service, and a number of somebody else's in the account.
fn account() -> (World, Daemon, String) {
    let world = World::new().quiet();
    let sid = service(&world).as_str().to_owned();
    world.twilio.service(ServiceOrder::new().sid(sid.as_str()).use_inbound_webhook_on_number(true));
    world.twilio.own(ForeignNumber::new(NUMBER).friendly_name("desk").voice_url("https://theirs.example/voice"));
    let world = naming(world, &[&sid]);
    let daemon = world.daemon();
    without_a_clock(&daemon);
    (world, daemon, sid)
}

#[test]
fn a_number_that_is_adopted_joins_at_once() {
    let (world, daemon, sid) = account();
    daemon.post(&format!("/admin/phones/api/numbers/{NUMBER}/adopt"), &json!({})).ok();
    eventually("it joins", || members(&world, &sid) == [NUMBER]);
}

#[test]
fn a_number_that_is_imported_joins_at_once() {
    for configure in [false, true] {
        let (world, daemon, sid) = account();
        let rows = json!([{"phone_number": NUMBER, "user_id": "u-1"}]);
        let body = json!({"numbers": rows, "configure_webhooks": configure});
        daemon.post("/admin/phones/api/import", &body).ok();
        eventually(&format!("it joins, configure_webhooks {configure}"), || members(&world, &sid) == [NUMBER]);
    }
}

#[test]
fn a_number_that_is_moved_joins_at_once() {
    let world = World::new().quiet();
    let sid = service(&world).as_str().to_owned();
    let world = world.pool("text", &[("country", "US"), ("messaging_services", sid.as_str())]);
    let daemon = world.daemon();
    let order = daemon.purchase(1).ok();
    let number = order["numbers"][0]["phone_number"].as_str().expect("a number").to_owned();
    without_a_clock(&daemon);
    daemon.post(&format!("/admin/phones/api/numbers/{number}/move"), &json!({"pool": "text"})).ok();
    eventually("it joins", || members(&world, &sid) == [number.as_str()]);
}

#[test]
fn what_a_reload_wants_is_joined_at_once() {
    const QUIET: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";
    let it = Reloading::new(QUIET);
    it.daemon.purchase(3).ok();
    let sid = service(&it.world).as_str().to_owned();
    without_a_clock(&it.daemon);
    // What is told of the pools afterwards comes late.
    it.daemon.failpoints("attach_by_clock=return\npools_claimed=sleep(1500)");
    it.write("callbunker.toml", &format!("{QUIET}messaging_services = [\"{sid}\"]\n"));
    it.reload();
    eventually("all have joined", || members(&it.world, &sid).len() == 3);
    eventually("it is written", || it.world.count("SELECT count(*) FROM attachments WHERE state = 'attached'") == 3);
    assert_twilio_agrees(&it.world);
}

#[test]
fn an_event_that_fails_halts_its_pool_at_once() {
    let world = waiting(World::new().quiet().set("pool.replenishment_batch_size", 1), 1);
    let number = world.sql("SELECT phone_number FROM numbers");
    let daemon = world.daemon();
    without_a_clock(&daemon);
    register(&world, &number, RegistrationOutcome::Silent);
    assert_eq!(deliver(&world, &daemon, &[event(&world, &number, FAILED, chrono::Utc::now())]), [1, 0, 0]);
    eventually("the pool halts", || needs(&world) == "pool.messaging_services");
    assert_eq!(events::standing(&world, &number), "failed registration_failed false");
}

#[test]
fn what_a_number_was_in_that_leaves_for_ever_ends_at_once() {
    let (world, daemon, sid) = account();
    daemon.post(&format!("/admin/phones/api/numbers/{NUMBER}/adopt"), &json!({})).ok();
    eventually("it is attached", || world.count("SELECT count(*) FROM attachments WHERE state = 'attached'") == 1);
    daemon.post(&format!("/admin/phones/api/numbers/{NUMBER}/release-to-twilio"), &json!({})).ok();
    eventually("it is ended", || world.sql("SELECT state FROM attachments") == "left");
    assert_eq!(members(&world, &sid), [""; 0]);
}
