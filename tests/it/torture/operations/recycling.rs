//! Walks that see which numbers are used go on where they were, whoever dies.
//!
//! How to get it wrong: waiting for the claim of somebody dead. It is over by the clock of the database.

use super::{Operation, PLAIN, quiet, stocked};
use crate::world::telling::SECRET;
use crate::world::{World, eventually};

pub const OPERATIONS: &[Operation] = &[
    Operation {
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
    },
    Operation {
        name: "a number that nobody uses",
        world: || {
            let world = quiet();
            let url = format!("{}/notices", world.far().url());
            world
                .set("recycling.mode", "apply")
                .set("recycling.by_touch", true)
                .set("recycling.notice_days", 0)
                .set("recycling.notice_url", url)
                .set("ALERT_WEBHOOK_SECRET", SECRET)
        },
        before: |world, _| {
            let daemon = world.daemon();
            daemon.purchase(1).ok();
            daemon.assign("silent").ok();
            assert_eq!(daemon.stop(), Some(0));
            world.assigned_days_ago(100);
            world.sql("INSERT INTO touch_days (day) SELECT current_date - n FROM generate_series(0, 110) AS n ON CONFLICT DO NOTHING");
        },
        reaches: &[
            "recycling_intended",
            "notice_claimed",
            "notice_taken",
            "recycling_noticed",
            "recycling_taking",
            "recycling_taken",
        ],
        meanwhile: |world| drop(world.sql("UPDATE recyclings SET claimed_until = NULL WHERE state = 'intended'")),
        after: |world, _, _| {
            eventually("it is taken", || world.sql("SELECT state FROM recyclings") == "taken");
            assert_eq!(world.count("SELECT count(*) FROM leases WHERE user_id IS NOT NULL"), 0);
            assert_eq!(world.count("SELECT count(*) FROM numbers WHERE rests_for = 'silent'"), 1);
            let got = world.far().got();
            let told = got.requests_to("/notices");
            let first = told.first().expect("nobody is taken from untold");
            let is_the_same = |one: &&far_side::Request| {
                one.body == first.body && one.header("webhook-id") == first.header("webhook-id")
            };
            assert!(told.iter().all(is_the_same), "one id, one text");
        },
        ..PLAIN
    },
];

impl World {
    /// Claims of a daemon that is dead are over at once.
    fn forget_sweeps(&self) {
        self.sql(
            "UPDATE sweeps SET claimed_until = clock_timestamp() WHERE state = 'running' AND claimed_by IS NOT NULL",
        );
    }
}
