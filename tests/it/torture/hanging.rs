//! Whoever is told hangs for as long as they may: nobody else waits, and the same comes once more.

use far_side::{Answer, Reception, Stage};

use super::is_long;
use crate::world::{World, eventually};

#[test]
fn a_try_that_hangs_ends_after_fifteen_seconds_and_keeps_nobody_else_waiting() {
    if !is_long() {
        return;
    }
    let world = World::new().quiet().telling(1);
    world.far().answer("/webhook", Answer::Stall, 1);
    world.far().receive(None, Stage::Data, Reception::Stall, 1);
    let _daemon = world.daemon();
    world.sql("INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3)");
    let of = |channel: &str, what: &str| {
        world.sql(&format!("SELECT {what} FROM alert_messages WHERE channel = '{channel}'"))
    };
    eventually("who hangs is asked, and who does not has it", || {
        let asked = |channel| of(channel, "claim IS NOT NULL AND tries = 1") == "t";
        asked("email") && asked("webhook") && of("pagerduty", "state") == "sent"
    });
    // Nothing is held meanwhile.
    eventually("nobody has a transaction open", || {
        world.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()") == 0
            && of("webhook", "claim IS NOT NULL AND tries = 1") == "t"
    });
    for (channel, said) in [("email", "did not end within 15 s"), ("webhook", "gave no answer within 15 s")] {
        // The next try is four seconds after the failure at least.
        let failed = "coalesce(last_error, '') || ' ' || (due_at - last_tried_at >= interval '19 seconds')";
        eventually(said, || of(channel, failed).ends_with(&format!("{said} true")));
    }
    world.until_all_is_told();
    world.assert_told();
    assert_eq!(world.count("SELECT count(*) FROM alert_messages WHERE tries = 2 AND state = 'sent'"), 2);
}
