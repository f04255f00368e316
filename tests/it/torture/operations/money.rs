//! The books are right whenever whoever keeps them dies: each anniversary is charged once, and none is left out.

use super::{Operation, PLAIN, quiet, stocked};
use crate::world::daemon::Daemon;
use crate::world::eventually;

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "charges that are due, and old ones that become sums",
        world: quiet,
        before: |world, told| {
            stocked(world, told);
            world.sql(
                "DELETE FROM charges; DELETE FROM duties;
                 UPDATE charge_clocks SET bought_on = '2024-01-31', ours_from = '2024-01-31', next_on = '2024-01-31'",
            );
        },
        reaches: &["bookkeeper", "charges_written", "fold_written"],
        // Claims run out.
        meanwhile: |world| {
            drop(world.sql("UPDATE duties SET claimed_until = clock_timestamp() WHERE claimed_by IS NOT NULL"))
        },
        after: |world, _, _| {
            eventually("all is charged, and what is old is folded", || {
                world.count(
                    "SELECT count(*) FROM charge_clocks WHERE next_on <= (clock_timestamp() AT TIME ZONE 'UTC')::date",
                ) == 0
                    && world.count("SELECT count(*) FROM duties WHERE name = 'fold' AND done_at IS NOT NULL") == 1
            });
            let each = "SELECT (SELECT sum(purchases + renewals) FROM charge_months) + (SELECT count(*) FROM charges)";
            assert_eq!(world.count(each) % 5, 0, "each number has as many charges as the others");
            assert_eq!(
                world.sql("SELECT sum(purchases) FROM charge_months WHERE month = '2024-01-01'"),
                "5",
                "each was bought once"
            );
        },
        ..PLAIN
    },
    Operation {
        name: "what Twilio counted",
        world: quiet,
        before: stocked,
        ask: Some(|_, daemon, _| drop(cost(daemon))),
        reaches: &["usage_asked"],
        after: |world, daemon, _| {
            let cost = cost(daemon).expect("it is told");
            assert_eq!(
                (&cost["usage"]["rentals"], &cost["usage"]["difference_count"]),
                (&5.into(), &0.into()),
                "{cost}"
            );
            assert_eq!(world.count("SELECT count(*) FROM charges"), 5);
        },
        ..PLAIN
    },
];

/// The answer, if the daemon lived to give one.
fn cost(daemon: &Daemon) -> Option<serde_json::Value> {
    let headers = [("X-Admin-API-Key", crate::world::ADMIN_KEY)];
    let answer = daemon.try_send("GET", "/admin/phones/api/cost", &headers, None).ok()?;
    (answer.status == 200).then_some(answer.body)
}
