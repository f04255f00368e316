//! Refusals of one number, refusals that nobody knows, and texts that somebody else wrote.
//!
//! How to get it wrong: counting what the order says. Twilio counts the creates.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind as Kind, On};

use super::tally;
use crate::world::comparing::{RECONCILE, age, forget_set_backs, reconcile, rewire, row};
use crate::world::{World, eventually};

#[test]
fn what_twilio_refuses_about_one_number_halts_nothing() {
    let world = World::new().quiet().set("reconcile.repair_assigned", true);
    let daemon = world.daemon();
    daemon.purchase(8).ok();
    age(&world);
    let number = world.sql("SELECT phone_number FROM numbers ORDER BY id DESC LIMIT 1");
    let path = format!("/admin/phones/api/numbers/{number}/release-to-twilio");
    let fired = || world.twilio.truth().faults_fired.get(Kind::Refuse.name()).copied().unwrap_or(0);
    let mut count = 0;
    for (status, code) in [(403, 20403), (404, 20404), (400, 21601), (412, 21714)] {
        for on in [On::Fetch, On::Update, On::Delete] {
            // That it is not there would be believed of a number that is to leave.
            if (on, status) == (On::Delete, 404) {
                continue;
            }
            if on == On::Fetch {
                // A number that was missing and is in the list is asked for by its SID.
                world.sql(&format!("UPDATE numbers SET missing_since = now() WHERE phone_number = '{number}'"));
            } else {
                forget_set_backs(&world);
                rewire(&world, &number);
            }
            let (before, refusal) = (fired(), Fault::new(on, Kind::Refuse).status(status).code(code));
            world.twilio.fault(refusal.message("\u{0}\u{1b}[31mno\u{2028}").phone_number(&number).forever());
            daemon.post_empty(RECONCILE);
            if on == On::Delete {
                daemon.post(&path, &json!({}));
            }
            eventually("it was refused", || fired() > before);
            assert_eq!(daemon.status()["halted"], Value::Null, "{on:?} {status}/{code}");
            assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1, "{on:?} {status}/{code}");
            world.twilio.clear_faults();
            reconcile(&daemon);
            if on == On::Delete {
                eventually("it is stock again", || row(&world, &number, "ready") == "t");
            }
            count += 1;
        }
    }
    reconcile(&daemon);
    assert_eq!(row(&world, &number, "missing_since IS NULL, status <> 'released'"), "t|t");
    world.settle();
    world.assert_truth();
    tally::faults(count);
}

#[test]
fn a_create_that_is_refused_for_no_account_ends_its_order_and_no_other() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // The first one goes alone.
    daemon.purchase(1).ok();
    world.twilio.fault(Fault::new(On::Create, Kind::Refuse).status(412).code(21714));
    let order = daemon.purchase(2).ok();
    assert_eq!(
        (&order["purchased_count"], &order["errors"][0]["code"]),
        (&json!(1), &json!("twilio_21714")),
        "{order}"
    );
    assert_eq!(daemon.status()["halted"], Value::Null);
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    tally::faults(1);
}

#[test]
fn creates_that_are_all_refused_for_a_reason_nobody_knows_come_to_an_end() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, Kind::Refuse).code(99_999).forever());
    let order = daemon.purchase(3).ok();
    assert_eq!(order["errors"][0]["code"], "twilio_99999", "{order}");
    let creates = world.twilio.truth().creates.len();
    assert!(creates <= 8, "{creates} creates");
    world.twilio.clear_faults();
    assert_eq!(daemon.purchase(3).ok()["purchased_count"], 3);
    world.assert_truth();
    tally::faults(1);
}

#[test]
fn ghosts_are_asked_for_once() {
    let world = World::new().quiet().set("purchase.emergency_wait_ms", 1000);
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, Kind::Ghost).forever());
    for user in 0..3 {
        daemon.assign(&format!("u-{user}")).problem(503, "pool_empty");
    }
    let order = daemon.purchase(3).ok();
    assert_eq!((&order["purchased_count"], &order["errors"][0]["code"]), (&json!(0), &json!("no_stock")), "{order}");
    let creates = world.twilio.truth().creates.len();
    assert!(creates <= 30, "{creates} creates of the 30 numbers that were shown");
    world.twilio.clear_faults();
    assert_eq!(daemon.purchase(3).ok()["purchased_count"], 3);
    world.assert_truth();
    tally::faults(1);
}

#[test]
fn a_text_of_twilios_is_told_as_text_whatever_it_holds() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for (text, kind) in
        [("\u{0}\u{1b}[2J\u{202e}\u{2028}x", Kind::Barred), ("long", Kind::Trial), ("\u{0}", Kind::Refuse)]
    {
        let text = if text == "long" { "long ".repeat(1 << 20) } else { text.to_owned() };
        world.twilio.fault(Fault::new(On::Create, kind).message(text));
        let reply = daemon.purchase(1);
        let told = reply.body.to_string();
        assert!(
            told.len() < 10_000 && !told.contains("\\u0000") && !told.contains("\\u001b"),
            "{kind:?}: {}",
            told.len()
        );
        let status = daemon.status();
        assert_eq!(status["halted"].is_object(), kind != Kind::Refuse, "{kind:?}: a halt is written whatever it says");
        daemon.post_empty("/admin/phones/api/resume").ok();
    }
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    tally::faults(3);
}
