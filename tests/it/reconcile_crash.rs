//! A comparison that is killed at any step is finished by the next one.

use twilio_simulator::On;

use crate::comparing::{RECONCILE, assert_found, is_ours, lose_a_purchase, reconcile, rewire, row, stocked};
use crate::daemon::Daemon;
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
fn a_crash_at_any_step_of_a_comparison_is_mended_by_the_next_one() {
    for step in STEPS {
        let (world, daemon, numbers) = differing();
        daemon.failpoints(&format!("{step}=pause"));
        let lists = world.twilio.truth().requests_of(On::List);
        std::thread::scope(|scope| {
            let url = daemon.url.clone();
            scope.spawn(move || {
                // It dies with the daemon.
                let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
                let _ = agent
                    .post(format!("{url}{RECONCILE}"))
                    .header("X-Admin-API-Key", crate::world::ADMIN_KEY)
                    .send_empty();
            });
            let [lost, drifted, missing] = &numbers;
            eventually(step, || match step {
                "orphan_settled" => row(&world, lost, "status") == "available",
                "drift_marked" => row(&world, drifted, "webhook_status") == "drifted",
                "drift_repaired" => is_ours(&world, drifted),
                "missing_marked" => row(&world, missing, "missing_since IS NOT NULL") == "t",
                // The walk reads a page; the judgement looks for the number once more.
                "reconcile_page_read" => world.twilio.truth().requests_of(On::List) > lists,
                _ => world.twilio.truth().requests_of(On::List) > lists + 1,
            });
            std::thread::sleep(std::time::Duration::from_millis(100));
            daemon.kill9();
        });
        let daemon = world.daemon();
        everything_is_as_it_should_be(&world, &daemon, &numbers, step);
    }
}

#[test]
fn a_reconciler_that_dies_at_any_step_is_replaced_and_the_next_comparison_goes_on() {
    for step in STEPS {
        let (world, daemon, numbers) = differing();
        daemon.failpoints(&format!("{step}=1*panic->off"));
        daemon.post_empty(RECONCILE).problem(503, "unavailable");
        eventually("it is replaced", || {
            daemon
                .log_lines()
                .iter()
                .any(|line| line["msg"] == "a part died and is replaced" && line["part"] == "reconciler")
        });
        everything_is_as_it_should_be(&world, &daemon, &numbers, step);
    }
}
