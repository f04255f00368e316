//! PagerDuty: one incident for each alert, which is never opened again by what came late.

use super::far::{far, quiet};
use crate::world::eventually;

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn an_incident_is_opened_and_resolved_in_order_however_long_pagerduty_is_away() {
    let far = far();
    let world = quiet()
        .set("alerts.pagerduty", true)
        .set("alerts.pagerduty_url", format!("{}/v2/enqueue", far.url()))
        .set("ALERT_PAGERDUTY_KEY", KEY);
    far.set_dead(true);
    let daemon = world.daemon();
    world.go_wrong();
    eventually("it was tried", || world.messages("pagerduty")[0].starts_with("waiting 1 "));
    world.go_right();
    far.set_dead(false);
    eventually("both are taken", || {
        world.try_again();
        let messages = world.messages("pagerduty");
        messages.len() == 2 && messages.iter().all(|message| message.starts_with("sent "))
    });
    let got = far.got();
    let events: Vec<_> = got.requests_to("/v2/enqueue").iter().map(|request| request.json()).collect();
    let actions: Vec<_> = events.iter().map(|event| event["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    let alert = world.sql("SELECT id FROM alerts");
    for event in &events {
        assert_eq!((&event["routing_key"], &event["dedup_key"]), (&KEY.into(), &alert.as_str().into()), "{event}");
        assert_eq!(event["payload"]["source"], "callbunker default");
        assert_eq!(event["payload"]["severity"], "warning");
    }
    assert_eq!(events[0]["payload"]["class"], "events.rejected");
    assert!(events[0]["payload"]["summary"].as_str().is_some_and(|text| !text.is_empty()));
    let alerts = "https://numbers.example.com/admin/phones/dashboard/alerts";
    assert_eq!(events[0]["client_url"], alerts);
    let runbook = "https://numbers.example.com/runbook/events.rejected";
    assert_eq!(
        events[0]["links"],
        serde_json::json!([{"href": alerts, "text": "Dashboard"}, {"href": runbook, "text": "Runbook"}])
    );
    assert!(!daemon.log_text().contains(KEY));
}
