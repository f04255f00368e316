//! The daemon's own look: asked for, at start, after a reload; and where it is told.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::daemon::Daemon;
use crate::world::reloading::Reloading;
use crate::world::scrape::Scrape;
use crate::world::{ADMIN_KEY, World, eventually};

const CHECK: &str = "/admin/phones/api/twilio-check";
const PAGE: &str = "/admin/phones/dashboard/twilio-check";

fn warnings(daemon: &Daemon) -> String {
    daemon.send("GET", "/readyz", &[], None).ok()["warnings"].to_string()
}

fn attention(daemon: &Daemon) -> Option<Value> {
    let items = daemon.get("/admin/phones/api/attention").ok()["items"].clone();
    items.as_array().expect("items").iter().find(|item| item["kind"] == "twilio_check_failed").cloned()
}

fn page(daemon: &Daemon, path: &str) -> String {
    daemon.get(path).ok().as_str().expect("a page").to_owned()
}

#[test]
fn what_fails_is_told_everywhere_until_a_look_finds_it_mended() {
    let world = World::new().quiet().pool("gb", &[("country", "GB"), ("number_type", "mobile")]);
    let daemon = world.daemon();
    assert_eq!((attention(&daemon), warnings(&daemon)), (None, "[]".to_owned()), "nobody has looked yet");
    assert!(page(&daemon, PAGE).contains("Nothing was looked at yet"));

    let document = daemon.get(CHECK).ok();
    assert_eq!(document["result"], "fail", "{document:#}");
    let checks = document["checks"].as_array().expect("checks");
    let bundle = checks.iter().find(|check| check["check"] == "bundle").expect("the bundle");
    assert_eq!((&bundle["pool"], &bundle["result"]), (&json!("gb"), &json!("fail")));
    let item = attention(&daemon).expect("it needs a person");
    assert_eq!((&item["severity"], &item["pool"], &item["count"]), (&json!("warning"), &json!("gb"), &json!(1)));
    assert!(item["summary"].as_str().unwrap().contains("the bundle of gb"), "{item:#}");
    assert!(item["todo"].as_str().unwrap().contains("pools.gb.bundle_sid"), "{item:#}");
    assert_eq!(item["link"], PAGE);
    assert!(item["since"].is_string());
    assert!(warnings(&daemon).contains("twilio_check_failed: buying could not succeed: the bundle of gb"));
    let scrape = Scrape::of(&daemon);
    assert_eq!(scrape.get("callbunker_twilio_checks", &[("result", "fail")]), 1.0);
    assert!(scrape.get("callbunker_twilio_check_last_run_timestamp_seconds", &[]) > 0.0);
    let shown = page(&daemon, PAGE);
    assert!(shown.contains("Buying could not succeed") && shown.contains("pools.gb.bundle_sid"), "{shown}");

    world.twilio.set_regulated("GB", false);
    let shown = page(&daemon, &format!("{PAGE}?now=true"));
    assert!(!shown.contains("Buying could not succeed"), "{shown}");
    assert_eq!((attention(&daemon), warnings(&daemon)), (None, "[]".to_owned()));
    assert_eq!(Scrape::of(&daemon).get("callbunker_twilio_checks", &[("result", "fail")]), 0.0);
    assert_eq!(world.bought(), 0);
    assert_eq!(daemon.get(&format!("{PAGE}?now=perhaps")).status, 422);
}

#[test]
fn a_twilio_that_is_not_there_is_a_finding_and_no_error() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 5000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Any, FaultKind::Reset).forever());
    let document = daemon.get(CHECK).ok();
    assert_eq!(document["result"], "fail");
    assert_eq!(document["checks"][0]["check"], "credentials");
    assert!(document["checks"][0]["todo"].as_str().unwrap().contains("network"), "{document:#}");
    world.twilio.clear_faults();
    assert_ne!(daemon.get(CHECK).ok()["result"], "fail");
}

#[test]
fn one_look_at_a_time_serves_all_who_ask_meanwhile() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.set_latency(std::time::Duration::from_millis(50));
    let documents: Vec<Value> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| daemon.get(CHECK).ok())).collect();
        asking.into_iter().map(|asking| asking.join().expect("an answer")).collect()
    });
    assert!(documents.iter().all(|document| *document == documents[0]), "{documents:#?}");
    assert_eq!(world.twilio.truth().max_concurrent_requests, 1, "looks side by side would ask side by side");
    assert!(world.twilio.truth().requests_of(On::Account) < 8, "they share looks");
}

#[test]
fn a_look_at_the_start_that_hangs_holds_up_nobody_and_no_end() {
    let world = World::new().quiet().set("twilio.self_check", true).set("twilio.request_timeout_ms", 60_000);
    world.stock("default", 1, 3);
    world.twilio.fault(Fault::new(On::Account, FaultKind::Hang).forever());
    let daemon = world.daemon_at_once();
    eventually("it looks by itself", || world.twilio.truth().requests_of(On::Account) == 1);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool");
    daemon.send("GET", "/readyz", &[], None).ok();
    assert!(page(&daemon, PAGE).contains("Nothing was looked at yet"), "a page waits for no look");
    std::thread::scope(|scope| {
        // Whoever waits for the look that hangs, or comes too late, holds up no end either.
        scope
            .spawn(|| daemon.try_send("GET", CHECK, &[("X-Admin-API-Key", ADMIN_KEY)], None).map(|reply| reply.status));
        daemon.signal(Signal::SIGTERM);
    });
    let mut daemon = daemon;
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log_text());
    assert!(!daemon.has_logged("the grace is over"), "{}", daemon.log_text());
}

#[test]
fn a_twilio_that_answers_nothing_in_time_is_not_reached() {
    let world = World::new().quiet().set("twilio.request_timeout_ms", 60_000);
    world.twilio.fault(Fault::new(On::List, FaultKind::Hang).forever());
    let daemon = world.daemon_at_once();
    let document = daemon.get(CHECK).ok();
    assert_eq!(document["result"], "fail", "{document:#}");
    let check = &document["checks"][0];
    assert!(check["detail"].as_str().is_some_and(|detail| detail.contains("did not answer")), "{check}");
    assert!(check["todo"].as_str().is_some_and(|todo| todo.contains("network")), "{check}");
}

#[test]
fn it_looks_at_the_start_and_again_when_other_keys_are_in_force() {
    let world = World::new().quiet().set("twilio.self_check", true);
    let gb = "[pools.gb]\ncountry = \"GB\"\nnumber_type = \"mobile\"\nthreshold_low = 0\n";
    let place = Reloading::in_world(world, "");
    eventually("it has looked", || page(&place.daemon, PAGE).contains("Looked at"));
    assert_eq!(attention(&place.daemon), None);
    place.write("callbunker.toml", gb);
    place.reload();
    eventually("the new pool is looked at", || attention(&place.daemon).is_some());
    eventually("the log says so", || place.daemon.has_logged("buying could not succeed"));
    place.write("callbunker.toml", "");
    place.reload();
    eventually("it is gone", || attention(&place.daemon).is_none());
}

#[test]
fn what_has_halted_buying_is_not_told_twice() {
    let world = World::new().quiet().pool("gb", &[("country", "GB"), ("number_type", "mobile")]);
    let daemon = world.daemon();
    daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "pool": "gb"})).ok();
    eventually("the pool is halted", || warnings(&daemon).contains("pool_halted"));
    assert_eq!(daemon.get(CHECK).ok()["result"], "fail");
    assert_eq!(attention(&daemon), None, "the halt says it");
    assert!(!warnings(&daemon).contains("twilio_check_failed"));
}
