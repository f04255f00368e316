//! What is wrong is told, under one id, whenever whoever judges or carries dies.
//!
//! How to get it wrong: counting what arrives. A message may come twice; it never comes in two texts, and never not at all.

use far_side::{ALWAYS, Reception, Stage};
use twilio_simulator::MarketOrder;

use super::{Operation, PLAIN, hasty, purchase, quiet, stocked};
use crate::alerts::told;
use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::eventually;
use crate::world::telling::READERS;
use crate::world::truth::Acknowledged;

/// Who is texted.
const PHONES: [&str; 2] = ["+12025550123", "+12025550124"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "an alert that is raised, and a weekly report",
        world: || told(quiet()).set("alerts.balance_min", 1).set("alerts.weekly_report", true),
        before: |world, told| {
            stocked(world, told);
            go_wrong(world);
            // It was asked for while there was stock to be bought, and is for an hour.
            world.sql("DELETE FROM account_looks");
        },
        also: "week_looked=return(2126-12-02T08:00:00Z)",
        reaches: &["alerts", "alert_decided", "alert_written", "account_looked", "week_looked", "report_written"],
        after: told_once,
        ..PLAIN
    },
    Operation {
        name: "an alert that is told",
        world: || quiet().telling(1),
        before: |world, told| {
            stocked(world, told);
            go_wrong(world);
        },
        reaches: &["message_looked", "message_claimed", "message_taken", "message_settled"],
        meanwhile: World::forget_claims,
        after: |world, _, _| {
            eventually("it is raised", || world.told_of("events.rejected") == ["raised email pagerduty webhook"]);
            world.until_all_is_told();
            world.assert_told();
        },
        ..PLAIN
    },
    Operation {
        name: "a pool that halts while somebody is texted",
        world: || {
            quiet()
                .set("alerts.for_secs", 1)
                .set("alerts.sms.to", PHONES.join(","))
                .set("alerts.sms.from", "callbunker")
        },
        before: |world, _| {
            world.twilio.set_market(MarketOrder::new("US").bundle(true));
            let daemon = world.daemon();
            daemon.failpoints("message_looked=return");
            purchase(&daemon, 1);
            eventually("it is halted", || world.told_of("pool.halted") == ["raised sms"]);
            assert_eq!(daemon.stop(), Some(0));
        },
        reaches: &["text_sent", "message_taken_by"],
        meanwhile: World::forget_claims,
        after: |world, daemon, _| {
            world.until_all_is_told();
            let sent = world.twilio.truth().traffic;
            for phone in PHONES {
                let texts: Vec<_> = sent.iter().filter(|text| text.to == phone).collect();
                assert_eq!(texts.len(), 1, "Twilio is asked first whether it has a text: {texts:?}");
            }
            world.twilio.set_market(MarketOrder::new("US").bundle(false));
            drop(daemon.post("/admin/phones/api/resume", &serde_json::json!({"pool": "default"})).ok());
        },
        ..PLAIN
    },
    Operation {
        name: "three addresses of which the second refuses",
        world: || quiet().telling(3),
        before: |world, told| {
            stocked(world, told);
            refuse_the_second(world);
            go_wrong(world);
        },
        reaches: &["message_claimed", "message_taken", "message_taken_by", "message_failed"],
        meanwhile: World::forget_claims,
        after: |world, _, _| {
            let copies = |reader: usize| world.far().got().mails_to(READERS[reader]).len();
            eventually("the others have it", || {
                world.let_none_wait();
                copies(0) > 0 && copies(2) > 0
            });
            assert_eq!(copies(1), 0);
            world.far().take_all();
            world.until_all_is_told();
            world.assert_told();
        },
        ..PLAIN
    },
    Operation {
        name: "a far side that is dead for a while",
        world: || quiet().telling(1),
        before: |world, told| {
            stocked(world, told);
            world.far().set_dead(true);
            go_wrong(world);
        },
        reaches: &["message_failed"],
        meanwhile: World::forget_claims,
        after: |world, _, _| {
            eventually("it is raised", || world.told_of("events.rejected").len() == 1);
            world.sql("DELETE FROM event_refusals");
            eventually("it is over before anybody was told", || world.told_of("events.rejected").len() == 2);
            world.far().set_dead(false);
            world.until_all_is_told();
            world.assert_told();
        },
        ..PLAIN
    },
    Operation {
        name: "a message that nobody takes for three days",
        world: || quiet().telling(1),
        before: |world, told| {
            stocked(world, told);
            world.far().set_dead(true);
            go_wrong(world);
            let daemon = world.daemon();
            daemon.failpoints("message_looked=return");
            eventually("it is raised", || world.told_of("events.rejected") == ["raised email pagerduty webhook"]);
            assert_eq!(daemon.stop(), Some(0));
            world.sql(
                "ALTER TABLE alert_messages DISABLE TRIGGER USER;
                 UPDATE alert_messages SET created_at = created_at - interval '4 days', due_at = due_at - interval '4 days';
                 ALTER TABLE alert_messages ENABLE TRIGGER USER",
            );
        },
        reaches: &["message_given_up"],
        meanwhile: World::forget_claims,
        after: |world, _, _| {
            world.until_all_is_told();
            assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE state = 'given_up'"), 3);
            assert_eq!(world.far().got().requests.len(), 0);
            world.far().take_all();
            world.sql("DELETE FROM event_refusals");
            eventually("it is over, and says so", || world.told_of("events.rejected").len() == 2);
            world.until_all_is_told();
            world.assert_told();
        },
        ..PLAIN
    },
    Operation {
        name: "a pool that is low and is filled again",
        world: || hasty(World::new()).telling(1).set("pool.threshold_low", 8).set("pool.total_min", 0),
        before: |world, _| {
            // Whoever keeps no stock buys what is asked for; paused before anybody wants more, it stays low.
            let mut settings = world.settings().clone();
            settings.insert("CALLBUNKER__POOL__THRESHOLD_LOW".to_owned(), "0".to_owned());
            let daemon = Daemon::start(&settings);
            daemon.purchase(3).ok();
            daemon.post_empty("/admin/phones/api/pause").ok();
            assert_eq!(daemon.stop(), Some(0));
        },
        reaches: &["alerts", "alert_decided", "alert_written", "message_claimed", "message_taken", "message_settled"],
        meanwhile: World::forget_claims,
        after: |world, daemon, _| {
            let both = ["raised", "cleared"].map(|event| format!("{event} email pagerduty webhook"));
            eventually("it is raised", || world.told_of("pool.low") == both[..1]);
            daemon.post_empty("/admin/phones/api/resume").ok();
            eventually("it is over", || world.told_of("pool.low") == both);
            world.until_all_is_told();
            world.assert_told();
            assert_eq!(world.sql("SELECT string_agg(kind, ' ') FROM alerts"), "pool.low");
        },
        ..PLAIN
    },
    Operation {
        name: "signs of life",
        world: || {
            let world = quiet();
            let url = format!("{}/life", world.far().url());
            world.set("alerts.heartbeat_url", url)
        },
        before: stocked,
        reaches: &["life_claimed"],
        after: |world, _, _| {
            world.sql("UPDATE alert_round SET beat_at = beat_at - interval '2 minutes'");
            eventually("the next one is given", || !world.far().got().requests_to("/life").is_empty());
        },
        ..PLAIN
    },
];

/// Somebody sends events that are not Twilio's.
fn go_wrong(world: &World) {
    world.sql("INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3)");
}

fn refuse_the_second(world: &World) {
    let refused = Reception::Refuse(550, "no such mailbox".to_owned());
    world.far().receive(Some(READERS[1]), Stage::To, refused, ALWAYS);
}

fn told_once(world: &World, _: &Daemon, _: &mut Acknowledged) {
    eventually("it is raised", || world.alerts_open() == ["events.rejected warning"]);
    eventually("the balance is known", || {
        world.count("SELECT count(*) FROM account_looks WHERE what = 'balance'") == 1
    });
    assert_eq!(world.told_of("events.rejected"), ["raised email webhook"]);
    // Nobody says that it is Monday any more; one that was written stays, and is told once.
    let reports = world.told_of("report.weekly");
    assert!(reports.is_empty() || reports == ["raised email webhook"], "{reports:?}");
    let halves = "SELECT count(*) FROM alert_messages m
                   WHERE NOT EXISTS (SELECT FROM alert_notifications n WHERE n.message_id = m.id AND n.channel = m.channel)";
    assert_eq!(world.count(halves), 0, "a message tells something");
}
