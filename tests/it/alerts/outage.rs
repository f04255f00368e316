//! A mail server that is away for an hour: nothing is lost, nobody is hurried, and whoever signs up is served.
//!
//! The hour passes by the rows' own times. How to get it wrong: reading how long a wait is after another try has begun the next one.

use std::collections::BTreeMap;

use super::far::{far, quiet};
use crate::world::{World, eventually};

/// How long is waited after so many tries, in seconds, each a fifth shorter or longer.
const WAITS: [(i64, i64); 4] = [(1, 5), (2, 30), (3, 300), (4, 1800)];
const FIRST: &str = "(SELECT min(number) FROM alert_messages WHERE channel = 'email')";

/// The time of what waits passes, until the first mail is due.
fn time_passes(world: &World) -> i64 {
    world.count(&format!(
        "SET session_replication_role = replica;
         WITH first AS (SELECT greatest(due_at - clock_timestamp(), interval '0') AS wait FROM alert_messages WHERE number = {FIRST}),
              past AS (UPDATE alert_messages m SET created_at = created_at - wait, last_tried_at = last_tried_at - wait, due_at = due_at - wait
                         FROM first WHERE state = 'waiting' RETURNING wait)
         SELECT coalesce(max(extract(epoch FROM wait)), 0)::int FROM past"
    ))
}

#[test]
fn a_mail_server_that_is_away_for_an_hour_has_everything_afterwards_in_order_and_in_two_mails() {
    let (mails, hooks) = (far(), far());
    let world = quiet()
        .set("alerts.email.smtp_url", mails.smtp_url())
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", "ops@example.com")
        .set("alerts.webhook.url", format!("{}/hook", hooks.url()))
        .set("ALERT_WEBHOOK_SECRET", super::SIGNING);
    mails.set_dead(true);
    world.stock("default", 1, 2);
    let daemon = world.daemon();
    world.go_wrong();

    // What else happens is told by webhook at once, and gathers in one mail, which the first one goes before.
    world.until_last("email", "waiting 1 ");
    world.go_right();
    world.sql("UPDATE buying_gate SET paused_since = clock_timestamp() - interval '25 hours', paused_by = 'dana'");
    eventually("buying is paused for long", || world.alerts_open() == ["buying.paused warning"]);
    eventually("each is told by webhook", || {
        world.messages("webhook").len() == 3 && world.messages("webhook").iter().all(|one| one.starts_with("sent 1 "))
    });
    assert_eq!(world.messages("email").len(), 2);
    daemon.assign("u-1").ok();

    // An hour passes.
    let (mut waits, mut passed) = (BTreeMap::new(), 0);
    while passed < 3600 {
        eventually("it is tried, and waits", || {
            let row = world.sql(&format!(
                "SELECT tries, round(extract(epoch FROM due_at - last_tried_at)) FROM alert_messages
                  WHERE number = {FIRST} AND claim IS NULL AND due_at > clock_timestamp() AND tries > 0"
            ));
            let Some((no, wait)) = row.split_once('|') else { return false };
            let number = |text: &str| text.parse::<i64>().expect("a number");
            waits.insert(number(no), number(wait)).is_none()
        });
        passed += time_passes(&world);
    }
    for (tries, expected) in WAITS {
        let wait = waits.get(&tries).copied().unwrap_or(expected);
        assert!((expected * 4 / 5..=expected * 6 / 5).contains(&wait), "after {tries} tries: {wait} s of {waits:?}");
    }
    assert!(waits.len() >= 3, "nobody is hurried: {waits:?}");
    assert_eq!(world.messages("email").len(), 2, "it gathers still");
    assert!(world.messages("email")[1].starts_with("waiting 0"), "{:?}", world.messages("email"));
    daemon.assign("u-2").ok();
    // Whoever carried it dies, which loses nothing either.
    daemon.kill9();
    let _daemon = world.daemon();

    mails.set_dead(false);
    time_passes(&world);
    eventually("both are taken", || {
        world.forget_claims();
        let mails = world.messages("email");
        mails.len() == 2 && mails.iter().all(|mail| mail.starts_with("sent "))
    });
    let got = mails.got();
    let arrived = got.mails_to("ops@example.com");
    assert_eq!(arrived.len(), 2);
    let ids: Vec<String> = arrived.iter().flat_map(|mail| mail.headers("X-Callbunker-Notification")).collect();
    let written = world.sql("SELECT n.id FROM alert_notifications n JOIN alert_transitions t USING (alert_id, no) WHERE n.channel = 'email' ORDER BY t.at, n.no");
    assert_eq!(ids, written.lines().collect::<Vec<_>>(), "each once, in the order in which it came to pass");
    assert!(arrived[0].subject().contains("events.rejected"), "{}", arrived[0].subject());
    assert!(arrived[1].subject().contains("1 alert, 1 over"), "{}", arrived[1].subject());
    assert_eq!(hooks.got().requests.len(), 3, "a webhook waits for no mail");
}
