//! Twilio sells nothing, people sign up until stock is low, somebody is told, stock is filled again, and somebody is told that; with a
//! daemon that dies between any two of these.
//!
//! How to get it wrong: killing it while something is on the wire. That may be told twice, under one id; the torture does so.

use std::io::Write as _;

use far_side::Request;
use serde_json::json;
use twilio_simulator::NumberKind;

use super::SIGNING;
use super::far::{far, is_ours};
use crate::world::authority::Authority;
use crate::world::daemon::Daemon;
use crate::world::mail_server::MailServer;
use crate::world::{World, eventually};

const FOR_SECS: u32 = 2;

/// Six numbers, bought by somebody who wants none: whoever keeps stock and has none is told of that at once.
fn stocked(world: &World) {
    let mut settings = world.settings().clone();
    for key in ["THRESHOLD_LOW", "TOTAL_MIN"] {
        settings.insert(format!("CALLBUNKER__POOL__{key}"), "0".to_owned());
    }
    let daemon = Daemon::start(&settings);
    assert_eq!(daemon.purchase(6).ok()["purchased_count"], 6);
    assert_eq!(daemon.stop(), Some(0));
}

/// The daemon dies, and another one goes on.
fn dies(world: &World, daemon: Daemon) -> Daemon {
    daemon.kill9();
    world.daemon()
}

#[test]
fn stock_that_is_low_is_told_by_one_mail_and_one_webhook_and_its_end_too_whoever_dies_meanwhile() {
    let (authority, far) = (Authority::new("a company"), far());
    let server = MailServer::start(&authority);
    let mut trusted = tempfile::NamedTempFile::new().expect("a file");
    trusted.write_all(authority.pem().as_bytes()).expect("its certificate");
    let world = World::new()
        .set("pool.threshold_low", 6)
        .set("pool.total_min", 6)
        .set("pool.replenishment_batch_size", 6)
        .set("alerts.for_secs", FOR_SECS)
        .set("SSL_CERT_FILE", trusted.path().display())
        .set("alerts.email.smtp_url", server.url())
        .set("alerts.email.from", "callbunker@example.com")
        .set("alerts.email.to", "ops@example.com")
        .set("ALERT_SMTP_PASSWORD", MailServer::PASSWORD)
        .set("alerts.webhook.url", format!("{}/hook", far.url()))
        .set("ALERT_WEBHOOK_SECRET", SIGNING);
    stocked(&world);
    let daemon = world.daemon();

    // Twilio has none left, and people sign up.
    world.twilio.set_stock_of("US", NumberKind::Local, 0);
    for user in 0..4 {
        daemon.assign(&format!("u-{user}")).ok();
    }
    eventually("that is seen", || world.count("SELECT count(*) FROM alert_conditions WHERE kind = 'pool.low'") == 1);
    let daemon = dies(&world, daemon);
    let arrived = |count: usize| {
        eventually(&format!("{count} of each have come"), || {
            world.hurry();
            server.mails().len() >= count && far.got().requests.len() >= count
        });
        let waits = "SELECT count(*) FROM alert_messages WHERE state <> 'sent'";
        eventually("that is written down", || world.count(waits) == 0);
    };
    arrived(1);
    let took =
        "SELECT extract(epoch FROM max(m.last_tried_at) - min(a.opened_at))::int FROM alerts a, alert_messages m";
    println!("told {} s after it was low, with a death in between and for_secs = {FOR_SECS}", world.count(took));
    assert_eq!(world.alerts_open(), ["pool.low default warning"]);
    let daemon = dies(&world, daemon);
    let since = world.now();
    eventually("it is judged by whoever came", || world.is_judged_since(&since));

    // Twilio has some again.
    world.twilio.set_stock_of("US", NumberKind::Local, 100);
    eventually("stock is filled", || {
        daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
        daemon.status()["available"].as_u64() >= Some(6)
    });
    let daemon = dies(&world, daemon);
    arrived(2);
    assert!(world.alerts_open().is_empty());

    // Nothing else comes: not from whoever was started last, either.
    let daemon = dies(&world, daemon);
    for _round in 0..2 {
        let since = world.now();
        eventually("it is judged again", || world.is_judged_since(&since));
    }
    assert_eq!(world.told_of("pool.low"), ["raised email webhook", "cleared email webhook"]);
    assert_eq!(world.sql("SELECT string_agg(kind, ' ') FROM alerts"), "pool.low");
    assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE tries <> 1"), 0);
    let (mails, got) = (server.mails(), far.got());
    assert_eq!((mails.len(), got.requests.len()), (2, 2));
    let told: Vec<_> = got.requests.iter().map(Request::json).collect();
    let said = |field: &str| told.iter().map(|body| body["data"][field].clone()).collect::<Vec<_>>();
    assert_eq!([&told[0]["type"], &told[1]["type"]], ["alert.raised", "alert.cleared"]);
    assert_eq!(said("kind"), [json!("pool.low"), json!("pool.low")]);
    assert_eq!(said("id")[0], said("id")[1]);
    assert!(got.requests.iter().all(is_ours), "signed");
    let subjects: Vec<String> = mails.iter().map(|mail| mail.subject()).collect();
    for begins in ["[callbunker default] WARNING pool.low", "[callbunker default] OVER pool.low"] {
        assert_eq!(subjects.iter().filter(|subject| subject.starts_with(begins)).count(), 1, "{subjects:?}");
    }
    assert_eq!(daemon.stop(), Some(0));
}
