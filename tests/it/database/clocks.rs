//! Clocks that are wrong, or step: they decide neither whose a number is nor whether anything happens.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::comparing::{assert_found, reconcile, stocked};
use crate::world::{World, eventually};

#[test]
fn a_date_of_twilios_that_is_minutes_off_its_own_numbers_costs_nothing() {
    for skew_ms in [600_000, -600_000] {
        let world = World::new().quiet();
        let daemon = world.daemon();
        world.twilio.fault(Fault::new(On::Any, FaultKind::DateSkew).skew_ms(skew_ms).forever());
        let order = daemon.purchase(2).ok();
        assert_eq!((&order["purchased_count"], &order["errors"]), (&json!(2), &json!([])), "{order}");
        assert_eq!(world.sql("SELECT DISTINCT state FROM purchase_items"), "bought");
        assert_eq!((world.bought(), &daemon.status()["halted"]), (2, &json!(null)));
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn an_unknown_purchase_is_found_after_the_databases_clock_was_set_back() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    let order = daemon.purchase(1).ok();
    assert_eq!(order["errors"][0]["code"], "outcome_unknown", "{order}");
    // What was written before lies in the future now; and Twilio's date says that much time has passed.
    world.sql(
        "UPDATE purchase_items SET intended_at = intended_at + interval '1 hour', first_sent_at = first_sent_at + interval '1 hour',
                last_sent_at = last_sent_at + interval '1 hour', last_lookup_at = now() + interval '1 hour'",
    );
    world.twilio.clear_faults();
    world.twilio.fault(Fault::new(On::Any, FaultKind::DateSkew).skew_ms(120_000).forever());
    eventually("it is looked up and settled", || world.sql("SELECT state FROM purchase_items") != "unknown");
    assert_eq!(world.sql("SELECT state FROM purchase_items"), "bought");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_clock_that_was_set_back_puts_off_neither_probe_nor_comparison() {
    let world = World::new().quiet();
    drop(world.daemon());
    world.sql(
        "UPDATE buying_gate SET halted_since = now() + interval '1 hour', halt_code = 20003, halt_message = 'refused',
                halt_by_probe = true, next_probe_at = now() + interval '61 minutes', probe_set_at = now() + interval '1 hour';
         UPDATE reconciliations SET started_at = now() + interval '1 hour', ended_at = now() + interval '1 hour'",
    );
    let daemon = world.daemon_at_once();
    eventually("Twilio was asked again", || daemon.status()["halted"] == json!(null));
    drop(daemon);
    let daemon = world.daemon_at_once();
    eventually("the comparison at start ran", || daemon.has_logged("were compared"));
}

#[test]
fn what_was_just_bought_is_not_missing_however_far_the_databases_clock_is_ahead_of_twilios() {
    let (world, daemon, _) = stocked(1);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(50));
    daemon.purchase(1).ok();
    world.sql("UPDATE numbers SET purchased_at = purchased_at - interval '1 hour'");
    assert_found(&reconcile(&daemon), &[]);
    assert_eq!(daemon.status()["available"], 2);
}
