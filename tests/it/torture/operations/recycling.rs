//! Walks that see which numbers are used go on where they were, whoever dies.
//!
//! How to get it wrong: waiting for the claim of somebody dead. It is over by the clock of the database.

use super::{Operation, PLAIN, quiet, stocked};
use crate::world::World;
use crate::world::eventually;

pub const OPERATIONS: &[Operation] = &[Operation {
    name: "a walk over calls and messages",
    world: || quiet().set("recycling.sweep_cron", "* * * * * *"),
    before: stocked,
    reaches: &["recycler", "sweep_page_written"],
    meanwhile: World::forget_sweeps,
    after: |world, _, _| {
        let complete = "SELECT count(DISTINCT what) FROM sweeps WHERE state = 'complete'";
        eventually("both lists are walked over", || world.count(complete) == 2);
        assert_eq!(world.count("SELECT count(*) FROM sweeps WHERE state = 'broken'"), 0);
    },
    ..PLAIN
}];

impl World {
    /// Claims of a daemon that is dead are over at once.
    fn forget_sweeps(&self) {
        self.sql(
            "UPDATE sweeps SET claimed_until = clock_timestamp() WHERE state = 'running' AND claimed_by IS NOT NULL",
        );
    }
}
