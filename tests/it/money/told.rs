//! What `/readyz` warns of money and of walks that stand still: alerts that are open, and what this instance sees.

use twilio_simulator::{Fault, FaultKind, On};

use crate::world::alerting::{cleared, raised};
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

#[test]
fn readiness_warns_of_the_balance_of_a_mismatch_and_of_walks_that_stand_still() {
    let world = World::new().quiet().set("recycling.sweep_cron", "0 0 4 * * *");
    world.twilio.fault(Fault::new(On::Calls, FaultKind::Error503).forever());
    // The last walk over calls is older than twice the day between two, that over messages is not.
    let daemon = world.daemon();
    let warns = |words: &str| daemon.get("/readyz").body["warnings"].to_string().contains(words);
    let overdue = |what: &str| Scrape::of(&daemon).get("callbunker_sweep_overdue", &[("what", what)]);
    assert!(!warns("sweep_stuck") && !warns("balance_low") && !warns("usage_mismatch"));
    world.sql(
        "INSERT INTO sweeps (what, from_at, until_at, state, started_at, ended_at)
         VALUES ('calls', now() - interval '90 days', now() - interval '50 hours', 'complete', now() - interval '50 hours', now() - interval '50 hours'),
                ('messages', now() - interval '90 days', now() - interval '1 minute', 'complete', now() - interval '1 minute', now())",
    );
    eventually("calls stand still", || warns("sweep_stuck: no walk over the account's calls came to its end"));
    assert_eq!((overdue("calls"), overdue("messages")), (1.0, 0.0));
    world.twilio.clear_faults();
    eventually("they are walked over", || {
        world.sql(
            "UPDATE sweeps SET claimed_until = clock_timestamp() WHERE state = 'running' AND claimed_by IS NOT NULL",
        );
        !warns("sweep_stuck")
    });
    eventually("machines see it, too", || overdue("calls") == 0.0);

    let balance = raised(&world, "balance.low", "", "warning", 5);
    let usage = raised(&world, "usage.mismatch", "", "warning", 5);
    eventually("both are warned of", || warns("balance_low: ") && warns("usage_mismatch: "));
    assert_eq!(daemon.get("/readyz").status, 200, "signups are served all the same");
    cleared(&world, &balance);
    eventually("one is over", || !warns("balance_low"));
    assert!(warns("usage_mismatch: "));
    cleared(&world, &usage);
    eventually("both are", || !warns("usage_mismatch"));
}
