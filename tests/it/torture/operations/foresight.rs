//! Who found nothing is noted, and thresholds follow; a daemon that dies loses notes at most, and no change is told twice.
//!
//! How to get it wrong: expecting every note. Those of two seconds lie in memory.

use super::{Operation, PLAIN, assign, hasty};
use crate::world::{World, eventually};

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "signups that find nothing, and are noted",
        ask: Some(|_, daemon, told| assign(daemon, &["u-1", "u-2"], told)),
        reaches: &["demand_taken"],
        ..PLAIN
    },
    Operation {
        name: "a threshold that follows what was asked for",
        world: || {
            let world = hasty(World::new()).set("foresight.mode", "apply").set("foresight.waiting_share_max", 0.01);
            world.set("pool.threshold_low", 1).set("pool.total_min", 0).set("pool.replenishment_batch_size", 5)
        },
        before: |world, _| world.crowds("default", 10),
        reaches: &["foresight", "threshold_written"],
        after: |world, daemon, _| {
            eventually("it is obeyed", || daemon.status()["threshold"].as_u64() > Some(1));
            let changes = "SELECT count(*) FROM passes WHERE reason = 'threshold_raised'";
            assert_eq!((world.count(changes), world.count("SELECT count(*) FROM pool_thresholds")), (1, 1));
            assert_eq!(world.count("SELECT count(*) FROM audit WHERE action = 'threshold_set'"), 1);
        },
        ..PLAIN
    },
];
