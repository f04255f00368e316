//! Numbers of the account that an operator takes in, or does not want to hear of.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, Webhooks};

use crate::world::comparing::{assert_found, is_ours, reconcile, rename, rewire, stocked};
use crate::world::daemon::{Daemon, Reply};
use crate::world::session::Session;
use crate::world::{ORIGIN, World, eventually};

const NUMBER: &str = "+14155550100";
const THEIRS: &str = "https://theirs.example/voice";

fn adopt(daemon: &Daemon, number: &str, body: &Value) -> Reply {
    daemon.post(&format!("/admin/phones/api/numbers/{number}/adopt"), body)
}

fn ignore(daemon: &Daemon, number: &str) -> Reply {
    daemon.post_empty(&format!("/admin/phones/api/numbers/{number}/ignore"))
}

/// A quiet daemon and one number of somebody's in the account.
fn account() -> (World, Daemon) {
    let world = World::new().quiet();
    world.twilio.own(ForeignNumber::new(NUMBER).friendly_name("desk").voice_url(THEIRS));
    let daemon = world.daemon();
    (world, daemon)
}

/// What Twilio shows: name and voice URL.
fn at_twilio(world: &World, number: &str) -> (String, String) {
    let truth = world.twilio.truth();
    let owned = truth.owned_number(number).expect("it is in the account");
    (owned.friendly_name.clone(), owned.voice_url.clone().unwrap_or_default())
}

/// Our tag on Twilio's number names the ledger's item, and its webhooks are ours.
#[track_caller]
fn assert_ours(world: &World, number: &str) {
    let item = world
        .sql(&format!("SELECT purchase_item_id FROM numbers WHERE phone_number = '{number}' AND status <> 'released'"));
    let expected = (format!("callbunker:default:{item}"), format!("{ORIGIN}/twilio/voice"));
    assert_eq!(at_twilio(world, number), expected);
}

#[track_caller]
fn assert_untouched(world: &World, number: &str) {
    assert_eq!(at_twilio(world, number), ("desk".to_owned(), THEIRS.to_owned()));
    assert_eq!(world.twilio.truth().updates, 0);
}

#[test]
fn a_number_of_the_account_becomes_stock_with_our_tag_and_webhooks_and_uses_up_no_cap() {
    let (world, daemon) = account();
    // Percent escapes are decoded, and a plus stays a plus.
    let number = adopt(&daemon, "%2B14155550100", &json!({})).ok();
    assert_eq!((&number["phone_number"], &number["status"]), (&json!(NUMBER), &json!("available")));
    assert_eq!((&number["webhook_status"], &number["quarantine_reason"]), (&json!("configured"), &Value::Null));
    assert_eq!(
        (&number["country"], &number["area_code"], &number["user_id"]),
        (&json!("US"), &json!("415"), &Value::Null)
    );
    assert_ours(&world, NUMBER);
    let order = daemon.get(&format!("/admin/phones/api/purchases/{}", number["purchase_id"].as_str().unwrap())).ok();
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)));
    assert_eq!(
        world.sql("SELECT p.trigger, i.state, i.spends FROM purchases p JOIN purchase_items i ON i.purchase_id = p.id"),
        "adopt|bought|f"
    );
    assert_eq!(daemon.status()["spend"]["day"]["bought"], 0);
    // Asked again, nothing changes; and the next signup gets it.
    assert_eq!(adopt(&daemon, NUMBER, &json!({})).ok(), number);
    assert_eq!(world.twilio.truth().updates, 1);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], NUMBER);
    assert_eq!(adopt(&daemon, NUMBER, &json!({})).ok()["user_id"], "u-1");
    assert_eq!(world.bought(), 0);
}

#[test]
fn a_number_of_the_account_goes_straight_to_its_user() {
    let (world, daemon) = account();
    let user = json!({"user_id": "u-1"});
    let number = adopt(&daemon, NUMBER, &user).ok();
    assert_eq!((&number["status"], &number["user_id"]), (&json!("assigned"), &json!("u-1")));
    assert_ours(&world, NUMBER);
    let replayed = daemon.assign("u-1").ok();
    assert_eq!(
        (&replayed["phone_number"], &replayed["source"], &replayed["replayed"]),
        (&json!(NUMBER), &json!("pool"), &json!(true))
    );
    assert_eq!(adopt(&daemon, NUMBER, &user).ok(), number);
    adopt(&daemon, NUMBER, &json!({"user_id": "u-2"})).problem(409, "assigned");
    // A user has one number: refused before anything is written.
    world.twilio.own(ForeignNumber::new("+14155550101").friendly_name("desk").voice_url(THEIRS));
    let updates = world.twilio.truth().updates;
    adopt(&daemon, "+14155550101", &user).problem(409, "assigned");
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().updates), (1, updates));
    assert_eq!(at_twilio(&world, "+14155550101"), ("desk".to_owned(), THEIRS.to_owned()));
}

#[test]
fn what_is_not_in_the_account_is_not_found_and_another_environments_number_is_adopted_with_a_warning() {
    let (world, daemon) = account();
    let detail = adopt(&daemon, "+14155550199", &json!({})).problem(404, "not_found");
    assert!(detail["detail"].as_str().unwrap().contains("not in the Twilio account"), "{detail}");
    assert_untouched(&world, NUMBER);
    let tag = "callbunker:staging:00000000-0000-4000-8000-000000000007";
    world.twilio.own(ForeignNumber::new(NUMBER).friendly_name(tag));
    adopt(&daemon, NUMBER, &json!({})).ok();
    assert_ours(&world, NUMBER);
    eventually("it is told", || daemon.has_logged("another environment's tag"));
}

#[test]
fn stock_is_given_to_a_user_and_a_rest_ends_early() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let first = daemon.assign("u-1").ok()["phone_number"].as_str().unwrap().to_owned();
    let other = world.sql("SELECT phone_number FROM leases WHERE user_id IS NULL");
    assert_eq!(adopt(&daemon, &other, &json!({"user_id": "u-2"})).ok()["user_id"], "u-2");
    assert_eq!(daemon.assign("u-2").ok()["source"], "pool");
    daemon.release("u-1").ok();
    let back = adopt(&daemon, &first, &json!({})).ok();
    assert_eq!((&back["status"], &back["quarantine_reason"]), (&json!("available"), &Value::Null));
    assert_eq!(daemon.assign("u-3").ok()["phone_number"], json!(first));
    daemon.release("u-3").ok();
    assert_eq!(adopt(&daemon, &first, &json!({"user_id": "u-4"})).ok()["user_id"], "u-4");
    world.assert_nothing_lost_or_doubled();
    assert_eq!(world.bought(), 2);
}

#[test]
fn numbers_held_in_quarantine_are_freed_by_an_operators_word_and_get_an_item_if_they_have_none() {
    for reason in ["unknown_item", "tag_conflict", "adopting"] {
        let (world, daemon) = account();
        let sid = world.twilio.truth().owned[0].sid.clone();
        world.sql(&format!(
            "INSERT INTO numbers (sid, phone_number, country, status, quarantine_reason, webhook_status, capable, purchased_at)
             VALUES ('{sid}', '{NUMBER}', 'US', 'quarantined', '{reason}', 'drifted', true, now())"
        ));
        let number = adopt(&daemon, NUMBER, &json!({"user_id": "u-1"})).ok();
        assert_eq!((&number["status"], &number["user_id"]), (&json!("assigned"), &json!("u-1")), "{reason}");
        assert_ours(&world, NUMBER);
    }
}

#[test]
fn when_twilio_fails_in_the_middle_the_number_is_held_and_the_same_call_finishes() {
    let faults = [
        (FaultKind::CommitThenReset, 503, "unavailable"),
        (FaultKind::Error500, 503, "unavailable"),
        (FaultKind::TooManyRequests, 503, "unavailable"),
        (FaultKind::ForeignTag, 503, "unavailable"),
        (FaultKind::Refuse, 502, "twilio_refused"),
    ];
    for (fault, status, code) in faults {
        let (world, daemon) = account();
        world.twilio.fault(Fault::new(On::Update, fault));
        adopt(&daemon, NUMBER, &json!({})).problem(status, code);
        assert_eq!(world.sql("SELECT status, quarantine_reason FROM numbers"), "quarantined|adopting", "{fault:?}");
        assert_eq!(daemon.status()["available"], 0, "{fault:?}");
        let number = adopt(&daemon, NUMBER, &json!({"user_id": "u-1"})).ok();
        assert_eq!(number["user_id"], "u-1", "{fault:?}");
        assert_ours(&world, NUMBER);
        assert_eq!(world.count("SELECT count(*) FROM purchase_items"), 1, "{fault:?}");
    }
    // A refusal of the account as a whole halts buying, as everywhere.
    let (world, daemon) = account();
    world.twilio.fault(Fault::new(On::Update, FaultKind::Unauthorized));
    adopt(&daemon, NUMBER, &json!({})).problem(502, "twilio_refused");
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003);
    // Before anything was written, nothing is.
    let (world, daemon) = account();
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503));
    adopt(&daemon, NUMBER, &json!({})).problem(503, "unavailable");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
    assert_untouched(&world, NUMBER);
}

#[test]
fn a_number_that_vanished_from_twilio_meanwhile_is_marked_missing() {
    let (world, daemon) = account();
    world.twilio.fault(Fault::new(On::Update, FaultKind::NotFound));
    adopt(&daemon, NUMBER, &json!({})).problem(404, "not_found");
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL"), 1);
    // It turns up again.
    assert_eq!(adopt(&daemon, NUMBER, &json!({})).ok()["status"], "available");
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE user_id IS NULL AND ready"), 1);
}

#[test]
fn a_number_that_was_bought_anew_is_adopted_after_the_one_that_is_gone_was_given_back() {
    let (world, daemon) = account();
    adopt(&daemon, NUMBER, &json!({})).ok();
    world.sql("UPDATE numbers SET webhook_status = 'failed'");
    assert!(world.twilio.disown(NUMBER));
    world.twilio.own(ForeignNumber::new(NUMBER).friendly_name("desk").voice_url(THEIRS));
    let told = adopt(&daemon, NUMBER, &json!({})).problem(409, "owned");
    assert!(told["detail"].as_str().unwrap().contains("release-to-twilio"), "{told}");
    assert_eq!(at_twilio(&world, NUMBER), ("desk".to_owned(), THEIRS.to_owned()));
    let gone = daemon.post_empty(&format!("/admin/phones/api/numbers/{NUMBER}/release-to-twilio")).ok();
    assert_eq!(gone["status"], "released");
    assert_eq!(at_twilio(&world, NUMBER), ("desk".to_owned(), THEIRS.to_owned()), "only the old SID was given back");
    assert_eq!(adopt(&daemon, NUMBER, &json!({})).ok()["status"], "available");
    assert_ours(&world, NUMBER);
}

#[test]
fn a_number_that_lacks_a_capability_is_adopted_and_serves_no_signup_by_itself() {
    let (world, daemon) = account();
    world.twilio.fault(Fault::new(On::Any, FaultKind::NoCapability).forever());
    let number = adopt(&daemon, NUMBER, &json!({})).ok();
    assert_eq!((&number["status"], &daemon.status()["unfit"]), (&json!("available"), &json!(1)));
    eventually("it is told", || daemon.has_logged("lacks a capability"));
    assert_eq!(adopt(&daemon, NUMBER, &json!({"user_id": "u-1"})).ok()["user_id"], "u-1", "an operator may give it");
    assert_ours(&world, NUMBER);
}

#[test]
fn silence_about_a_capability_is_no_no_and_changes_nothing_that_is_recorded() {
    for field in ["capabilities", "capabilities.sms"] {
        let silent = |on| Fault::new(on, FaultKind::OddRow).field(field).forever();
        let (world, daemon) = account();
        [On::Fetch, On::Update].into_iter().for_each(|on| world.twilio.fault(silent(on)));
        let [second, third] = ["+14155550101", "+14155550102"];
        for number in [NUMBER, second, third] {
            world.twilio.fault(silent(On::List).phone_number(number));
        }
        let shown = |count: u32, unfit: u32| {
            let status = daemon.status();
            assert_eq!((&status["available"], &status["unfit"]), (&json!(count), &json!(unfit)), "{field}");
        };
        // Nothing is recorded: it can.
        adopt(&daemon, NUMBER, &json!({})).ok();
        shown(1, 0);
        let report = daemon.post("/admin/phones/api/import", &json!({"numbers": [{"phone_number": NUMBER}]})).ok();
        assert_eq!(report["already_imported"], 1, "{report}");
        world.twilio.own(ForeignNumber::new(second).friendly_name("desk").voice_url(THEIRS));
        daemon.post("/admin/phones/api/import", &json!({"numbers": [{"phone_number": second}]})).ok();
        shown(2, 0);
        // Ours by its tag, and of a purchase that nobody remembers.
        let tag = "callbunker:default:00000000-0000-4000-8000-000000000007";
        world.twilio.own(ForeignNumber::new(third).friendly_name(tag));
        daemon.post_empty(crate::world::comparing::RECONCILE).ok();
        assert_eq!(world.sql("SELECT capable FROM numbers WHERE quarantine_reason = 'unknown_item'"), "t", "{field}");
        // What is recorded stays, either way, until Twilio says it.
        world.sql(&format!(
            "UPDATE numbers SET capable = false, webhook_status = 'failed' WHERE phone_number = '{NUMBER}'"
        ));
        adopt(&daemon, NUMBER, &json!({})).ok();
        shown(1, 1);
        world.twilio.clear_faults();
        world.sql(&format!("UPDATE numbers SET webhook_status = 'failed' WHERE phone_number = '{NUMBER}'"));
        adopt(&daemon, NUMBER, &json!({})).ok();
        shown(2, 0);
    }
}

#[test]
fn an_instance_with_other_webhooks_gives_an_adopted_number_those_of_the_installation() {
    let (mut world, daemon) = account();
    drop(daemon);
    world.change("PUBLIC_APP_URL", "https://other.example.com");
    let daemon = world.daemon();
    adopt(&daemon, NUMBER, &json!({})).ok();
    assert_ours(&world, NUMBER);
}

#[test]
fn adopting_one_number_many_times_at_once_takes_it_in_once() {
    let (world, daemon) = account();
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let daemon = &daemon;
        let call = |user| move || adopt(daemon, NUMBER, &json!({ "user_id": format!("u-{user}") })).status;
        let calls: Vec<_> = (0..8).map(|user| scope.spawn(call(user))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
    assert_eq!(world.count("SELECT count(*) FROM assignments_ever"), 1);
    assert_eq!(world.count("SELECT count(*) FROM purchase_items"), 1);
    assert_ours(&world, NUMBER);
}

#[test]
fn a_purchase_that_was_given_up_and_turns_up_is_taken_in_under_its_own_item() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).status(400).code(21615));
    daemon.purchase(1).ok();
    let ended = world.sql("SELECT id, phone_number FROM purchase_items WHERE state = 'not_bought' OR state = 'taken'");
    let (item, number) = ended.lines().next().unwrap().split_once('|').unwrap();
    world.twilio.own(ForeignNumber::new(number).friendly_name(format!("callbunker:default:{item}")));
    // Its order bought another one instead and is full, so it gets an item of its own.
    adopt(&daemon, number, &json!({})).ok();
    assert_ours(&world, number);
    assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE state = 'bought'"), 2);
    // An order with room takes its own item back.
    world.sql(&format!(
        "UPDATE purchases SET requested_count = 2 WHERE trigger = 'manual';
         UPDATE numbers SET status = 'released' WHERE phone_number = '{number}'"
    ));
    assert!(world.twilio.disown(number));
    world.twilio.own(ForeignNumber::new(number).friendly_name(format!("callbunker:default:{item}")));
    adopt(&daemon, number, &json!({})).ok();
    assert_eq!(world.sql(&format!("SELECT state FROM purchase_items WHERE id = '{item}'")), "bought");
    assert_ours(&world, number);
}

#[test]
fn a_number_whose_purchase_is_open_is_left_to_that_purchase() {
    let (world, daemon) = account();
    // So that recovery cannot settle it meanwhile.
    let _lock = Session::holding_the_purchase_lock(&world);
    world.sql(&format!(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, ended_at, expires_at)
         VALUES ('00000000-0000-4000-8000-000000000001', 'manual', 'done', 1, 'US', 'test', now(), now());
         INSERT INTO purchase_items (id, purchase_id, phone_number, override_caps, state, doubted, attempts, first_sent_at, last_sent_at)
         VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000001', '{NUMBER}', false, 'unknown', true, 1, now(), now())"
    ));
    adopt(&daemon, NUMBER, &json!({})).problem(409, "locked");
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
    assert_untouched(&world, NUMBER);
}

#[test]
fn a_number_that_left_under_the_very_sid_that_twilio_still_shows_does_not_return_and_the_answer_says_so() {
    let (world, daemon) = account();
    adopt(&daemon, NUMBER, &json!({})).ok();
    let sid = world.twilio.truth().owned[0].sid.clone();
    daemon.post_empty(&format!("/admin/phones/api/numbers/{NUMBER}/release-to-twilio")).ok();
    world.twilio.own(ForeignNumber::new(NUMBER).friendly_name("desk").voice_url(THEIRS).sid(sid));
    let told = adopt(&daemon, NUMBER, &json!({})).problem(409, "owned");
    assert!(told["detail"].as_str().unwrap().contains("a SID does not return"), "{told}");
    assert_eq!(world.sql("SELECT status FROM numbers"), "released");
    let report = daemon.post("/admin/phones/api/import", &json!({"numbers": [{"phone_number": NUMBER}]})).ok();
    assert_eq!(report["problems"][0]["code"], "left", "{report}");
}

#[test]
fn an_ignored_number_is_remembered_until_it_is_adopted_and_ours_cannot_be_ignored() {
    let (world, daemon) = account();
    let sid = world.twilio.truth().owned[0].sid.clone();
    let answer = ignore(&daemon, NUMBER).ok();
    assert_eq!(answer, json!({"phone_number": NUMBER, "sid": sid, "status": "ignored"}));
    assert_eq!(ignore(&daemon, NUMBER).ok(), answer);
    assert_eq!(world.sql("SELECT phone_number, sid FROM ignored_numbers"), format!("{NUMBER}|{sid}"));
    assert_untouched(&world, NUMBER);
    ignore(&daemon, "+14155550199").problem(404, "not_found");
    adopt(&daemon, NUMBER, &json!({})).ok();
    assert_eq!(world.count("SELECT count(*) FROM ignored_numbers"), 0);
    ignore(&daemon, NUMBER).problem(409, "owned");
    // Paid for by us, as its tag says, although the database was not told yet.
    let tag = "callbunker:default:00000000-0000-4000-8000-000000000007";
    world.twilio.own(ForeignNumber::new("+14155550101").friendly_name(tag));
    ignore(&daemon, "+14155550101").problem(409, "owned");
    assert_eq!(world.count("SELECT count(*) FROM ignored_numbers"), 0);
}

#[test]
fn a_drifted_number_in_stock_is_confirmed_before_a_user_gets_it() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let number = world.sql("SELECT phone_number FROM numbers");
    let theirs = Webhooks { voice_url: Some(THEIRS.to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(&number, theirs));
    world.sql("UPDATE numbers SET webhook_status = 'failed'");
    assert_eq!(adopt(&daemon, &number, &json!({"user_id": "u-1"})).ok()["webhook_status"], "configured");
    assert_ours(&world, &number);
    eventually("nobody else has it", || daemon.status()["available"] == 0);
}

#[test]
fn ready_stock_that_drifts_before_it_is_given_to_a_user_is_confirmed_first() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let number = world.sql("SELECT phone_number FROM numbers");
    let theirs = Webhooks { voice_url: Some(THEIRS.to_owned()), ..Webhooks::default() };
    assert!(world.twilio.set_webhooks(&number, theirs));
    std::thread::scope(|scope| {
        let drift = "BEGIN; UPDATE numbers SET webhook_status = 'failed'; SELECT pg_sleep(1); COMMIT";
        let drifting = scope.spawn(|| world.sql(drift));
        let asleep =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        eventually("somebody marks it", || world.count(asleep) == 1);
        // It still reads the number as ready, and then waits for its row.
        let adopted = adopt(&daemon, &number, &json!({"user_id": "u-1"})).ok();
        assert_eq!((&adopted["user_id"], &adopted["webhook_status"]), (&json!("u-1"), &json!("configured")));
        drifting.join().unwrap();
    });
    assert_ours(&world, &number);
}

#[test]
fn a_users_number_that_another_environment_tagged_is_taken_back_by_an_operators_word() {
    let (world, daemon, numbers) = stocked(2);
    daemon.assign("u-1").ok();
    adopt(&daemon, &numbers[0], &json!({})).ok();
    assert_eq!(world.twilio.truth().updates, 0, "what is as it shall be is not touched");
    rename(&world, &numbers[0], "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e");
    rewire(&world, &numbers[0]);
    assert_found(&reconcile(&daemon), &[("conflicts", 1)]);
    adopt(&daemon, &numbers[0], &json!({"user_id": "u-2"})).problem(409, "assigned");
    assert!(!is_ours(&world, &numbers[0]));
    assert_eq!(adopt(&daemon, &numbers[0], &json!({})).ok()["user_id"], "u-1");
    assert!(is_ours(&world, &numbers[0]));
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], numbers[0]);
}

/// A quiet world with a pool of mobile numbers of GB, which lead elsewhere, and one of Canada.
fn pools() -> World {
    World::new()
        .quiet()
        .set("pools.gb.country", "GB")
        .set("pools.gb.number_type", "mobile")
        .set("pools.gb.threshold_low", 0)
        .set("pools.gb.webhooks.voice_path", "/gb/voice")
        .set("pools.fax.country", "US")
        .set("pools.fax.capabilities", "fax")
        .set("pools.fax.threshold_low", 0)
}

const MOBILE: &str = "+447400123456";

#[test]
fn a_number_goes_into_the_first_pool_of_its_kind_and_into_default_where_none_is() {
    let world = pools();
    for number in [NUMBER, MOBILE, "+16135550100"] {
        world.twilio.own(ForeignNumber::new(number).friendly_name("desk").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    let number = adopt(&daemon, MOBILE, &json!({})).ok();
    assert_eq!(
        (&number["pool"], &number["number_type"], &number["country"]),
        (&json!("gb"), &json!("mobile"), &json!("GB"))
    );
    assert_eq!(at_twilio(&world, MOBILE).1, format!("{ORIGIN}/gb/voice"), "its pool's webhooks");
    assert_eq!(
        world
            .sql("SELECT p.pool, p.number_type, i.pool FROM purchases p JOIN purchase_items i ON i.purchase_id = p.id"),
        "gb|mobile|gb"
    );
    // Of two pools of a kind, `default` comes first.
    assert_eq!(adopt(&daemon, NUMBER, &json!({})).ok()["pool"], "default");
    // No pool is of Canada: it is nobody's loss, and nobody's but who asks for it.
    let apart = adopt(&daemon, "+16135550100", &json!({})).ok();
    assert_eq!(
        (&apart["pool"], &apart["country"], &apart["status"]),
        (&json!("default"), &json!("CA"), &json!("available"))
    );
    assert_eq!(world.sql("SELECT phone_number FROM numbers WHERE apart"), "+16135550100");
    assert_eq!(daemon.assign("u-1").ok()["phone_number"], NUMBER);
    let asked = daemon.signup("/signup/api/assign", &json!({"user_id": "u-2", "country": "CA"})).ok();
    assert_eq!(asked["phone_number"], "+16135550100");
    // And so for a user.
    world.twilio.own(ForeignNumber::new("+447400123457").friendly_name("desk"));
    let given = adopt(&daemon, "+447400123457", &json!({"user_id": "u-3"})).ok();
    assert_eq!((&given["pool"], &given["user_id"]), (&json!("gb"), &json!("u-3")));
    assert_eq!(daemon.get("/signup/api/assignments/u-3").ok()["pool"], "gb");
}

#[test]
fn a_pool_that_is_named_takes_only_what_it_wants() {
    let world = pools();
    for number in [NUMBER, MOBILE] {
        world.twilio.own(ForeignNumber::new(number).friendly_name("desk").voice_url(THEIRS));
    }
    let daemon = world.daemon();
    for (number, pool, lacks) in
        [(MOBILE, "default", "GB, mobile"), (NUMBER, "gb", "US, local"), (NUMBER, "fax", "fax"), (MOBILE, "fax", "fax")]
    {
        let told = adopt(&daemon, number, &json!({ "pool": pool })).problem(409, "unfit_for_pool");
        assert!(
            told["detail"].as_str().is_some_and(|detail| detail.contains(lacks) && detail.contains(pool)),
            "{told}"
        );
    }
    assert_eq!(adopt(&daemon, NUMBER, &json!({"pool": "nowhere"})).problem(422, "invalid_field")["field"], "pool");
    assert_untouched(&world, NUMBER);
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0);
    assert_eq!(adopt(&daemon, MOBILE, &json!({"pool": "gb"})).ok()["pool"], "gb");
    // Ours already: what moves it is a move.
    let told = adopt(&daemon, MOBILE, &json!({"pool": "default"})).problem(409, "conflict");
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("move")), "{told}");
    assert_eq!(adopt(&daemon, MOBILE, &json!({"pool": "gb", "user_id": "u-1"})).ok()["user_id"], "u-1");
}

#[test]
fn what_broke_off_is_finished_in_the_pool_that_it_began_in() {
    let world = pools();
    world.twilio.own(ForeignNumber::new(MOBILE).friendly_name("desk").voice_url(THEIRS));
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Update, FaultKind::Error500));
    adopt(&daemon, MOBILE, &json!({"pool": "gb"})).problem(503, "unavailable");
    assert_eq!(world.sql("SELECT pool, quarantine_reason FROM numbers"), "gb|adopting");
    let number = adopt(&daemon, MOBILE, &json!({})).ok();
    assert_eq!((&number["pool"], &number["status"]), (&json!("gb"), &json!("available")));
    assert_eq!(at_twilio(&world, MOBILE).1, format!("{ORIGIN}/gb/voice"));
    assert_eq!(world.count("SELECT count(*) FROM purchase_items"), 1);
}
