//! Whose database this is: one account, one environment, one set of webhooks.

use serde_json::json;

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

#[test]
fn another_account_or_environment_on_this_database_is_refused_with_64_before_it_does_anything() {
    let mut world = World::new().quiet();
    let settings = world.settings().clone();
    assert_eq!(world.daemon().stop(), Some(0));
    let requests = world.twilio.truth().requests;
    for (key, value, name) in [
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001", "TWILIO_ACCOUNT_SID"),
        ("instance.name", "staging", "instance.name"),
    ] {
        world.change(key, value);
        let mut daemon = Daemon::spawn(world.settings());
        assert_eq!(daemon.wait().code(), Some(64), "{key}");
        eventually("it says why", || daemon.log_text().contains(name));
        for (key, value) in &settings {
            world.change(key, value);
        }
        world.change("instance.name", "default");
    }
    assert_eq!(world.twilio.truth().requests, requests);
    assert_eq!(world.daemon().stop(), Some(0));
}

#[test]
fn an_instance_with_other_webhooks_says_so_and_repairs_nothing_until_an_operator_decides() {
    let mut world = World::new().quiet().set("pool.quarantine_hours", 0);
    let first = world.daemon();
    first.assign("u-1").ok();
    assert_eq!(first.get("/readyz").ok()["ready"], true);
    world.change("PUBLIC_APP_URL", "https://other.example.com");
    let second = world.daemon();
    let ready = second.get("/readyz");
    assert_eq!((ready.status, &ready.body["failing"]), (503, &json!(["config_skew"])));
    assert_eq!(first.get("/readyz").status, 200);
    first.stop();
    second.release("u-1").ok();
    // Its rest is over, and it carries what the installation wants: whoever looks after it has nothing to set.
    eventually("it returned", || second.status()["available"] == 1);
    assert_eq!(world.twilio.truth().updates, 0);
    let report = second.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!((&report["checked"], &report["configured"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(second.get("/readyz").status, 200);
    assert_eq!(second.status()["available"], 1);
    let voice_url = world.twilio.truth().owned[0].voice_url.clone();
    assert_eq!(voice_url.as_deref(), Some("https://other.example.com/twilio/voice"));
}
