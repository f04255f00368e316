//! Pause and halt: two rows that all instances obey.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::{World, eventually};

const PAUSE: &str = "UPDATE buying_gate SET paused_since = now(), paused_by = 'test', paused_reason = 'audit'";
const HALT: &str = "UPDATE buying_gate SET halted_since = now(), halt_code = 22300, halt_message = 'barred'";

#[test]
fn a_pause_stops_automatic_buying_and_emergencies_but_not_an_operator() {
    let world = World::new().quiet();
    world.daemon().stop();
    world.sql(PAUSE);
    let mut world = world;
    world.change("pool.threshold_low", 10);
    world.change("pool.total_min", 20);
    let daemon = world.daemon();
    let answer = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert_eq!((&answer["replenished"], &answer["reason"]), (&json!(false), &json!("paused")), "{answer}");
    let refused = daemon.assign("u-1").problem(503, "pool_empty");
    assert!(refused["detail"].as_str().unwrap().contains("paused"), "{refused}");
    assert_eq!((world.bought(), world.twilio.truth().creates.len()), (0, 0));
    assert_eq!(daemon.status()["paused"]["reason"], "audit");
    assert_eq!(daemon.purchase(2).ok()["purchased_count"], 2);
    assert_eq!(daemon.assign("u-1").ok()["source"], "pool", "stock is handed out all the same");
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_pause_in_the_middle_of_a_batch_lets_no_further_create_start() {
    let world = World::new().quiet().set("pool.threshold_low", 40).set("pool.replenishment_batch_size", 40);
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(400));
    let daemon = world.daemon_at_once();
    eventually("creates are on the wire", || world.twilio.truth().creates_in_flight == 4);
    world.sql(PAUSE);
    let posts = world.twilio.truth().creates.len();
    eventually("the batch ended", || world.sql("SELECT state FROM purchases") == "stopped");
    // Those whose attempt was committed before the pause may still have gone.
    assert!(world.twilio.truth().creates.len() <= posts + 4, "creates went on");
    assert_eq!(daemon.status()["purchasing"], 0);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_halt_refuses_operators_signups_and_passes_on_every_instance() {
    let world = World::new().quiet();
    world.daemon().stop();
    world.sql(HALT);
    let mut world = world;
    world.change("pool.threshold_low", 10);
    for daemon in [world.daemon(), world.daemon()] {
        let refused = daemon.purchase(1);
        assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
        refused.problem(503, "halted");
        let wish = json!({"count": 1, "override_caps": true});
        daemon.post("/admin/phones/api/purchase", &wish).problem(503, "halted");
        assert_eq!(daemon.post_empty("/admin/phones/cron/auto-replenish").ok()["reason"], "halted");
        let refused = daemon.assign("u-1").problem(503, "pool_empty");
        assert!(refused["detail"].as_str().unwrap().contains("halted"), "{refused}");
        assert_eq!(daemon.status()["halted"]["twilio_code"], 22300);
    }
    assert_eq!(world.twilio.truth().creates.len(), 0);
}

#[test]
fn a_refusal_that_concerns_the_whole_account_halts_all_buying_at_once() {
    let refusals = [
        (FaultKind::Unauthorized, 20003, true),
        (FaultKind::Inactive20005, 20005, true),
        (FaultKind::Inactive10001, 10001, true),
        (FaultKind::TestCredentials, 20008, false),
        (FaultKind::Trial, 21404, false),
        (FaultKind::Barred, 22300, false),
    ];
    for (kind, code, probes) in refusals {
        let world = World::new().quiet();
        let (daemon, other) = (world.daemon(), world.daemon());
        world.twilio.fault(Fault::new(On::Create, kind).forever());
        let order = daemon.purchase(10).ok();
        assert_eq!((&order["state"], &order["purchased_count"]), (&json!("halted"), &json!(0)), "{order}");
        assert!(order["errors"].as_array().unwrap().iter().any(|error| error["twilio_code"] == code), "{order}");
        let posts = world.twilio.truth().creates.len();
        assert!(posts <= 4, "{kind:?}: {posts} creates");
        world.twilio.clear_faults();
        other.purchase(1).problem(503, "halted");
        other.assign("u-1").problem(503, "pool_empty");
        let halted = other.status()["halted"].clone();
        assert_eq!((&halted["twilio_code"], halted["next_probe_at"].is_string()), (&json!(code), probes), "{halted}");
        assert_eq!(world.twilio.truth().creates.len(), posts, "{kind:?}");
        eventually("it is told", || daemon.has_logged("all buying is halted"));
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_search_that_is_unauthorized_halts_before_any_create() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Search, FaultKind::Unauthorized).forever());
    daemon.purchase(1);
    assert_eq!(daemon.status()["halted"]["twilio_code"], 20003);
    assert_eq!(world.twilio.truth().creates.len(), 0);
    assert_eq!(world.twilio.truth().requests_of(On::Search), 1);
}
