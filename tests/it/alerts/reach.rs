//! Whom an alert reached: nobody for a while, which is said wherever somebody looks; then everybody, once a test shows that they listen.

use far_side::{Answer, FarSide};
use serde_json::{Value, json};
use twilio_simulator::On;

use super::SIGNING;
use super::far::{far, is_ours};
use crate::world::browser::Browser;
use crate::world::command::callbunker;
use crate::world::daemon::Daemon;
use crate::world::reloading::Reloading;
use crate::world::scrape::Scrape;
use crate::world::{ADMIN_KEY, World, eventually};

const CHANNELS: [&str; 3] = ["email", "webhook", "sms"];

fn toml(far: &FarSide, from: &str) -> String {
    format!(
        "[alerts]\nfor_secs = 1\n\
         [alerts.email]\nsmtp_url = \"{}\"\nfrom = \"callbunker@example.com\"\nto = [\"ops@example.com\"]\n\
         [alerts.webhook]\nurl = \"{}/hook\"\n\
         [alerts.sms]\nto = [\"+14155550123\"]\nfrom = \"{from}\"\n",
        far.smtp_url(),
        far.url()
    )
}

fn untold(daemon: &Daemon) -> Option<String> {
    let ready = daemon.send("GET", "/readyz", &[], None).ok();
    let mut all = ready["warnings"].as_array().expect("a list").iter().filter_map(Value::as_str);
    all.find(|warning| warning.starts_with("alerts_untold")).map(str::to_owned)
}

/// Two minutes pass, in which nobody was reached; what waits is not due for an hour.
fn waits_for_long(world: &World) {
    world.sql(
        "BEGIN; ALTER TABLE alert_messages DISABLE TRIGGER USER; ALTER TABLE alert_transitions DISABLE TRIGGER USER;
         UPDATE alert_messages SET created_at = created_at - interval '2 minutes';
         UPDATE alert_transitions SET at = at - interval '2 minutes';
         ALTER TABLE alert_messages ENABLE TRIGGER USER; ALTER TABLE alert_transitions ENABLE TRIGGER USER; COMMIT",
    );
    eventually("all of them rest", || {
        world.sql("UPDATE alert_messages SET due_at = clock_timestamp() + interval '1 hour' WHERE state = 'waiting' AND claim IS NULL");
        resting(world) == 3
    });
}

fn resting(world: &World) -> i64 {
    world.count(
        "SELECT count(*) FROM alert_messages
          WHERE state = 'waiting' AND claim IS NULL AND due_at > clock_timestamp() + interval '50 minutes'",
    )
}

#[test]
fn what_reached_nobody_is_said_everywhere_and_goes_when_a_test_shows_that_somebody_listens() {
    let far = far();
    far.set_dead(true);
    let world = World::new().quiet().set("ALERT_WEBHOOK_SECRET", SIGNING);
    world.stock("default", 1, 1);
    let changing = Reloading::in_world(world, &toml(&far, "callbunker"));
    let (world, daemon) = (&changing.world, &changing.daemon);
    // A daemon would not begin so; one that is told so later sends nothing from a user's number.
    changing.write("callbunker.toml", &toml(&far, "+19075550001"));
    let reload = changing.reload();
    assert!(
        reload["msg"] == "the configuration was reloaded" && reload.to_string().contains("alerts.sms.from"),
        "{reload}"
    );
    world.go_wrong();
    for channel in CHANNELS {
        eventually(channel, || {
            world.hurry();
            let last = world.messages(channel).pop().unwrap_or_default();
            last.starts_with("waiting ") && !last.starts_with("waiting 0")
        });
    }
    let said = world.messages("sms").pop().unwrap_or_default();
    assert!(said.contains("alerts.sms.from is a number of a pool"), "{said}");
    assert_eq!(world.twilio.truth().requests_of(On::Text), 0);

    waits_for_long(world);
    eventually("readiness warns", || {
        untold(daemon).is_some_and(|warning| warning.contains("1 alert reached nobody since"))
    });
    let alert = &daemon.get("/admin/phones/api/alerts").ok()["items"][0];
    assert!(alert["untold_since"].is_string(), "{alert}");
    let errors: Vec<&Value> =
        alert["notifications"].as_array().expect("a list").iter().map(|told| &told["last_error"]).collect();
    assert!(errors.len() == 3 && errors.iter().all(|error| error.is_string()), "{alert}");
    let home = Browser::logged_in(daemon, ADMIN_KEY).get(daemon, "/admin/phones/dashboard").ok();
    assert!(home.as_str().is_some_and(|page| page.contains("It reached nobody")), "{home}");
    assert!(callbunker(daemon, &["alerts"]).table().contains("nobody since "));
    eventually("machines hear of it", || Scrape::of(daemon).get("callbunker_alerts_untold", &[]) == 1.0);

    // Mended, but for the webhook: a test says so of each, and what waits for the others goes.
    changing.write("callbunker.toml", &toml(&far, "callbunker"));
    assert_eq!(changing.reload()["msg"], "the configuration was reloaded");
    far.set_dead(false);
    far.answer("/hook", Answer::Status(500), 1);
    assert_eq!(resting(world), 3);
    let tested = callbunker(daemon, &["alerts", "test", "--json"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    let tested: Value = serde_json::from_str(&tested.stdout).expect("JSON");
    let said = tested["channels"].as_array().expect("a list");
    let of = |name: &str| said.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("channel"), CHANNELS.map(|channel| json!(channel)));
    assert_eq!(of("ok"), [true, false, true].map(|ok| json!(ok)));
    assert_eq!(of("status"), [250, 500, 201].map(|status| json!(status)));
    assert!(said[1]["error"].as_str().is_some_and(|error| error.contains("answered 500")), "{tested}");
    assert!(said.iter().all(|one| one["seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0)), "{tested}");
    for channel in ["email", "sms"] {
        eventually(channel, || world.messages(channel)[0].starts_with("sent "));
    }
    assert_eq!(resting(world), 1, "the webhook's waits on");
    eventually("somebody knows", || untold(daemon).is_none());
    let tested = callbunker(daemon, &["alerts", "test"]).table();
    assert!(CHANNELS.iter().all(|channel| tested.contains(channel)), "{tested}");
    eventually("it goes, too", || world.messages("webhook")[0].starts_with("sent "));

    let got = far.got();
    let kinds: Vec<Value> = got.requests_to("/hook").iter().map(|hook| hook.json()["type"].clone()).collect();
    assert_eq!(kinds, ["alert.test", "alert.test", "alert.raised"].map(|kind| json!(kind)));
    assert!(got.requests_to("/hook").iter().all(|hook| is_ours(hook)), "a test is signed as all are");
    let subjects: Vec<String> = got.mails_to("ops@example.com").iter().map(|mail| mail.subject()).collect();
    assert_eq!(subjects.iter().filter(|subject| subject.contains("TEST: this is no alert")).count(), 2, "{subjects:?}");
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(world.twilio.truth().requests_of(On::Text), 3);
}
