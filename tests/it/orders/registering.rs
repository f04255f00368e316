//! Numbers that the carriers do not know yet: they are on their way, and nothing is bought in their place; what the carriers deny is nothing.

use serde_json::json;
use twilio_simulator::ServiceOrder;

use crate::world::command::callbunker;
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A pool that wants three numbers that the carriers know; its service has no campaign, so they never will by themselves.
fn waiting_for_the_carriers() -> (World, String) {
    let world = World::new();
    let service = world.twilio.service(ServiceOrder::new().use_inbound_webhook_on_number(true));
    let world = world
        .set("pool.threshold_low", 3)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 3)
        .set("pool.messaging_services", &service)
        .set("pool.sms_ready_when", "registered")
        .set("events.public_url", "https://numbers.example.com/twilio/events")
        .set("purchase.emergency_wait_ms", 1500);
    (world, service.as_str().to_owned())
}

fn counts(daemon: &Daemon) -> [u64; 4] {
    let status = daemon.status();
    ["available", "registering", "registration_failed", "owned"].map(|name| status[name].as_u64().expect("a count"))
}

/// They are in their service, if nobody has put them there yet, and this is what the carriers say.
fn the_carriers_say(world: &World, service: &str, word: &str) {
    world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target, state) SELECT id, 'messaging_service', '{service}', 'attached' FROM numbers
         ON CONFLICT DO NOTHING"
    ));
    eventually("all are in their service", || {
        world.count("SELECT count(*) FROM numbers WHERE attachment_status <> 'attached'") == 0
    });
    world.sql(&format!(
        "UPDATE numbers SET registration = '{word}', registration_at = clock_timestamp() WHERE registration IS NULL OR registration = 'pending'"
    ));
}

#[test]
fn nothing_is_bought_in_the_place_of_what_registers_and_it_serves_whoever_comes_when_it_is_known() {
    let (world, service) = waiting_for_the_carriers();
    let daemon = world.daemon();
    eventually("the batch has come", || counts(&daemon) == [0, 3, 0, 3]);
    for user in ["u-1", "u-2", "u-3", "u-1", "u-2", "u-3"] {
        daemon.assign(user).problem(503, "pool_empty");
    }
    // Everybody is told what they wait for, and that a second time in five seconds would be in vain.
    let told = "3 numbers register with the carriers";
    eventually("whoever is refused hears what is on its way", || {
        let refused = daemon.assign("u-4");
        let is_told = refused.body["detail"].as_str().is_some_and(|detail| detail.contains(told));
        refused.status == 503 && is_told && refused.headers["retry-after"] == "60"
    });
    for (command, words) in [("pools", "low, 3 registering"), ("status", told)] {
        let shown = callbunker(&daemon, &[command]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(words), "{shown}");
    }
    let checked = daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!((&checked["purchased_count"], &checked["reason"]), (&json!(0), &json!("above_threshold")), "{checked}");
    assert_eq!((world.bought(), counts(&daemon)), (3, [0, 3, 0, 3]), "{}", world.ledger());
    the_carriers_say(&world, &service, "registered");
    assert_eq!(counts(&daemon)[..3], [3, 0, 0]);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_the_carriers_deny_is_no_stock_and_takes_up_room() {
    let (world, service) = waiting_for_the_carriers();
    let world = world.set("pool.available_max", 5);
    let daemon = world.daemon();
    eventually("the batch has come", || counts(&daemon) == [0, 3, 0, 3]);
    the_carriers_say(&world, &service, "failed");
    eventually("what lacks is bought", || world.bought() == 5);
    eventually("it registers", || counts(&daemon) == [0, 2, 3, 5]);
    let status = daemon.status();
    assert_eq!((&status["available_room"], &status["unfit"], &status["unready"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(world.bought(), 5, "{}", world.ledger());
    world.assert_nothing_lost_or_doubled();
}
