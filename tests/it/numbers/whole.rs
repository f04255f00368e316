//! Webhooks whole: fallbacks set or cleared, an application or a trunk in place of the URLs, in every way that a number comes
//! to carry them.

use serde_json::{Value, json};
use twilio_simulator::{ApplicationOrder, ForeignNumber, OwnedNumber, Webhooks};

use crate::world::comparing::{assert_found, is_ours, only, owned, reconcile, row, stocked, stocked_in};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World, eventually};

const CONFIGURE: &str = "/admin/phones/api/configure-webhooks";
const FORMER: &str = "https://former.example/fallback";

/// The account has these applications and trunks.
fn owns(world: &World, sids: &[&str]) {
    for sid in sids {
        world.twilio.application(ApplicationOrder { sid: Some((*sid).to_owned()), ..ApplicationOrder::default() });
    }
}

fn application(digit: char) -> String {
    format!("AP{}", digit.to_string().repeat(32))
}

fn trunk() -> String {
    format!("TK{}", "a".repeat(32))
}

fn with_fallbacks() -> World {
    World::new()
        .quiet()
        .set("webhooks.voice_fallback_path", "/twilio/voice-fallback")
        .set("webhooks.sms_fallback_path", "/twilio/sms-fallback")
}

/// What a former app left: it answers our users when we are slow.
fn leave_fallbacks(world: &World, number: &str) {
    let former = Webhooks {
        voice_fallback_url: Some(FORMER.to_owned()),
        sms_fallback_url: Some(FORMER.to_owned()),
        ..Webhooks::default()
    };
    assert!(world.twilio.set_webhooks(number, former));
}

fn fallbacks(number: &OwnedNumber) -> (String, String) {
    (number.voice_fallback_url.clone().unwrap_or_default(), number.sms_fallback_url.clone())
}

fn ours() -> (String, String) {
    (format!("{ORIGIN}/twilio/voice-fallback"), format!("{ORIGIN}/twilio/sms-fallback"))
}

fn none() -> (String, String) {
    (String::new(), String::new())
}

fn at_twilio(daemon: &Daemon, number: &str) -> Value {
    daemon.get(&format!("/admin/phones/api/numbers/{number}?twilio=true")).ok()["at_twilio"].clone()
}

#[test]
fn a_fallback_comes_with_the_purchase_is_shown_and_is_repaired() {
    let (world, daemon, numbers) = stocked_in(with_fallbacks(), 3);
    for number in &numbers {
        let bought = owned(&world, number);
        assert_eq!(fallbacks(&bought), ours());
        assert_eq!((bought.voice_fallback_method.as_str(), bought.voice_receive_mode.as_str()), ("POST", "voice"));
        assert_eq!(row(&world, number, "webhook_status"), "configured");
    }
    assert_eq!(world.twilio.truth().updates, 0, "the purchase said all of it");
    daemon.assign("u-1").ok();
    numbers.iter().for_each(|number| leave_fallbacks(&world, number));
    let shown = at_twilio(&daemon, &numbers[0]);
    assert_eq!((&shown["voice_fallback_url"], &shown["sms_fallback_url"]), (&json!(FORMER), &json!(FORMER)));
    assert_eq!(shown["differs"], json!(["voice_fallback_url", "sms_fallback_url"]));
    let report = reconcile(&daemon);
    assert_found(&report, &[("webhook_drift", 1), ("repaired", 2)]);
    assert_eq!(only(&report, "webhook_drift")["reason"], "webhooks differ (voice_fallback_url, sms_fallback_url)");
    assert_eq!(fallbacks(&owned(&world, &numbers[1])), ours());
    assert_eq!(fallbacks(&owned(&world, &numbers[0])).0, FORMER, "a user's is told, not touched");
    daemon.post_empty(CONFIGURE).ok();
    assert_eq!(fallbacks(&owned(&world, &numbers[0])), ours());
    assert_found(&reconcile(&daemon), &[]);
}

#[test]
fn a_fallback_that_is_wanted_no_more_is_cleared_by_an_operators_word_and_by_nothing_else() {
    let (mut world, daemon, numbers) = stocked_in(with_fallbacks(), 2);
    daemon.assign("u-1").ok();
    daemon.stop();
    for key in ["webhooks.voice_fallback_path", "webhooks.sms_fallback_path"] {
        world.change(key, "");
    }
    let daemon = world.daemon();
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(fallbacks(&owned(&world, &numbers[1])), ours(), "the installation still wants them");
    let report = daemon.post_empty(CONFIGURE).ok();
    assert_eq!((&report["configured"], &report["failed"]), (&json!(2), &json!([])));
    assert!(numbers.iter().all(|number| fallbacks(&owned(&world, number)) == none()));
    assert_eq!(world.sql("SELECT voice_fallback_url || sms_fallback_url FROM pools"), "");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'configured'"), 2);
}

#[test]
fn what_a_former_app_left_on_stock_that_was_there_before_is_found_by_one_comparison_while_the_pool_serves() {
    let (world, daemon, numbers) = stocked(6);
    let (clear, left) = numbers.split_at(2);
    left.iter().for_each(|number| leave_fallbacks(&world, number));
    // What is here of them the database believes, as after an upgrade: all of it serves until Twilio shows something else.
    assert_eq!((&daemon.status()["available"], &daemon.status()["unready"]), (&json!(6), &json!(0)));
    assert_found(&reconcile(&daemon), &[("repaired", 4)]);
    assert_eq!(world.twilio.truth().updates, 4, "one update for each that differed");
    assert!(clear.iter().chain(left).all(|number| fallbacks(&owned(&world, number)) == none()));
    assert_eq!((&daemon.status()["available"], &daemon.status()["unready"]), (&json!(6), &json!(0)));
}

#[test]
fn numbers_that_are_taken_in_lose_a_former_apps_fallbacks_and_a_users_are_told() {
    let world = World::new().quiet();
    let [idle, adopted, users] = ["+14155550101", "+14155550102", "+14155550103"];
    for number in [idle, adopted, users] {
        world.twilio.own(ForeignNumber::new(number).friendly_name("earlier"));
        let app = |path: &str| Some(format!("{ORIGIN}/twilio/{path}"));
        let webhooks = Webhooks {
            voice_url: app("voice"),
            sms_url: app("sms"),
            status_callback: app("status"),
            ..Webhooks::default()
        };
        assert!(world.twilio.set_webhooks(number, webhooks));
        leave_fallbacks(&world, number);
    }
    let daemon = world.daemon();
    daemon.post(&format!("/admin/phones/api/numbers/{adopted}/adopt"), &json!({})).ok();
    assert_eq!(fallbacks(&owned(&world, adopted)), none());
    let rows = json!([{"phone_number": idle}, {"phone_number": users, "user_id": "u-1"}]);
    daemon.post("/admin/phones/api/import", &json!({"numbers": rows})).ok();
    eventually("the idle one is ready", || row(&world, idle, "webhook_status") == "configured");
    assert_eq!(fallbacks(&owned(&world, idle)), none());
    assert_eq!(
        (row(&world, users, "webhook_status"), fallbacks(&owned(&world, users)).0),
        ("drifted".into(), FORMER.into())
    );
    let report = reconcile(&daemon);
    assert_eq!(only(&report, "webhook_drift")["reason"], "webhooks differ (voice_fallback_url, sms_fallback_url)");
    daemon.post(CONFIGURE, &json!({"phone_numbers": [users]})).ok();
    assert!(is_ours(&world, users) && fallbacks(&owned(&world, users)) == none());
}

#[test]
fn an_application_stands_in_for_the_urls_when_a_number_is_bought_and_whatever_it_carries_beside() {
    let world = World::new()
        .quiet()
        .set("webhooks.voice_application_sid", application('1'))
        .set("webhooks.sms_application_sid", application('2'));
    owns(&world, &[&application('1'), &application('2')]);
    let (world, daemon, numbers) = stocked_in(world, 2);
    for number in &numbers {
        let bought = owned(&world, number);
        assert_eq!(
            (&bought.voice_application_sid, &bought.sms_application_sid),
            (&application('1'), &application('2'))
        );
        assert_eq!((bought.sms_url.as_str(), row(&world, number, "webhook_status").as_str()), ("", "configured"));
    }
    // Twilio ignores them, and so does a comparison.
    leave_fallbacks(&world, &numbers[0]);
    assert_found(&reconcile(&daemon), &[]);
    let theirs =
        Webhooks { trunk_sid: Some(trunk()), voice_receive_mode: Some("fax".to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(&numbers[0], theirs));
    let report = reconcile(&daemon);
    let reason = only(&report, "repaired")["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("trunk_sid") && reason.contains("voice_receive_mode"), "{reason}");
    let mended = owned(&world, &numbers[0]);
    assert_eq!((&mended.voice_application_sid, &mended.trunk_sid), (&application('1'), &None));
    assert_eq!(mended.voice_receive_mode, "voice");
    assert_eq!(at_twilio(&daemon, &numbers[0])["voice_application_sid"], application('1'));
}

#[test]
fn each_pool_has_its_own_way_and_a_trunk_takes_the_place_of_the_application_of_all() {
    let of_gb = trunk();
    let world = World::new().quiet().set("webhooks.voice_application_sid", application('1')).pools(&[
        ("gb", &[("country", "GB"), ("number_type", "mobile"), ("webhooks.trunk_sid", &of_gb)]),
        ("ca", &[("country", "CA"), ("webhooks.voice_application_sid", ""), ("webhooks.voice_fallback_path", "/ca")]),
    ]);
    owns(&world, &[&application('1'), &of_gb]);
    for country in ["GB", "CA"] {
        world.twilio.set_regulated(country, false);
    }
    let daemon = world.daemon();
    let bought = |pool: &str| {
        let ordered = daemon.post("/admin/phones/api/purchase", &json!({"count": 1, "pool": pool})).ok();
        let number = ordered["numbers"][0]["phone_number"].as_str().unwrap_or_else(|| panic!("{ordered}")).to_owned();
        assert_eq!(row(&world, &number, "webhook_status"), "configured");
        assert_eq!(at_twilio(&daemon, &number)["differs"], json!([]), "it is held against its own pool's");
        owned(&world, &number)
    };
    let default = bought("default");
    assert_eq!((default.voice_application_sid, default.trunk_sid), (application('1'), None));
    let gb = bought("gb");
    assert_eq!((gb.voice_application_sid, gb.trunk_sid), (String::new(), Some(trunk())));
    let ca = bought("ca");
    assert_eq!((ca.voice_application_sid.as_str(), ca.trunk_sid), ("", None));
    assert_eq!(ca.voice_url, Some(format!("{ORIGIN}/twilio/voice")));
    assert_eq!(ca.voice_fallback_url, Some(format!("{ORIGIN}/ca")));
}
