//! Whole calls, POSTs and recoveries made again.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, ReownMode};

use super::STATE;
use crate::world::{World, eventually};

#[test]
fn signups_and_releases_that_are_repeated_over_http_change_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let first = daemon.assign("u-1").ok();
    let state = world.sql(STATE);
    for _repeat in 0..3 {
        let again = daemon.assign("u-1").ok();
        assert_eq!((&again["phone_number"], &again["replayed"]), (&first["phone_number"], &json!(true)));
    }
    assert_eq!(world.sql(STATE), state);
    daemon.release("u-1").ok();
    let state = world.sql(STATE);
    daemon.release("u-1").problem(404, "not_assigned");
    assert_eq!(world.sql(STATE), state);
    assert_eq!(world.bought(), 2);
}

#[test]
fn a_purchase_that_is_posted_twice_is_one_purchase_whichever_way_twilio_answers_the_second() {
    for mode in [ReownMode::A, ReownMode::B] {
        let world = World::new().quiet().set("twilio.request_timeout_ms", 1000);
        let daemon = world.daemon();
        world.twilio.set_reown_mode(mode);
        // The answer is lost, and for two look-ups the list does not show the number: it is posted again.
        world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset));
        world.twilio.fault(Fault::new(On::Create, FaultKind::Lag).requests(2));
        let order = daemon.purchase(1).ok();
        let path = format!("/admin/phones/api/purchases/{}", order["purchase_id"].as_str().unwrap());
        eventually("it is settled", || daemon.get(&path).ok()["purchased_count"] == 1);
        let truth = world.twilio.truth();
        assert_eq!((truth.purchases.len(), truth.creates.len(), truth.repeats.len()), (1, 2, 1), "{mode:?}");
        assert_eq!(truth.repeats[0].accepted, mode == ReownMode::A);
        assert_eq!(truth.creates[0].parameters, truth.creates[1].parameters, "an update that changes nothing");
        world.assert_truth();
    }
}

#[test]
fn a_recovery_that_runs_again_and_again_settles_once_and_posts_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.fault(Fault::new(On::Create, FaultKind::CommitThenReset).times(3));
    world.twilio.fault(Fault::new(On::List, FaultKind::Error503).forever());
    assert_eq!(daemon.purchase(3).ok()["errors"][0]["count"], 3);
    daemon.kill9();
    world.twilio.clear_faults();
    let posts = world.twilio.truth().creates.len();
    // Several instances start at once, and again: each recovers first.
    for _turn in 0..3 {
        let daemons = [world.daemon(), world.daemon()];
        world.settle();
        world.assert_truth();
        for daemon in daemons {
            daemon.kill9();
        }
    }
    assert_eq!((world.count("SELECT count(*) FROM numbers"), world.twilio.truth().creates.len()), (3, posts));
}
