//! An instance that is configured with other webhooks than the installation wants: it sets none, and keeps nobody waiting
//! for what only another one would set.

use serde_json::json;

use crate::world::comparing::{is_ours, reconcile, rewire, row, stocked_in};
use crate::world::daemon::Daemon;
use crate::world::{ORIGIN, World, eventually};

/// So many numbers, and nobody but an instance that is configured otherwise.
fn skewed(count: u32) -> (World, Daemon, Vec<String>) {
    let (mut world, first, numbers) = stocked_in(World::new().quiet().set("pool.quarantine_hours", 0), count);
    first.stop();
    world.change("PUBLIC_APP_URL", "https://other.example.com");
    let daemon = world.daemon();
    assert_eq!(daemon.get("/readyz").body["failing"], json!(["config_skew"]));
    (world, daemon, numbers)
}

#[test]
fn what_comes_back_from_its_rest_serves_if_it_carries_what_the_installation_wants() {
    let (world, daemon, numbers) = skewed(1);
    daemon.assign("u-1").ok();
    daemon.release("u-1").ok();
    eventually("it returned", || daemon.status()["available"] == 1);
    assert_eq!(daemon.assign("u-2").ok()["phone_number"], json!(numbers[0]));
    assert_eq!((world.twilio.truth().updates, world.bought()), (0, 1));
}

#[test]
fn what_comes_back_with_something_else_rests_on_and_nobody_waits_for_it() {
    let (mut world, daemon, numbers) = skewed(1);
    daemon.assign("u-1").ok();
    rewire(&world, &numbers[0]);
    daemon.release("u-1").ok();
    eventually("it rests on", || row(&world, &numbers[0], "quarantined_until > now() + interval '1 minute'") == "t");
    eventually("it is told", || daemon.has_logged("run configure-webhooks"));
    let other = daemon.assign("u-2").ok();
    assert_eq!((&other["source"], world.bought()), (&json!("emergency"), 2), "{other}");
    assert!(is_ours(&world, other["phone_number"].as_str().unwrap()), "with the installation's webhooks");
    assert_eq!(world.twilio.truth().updates, 0);
    // Whoever is configured rightly repairs it when its rest is over.
    daemon.stop();
    world.change("PUBLIC_APP_URL", ORIGIN);
    world.sql("UPDATE numbers SET quarantined_until = now() WHERE status = 'quarantined'");
    let right = world.daemon();
    eventually("it returned", || right.status()["available"] == 1);
    assert!(is_ours(&world, &numbers[0]));
}

#[test]
fn what_is_under_repair_becomes_ready_if_it_carries_the_right_ones_and_else_is_not_coming_for_ever() {
    let (world, daemon, numbers) = skewed(3);
    rewire(&world, &numbers[0]);
    world.sql("UPDATE numbers SET webhook_status = 'pending'");
    eventually("what is right is ready", || daemon.status()["available"] == 2);
    eventually("what is not is known", || row(&world, &numbers[0], "webhook_status") == "drifted");
    assert_eq!(daemon.status()["unready"], 1, "somebody may repair it yet");
    // It was looked at often enough.
    world.sql("UPDATE numbers SET webhooks_in_vain = 4 WHERE webhook_status = 'drifted'");
    eventually("it is given up", || row(&world, &numbers[0], "webhook_status") == "failed");
    for (user, source) in [("u-1", "pool"), ("u-2", "pool"), ("u-3", "emergency")] {
        assert_eq!(daemon.assign(user).ok()["source"], source, "{user}");
    }
    assert_eq!((world.twilio.truth().updates, world.bought()), (0, 4));
    assert_eq!(daemon.status()["halted"], json!(null));
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!(
        (row(&world, &numbers[0], "ready"), row(&world, &numbers[0], "webhooks_in_vain")),
        ("t".into(), "0".into())
    );
}

#[test]
fn many_that_lack_the_right_ones_are_left_to_whoever_may_set_them_and_halt_nothing() {
    let (world, daemon, numbers) = skewed(7);
    numbers.iter().for_each(|number| rewire(&world, number));
    world.sql("UPDATE numbers SET webhook_status = 'drifted', webhooks_in_vain = 4");
    eventually("some are given up", || {
        world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'") == 5
    });
    eventually("all were looked at", || world.count("SELECT count(*) FROM numbers WHERE webhooks_in_vain > 4") == 7);
    assert_eq!(world.count("SELECT count(*) FROM numbers WHERE webhook_status = 'failed'"), 5);
    assert_eq!(daemon.status()["halted"], json!(null));
    assert_eq!(reconcile(&daemon)["webhook_drift"].as_array().unwrap().len(), 7);
    daemon.post_empty("/admin/phones/api/configure-webhooks").ok();
    assert_eq!(daemon.status()["available"], 7);
}
