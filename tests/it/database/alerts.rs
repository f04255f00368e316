//! Judging and the outbox at the database: one open alert, later facts, claims that never overlap, order, and what is never undone.

use std::time::Duration;

use callbunker::db::alerts::{
    ChannelInUse, ClaimedMessage, Judged, Judging, Outcome, Settled, Teller, alert_judge_leave, alert_judge_stay,
    alerts_forget, alerts_judge, life_claim, message_claim, message_due_in, message_settle, message_taken_by,
};
use callbunker::domain::alert::{
    AlertChannel, AlertKind, AlertSeverity, AlertWords, MessageState, Observed, Rules, Verdict,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::attachments::Rows;
use super::ledger::refused;
use crate::world::eventually;

fn seen(kind: AlertKind, verdict: Verdict) -> Observed {
    let words = AlertWords { summary: "It is so.".to_owned(), todo: "Mend it.".to_owned(), ..AlertWords::default() };
    Observed { words, ..Observed::plain(kind, None, verdict) }
}

fn teller(channels: &[AlertChannel]) -> Teller {
    let in_use = |channel: &AlertChannel| ChannelInUse { channel: *channel, fingerprint: "1".to_owned() };
    Teller { instance: "default".to_owned(), pages: None, channels: channels.iter().map(in_use).collect() }
}

impl Rows {
    fn now(&self) -> DateTime<Utc> {
        self.world
            .sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            .parse()
            .unwrap()
    }

    fn judge_at(
        &self,
        me: Uuid,
        facts_at: DateTime<Utc>,
        observed: Vec<Observed>,
        channels: &[AlertChannel],
    ) -> Judged {
        let rules = Rules { lasts: Duration::from_secs(120), repeats: None };
        let judging = Judging { me, facts_at, observed, rules, gap: Duration::from_secs(30), teller: teller(channels) };
        self.run(move |conn| alerts_judge(conn, &judging))
    }

    fn judge(&self, me: Uuid, observed: Vec<Observed>, channels: &[AlertChannel]) -> Judged {
        self.judge_at(me, self.now(), observed, channels)
    }

    fn stay(&self, me: Uuid) -> bool {
        self.run(move |conn| alert_judge_stay(conn, me))
    }

    fn claim(&self, channel: AlertChannel) -> Option<ClaimedMessage> {
        self.run(move |conn| message_claim(conn, &[channel], Uuid::new_v4()))
    }

    fn ends_with(&self, message: &ClaimedMessage, outcome: Outcome) -> Settled {
        let (id, claim) = (message.id, message.claim);
        self.run(move |conn| message_settle(conn, id, claim, &outcome, 0.5))
    }

    /// Whatever is to be sent is due, and conditions have lasted.
    fn later(&self) {
        self.world.sql(
            "UPDATE alert_messages SET due_at = least(due_at, clock_timestamp()) WHERE state = 'waiting';
             UPDATE alert_conditions SET since = since - interval '10 minutes'",
        );
    }
}

fn failed(blames_far_side: bool) -> Outcome {
    Outcome::Failed { status: Some(500), error: "no".to_owned(), blames_far_side, retry_after: None }
}

const TAKEN: Outcome = Outcome::Taken { status: Some(204) };

#[test]
fn one_judges_at_a_time_by_facts_that_are_later_and_opens_one_alert() {
    use AlertChannel::{Email, Webhook};
    let rows = Rows::new(0);
    let (me, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(rows.stay(me) && rows.stay(me) && !rows.stay(other));
    let halted = || vec![seen(AlertKind::BuyingHalted, Verdict::Bad), seen(AlertKind::BuyingPaused, Verdict::Bad)];
    let before = rows.now();
    let judged = rows.judge(me, halted(), &[Email, Webhook]);
    assert_eq!(judged.raised, [(AlertKind::BuyingHalted, String::new(), AlertSeverity::Warning)]);
    assert!(judged.next_at.is_some(), "the pause is pending");
    // Neither somebody else nor older facts change anything, and the same again tells nobody.
    assert!(rows.judge(other, Vec::new(), &[Email]).is_stale && rows.judge_at(me, before, Vec::new(), &[]).is_stale);
    assert_eq!(rows.judge(me, halted(), &[Email, Webhook]).told, 0);
    let stands = "SELECT string_agg(kind || ' ' || phase, ', ' ORDER BY kind) FROM alert_conditions";
    assert_eq!(rows.world.sql(stands), "buying.halted open, buying.paused pending");
    // Whoever gives no sign of life for three seconds is gone; whoever stops in order at once.
    rows.world.sql("UPDATE alert_round SET alive_at = alive_at - interval '4 seconds'");
    assert!(rows.stay(other) && !rows.stay(me));
    assert!(rows.judge(me, halted(), &[Email]).is_stale);
    rows.run(move |conn| alert_judge_leave(conn, other));
    assert!(rows.stay(me));
    rows.world
        .sql("UPDATE alert_round SET alive_at = alive_at + interval '1 hour', facts_at = facts_at + interval '1 hour'");
    assert!(rows.stay(other), "the clock was set back");
    assert!(!rows.judge(other, halted(), &[Email, Webhook]).is_stale);
    // Good must last, and must have been watched.
    rows.judge(other, Vec::new(), &[Email]);
    assert_eq!(rows.world.sql(stands), "buying.halted clearing");
    rows.later();
    rows.world.sql("UPDATE alert_round SET judged_at = judged_at - interval '1 hour'");
    assert!(rows.judge(other, Vec::new(), &[Email]).cleared.is_empty(), "nobody watched");
    rows.later();
    assert_eq!(rows.judge(other, Vec::new(), &[Email]).cleared, [(AlertKind::BuyingHalted, String::new())]);
    let told = "SELECT string_agg(t.event || ' ' || n.channel, ', ' ORDER BY t.no, n.channel)
                  FROM alert_transitions t JOIN alert_notifications n ON n.alert_id = t.alert_id AND n.no = t.no";
    assert_eq!(rows.world.sql(told), "raised email, raised webhook, cleared email", "the webhook is none any more");
    // What is closed for long goes, with all that was told of it, once nothing of it waits.
    let ended = "UPDATE alert_messages SET state = 'given_up', ended_at = clock_timestamp(), gathers = false";
    rows.world.sql(
        "ALTER TABLE alerts DISABLE TRIGGER USER; UPDATE alerts SET closed_at = closed_at - interval '9 days',
                    opened_at = opened_at - interval '9 days'; ALTER TABLE alerts ENABLE TRIGGER USER",
    );
    assert_eq!(rows.run(|conn| alerts_forget(conn, 8, 10)), 0);
    rows.world.sql(ended);
    assert_eq!(rows.run(|conn| alerts_forget(conn, 10, 10)), 0);
    assert_eq!(rows.run(|conn| alerts_forget(conn, 8, 10)), 1);
    let left = "SELECT (SELECT count(*) FROM alert_messages) + (SELECT count(*) FROM alert_transitions)";
    assert_eq!(rows.world.count(left), 0);
    rows.judge(other, halted(), &[Email]);
    // A sign of life is given once a minute, while somebody judges.
    assert!(rows.run(life_claim) && !rows.run(life_claim));
    rows.world.sql("UPDATE alert_round SET beat_at = NULL, judged_at = judged_at - interval '2 minutes'");
    assert!(!rows.run(life_claim));
    let report = "INSERT INTO alerts (id, kind, subject, severity, summary, detail, todo, opened_at, closed_at, last_told_at)
                  SELECT gen_random_uuid(), 'report.weekly', 'W1', 'info', '', '', '', now(), now(), now() FROM generate_series(1, 2)";
    let open = "INSERT INTO alert_conditions VALUES ('pool.low', '', 'open', now())";
    refused(
        &rows.world,
        &[
            ("alerts_move_as_they_may", "UPDATE alerts SET kind = 'pool.low'"),
            ("alert_transitions_stay", "UPDATE alert_transitions SET body = ''"),
            ("alert_conditions_open_ones_have_one", open),
            ("alerts_one_report_per_week", report),
        ],
    );
}

#[test]
fn a_message_is_one_lanes_at_a_time_and_goes_after_what_was_told_before() {
    use AlertChannel::{Email, Pagerduty};
    let rows = Rows::new(0);
    let me = Uuid::new_v4();
    assert!(rows.stay(me));
    rows.judge(me, vec![seen(AlertKind::BuyingHalted, Verdict::Bad)], &[Email, Pagerduty]);
    let waits =
        "SELECT gathers AND due_at = created_at + interval '2 seconds' FROM alert_messages WHERE channel = 'email'";
    assert_eq!(rows.world.sql(waits), "t", "it waits for company");
    assert!(rows.run(|conn| message_due_in(conn, &[Email])).is_some_and(|due| due <= Duration::from_secs(2)));
    let first = rows.claim(Pagerduty).expect("it is due");
    assert_eq!((first.tries, first.id, first.notifications.len()), (1, first.notifications[0].id, 1));
    assert_eq!(first.notifications[0].told.words.summary, "It is so.");
    let claimed = "SELECT round(extract(epoch FROM claimed_until - last_tried_at)) = 30 FROM alert_messages WHERE claim IS NOT NULL";
    assert_eq!(rows.world.sql(claimed), "t", "a claim ends after thirty seconds");
    assert!(rows.claim(Pagerduty).is_none(), "it is somebody's");
    // It is over before anybody was told: the end waits for the beginning.
    rows.later();
    rows.judge(me, Vec::new(), &[Email, Pagerduty]);
    rows.later();
    assert_eq!(rows.judge(me, Vec::new(), &[Email, Pagerduty]).cleared.len(), 1);
    assert!(rows.claim(Pagerduty).is_none());
    assert!(matches!(rows.ends_with(&first, failed(true)), Settled::Again(_)));
    assert_eq!(rows.ends_with(&first, failed(true)), Settled::Late, "that claim is over");
    rows.world
        .sql("UPDATE alert_messages SET due_at = due_at + interval '1 hour' WHERE tries > 0 AND state = 'waiting'");
    assert!(rows.claim(Pagerduty).is_none(), "it rests, and the end waits for it");
    rows.later();
    let again = rows.claim(Pagerduty).expect("it is tried again");
    assert_eq!((again.id, again.tries, &again.notifications), (first.id, 2, &first.notifications));
    // A try whose lane died: the claim ends by itself, and its success counts though another has it.
    rows.world.sql("UPDATE alert_messages SET claimed_until = clock_timestamp() WHERE claim IS NOT NULL");
    let third = rows.claim(Pagerduty).expect("it is anybody's");
    assert_eq!((third.id, third.tries), (first.id, 3));
    assert_eq!(rows.ends_with(&again, failed(true)), Settled::Late);
    assert_eq!(rows.ends_with(&again, TAKEN), Settled::Ended(MessageState::Sent));
    assert_eq!(rows.ends_with(&third, TAKEN), Settled::Late);
    let end = rows.claim(Pagerduty).expect("now it is its turn");
    assert_eq!(end.notifications[0].told.event.as_str(), "cleared");
    // One that fails for its own sake holds nobody up; after three days the next failure is the last.
    assert!(matches!(rows.ends_with(&end, failed(false)), Settled::Again(_)));
    rows.later();
    let end = rows.claim(Pagerduty).expect("it is due");
    rows.world.sql(
        "ALTER TABLE alert_messages DISABLE TRIGGER USER;
                    UPDATE alert_messages SET created_at = created_at - interval '3 days' WHERE channel = 'pagerduty';
                    ALTER TABLE alert_messages ENABLE TRIGGER USER",
    );
    assert_eq!(rows.ends_with(&end, failed(false)), Settled::Ended(MessageState::GivenUp));
    // Both are in one mail, which takes no more once it was tried; who has it needs it no more.
    let mail = rows.claim(Email).expect("it is due");
    let events: Vec<&str> = mail.notifications.iter().map(|told| told.told.event.as_str()).collect();
    assert_eq!(events, ["raised", "cleared"]);
    let id = mail.id;
    rows.run(move |conn| message_taken_by(conn, id, "ops@example.com"));
    rows.run(move |conn| message_taken_by(conn, id, "ops@example.com"));
    assert!(matches!(rows.ends_with(&mail, failed(true)), Settled::Again(_)));
    rows.judge(me, vec![seen(AlertKind::BuyingHalted, Verdict::Bad)], &[Email, Pagerduty]);
    assert_eq!(rows.world.count("SELECT count(*) FROM alert_messages WHERE channel = 'email'"), 2);
    rows.later();
    let mut taken: Vec<Vec<String>> = std::iter::from_fn(|| rows.claim(Email)).map(|mail| mail.taken_by).collect();
    taken.sort();
    assert_eq!(
        taken,
        [Vec::new(), vec!["ops@example.com".to_owned()]],
        "the alerts differ, so neither waits for the other"
    );
    let back = "UPDATE alert_messages SET state = 'waiting', ended_at = NULL WHERE state = 'sent'";
    refused(&rows.world, &[("alert_messages_move_as_they_may", back)]);
}

#[test]
fn a_channel_that_wants_nothing_gets_nothing_until_it_is_another_one() {
    use AlertChannel::Webhook;
    let rows = Rows::new(0);
    let me = Uuid::new_v4();
    assert!(rows.stay(me));
    let halted = || vec![seen(AlertKind::BuyingHalted, Verdict::Bad)];
    rows.judge(me, halted(), &[Webhook]);
    let message = rows.claim(Webhook).expect("it is due");
    let gone = Outcome::Gone { status: 410, error: "gone".to_owned(), fingerprint: "1".to_owned() };
    assert_eq!(rows.ends_with(&message, gone), Settled::Ended(MessageState::Refused));
    rows.judge(me, vec![seen(AlertKind::PoolHalted, Verdict::Bad)], &[Webhook]);
    let messages = "SELECT count(*) FROM alert_messages";
    assert_eq!(rows.world.count(messages), 1);
    // Under another address it is told of what is open.
    rows.world.sql("UPDATE alert_channels SET fingerprint = 'former'");
    rows.judge(me, [halted(), vec![seen(AlertKind::PoolHalted, Verdict::Bad)]].concat(), &[Webhook]);
    eventually("it is told", || rows.world.count(messages) == 2);
    assert_eq!(rows.claim(Webhook).expect("it is due").notifications[0].told.kind, AlertKind::PoolHalted);
    assert!(rows.claim(Webhook).is_none(), "of the other alert it had been told");
}
