//! How an alert comes, goes on over a restart, is told again, and is over.

use serde_json::json;

use super::told;
use crate::world::events::{EVENTS, signed};
use crate::world::{World, eventually};

const BOTH: &str = "raised email webhook";

#[test]
fn an_alert_is_raised_once_goes_on_over_a_death_and_is_cleared_where_it_was_told() {
    let mut world = told(World::new().set("pool.threshold_low", 6).set("pool.total_min", 0));
    world.stock("default", 1, 8);
    let daemon = world.daemon();
    // A message that was tried takes no more: here they all wait.
    daemon.failpoints("message_looked=return");
    daemon.post("/admin/phones/api/pause", &json!({"reason": "nothing is bought meanwhile"})).ok();
    for user in 0..6 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    eventually("it is low", || world.alerts_open() == ["pool.low default warning"]);
    assert_eq!(world.told_of("pool.low"), [BOTH]);
    let words = world.sql("SELECT summary || '|' || detail || '|' || todo FROM alerts");
    assert!(words.starts_with("Stock is low: 2 available, threshold 6.|Why: automatic buying is paused"), "{words}");
    assert!(words.contains("Signups are still served"), "{words}");

    // At once, and in the mail that waits for company; a webhook is told of each.
    for user in 6..8 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    eventually("it is empty", || world.alerts_open() == ["pool.empty default critical", "pool.low default warning"]);
    assert_eq!(world.told_of("pool.empty"), [BOTH]);
    assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE channel = 'email'"), 1, "one cause, one mail");
    assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE channel = 'webhook'"), 2);
    let body =
        world.sql("SELECT body FROM alert_transitions JOIN alerts a ON a.id = alert_id WHERE a.kind = 'pool.empty'");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["type"], &body["data"]["pool"]), (&json!("alert.raised"), &json!("default")), "{body}");

    // Whoever judges dies; the next one goes on where it was.
    daemon.kill9();
    world.change("alerts.slack", true);
    world.change("ALERT_SLACK_URL", "http://127.0.0.1:9/slack");
    let since = world.now();
    let daemon = world.daemon();
    eventually("a channel that was added is told of both", || {
        world.told_of("pool.low") == ["raised email slack webhook"]
            && world.told_of("pool.empty") == ["raised email slack webhook"]
    });
    assert!(world.is_judged_since(&since));
    assert_eq!(world.count("SELECT count(*) FROM alerts"), 2, "neither is another one");

    // A day later it is told again, but not what somebody knows of.
    world.sql(
        "UPDATE alerts SET last_told_at = last_told_at - interval '25 hours', acknowledged_at = CASE kind WHEN 'pool.low' THEN now() END,
                acknowledged_by = CASE kind WHEN 'pool.low' THEN 'dana' END",
    );
    eventually("it is told again", || {
        world.told_of("pool.empty").last().is_some_and(|told| told.starts_with("reminder"))
    });
    assert_eq!(world.told_of("pool.low").len(), 1);

    // Stock again: each is over on the channels that know of it.
    world.stock("default", 100, 9);
    eventually("all is well", || world.alerts_open().is_empty());
    assert_eq!(world.told_of("pool.low"), ["raised email slack webhook", "cleared email slack webhook"]);
    let empty = world.told_of("pool.empty");
    assert_eq!(empty.last().map(String::as_str), Some("cleared email slack webhook"), "{empty:?}");
    assert_eq!(
        world.sql("SELECT summary FROM alerts WHERE kind = 'pool.low'"),
        "Pool default has its threshold again."
    );
    assert_eq!(world.count("SELECT count(*) FROM alert_conditions WHERE phase <> 'pending'"), 0);
    // Whoever stops in order makes room for the next judge.
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(world.sql("SELECT judge IS NULL FROM alert_round"), "t");
}

#[test]
fn one_of_two_instances_judges_and_the_other_takes_over() {
    let world = told(World::new().quiet().set("events.public_url", EVENTS));
    let (first, second) = (world.daemon(), world.daemon());
    let has_judged = |daemon: &crate::world::daemon::Daemon| {
        daemon.has_logged("this instance judges what somebody is to be told of")
    };
    eventually("one judges", || has_judged(&first) || has_judged(&second));
    let (judge, other) = if has_judged(&first) { (first, second) } else { (second, first) };
    assert!(!has_judged(&other), "the judge stays the same while it lives");
    // What only the other one saw is judged, too.
    let (path, signature) = signed(b"[]", "another token");
    let headers = [("Content-Type", "application/json"), ("X-Twilio-Signature", signature.as_str())];
    other.send("POST", &path, &headers, Some(b"[]")).problem(403, "forbidden");
    eventually("it is raised", || world.alerts_open() == ["events.rejected warning"]);
    judge.kill9();
    eventually("the other one judges", || has_judged(&other));
    world.sql("DELETE FROM event_refusals");
    eventually("it is over", || world.alerts_open().is_empty());
    assert_eq!(world.told_of("events.rejected"), [BOTH, "cleared email webhook"]);
}
