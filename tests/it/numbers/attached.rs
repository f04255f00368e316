//! What people are told of numbers that lack what their pool wants of them: the number's document, its page, the command, "What needs
//! you", readiness and metrics.

use serde_json::{Value, json};

use crate::world::command::callbunker;
use crate::world::daemon::Daemon;
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

const SERVICE: &str = "MG11111111111111111111111111111111";
const OTHER: &str = "MG22222222222222222222222222222222";

/// Three numbers: one that Twilio does not take into the service, one in somebody else's, one that the carriers do not know yet.
fn told() -> (World, Daemon, Vec<String>) {
    let world = World::new().quiet().set("alerts.for_secs", 1);
    let daemon = world.daemon();
    let order = daemon.purchase(3).ok();
    let numbers = order["numbers"].as_array().unwrap();
    let numbers: Vec<String> = numbers.iter().map(|one| one["phone_number"].as_str().unwrap().to_owned()).collect();
    let id = |number: &String| format!("(SELECT id FROM numbers WHERE phone_number = '{number}')");
    let [refused, conflict, registering] = [0, 1, 2].map(|n| id(&numbers[n]));
    world.sql(&format!(
        "INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{SERVICE}', 0), ('default', 'messaging_service', '{OTHER}', 1);
         UPDATE pools SET needs_attached = true, needs_registered = true WHERE name = 'default';
         INSERT INTO attachments (number_id, kind, target, state, since, attempts, last_sent_at, twilio_code, message, refusal_concerns)
         VALUES ({refused}, 'messaging_service', '{SERVICE}', 'refused', now(), 1, now(), 21715, 'The number has neither SMS nor MMS.', 'number'),
                ({conflict}, 'messaging_service', '{SERVICE}', 'conflict', now(), 1, now(), 21712, 'It is in another service.', 'number'),
                ({registering}, 'messaging_service', '{SERVICE}', 'attached', now() - interval '30 hours', 1, now(), NULL, NULL, NULL);
         INSERT INTO attachment_targets (target, full_since, message) VALUES ('{OTHER}', now(), 'full');
         UPDATE numbers SET held_back = NULL"
    ));
    (world, daemon, numbers)
}

fn document(daemon: &Daemon, number: &str) -> Value {
    daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok()
}

#[test]
fn a_number_says_what_it_is_attached_to_and_what_keeps_it_back() {
    let (_world, daemon, numbers) = told();
    let refused = document(&daemon, &numbers[0]);
    assert_eq!((&refused["assignable"], &refused["registration"]), (&json!(false), &Value::Null));
    let why = refused["why_not"].as_str().unwrap();
    assert!(why.starts_with(&format!("it cannot join {SERVICE}: 21715: The number has neither SMS nor MMS;")), "{why}");
    let attachment = &refused["attachments"][0];
    assert_eq!(
        (&attachment["kind"], &attachment["target"], &attachment["state"], &attachment["error"]),
        (
            &json!("messaging_service"),
            &json!(SERVICE),
            &json!("refused"),
            &json!("21715: The number has neither SMS nor MMS.")
        )
    );
    let registering = document(&daemon, &numbers[2]);
    let why = registering["why_not"].as_str().unwrap();
    assert!(why.starts_with("the carriers do not know it yet") && why.contains(SERVICE), "{why}");
    let page = daemon.get(&format!("/admin/phones/dashboard/numbers/{}", numbers[0])).ok();
    let page = page.as_str().expect("a page is no JSON");
    for words in ["What it is attached to", SERVICE, "refused", "21715: The number has neither SMS nor MMS."] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let shown = callbunker(&daemon, &["numbers", "show", &numbers[0]]).table();
    assert!(shown.contains("ATTACHED TO") && shown.contains(SERVICE) && shown.contains("21715"), "{shown}");
}

#[test]
fn whoever_watches_is_told_until_it_is_mended() {
    let (world, daemon, numbers) = told();
    let items = || daemon.get("/admin/phones/api/attention").ok()["items"].as_array().unwrap().clone();
    let the = |kind: &str| {
        items().into_iter().find(|item| item["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {:#?}", items()))
    };
    for (kind, number) in [("attachments_failed", 0), ("attachments_conflict", 1), ("registrations_stuck", 2)] {
        let item = the(kind);
        assert_eq!((&item["severity"], &item["count"]), (&json!("warning"), &json!(1)), "{item}");
        assert!(item["detail"].as_str().unwrap().contains(&numbers[number]), "{item}");
    }
    // Whoever wants to be told of it is.
    let alerts = ["attachments.failed warning", "attachments.stuck warning", "numbers.conflict warning"];
    eventually("three alerts are raised", || world.alerts_open() == alerts);
    let stuck = world.sql("SELECT summary || detail FROM alerts WHERE kind = 'attachments.stuck'");
    assert!(stuck.starts_with("1 number waits for the carriers for long.") && !stuck.contains("+1"), "{stuck}");
    assert!(the("services_full")["summary"].as_str().unwrap().contains(OTHER));
    eventually("readiness warns, without a number", || {
        let readyz = daemon.send("GET", "/readyz", &[], None).body;
        let warnings = readyz["warnings"].to_string();
        warnings.contains("attachments_failed: 2 numbers") && warnings.contains("registrations_stuck: 1 number")
    });
    let of =
        |state| Scrape::of(&daemon).get("callbunker_attachments", &[("kind", "messaging_service"), ("state", state)]);
    eventually("metrics have it", || of("refused") > 0.0);
    assert_eq!((of("conflict"), of("intended")), (1.0, 0.0));
    let scrape = Scrape::of(&daemon);
    assert!(scrape.get("callbunker_registration_oldest_seconds", &[]) > 29.0 * 3600.0);
    assert_eq!(scrape.get("callbunker_services_full", &[]), 1.0);
    world.sql("DELETE FROM pool_wants; UPDATE pools SET needs_attached = false, needs_registered = false; UPDATE numbers SET held_back = NULL");
    eventually("it is told no more", || items().is_empty());
    eventually("the alerts are over", || world.alerts_open().is_empty());
    for kind in ["attachments.failed", "attachments.stuck", "numbers.conflict"] {
        assert_eq!(world.told_of(kind), ["raised", "cleared"], "{kind}");
    }
    eventually("metrics, too", || of("refused") == 0.0 && of("conflict") == 0.0);
}
