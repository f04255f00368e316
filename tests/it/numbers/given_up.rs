//! Numbers that do not take their webhooks, because Twilio refuses the update or ignores it: they end, and do not count as
//! coming for ever; but not one after the other until the pool is gone.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::comparing::{lines, only, reconcile, reconcile_confirmed, rewire, row, stocked};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

fn given_up(world: &World) -> i64 {
    world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'")
}

/// An update of it is answered with 200, and does nothing.
fn ignored(number: &str) -> Fault {
    Fault::new(On::Update, FaultKind::DropParameters).phone_number(number).forever()
}

/// It was so four times in a row.
fn four_times(world: &World) {
    world.sql("UPDATE numbers SET webhooks_in_vain = 4 WHERE webhook_status = 'drifted'");
}

fn is_halted_and_told(daemon: &Daemon) -> Value {
    eventually("buying is halted", || daemon.status()["halted"].is_object());
    let halted = daemon.status()["halted"].clone();
    assert_eq!((&halted["twilio_code"], &halted["next_probe_at"]), (&json!(null), &json!(null)), "{halted}");
    let message = halted["message"].as_str().unwrap();
    for word in ["configure-webhooks", "confirm_missing", "resume"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    daemon.purchase(1).problem(503, "halted");
    halted
}

#[test]
fn an_update_that_is_ignored_for_ever_ends_as_a_refused_one_does_and_nobody_waits_for_it() {
    let (world, daemon, numbers) = stocked(3);
    rewire(&world, &numbers[0]);
    world.twilio.fault(ignored(&numbers[0]));
    world.sql(&format!("UPDATE numbers SET webhook_status = 'drifted' WHERE phone_number = '{}'", numbers[0]));
    eventually("it was tried", || row(&world, &numbers[0], "webhooks_in_vain > 0") == "t");
    assert_eq!((row(&world, &numbers[0], "webhook_status"), given_up(&world)), ("drifted".to_owned(), 0));
    four_times(&world);
    eventually("it is given up", || given_up(&world) == 1);
    eventually("it is told", || daemon.has_logged("a number does not take our webhooks"));
    let status = daemon.status();
    assert_eq!((&status["unready"], &status["unfit"], &status["halted"]), (&json!(0), &json!(1), &json!(null)));
    for (user, source) in [("u-1", "pool"), ("u-2", "pool"), ("u-3", "emergency")] {
        assert_eq!(daemon.assign(user).ok()["source"], source, "{user}");
    }
    assert_eq!(world.bought(), 4);
    // Twilio listens again.
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!(row(&world, &numbers[0], "ready, webhooks_in_vain, webhooks_failed_at"), "t|0|");
}

#[test]
fn a_number_that_cannot_be_looked_at_is_not_under_repair_for_ever() {
    let (world, daemon, numbers) = stocked(3);
    let odd = |field: &str| Fault::new(On::Fetch, FaultKind::OddRow).field(field).phone_number(&numbers[0]).forever();
    world.twilio.fault(odd("sid"));
    world.sql(&format!(
        "UPDATE numbers SET webhook_status = 'drifted', webhooks_in_vain = 4 WHERE phone_number = '{}'",
        numbers[0]
    ));
    eventually("it is given up", || given_up(&world) == 1);
    assert_eq!((daemon.status()["available"].clone(), daemon.status()["halted"].clone()), (json!(2), json!(null)));
}

#[test]
fn a_comparison_gives_up_what_contradicts_itself_not_at_once_and_breaks_off_for_none_of_it() {
    let (world, daemon, numbers) = stocked(8);
    for number in &numbers {
        rewire(&world, number);
        world.twilio.fault(ignored(number));
    }
    let report = reconcile(&daemon);
    assert_eq!((lines(&report, "webhook_drift").len(), &report["complete"]), (8, &json!(true)), "{report}");
    assert_eq!((given_up(&world), daemon.status()["unready"].clone()), (0, json!(8)), "once is nothing");
    four_times(&world);
    let report = reconcile(&daemon);
    assert!(report["problem"].as_str().unwrap().contains("configure-webhooks"), "{report}");
    is_halted_and_told(&daemon);
    assert_eq!(given_up(&world), 5, "five of eight can be true");
}

#[test]
fn what_twilio_refuses_of_number_after_number_is_not_given_up_bit_by_bit_and_bought_anew() {
    let (world, daemon, numbers) = stocked(8);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).code(21402).forever());
    world.sql("UPDATE numbers SET webhook_status = 'drifted'");
    is_halted_and_told(&daemon);
    assert_eq!((given_up(&world), world.bought()), (5, 8));
    // A resume alone says nothing of them.
    daemon.post_empty("/admin/phones/api/resume").ok();
    is_halted_and_told(&daemon);
    assert_eq!(given_up(&world), 5);
    // It is so.
    let report = reconcile_confirmed(&daemon).ok();
    assert_eq!((lines(&report, "webhook_drift").len(), &report["problem"]), (8, &json!(null)), "{report}");
    assert_eq!((given_up(&world), daemon.status()["unfit"].clone()), (8, json!(8)));
    daemon.post_empty("/admin/phones/api/resume").ok();
    assert_eq!(daemon.purchase(1).ok()["purchased_count"], 1);
    reconcile(&daemon);
    assert_eq!(daemon.status()["halted"], json!(null));
}

#[test]
fn an_operators_order_that_twilio_refuses_of_all_does_not_make_the_pool_worthless() {
    let (world, daemon, numbers) = stocked(7);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).code(21402).forever());
    let report = daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!(report["failed"].as_array().unwrap().len(), 7, "{report}");
    assert_eq!(given_up(&world), 5);
    is_halted_and_told(&daemon);
    world.twilio.clear_faults();
    let report = daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!((given_up(&world), daemon.status()["available"].clone()), (0, json!(7)), "{report}");
}

#[test]
fn one_that_twilio_refuses_of_many_is_told_and_halts_nothing() {
    let (world, daemon, numbers) = stocked(3);
    rewire(&world, &numbers[0]);
    world.twilio.fault(Fault::new(On::Update, FaultKind::Refuse).code(21402).phone_number(&numbers[0]).forever());
    let report = reconcile(&daemon);
    assert!(only(&report, "webhook_drift")["reason"].as_str().unwrap().contains("the repair failed"), "{report}");
    assert_eq!((given_up(&world), daemon.status()["halted"].clone()), (1, json!(null)));
}

#[test]
fn creates_and_updates_that_ignore_our_webhooks_do_not_make_the_pool_buy_on_and_on() {
    let world = World::new().set("pool.total_min", 0);
    let dropped = ["VoiceUrl", "SmsUrl", "StatusCallback"];
    world.twilio.fault(Fault::new(On::Create, FaultKind::DropParameters).parameters(dropped).forever());
    world.twilio.fault(Fault::new(On::Update, FaultKind::DropParameters).forever());
    let daemon = world.daemon();
    eventually("the first batch is bought", || world.bought() >= 10 && daemon.status()["purchasing"] == 0);
    for pass in 1..=10 {
        // Repairs were ignored again and again.
        world.sql("UPDATE numbers SET webhooks_in_vain = 4 WHERE webhook_status <> 'failed'");
        reconcile(&daemon);
        daemon.post_empty("/admin/phones/api/replenish").ok();
        eventually("nothing is under way", || daemon.status()["purchasing"] == 0);
        assert!(world.twilio.truth().creates.len() <= 15, "pass {pass}: {}", world.ledger());
    }
    is_halted_and_told(&daemon);
    assert_eq!(daemon.status()["available"], 0);
    daemon.assign("u-1").problem(503, "pool_empty");
    assert!(world.twilio.truth().creates.len() <= 15, "{}", world.ledger());
    // Twilio listens again: nothing of it was in vain.
    world.twilio.clear_faults();
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    daemon.post_empty("/admin/phones/api/resume").ok();
    eventually("it is stock", || daemon.assign("u-1").status == 200);
    world.assert_nothing_lost_or_doubled();
}
