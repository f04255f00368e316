//! Numbers of ours that lost a capability, or all of their webhooks: few are believed, many at once are not.

use serde_json::{Value, json};
use twilio_simulator::{Fault, FaultKind, On, Webhooks};

use crate::world::World;
use crate::world::comparing::{assert_found, is_ours, lines, reconcile, reconcile_confirmed, stocked, stocked_in};
use crate::world::daemon::Daemon;

const NOTHING: &str = "SELECT count(*) FROM numbers WHERE NOT ready";

/// Nothing was changed, somebody is called, and nothing is bought.
fn assert_suspected(world: &World, daemon: &Daemon, report: &Value, lost: usize) {
    assert_eq!(report["losses_suspected"], json!(lost), "{report}");
    let problem = report["problem"].as_str().unwrap();
    assert!(problem.contains("confirm_missing") && problem.contains("resume"), "{problem}");
    for list in ["missing", "webhook_drift", "repaired", "conflicts"] {
        assert!(lines(report, list).is_empty(), "{report}");
    }
    assert_eq!((world.count(NOTHING), world.twilio.truth().updates), (0, 0));
    let halted = daemon.status()["halted"].clone();
    assert_eq!((&halted["twilio_code"], &halted["next_probe_at"]), (&json!(null), &json!(null)), "{halted}");
    daemon.purchase(1).problem(503, "halted");
}

#[test]
fn stock_that_all_at_once_lacks_a_capability_is_left_as_it_is_and_not_bought_anew() {
    let world = World::new().quiet().set("pool.available_max", 8).set("pool.replenishment_batch_size", 5);
    let (mut world, daemon, _) = stocked_in(world, 5);
    drop(daemon);
    world.change("pool.threshold_low", 5);
    let daemon = world.daemon();
    for on in [On::List, On::Fetch] {
        world.twilio.fault(Fault::new(on, FaultKind::LoseCapability).forever());
    }
    for _ in 0..3 {
        let report = reconcile(&daemon);
        assert_suspected(&world, &daemon, &report, 5);
        daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    }
    assert_eq!(world.bought(), 5);
    // It is so: what is unfit uses up room, and only what fits beside it is bought.
    assert_found(&reconcile_confirmed(&daemon).ok(), &[]);
    assert_eq!((daemon.status()["available"].clone(), daemon.status()["unfit"].clone()), (json!(0), json!(5)));
    daemon.post_empty("/admin/phones/api/resume").ok();
    daemon.post_empty("/admin/phones/api/replenish").ok();
    crate::world::eventually("the room is used", || world.bought() == 8);
    for _ in 0..2 {
        let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
        assert_eq!(answer["replenished"], false, "{answer}");
    }
    assert_eq!(world.bought(), 8, "pool.available_max is 8");
}

#[test]
fn a_changed_wish_for_capabilities_makes_no_pool_worthless_by_itself() {
    let (mut world, daemon, _) = stocked(7);
    drop(daemon);
    world.change("pool.capabilities", "voice,sms,fax");
    crate::world::comparing::forget_when_they_began(&world);
    let daemon = world.daemon();
    assert_suspected(&world, &daemon, &reconcile(&daemon), 6);
    assert_eq!(daemon.status()["available"], 7);
}

#[test]
fn few_of_many_that_lost_something_are_believed() {
    let (world, daemon, numbers) = stocked(7);
    for on in [On::List, On::Fetch] {
        world.twilio.fault(Fault::new(on, FaultKind::LoseCapability).phone_number(&numbers[0]).forever());
    }
    let bare = Webhooks {
        voice_url: Some(String::new()),
        sms_url: Some(String::new()),
        status_callback: Some(String::new()),
        ..Webhooks::default()
    };
    assert!(world.twilio.set_webhooks(&numbers[1], bare));
    assert_found(&reconcile(&daemon), &[("repaired", 1)]);
    assert!(is_ours(&world, &numbers[1]));
    assert_eq!((daemon.status()["available"].clone(), daemon.status()["unfit"].clone()), (json!(6), json!(1)));
}

#[test]
fn numbers_that_all_at_once_show_no_webhooks_are_left_as_they_are() {
    let (world, daemon, numbers) = stocked(7);
    for number in &numbers {
        let bare = Webhooks {
            voice_url: Some(String::new()),
            sms_url: Some(String::new()),
            status_callback: Some(String::new()),
            ..Webhooks::default()
        };
        assert!(world.twilio.set_webhooks(number, bare));
    }
    assert_suspected(&world, &daemon, &reconcile(&daemon), 6);
    assert_found(&reconcile_confirmed(&daemon).ok(), &[("repaired", 7)]);
}
