//! A pool whose numbers shall lead to an application or a trunk that the account does not have: it halts alone, none of its numbers
//! is given up for it, and the next `configure-webhooks` that names one that is there ends it.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::{ApplicationOrder, On};

use super::{order, sign_up};
use crate::world::comparing::reconcile;
use crate::world::daemon::Daemon;
use crate::world::reloading::Reloading;
use crate::world::{World, eventually};

const CONFIGURE: &str = "/admin/phones/api/configure-webhooks";
const QUIET: &str = "[pool]\nthreshold_low = 0\ntotal_min = 0\n";

fn sid(prefix: &str, digit: char) -> String {
    format!("{prefix}{}", String::from(digit).repeat(32))
}

fn create(world: &World, sid: &str) {
    world.twilio.application(ApplicationOrder { sid: Some(sid.to_owned()), ..ApplicationOrder::default() });
}

fn requests(world: &World, on: On) -> u64 {
    world.twilio.truth().requests_of(on)
}

fn needs(world: &World) -> String {
    world.sql("SELECT needs FROM pool_halts")
}

fn statuses(world: &World) -> String {
    world.sql("SELECT webhook_status, count(*) FROM numbers GROUP BY 1 ORDER BY 1")
}

fn text<'d>(document: &'d Value, field: &str) -> &'d str {
    document[field].as_str().unwrap_or_else(|| panic!("no {field}: {document}"))
}

/// A daemon whose pools lead where the file says, which has `default` and `ca`.
fn leading(own: &str, all: &str) -> Reloading {
    let world = World::new();
    world.twilio.set_regulated("CA", false);
    Reloading::in_world(world, &toml(own, all))
}

fn toml(own: &str, all: &str) -> String {
    format!("{QUIET}[pools.ca]\ncountry = \"CA\"\nthreshold_low = 0\ntotal_min = 0\n{own}\n[webhooks]\n{all}")
}

/// Other lines in the file, and in force.
fn reload(at: &Reloading, own: &str, all: &str) {
    at.write("callbunker.toml", &toml(own, all));
    let told = at.reload();
    assert_eq!(told["msg"], "the configuration was reloaded", "{told}");
}

fn warns(daemon: &Daemon) -> String {
    daemon.send("GET", "/readyz", &[], None).ok()["warnings"].to_string()
}

#[test]
fn a_create_that_names_what_is_not_there_halts_its_pool_alone_and_says_which_key() {
    for (own, all, prefix, key) in [
        ("webhooks.voice_application_sid", "", "AP", "pools.ca.webhooks.voice_application_sid"),
        ("webhooks.sms_application_sid", "", "AP", "pools.ca.webhooks.sms_application_sid"),
        ("webhooks.trunk_sid", "", "TK", "pools.ca.webhooks.trunk_sid"),
        ("", "trunk_sid", "TK", "webhooks.trunk_sid"),
    ] {
        let said = |key: &str| if key.is_empty() { String::new() } else { format!("{key} = \"{}\"", sid(prefix, '1')) };
        // What `[webhooks]` says, `default` says no to.
        let keep = if all.is_empty() { "" } else { "[pool.webhooks]\ntrunk_sid = \"\"\n" };
        let world = World::new();
        world.twilio.set_regulated("CA", false);
        let at = Reloading::in_world(world, &format!("{}\n{keep}", toml(&said(own), &said(all))));
        let (world, daemon) = (&at.world, &at.daemon);
        let refused = order(daemon, &json!({"count": 8, "pool": "ca"})).ok();
        assert_eq!(
            (&refused["state"], &refused["errors"][0]["code"]),
            (&json!("halted"), &json!("halted")),
            "{key}: {refused}"
        );
        let message = text(&refused["errors"][0], "message");
        assert!(message.contains(key) && message.contains("configure-webhooks"), "{message}");
        assert_eq!((needs(world).as_str(), requests(world, On::Create)), (key, 1), "one was enough");
        assert_eq!(world.sql("SELECT refusal_concerns FROM purchase_items"), "pool", "{key}");
        // Whoever asks is told at once, and costs nothing.
        let told = sign_up(daemon, "u-1", "ca").problem(503, "pool_empty");
        assert!(text(&told, "detail").contains(key), "{told}");
        assert!(warns(daemon).contains(key), "{}", warns(daemon));
        assert_eq!(requests(world, On::Create), 1);
        let others = order(daemon, &json!({"count": 1, "pool": "default"})).ok();
        assert_eq!((&others["purchased_count"], &daemon.status()["halted"]), (&json!(1), &Value::Null));
        // It is there by now.
        create(world, &sid(prefix, '1'));
        daemon.post("/admin/phones/api/resume", &json!({"pool": "ca"})).ok();
        assert_eq!(order(daemon, &json!({"count": 8, "pool": "ca"})).ok()["purchased_count"], 8, "{key}");
    }
}

#[test]
fn other_keys_and_configure_webhooks_end_the_halt() {
    let at = leading("", &format!("voice_application_sid = \"{}\"", sid("AP", '1')));
    let (world, daemon) = (&at.world, &at.daemon);
    order(daemon, &json!({"count": 1})).ok();
    assert_eq!(needs(world), "webhooks.voice_application_sid");
    create(world, &sid("AP", '2'));
    reload(&at, "", &format!("voice_application_sid = \"{}\"", sid("AP", '2')));
    // What is wanted is changed on purpose only: one more is refused, under the keys of now.
    order(daemon, &json!({"count": 1})).ok();
    assert_eq!(requests(world, On::Create), 2);
    daemon.post_empty(CONFIGURE).ok();
    assert_eq!(world.count("SELECT count(*) FROM pool_halts"), 0);
    assert_eq!(order(daemon, &json!({"count": 3})).ok()["purchased_count"], 3);
    // Without any the keys are others, too.
    world.twilio.application(ApplicationOrder {
        sid: Some(sid("AP", '2')),
        remove: true,
        ..ApplicationOrder::default()
    });
    order(daemon, &json!({"count": 5})).ok();
    assert_eq!(
        (needs(world).as_str(), requests(world, On::Create)),
        ("webhooks.voice_application_sid", 6),
        "the first goes alone"
    );
    reload(&at, "", "");
    daemon.post_empty(CONFIGURE).ok();
    assert_eq!(order(daemon, &json!({"count": 1})).ok()["purchased_count"], 1);
}

#[test]
fn configure_webhooks_with_an_unknown_application_changes_nothing() {
    let at = leading("", "");
    let (world, daemon) = (&at.world, &at.daemon);
    order(daemon, &json!({"count": 5})).ok();
    for key in ["voice_application_sid", "sms_application_sid"] {
        reload(&at, "", &format!("{key} = \"{}\"", sid("AP", '1')));
        let problem = daemon.post_empty(CONFIGURE).problem(502, "twilio_refused");
        assert!(text(&problem, "detail").contains(&format!("webhooks.{key}")), "{problem}");
        assert_eq!((statuses(world).as_str(), requests(world, On::Update)), ("configured|5", 0), "{key}");
    }
    assert_eq!(sign_up(daemon, "u-1", "default").ok()["source"], "pool", "the pool serves on");
    assert_eq!(needs(world), "");
}

#[test]
fn a_trunk_that_is_not_there_gives_no_number_up_and_halts_its_pool_alone() {
    let at = leading("", "");
    let (world, daemon) = (&at.world, &at.daemon);
    order(daemon, &json!({"count": 5})).ok();
    order(daemon, &json!({"count": 5, "pool": "ca"})).ok();
    reload(&at, &format!("webhooks.trunk_sid = \"{}\"", sid("TK", '1')), "");
    let problem = daemon.post(CONFIGURE, &json!({"pool": "ca"})).problem(502, "twilio_refused");
    assert!(text(&problem, "detail").contains("pools.ca.webhooks.trunk_sid"), "{problem}");
    assert_eq!(needs(world), "pools.ca.webhooks.trunk_sid");
    let refused = requests(world, On::Update);
    assert!((1..=4).contains(&refused), "{refused}: as many as were under way");
    // Neither care nor a comparison tries one after the other, nor gives one up, whoever waits.
    sign_up(daemon, "u-1", "ca").problem(503, "pool_empty");
    reconcile(daemon);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'"), 0);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 5);
    assert_eq!(daemon.status()["halted"], Value::Null, "{}", daemon.status());
    assert_eq!(sign_up(daemon, "u-2", "default").ok()["source"], "pool");
    // One that is there sets all of them.
    create(world, &sid("TK", '2'));
    reload(&at, &format!("webhooks.trunk_sid = \"{}\"", sid("TK", '2')), "");
    let report = daemon.post(CONFIGURE, &json!({"pool": "ca"})).ok();
    assert_eq!((&report["configured"], &report["failed"]), (&json!(5), &json!([])), "{report}");
    assert_eq!((needs(world).as_str(), statuses(world).as_str()), ("", "configured|10"));
    assert_eq!(sign_up(daemon, "u-1", "ca").ok()["source"], "pool");
}

#[test]
fn care_sets_nothing_of_a_pool_whose_trunk_is_not_there_and_all_of_it_once_it_is() {
    let at = leading("", "");
    let (world, daemon) = (&at.world, &at.daemon);
    order(daemon, &json!({"count": 6})).ok();
    reload(&at, "", &format!("trunk_sid = \"{}\"", sid("TK", '1')));
    daemon.post(CONFIGURE, &json!({"phone_numbers": []})).ok();
    assert_eq!(statuses(world), "pending|6");
    eventually("care learns it", || needs(world) == "webhooks.trunk_sid");
    // Somebody who waits makes care look five times a second.
    sign_up(daemon, "u-1", "default").problem(503, "pool_empty");
    assert_eq!(requests(world, On::Update), 1, "one was enough");
    // The one that was tried is known to differ.
    assert_eq!((statuses(world).as_str(), &daemon.status()["halted"]), ("drifted|1\npending|5", &Value::Null));
    create(world, &sid("TK", '1'));
    daemon.post("/admin/phones/api/resume", &json!({"pool": "default"})).ok();
    eventually("care sets all of them", || statuses(world) == "configured|6");
    daemon.signal(Signal::SIGTERM);
}
