//! The end of a process in the middle of a purchase, by force or by request.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use twilio_simulator::On;

use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// Orders `count` numbers without waiting; its id.
fn order(daemon: &Daemon, count: u32) -> String {
    let headers = [("Prefer", "respond-async")];
    let reply = daemon.post_with("/admin/phones/api/purchase", &json!({ "count": count }), &headers);
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.body["purchase_id"].as_str().unwrap().to_owned();
    assert_eq!(reply.headers["location"], format!("/admin/phones/api/purchases/{id}"));
    id
}

fn document(daemon: &Daemon, id: &str) -> Value {
    daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok()
}

fn creates_are_on_the_wire(world: &World) {
    let on_the_wire = world.twilio.wait_until(Duration::from_secs(20), |truth| truth.creates_in_flight == 4);
    assert!(on_the_wire, "{:?}", world.twilio.truth().requests);
}

fn everything_is_settled(world: &World, daemon: &Daemon) {
    eventually("everything is settled", || {
        let open = "SELECT count(*) FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')";
        world.twilio.truth().creates_in_flight == 0 && world.count(open) == 0
    });
    assert_eq!((&daemon.status()["purchasing"], &daemon.status()["unsettled"]), (&json!(0), &json!(0)));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn after_kill_9_in_the_middle_of_a_purchase_a_restart_loses_nothing_and_buys_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // The first one goes alone.
    daemon.purchase(1).ok();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(3000));
    let id = order(&daemon, 20);
    // Twilio has sold four numbers, and nobody has heard of it yet.
    eventually("four are paid for", || world.bought() == 5);
    daemon.kill9();
    world.twilio.wait_until(Duration::from_secs(20), |truth| truth.creates_in_flight == 0);
    let (bought, posts) = (world.bought(), world.twilio.truth().creates.len());
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 1);
    let daemon = world.daemon();
    everything_is_settled(&world, &daemon);
    let document = document(&daemon, &id);
    assert_eq!((&document["state"], &document["purchased_count"]), (&json!("interrupted"), &json!(bought - 1)));
    let told = document["errors"].as_array().unwrap().iter().find(|error| error["code"] == "interrupted");
    assert_eq!(told.expect("what is missing is told")["count"], 21 - bought, "{document}");
    assert_eq!((world.bought(), world.twilio.truth().creates.len()), (bought, posts), "a recovery only looks");
}

#[test]
fn what_a_killed_instance_left_open_is_settled_by_another_one_that_lives() {
    let world = World::new().quiet();
    let (first, second) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, Duration::from_millis(500));
    let id = order(&first, 20);
    creates_are_on_the_wire(&world);
    first.kill9();
    everything_is_settled(&world, &second);
    assert_eq!(document(&second, &id)["state"], "interrupted");
}

#[test]
fn a_crash_at_any_step_of_a_purchase_loses_nothing_and_doubles_nothing() {
    let world = World::new().quiet();
    for step in ["intent_written", "attempt_written", "create_answered", "item_settled"] {
        let before = world.bought();
        let daemon = world.daemon();
        daemon.failpoints(&format!("{step}=pause"));
        let id = order(&daemon, 1);
        eventually("it came to the step", || match step {
            "intent_written" => {
                world.sql(&format!("SELECT state FROM purchase_items WHERE purchase_id = '{id}'")) == "intended"
            }
            "attempt_written" => {
                world.sql(&format!("SELECT state FROM purchase_items WHERE purchase_id = '{id}'")) == "sent"
            }
            "create_answered" => world.bought() == before + 1,
            _ => world.sql(&format!("SELECT state FROM purchase_items WHERE purchase_id = '{id}'")) == "bought",
        });
        daemon.kill9();
        let paid = matches!(step, "create_answered" | "item_settled");
        let daemon = world.daemon();
        eventually("the order ended", || document(&daemon, &id)["state"] == "interrupted");
        if step == "attempt_written" {
            // Nobody knows whether Twilio was asked; only time and the list tell.
            eventually("it counts as unknown", || daemon.status()["unsettled"] == 1);
            continue;
        }
        let open = format!(
            "SELECT count(*) FROM purchase_items WHERE purchase_id = '{id}' AND state IN ('intended', 'sent', 'unknown')"
        );
        eventually("it is settled", || world.count(&open) == 0);
        assert_eq!(document(&daemon, &id)["purchased_count"], u32::from(paid), "{step}");
        assert_eq!(world.bought(), before + usize::from(paid), "{step}");
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn a_part_that_dies_at_any_step_of_a_purchase_loses_nothing_and_doubles_nothing() {
    for step in ["intent_written", "attempt_written", "create_answered", "item_settled"] {
        // Of its own: what the step before left in doubt is settled some time, and would come to this one's failpoint first.
        let world = World::new().quiet();
        let daemon = world.daemon();
        daemon.failpoints(&format!("{step}=1*panic->off"));
        assert_ne!(daemon.purchase(2).body["state"], "done", "{step}");
        daemon.failpoints("");
        eventually("orders have ended", || {
            world.count("SELECT count(*) FROM purchases WHERE state IN ('queued', 'running')") == 0
                && world.count("SELECT count(*) FROM purchase_items WHERE state IN ('intended', 'sent')") == 0
                && world.twilio.truth().creates_in_flight == 0
        });
        let open = world.count("SELECT count(*) FROM purchase_items WHERE state = 'unknown'");
        let known = world.count("SELECT count(*) FROM numbers");
        let paid = i64::try_from(world.bought()).unwrap();
        assert!(known <= paid && paid <= known + open, "{step}: {known} known, {paid} paid, {open} unknown");
        assert!(paid <= 2, "{step}");
    }
}

#[test]
fn a_stop_in_the_middle_of_a_purchase_settles_what_is_on_the_wire_and_starts_no_more() {
    let world = World::new().quiet();
    let mut daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, Duration::from_millis(3000));
    let document = std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(20).ok());
        creates_are_on_the_wire(&world);
        daemon.signal(Signal::SIGTERM);
        order.join().unwrap()
    });
    let posts = world.twilio.truth().creates.len();
    assert_eq!(document["state"], "stopped", "{document}");
    assert_eq!((&document["purchased_count"], posts), (&json!(5), 5), "{document}");
    assert_eq!((&document["errors"][0]["code"], &document["errors"][0]["count"]), (&json!("stopping"), &json!(15)));
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(world.count("SELECT count(*) FROM purchase_items WHERE state <> 'bought'"), 0);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_stop_waits_for_purchases_that_no_client_waits_for() {
    for by_itself in [true, false] {
        let world = if by_itself { World::new() } else { World::new().quiet() };
        world.twilio.set_latency_on(On::Create, Duration::from_millis(3000));
        let daemon = world.daemon_at_once();
        if !by_itself {
            order(&daemon, 20);
        }
        creates_are_on_the_wire(&world);
        assert_eq!(daemon.stop(), Some(0));
        assert_eq!(world.sql("SELECT DISTINCT state FROM purchases"), "stopped");
        assert_eq!(world.sql("SELECT state, count(*) FROM purchase_items GROUP BY 1"), "bought|5");
        world.assert_nothing_lost_or_doubled();
    }
}
