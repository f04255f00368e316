//! Refusals that nobody knows: a few candidates, then less and less often, over all instances and restarts.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::World;

const PASS: &str = "/admin/phones/cron/auto-replenish";

/// Lets the database's clock run on, as far as the ledger goes.
fn later(world: &World, secs: u32) {
    world.sql(&format!(
        "UPDATE purchase_items SET intended_at = intended_at - interval '{secs} s', first_sent_at = first_sent_at - interval '{secs} s',
                last_sent_at = last_sent_at - interval '{secs} s', ended_at = ended_at - interval '{secs} s'"
    ));
}

#[test]
fn a_code_that_nobody_knows_costs_a_few_candidates_and_then_waits() {
    let mut world = World::new().quiet();
    world.daemon().stop();
    world.change("pool.threshold_low", 10);
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(29_999).forever());
    let mut daemon = world.daemon();
    let creates = || world.twilio.truth().requests_of(On::Create);
    for step in 0..180 {
        let pass = daemon.post_empty(PASS).ok();
        assert_eq!(pass["replenished"], json!(false), "{pass}");
        if step == 90 {
            daemon.stop();
            daemon = world.daemon();
        }
        later(&world, 5);
    }
    assert!((8..=12).contains(&creates()), "{} creates in a quarter of an hour", creates());
    assert_eq!(world.sql("SELECT DISTINCT refusal_concerns FROM purchase_items"), "unclear");
    // One that is bought forgives them all.
    world.twilio.clear_faults();
    later(&world, 320);
    assert_eq!(daemon.post_empty(PASS).ok()["replenished"], true);
    later(&world, 1);
    let pass = daemon.post_empty(PASS).ok();
    assert!(world.bought() >= 10, "{pass}");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_is_refused_of_any_number_alike_proves_nothing_so_that_the_next_order_tries_one_again() {
    let world = World::new().quiet().set("purchase.concurrency", 8);
    // A URL that Twilio does not take.
    world.twilio.fault(Fault::new(On::Create, FaultKind::Refuse).code(21_402).forever());
    let daemon = world.daemon();
    for orders in 1..=3 {
        let order = daemon.purchase(8).ok();
        assert_eq!(order["errors"][0]["code"], "twilio_21402", "{order}");
        assert_eq!(world.twilio.truth().requests_of(On::Create), orders);
    }
}
