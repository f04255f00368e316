//! Slack: one text, escaped, and what is gathered.

use far_side::Answer;

use super::far::{far, quiet};
use crate::world::eventually;

#[test]
fn slack_gets_one_escaped_text_for_what_comes_together() {
    let far = far();
    let world =
        quiet().set("alerts.slack", true).set("ALERT_SLACK_URL", format!("{}/slack/T000/B000/sesame", far.url()));
    far.answer("/slack", Answer::Status(404), 1);
    let daemon = world.daemon();
    // Two causes at a time.
    world.sql("UPDATE buying_gate SET halted_since = clock_timestamp(), halt_message = 'Twilio says <no> & means it'");
    world.sql("INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3)");
    world.until_last("slack", "waiting 1 404");
    world.try_again();
    world.until_last("slack", "sent 2 200");
    assert_eq!(world.messages("slack").len(), 1, "what comes together is one message");
    let got = far.got();
    let requests = got.requests_to("/slack");
    assert_eq!((requests.len(), &requests[0].body), (2, &requests[1].body));
    let body = requests[1].json();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("[callbunker default] 2 alerts, 1 critical\n"), "{text}");
    assert!(text.contains("&lt;no&gt; &amp; means it") && !text.contains('<'), "{text}");
    assert!(text.contains("\nTo do: "), "{text}");
    for page in ["admin/phones/dashboard/alerts", "runbook/buying.halted", "runbook/events.rejected"] {
        assert!(text.contains(&format!("https://numbers.example.com/{page}")), "{page}: {text}");
    }
    let error = world.sql("SELECT coalesce(last_error, '') FROM alert_channels WHERE channel = 'slack'");
    assert_eq!(error, "", "one success forgets what failed");
    world.sql("DELETE FROM event_refusals; UPDATE buying_gate SET halted_since = NULL, halt_message = NULL");
    eventually("it is over", || world.alerts_open().is_empty());
    world.until_last("slack", "sent 1 200");
    assert!(!daemon.log_text().contains("sesame"));
}
