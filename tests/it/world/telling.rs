//! A world in which somebody is told, and what must hold of that whatever happened: read off the database and off what arrived.
//!
//! How to get it wrong: asking while messages wait. `until_all_is_told` waits until none does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use far_side::{FarSide, FarSideOptions, Got};

use crate::world::World;

/// One mailbox after the other.
pub const READERS: [&str; 3] = ["one@example.com", "two@example.com", "three@example.com"];
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const TOLD_WITHIN: Duration = Duration::from_secs(120);

/// A notification as the database has it.
struct Notification {
    id: String,
    channel: String,
    is_sent: bool,
    alert: String,
    no: u32,
}

impl World {
    /// Whoever is told, from the first question for it on.
    pub fn far(&self) -> &FarSide {
        self.far.get_or_init(|| FarSide::start(FarSideOptions::default()).expect("a far side"))
    }

    /// What lasts for a second is told, by webhook, to PagerDuty and by mail to so many.
    #[must_use]
    pub fn telling(self, readers: usize) -> Self {
        let (smtp, url) = (self.far().smtp_url(), self.far().url().to_owned());
        self.set("alerts.for_secs", 1)
            .set("alerts.email.smtp_url", smtp)
            .set("alerts.email.from", "callbunker@example.com")
            .set("alerts.email.to", READERS[..readers].join(","))
            .set("alerts.webhook.url", format!("{url}/webhook"))
            .set("ALERT_WEBHOOK_SECRET", SECRET)
            .set("alerts.pagerduty", true)
            .set("alerts.pagerduty_url", format!("{url}/v2/enqueue"))
            .set("ALERT_PAGERDUTY_KEY", KEY)
    }

    /// Nobody waits for what would be tried or told later, nor for the claim of somebody dead. What a daemon has locked just now is passed
    /// over, since it locks its rows in an order of its own: whoever calls this calls it again.
    pub fn let_none_wait(&self) {
        self.sql(
            "UPDATE alert_channels SET last_message_at = last_message_at - interval '1 hour'
              WHERE channel IN (SELECT channel FROM alert_channels FOR UPDATE SKIP LOCKED);
             UPDATE alert_messages SET due_at = least(due_at, clock_timestamp())
              WHERE id IN (SELECT id FROM alert_messages WHERE state = 'waiting' FOR UPDATE SKIP LOCKED);
             UPDATE alert_messages SET claimed_until = least(claimed_until, clock_timestamp())
              WHERE id IN (SELECT id FROM alert_messages WHERE claim IS NOT NULL AND state = 'waiting'
                              AND last_tried_at < clock_timestamp() - interval '16 seconds' FOR UPDATE SKIP LOCKED)",
        );
    }

    /// Claims of a daemon that is dead are over at once.
    pub fn forget_claims(&self) {
        self.sql(
            "UPDATE alert_messages SET claimed_until = clock_timestamp() WHERE claim IS NOT NULL AND state = 'waiting'",
        );
    }

    /// Waits until no message waits any more.
    #[track_caller]
    pub fn until_all_is_told(&self) {
        let deadline = Instant::now() + TOLD_WITHIN;
        while self.count("SELECT count(*) FROM alert_messages WHERE state = 'waiting'") > 0 {
            assert!(Instant::now() < deadline, "messages wait still:\n{}", self.messages_told());
            self.let_none_wait();
            std::thread::sleep(Duration::from_millis(150));
        }
    }

    /// Messages and what they tell, for whoever looks for a mistake.
    fn messages_told(&self) -> String {
        self.sql(
            "SELECT m.number, m.channel, m.state, m.tries, m.due_at, m.claimed_until, m.taken_by, m.last_error, a.kind, a.subject, t.event, n.id
               FROM alert_messages m JOIN alert_notifications n ON n.message_id = m.id
               JOIN alert_transitions t USING (alert_id, no) JOIN alerts a ON a.id = t.alert_id ORDER BY m.number",
        )
    }

    /// What must hold when no message waits: each that was sent arrived, under one id, in the same bytes however often, and no end
    /// of an alert before its beginning.
    #[track_caller]
    pub fn assert_told(&self) {
        // Some may come meanwhile: what was sent before must be among what came, and what came is written down afterwards.
        let (notifications, got) = (self.notifications(), self.far().got());
        assert_one_text_for_each_id(&got, &self.notifications());
        let hooks: Vec<&str> = got
            .requests_to("/webhook")
            .iter()
            .filter(|one| one.status == Some(200))
            .filter_map(|one| one.header("webhook-id"))
            .collect();
        let mails_of = |id: &str| {
            let is_of = |mail: &&far_side::Mail| mail.headers("X-Callbunker-Notification").iter().any(|one| one == id);
            got.mails.iter().filter(is_of).flat_map(|mail| mail.to.iter().map(String::as_str)).collect::<BTreeSet<_>>()
        };
        let readers = self.settings()["CALLBUNKER__ALERTS__EMAIL__TO"].split(',').collect::<BTreeSet<_>>();
        for one in notifications.iter().filter(|one| one.is_sent) {
            match one.channel.as_str() {
                "webhook" => {
                    assert!(
                        hooks.contains(&one.id.as_str()),
                        "webhook {} never came:\n{}",
                        one.id,
                        self.messages_told()
                    )
                }
                "email" => {
                    assert_eq!(
                        mails_of(&one.id),
                        readers,
                        "mail {} did not reach all:\n{}",
                        one.id,
                        self.messages_told()
                    )
                }
                _ => {}
            }
        }
        let no_of = |id: &str| notifications.iter().find(|one| one.id == id).map(|one| (one.alert.clone(), one.no));
        assert_in_order(hooks.iter().filter_map(|id| no_of(id)), "webhook");
        let taken = got.mails.iter().filter(|mail| mail.is_taken && mail.to.iter().any(|to| to == READERS[0]));
        let of_mail = taken.flat_map(|mail| mail.headers("X-Callbunker-Notification"));
        // A mail that an address refused for its own sake holds nobody up.
        if self.count("SELECT count(*) FROM alert_messages WHERE channel = 'email' AND NOT blames_far_side") == 0 {
            assert_in_order(of_mail.filter_map(|id| no_of(&id)).collect::<Vec<_>>().into_iter(), "email");
        }
        let ended = got
            .requests_to("/v2/enqueue")
            .into_iter()
            .filter(|one| one.status == Some(202))
            .map(far_side::Request::json);
        let order = |action: &str| u32::from(action == "resolve");
        let event = |body: &serde_json::Value, field: &str| body[field].as_str().expect("an event").to_owned();
        assert_in_order(
            ended.map(|body| (event(&body, "dedup_key"), order(&event(&body, "event_action")))),
            "pagerduty",
        );
    }

    /// All that was ever written to be told.
    fn notifications(&self) -> Vec<Notification> {
        let rows = self.sql(
            "SELECT n.id, n.channel, m.state = 'sent', n.alert_id, n.no
               FROM alert_notifications n JOIN alert_messages m ON m.id = n.message_id ORDER BY n.alert_id, n.no",
        );
        let read = |row: &str| {
            let [id, channel, is_sent, alert, no] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let (id, channel, alert) = (id.to_owned(), channel.to_owned(), alert.to_owned());
            Notification { id, channel, is_sent: is_sent == "t", alert, no: no.parse().expect("a number") }
        };
        rows.lines().map(read).collect()
    }
}

/// Each copy says the same, and nothing came that is not written down.
#[track_caller]
fn assert_one_text_for_each_id(got: &Got, notifications: &[Notification]) {
    let known: BTreeSet<&str> = notifications.iter().map(|one| one.id.as_str()).collect();
    let mut texts: BTreeMap<(&str, String), &[u8]> = BTreeMap::new();
    let hooks = got.requests_to("/webhook").into_iter();
    let hooks = hooks.map(|one| ("webhook", one.header("webhook-id").expect("an id").to_owned(), one.body.as_slice()));
    let id_of = |mail: &far_side::Mail| mail.header("X-Callbunker-Notification").expect("an id");
    let mails = got.mails.iter().map(|mail| ("email", id_of(mail), mail.raw.as_slice()));
    for (channel, id, text) in hooks.chain(mails) {
        assert!(known.contains(id.as_str()), "{channel} {id} is written down nowhere");
        let first = texts.entry((channel, id.clone())).or_insert(text);
        let words = String::from_utf8_lossy;
        assert!(*first == text, "{channel} {id} came in two texts:\n{}\nand\n{}", words(first), words(text));
    }
}

/// Of each alert an earlier transition came before a later one did, whatever was repeated.
#[track_caller]
fn assert_in_order(arrived: impl Iterator<Item = (String, u32)>, channel: &str) {
    let mut seen: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (alert, no) in arrived {
        let nos = seen.entry(alert).or_default();
        if !nos.contains(&no) {
            nos.push(no);
        }
    }
    for (alert, nos) in seen {
        assert!(nos.is_sorted(), "{channel}: what was told of {alert} came in this order: {nos:?}");
    }
}
