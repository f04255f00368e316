//! A Reconciler that dies at any step is replaced, and the next comparison finishes. Whole daemons die in `torture::kills`.

use crate::world::comparing::{RECONCILE, assert_found, is_ours, lose_a_purchase, reconcile, rewire, row, stocked};
use crate::world::daemon::Daemon;
use crate::world::{World, eventually};

/// A world with stock in which everything differs that can: a lost purchase, a drift, a missing number. The numbers are the
/// lost, the drifted and the missing one.
fn differing() -> (World, Daemon, [String; 3]) {
    let (world, daemon, numbers) = stocked(4);
    let (lost, _) = lose_a_purchase(&world, daemon);
    rewire(&world, &numbers[0]);
    assert!(world.twilio.disown(&numbers[1]));
    // The one at start is too soon after this one.
    world.sql("INSERT INTO reconciliations (trigger) VALUES ('cron')");
    let daemon = world.daemon();
    assert_eq!(row(&world, &numbers[1], "missing_since IS NULL"), "t", "nobody has compared yet");
    (world, daemon, [lost, numbers[0].clone(), numbers[1].clone()])
}

fn everything_is_as_it_should_be(world: &World, daemon: &Daemon, [lost, drifted, missing]: &[String; 3], step: &str) {
    reconcile(daemon);
    assert_eq!(row(world, lost, "status, webhook_status"), "available|configured", "{step}");
    assert_eq!(
        (row(world, drifted, "webhook_status"), is_ours(world, drifted)),
        ("configured".to_owned(), true),
        "{step}"
    );
    assert_eq!(row(world, missing, "missing_since IS NOT NULL"), "t", "{step}");
    assert_found(&reconcile(daemon), &[]);
    world.assert_nothing_lost_or_doubled();
}

const STEPS: [&str; 6] =
    ["reconcile_page_read", "orphan_judged", "orphan_settled", "drift_marked", "drift_repaired", "missing_marked"];

#[test]
fn a_reconciler_that_dies_at_any_step_is_replaced_and_the_next_comparison_goes_on() {
    // Side by side: they mostly wait.
    std::thread::scope(|scope| {
        for step in STEPS {
            scope.spawn(move || is_replaced(step));
        }
    });
}

fn is_replaced(step: &str) {
    let (world, daemon, numbers) = differing();
    daemon.failpoints(&format!("{step}=1*panic->off"));
    daemon.post_empty(RECONCILE).problem(503, "unavailable");
    eventually("it is replaced", || {
        daemon
            .log_lines()
            .iter()
            .any(|line| line["msg"] == "a part died and is replaced" && line["part"] == "reconciler")
    });
    eventually("the new one compares", || daemon.post_empty(RECONCILE).status != 503);
    everything_is_as_it_should_be(&world, &daemon, &numbers, step);
}
