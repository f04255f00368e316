//! A Twilio that hangs, refuses or answers oddly, and signups that wait meanwhile.
//!
//! How to get it wrong: asking how long something took. What is asked is who was served, and what it cost.

use nix::sys::signal::Signal;
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::session::Session;
use crate::world::{HAS_THE_PURCHASE_LOCK, World, eventually};

fn impatient() -> World {
    World::new().quiet().set("twilio.request_timeout_ms", 2000)
}

#[test]
fn after_a_hiccup_signups_are_served_long_before_the_unknown_purchases_are_settled_and_it_costs_few_of_them() {
    let world = impatient().set("purchase.emergency_wait_ms", 4000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).forever());
    std::thread::scope(|scope| {
        for user in 0..8 {
            let daemon = &daemon;
            scope.spawn(move || daemon.assign(&format!("u-{user}")).problem(503, "pool_empty"));
        }
    });
    // Whoever comes while it lasts costs one every few seconds, together.
    for round in 0..3 {
        daemon.assign(&format!("r-{round}")).problem(503, "pool_empty");
    }
    let unknown = world.count("SELECT count(*) FROM purchase_items");
    assert!((8..=14).contains(&unknown), "{unknown} purchases for 8 who came at once and 12 s of hiccup");
    world.twilio.clear_faults();
    eventually("it sells again", || daemon.assign("later").status == 200);
    assert!(world.count("SELECT count(*) FROM purchase_items WHERE state = 'unknown'") >= 8, "nothing was settled yet");
    for user in 0..4 {
        assert_eq!(daemon.assign(&format!("n-{user}")).ok()["source"], "emergency");
    }
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_create_that_hangs_keeps_nobody_waiting_whose_order_it_is() {
    // The line is served beside an order by hand, and beside another emergency, under the same run.
    for by_hand in [true, false] {
        // The create hangs for long, but whoever waits counts on it for a moment only.
        let world =
            World::new().quiet().set("twilio.request_timeout_ms", 2500).set("purchase.emergency_wait_ms", 12_000);
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
        world.twilio.fault(Fault::new(On::List, FaultKind::Hang).forever());
        std::thread::scope(|scope| {
            let first = scope.spawn(|| if by_hand { daemon.purchase(1) } else { daemon.assign("first") });
            eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
            assert_eq!(daemon.assign("second").ok()["source"], "emergency");
            if by_hand {
                let runs = "SELECT count(DISTINCT run_id) FROM purchases WHERE state = 'running' AND run_id <> (SELECT run_id FROM purchase_holder)";
                assert_eq!(world.count(runs), 0);
                assert_eq!(
                    world.sql("SELECT trigger FROM purchases WHERE state = 'running' AND trigger = 'manual'"),
                    "manual"
                );
            }
            world.twilio.clear_faults();
            first.join().unwrap().ok();
        });
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_first_create_that_hangs_leaves_the_time_to_serve_the_other_signup_by_another() {
    // As it is by default, one request may take longer than whoever waits does; and nothing has proven the pool's keys yet.
    let world = World::new().quiet().set("twilio.request_timeout_ms", 15_000).set("purchase.emergency_wait_ms", 12_000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| daemon.assign("first"));
        eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
        let second = daemon.assign("second");
        // The create in doubt may be one of theirs still; the other one is served.
        let mut answers = [first.join().unwrap().status, second.status];
        answers.sort_unstable();
        assert_eq!(answers, [200, 503]);
    });
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn looks_that_hang_keep_nobody_waiting_for_numbers_that_only_a_look_brings_back() {
    for state in [
        "status = 'quarantined', quarantine_reason = 'released', quarantined_until = now()",
        "webhook_status = 'drifted'",
    ] {
        // One look after the other would take minutes.
        let world = World::new().quiet().set("twilio.request_timeout_ms", 20_000);
        let daemon = world.daemon();
        daemon.purchase(30).ok();
        world.twilio.fault(Fault::new(On::Fetch, FaultKind::Hang).forever());
        world.sql(&format!("UPDATE numbers SET {state}"));
        eventually("somebody is served", || daemon.assign("u-1").status == 200);
        assert_eq!((world.bought(), &daemon.assign("u-2").ok()["source"]), (31, &json!("emergency")), "{state}");
        assert_eq!(world.bought(), 32, "one each");
        // The pool itself is no smaller for it.
        let status = daemon.status();
        let idle = ["quarantined", "unready"].map(|name| status[name].as_u64().unwrap_or_default()).iter().sum::<u64>();
        assert_eq!(idle, 30, "{status}");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_run_that_is_over_opens_no_order_for_those_who_wait() {
    let world = impatient().set("purchase.emergency_wait_ms", 4000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(1));
        eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
        // Somebody else has begun a run: this one may go on to nothing new.
        world.sql("UPDATE purchase_holder SET run_id = gen_random_uuid()");
        let refused = scope.spawn(|| daemon.assign("u-1"));
        order.join().unwrap();
        refused.join().unwrap();
    });
    assert_eq!(world.sql("SELECT count(*) FROM purchases p JOIN purchase_holder h ON p.run_id = h.run_id"), "0");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn one_waiter_costs_one_number_however_oddly_it_is_answered() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 6000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::DropParameters).parameters(["SmsUrl"]).forever());
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).code(21402).forever());
    daemon.assign("u-1").problem(503, "pool_empty");
    assert_eq!(world.bought(), 1, "it kept its waiter's place");
}

#[test]
fn a_search_that_goes_on_showing_what_is_taken_costs_each_number_one_create_whoever_orders() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 1500);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::Ghost).forever());
    for user in 0..4 {
        daemon.assign(&format!("u-{user}")).problem(503, "pool_empty");
    }
    daemon.purchase(3).ok();
    let twice = "SELECT phone_number FROM purchase_items WHERE attempts > 0 GROUP BY phone_number HAVING count(*) > 1";
    assert_eq!(world.sql(twice), "");
    world.twilio.clear_faults();
}

#[test]
fn one_unknown_code_about_different_numbers_ends_the_order_with_that_code() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(29_999).forever());
    let order = daemon.purchase(10).ok();
    assert_eq!(world.twilio.truth().creates.len(), 4, "{order}");
    assert_eq!(
        (&order["errors"][0]["code"], &order["errors"][0]["count"]),
        (&json!("twilio_29999"), &json!(10)),
        "{order}"
    );
}

/// Whoever is silent for two seconds is frozen.
#[cfg(feature = "failpoints")]
const SHORT_MINUTE: &str = "holder_looked=return(2000)";

#[cfg(feature = "failpoints")]
#[test]
fn a_frozen_holder_of_the_lock_is_told_of_and_loses_it_after_a_minute() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 20_000);
    let daemon = world.daemon();
    // As callbunker's own lock connection looks.
    let mine =
        Session::open(&world, "SET application_name = 'callbunker purchase lock'; SELECT pg_advisory_lock(12345)");
    let recorded = |at: &str| {
        format!(
            "UPDATE purchase_holder SET beat_at = clock_timestamp() + interval '{at}', (backend_pid, backend_start) =
                (SELECT pid, backend_start FROM pg_stat_activity WHERE application_name = 'callbunker purchase lock' AND datname = current_database())"
        )
    };
    let warnings = || daemon.send("GET", "/readyz", &[], None).ok()["warnings"].as_array().unwrap().len();
    // Its clock and ours may differ by any amount: what counts is that it gives no sign while we look.
    for at in ["-1 hour", "1 hour", "-61 seconds"] {
        world.sql(&recorded(at));
        assert_eq!(warnings(), 0, "{at}");
    }
    daemon.failpoints(SHORT_MINUTE);
    world.sql(&recorded("-30 seconds"));
    assert_eq!(warnings(), 0);
    eventually("it is told", || warnings() == 1);
    assert_eq!(daemon.assign("u-1").ok()["source"], "emergency");
    drop(mine);
    assert_eq!(world.bought(), 1);
}

#[cfg(feature = "failpoints")]
#[test]
fn a_frozen_instance_is_no_reason_to_serve_nobody_and_comes_back_to_a_run_that_is_over() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 20_000);
    let frozen = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::Hang).times(1));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| frozen.purchase(1));
        eventually("its create hangs", || world.twilio.truth().creates.len() == 1);
        frozen.signal(Signal::SIGSTOP);
        let other = world.daemon();
        other.failpoints(SHORT_MINUTE);
        assert_eq!(other.assign("u-1").ok()["source"], "emergency");
        frozen.signal(Signal::SIGCONT);
        order.join().unwrap();
    });
    world.assert_nothing_lost_or_doubled();
}

/// Sets the database's clock ahead of when transactions are said to have begun.
fn set_clock(world: &World, language_and_body: &str) {
    world.sql(&format!(
        "SET allow_system_table_mods = on;
         CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE {language_and_body}"
    ));
}

const A_MINUTE_LATER: &str = "sql VOLATILE AS $$ SELECT timeofday()::timestamptz + interval '61 seconds' $$";
const AS_IT_WAS: &str = "internal VOLATILE AS 'clock_timestamp'";

#[test]
fn a_holder_that_lives_keeps_its_lock_when_the_databases_clock_steps_ahead() {
    let world = World::new().quiet();
    let (buying, waiting) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_secs(3));
    std::thread::scope(|scope| {
        let order = scope.spawn(|| buying.purchase(1).ok());
        eventually("its create is on the wire", || world.twilio.truth().creates_in_flight == 1);
        set_clock(&world, A_MINUTE_LATER);
        for order in [waiting.purchase(1).ok(), order.join().unwrap()] {
            assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)), "{order}");
        }
    });
    assert!(!waiting.has_logged("gave no sign of life"));
    set_clock(&world, AS_IT_WAS);
    world.assert_nothing_lost_or_doubled();
}

#[cfg(feature = "failpoints")]
#[test]
fn a_buyer_that_froze_before_it_named_itself_loses_the_lock_and_harms_nobody_when_it_comes_back() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 20_000);
    let (frozen, other) = (world.daemon(), world.daemon());
    frozen.failpoints("lock_taken=pause");
    std::thread::scope(|scope| {
        let order = scope.spawn(|| frozen.purchase(1));
        let held = format!("SELECT count(*) {HAS_THE_PURCHASE_LOCK}");
        eventually("it has the lock", || world.count(&held) == 1);
        assert_eq!(other.send("GET", "/readyz", &[], None).ok()["warnings"], json!([]), "it has just begun");
        other.failpoints(SHORT_MINUTE);
        eventually("it is told", || other.send("GET", "/readyz", &[], None).ok()["warnings"] != json!([]));
        assert_eq!(other.assign("u-1").ok()["source"], "emergency");
        world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(500));
        let rival = scope.spawn(|| other.purchase(6).ok());
        eventually("the other one buys", || world.bought() >= 2);
        frozen.failpoints("");
        let rival = rival.join().unwrap();
        assert_eq!((&rival["state"], &rival["purchased_count"]), (&json!("done"), &json!(6)), "{rival}");
        // It slept through its time in the line, or had its turn at last.
        let late = order.join().unwrap();
        assert!(late.status == 200 || late.body["code"] == "locked", "{late:?}");
        assert_eq!(world.bought(), if late.status == 200 { 8 } else { 7 });
    });
    world.assert_nothing_lost_or_doubled();
}

#[cfg(feature = "failpoints")]
#[test]
fn an_older_version_that_names_itself_nowhere_keeps_the_lock_for_a_minute_at_most() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 1500);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-0").ok();
    let older =
        Session::open(&world, "SET application_name = 'callbunker purchase lock'; SELECT pg_advisory_lock(12345)");
    daemon.assign("u-1").problem(503, "pool_empty");
    daemon.failpoints(SHORT_MINUTE);
    eventually("somebody is served", || daemon.assign("u-1").status == 200);
    drop(older);
    let _earlier = Session::holding_the_purchase_lock(&world);
    daemon.assign("u-2").problem(503, "pool_empty");
    assert_eq!(
        daemon.send("GET", "/readyz", &[], None).ok()["warnings"],
        json!([]),
        "the earlier service is no frozen one"
    );
}

#[test]
fn the_earlier_service_keeps_its_lock_however_long_it_is_silent() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 1500);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    daemon.assign("u-0").ok();
    let _earlier = Session::holding_the_purchase_lock(&world);
    world.sql("UPDATE purchase_holder SET beat_at = clock_timestamp() - interval '1 hour'");
    daemon.assign("u-1").problem(503, "pool_empty");
    assert_eq!(world.bought(), 1);
}
