//! Kinds from end to end: what is so in the database and at Twilio is raised and, when it is over, cleared; a storm is one mail.

use serde_json::{Value, json};

use super::told;
use crate::world::comparing::stocked_in;
use crate::world::{World, eventually};

const BUNDLE: &str = "BU0123456789abcdef0123456789abcdef";

/// Everything at once; the four numbers are users'.
fn bad(world: &World, numbers: &[String]) {
    world.stock("stray", 1, 2);
    world.sql(&format!(
        "BEGIN;
         UPDATE buying_gate SET paused_since = clock_timestamp() - interval '25 hours', paused_by = 'dana', paused_reason = 'for u-3';
         UPDATE numbers SET missing_since = clock_timestamp() - interval '1 hour' WHERE phone_number = '{}';
         UPDATE numbers SET another_tag_since = clock_timestamp() WHERE phone_number = '{}';
         UPDATE numbers SET webhook_status = 'drifted' WHERE phone_number = '{}';
         INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3);
         INSERT INTO account_looks VALUES ('bundle:gb', clock_timestamp(),
             jsonb_build_object('bundle', '{BUNDLE}', 'until', clock_timestamp() + interval '9 days'));
         INSERT INTO reconciliations (trigger, ended_at, error)
             VALUES ('cron', clock_timestamp(), 'the list broke off'), ('cron', clock_timestamp(), 'the list of {} broke off');
         COMMIT",
        numbers[0], numbers[1], numbers[2], numbers[3]
    ));
}

fn good(world: &World) {
    world.sql(
        "BEGIN;
         UPDATE buying_gate SET paused_since = NULL, paused_by = NULL, paused_reason = NULL;
         UPDATE numbers SET missing_since = NULL, another_tag_since = NULL, webhook_status = 'configured';
         UPDATE numbers SET pool = 'default' WHERE pool = 'stray';
         UPDATE purchase_items SET intended_at = intended_at - interval '2 days';
         DELETE FROM event_refusals;
         DELETE FROM reconciliations WHERE error IS NOT NULL;
         UPDATE account_looks SET detail = jsonb_build_object('bundle', 'another one', 'until', clock_timestamp()) WHERE what = 'bundle:gb';
         UPDATE account_looks SET detail = '{\"amount\": \"2000000\", \"currency\": \"USD\"}' WHERE what = 'balance';
         COMMIT",
    );
}

#[test]
fn what_is_wrong_is_raised_in_one_mail_and_cleared_when_it_is_over() {
    let world = told(World::new().quiet().set("alerts.balance_min", 1_500_000).set("spend.purchases_per_day_max", 5));
    let world = world.set("alerts.sms.to", "+14155550123").set("alerts.sms.from", "callbunker");
    let world = world.pool("gb", &[("country", "GB"), ("bundle_sid", BUNDLE)]);
    let (world, daemon, numbers) = stocked_in(world, 4);
    // A message that was tried takes no more: here they all wait.
    daemon.failpoints("message_looked=return");
    for user in 0..4 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    bad(&world, &numbers);
    let expected = [
        "balance.low warning",
        "bundle.expiring gb warning",
        "buying.paused warning",
        "events.rejected warning",
        "numbers.conflict warning",
        "numbers.missing critical",
        "pool.unconfigured stray warning",
        "reconcile.failing warning",
        "spend.cap day warning",
        "webhooks.drift warning",
    ];
    // A signup that was served by the last number emptied the pool, which wants no stock.
    eventually("all is raised", || world.alerts_open() == expected);
    for together in ["email", "sms"] {
        let messages = format!("SELECT count(*) FROM alert_messages WHERE channel = '{together}'");
        assert_eq!(world.count(&messages), 1, "{together}");
    }
    let alone = "SELECT count(*) FROM alert_messages WHERE channel = 'webhook'";
    assert_eq!(world.count(alone), i64::try_from(expected.len()).expect("few"));
    let told = world
        .sql("SELECT id || ' ' || message_id FROM alert_notifications WHERE channel = 'email' ORDER BY id LIMIT 1");
    let (first, message) = told.split_once(' ').expect("two");
    assert_eq!(first, message, "a message has the id of its first notification");
    for body in world.sql("SELECT body FROM alert_transitions").lines() {
        let body: Value = serde_json::from_str(body).unwrap();
        let (kind, text) = (&body["data"]["kind"], body.to_string());
        assert!(!text.contains("u-"), "a user or a reason: {text}");
        let names = numbers.iter().filter(|number| text.contains(number.as_str())).count();
        assert_eq!(names, usize::from(*kind == json!("numbers.missing")), "{text}");
        assert!(body["data"]["detail"].as_str().is_some_and(|text| !text.is_empty()), "{text}");
    }
    good(&world);
    eventually("all is over", || world.alerts_open().is_empty());
    for kind in expected.map(|line| line.split(' ').next().expect("a word")) {
        assert_eq!(world.told_of(kind), ["raised email sms webhook", "cleared email sms webhook"], "{kind}");
    }
    // At once, though nothing else lasts that long.
    world.sql("UPDATE buying_gate SET halted_since = clock_timestamp(), halt_code = 20005, halt_message = 'suspended'");
    eventually("it is raised", || world.alerts_open() == ["buying.halted critical"]);
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("it is over", || world.alerts_open().is_empty());
}
