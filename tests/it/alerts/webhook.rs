//! The signed webhook: what is sent, how each refusal is met, and that each try says the same.

use far_side::{ALWAYS, Answer};

use super::SIGNING;
use super::far::{far, is_ours, is_signed, quiet};
use crate::world::eventually;

const NEWER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_webhook_is_signed_says_the_same_at_each_try_and_ends_with_410_until_its_address_is_another() {
    let far = far();
    let mut world = quiet()
        .set("alerts.webhook.url", format!("{}/hook/sesame-1", far.url()))
        .set("ALERT_WEBHOOK_SECRET", format!("{NEWER},{SIGNING}"))
        // Whoever hangs keeps nobody else waiting.
        .set("alerts.slack", true)
        .set("ALERT_SLACK_URL", format!("{}/slack/sesame-2", far.url()));
    far.answer("/slack", Answer::Stall, ALWAYS);
    far.answer("/hook", Answer::With(302, "Location", format!("{}/elsewhere", far.url())), 1);
    far.answer("/hook", Answer::Status(500), 1);
    far.answer("/hook", Answer::Cut, 1);
    far.answer("/hook", Answer::Status(400), 1);
    far.answer("/hook", Answer::With(429, "Retry-After", "86000".to_owned()), 1);
    let daemon = world.daemon();
    world.go_wrong();
    for (tries, expected) in [(1, "waiting 1 302"), (2, "waiting 2 500"), (3, "waiting 3 "), (4, "waiting 4 400")] {
        world.until_last("webhook", expected);
        assert_eq!(far.got().requests_to("/hook").len(), tries, "each is a try of its own");
        world.try_again();
    }
    world.until_last("webhook", "waiting 5 429");
    let wait = world
        .count("SELECT extract(epoch FROM due_at - last_tried_at)::int FROM alert_messages WHERE channel = 'webhook'");
    assert!((85_990..=86_060).contains(&wait), "Retry-After is obeyed: {wait}");
    // What is over is told after what was raised, which is due at once then.
    far.answer("/hook", Answer::Status(503), 1);
    world.go_right();
    eventually("what was raised was tried before", || world.messages("webhook")[0].starts_with("waiting 6 503"));
    assert_eq!(world.messages("webhook")[1], "waiting 0", "what is over waits for it");
    world.try_again();
    eventually("both are taken", || world.messages("webhook") == ["sent 7 200", "sent 1 200"]);

    let got = far.got();
    let tries = got.requests_to("/hook");
    assert_eq!(tries.len(), 8);
    assert!(got.requests_to("/elsewhere").is_empty(), "a redirect is not followed");
    let (raised, over) = (tries[0].json(), tries[7].json());
    assert_eq!((&raised["type"], &over["type"]), (&"alert.raised".into(), &"alert.cleared".into()));
    assert_eq!((&raised["data"]["kind"], &raised["data"]["id"]), (&"events.rejected".into(), &over["data"]["id"]));
    let links = [&raised["data"]["url"], &raised["data"]["runbook"]];
    let pages = ["admin/phones/dashboard/alerts", "runbook/events.rejected"];
    assert_eq!(links, pages.map(|page| serde_json::json!(format!("https://numbers.example.com/{page}"))).each_ref());
    assert!(raised["data"]["detail"].as_str().is_some_and(|text| text.len() > 20), "{raised}");
    let ids = world.sql("SELECT n.id FROM alert_notifications n WHERE channel = 'webhook' ORDER BY no");
    let ids: Vec<&str> = ids.lines().collect();
    for (at, request) in tries.iter().enumerate() {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook/sesame-1"));
        assert_eq!(request.header("webhook-id"), Some(ids[usize::from(at == 7)]));
        assert_eq!(request.body == tries[0].body, at < 7, "the very bytes");
        assert!(is_ours(request) && is_signed(request, NEWER), "both secrets sign");
    }
    assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE channel = 'slack' AND state = 'sent'"), 0);
    let held = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
    let asked = "SELECT count(*) FROM alert_messages WHERE channel = 'slack' AND claim IS NOT NULL";
    eventually("Slack hangs, and nothing is held at the database meanwhile", || {
        world.try_again();
        world.count(asked) == 1 && world.count(held) == 0
    });
    far.take_all();

    // 410: it wants none any more, and nothing is written for it until its address is another one.
    far.answer("/hook", Answer::Status(410), ALWAYS);
    world.go_wrong();
    world.until_last("webhook", "refused 1 410");
    world.go_right();
    world.go_wrong();
    let told = world.told_of("events.rejected");
    assert_eq!(told.last().map(String::as_str), Some("raised slack"), "{told:?}");
    eventually("that is said", || {
        daemon.has_logged("a channel wants no message any more, and is told nothing until its address is another one")
    });
    let log = daemon.log_text();
    assert!(!log.contains("sesame") && !log.contains("whsec_"), "nothing secret in the log");
    daemon.kill9();
    world.change("alerts.webhook.url", format!("{}/other/sesame-3", far.url()));
    let _daemon = world.daemon();
    eventually("the new address hears of what is open", || {
        far.got()
            .requests_to("/other")
            .iter()
            .any(|request| is_ours(request) && request.json()["type"] == "alert.raised")
    });
    let errors = world.sql(
        "SELECT string_agg(last_error, ' ') FROM (SELECT last_error FROM alert_messages UNION ALL SELECT last_error FROM alert_channels) said",
    );
    assert!(!errors.contains("sesame"), "{errors}");
}
