//! What is wrong is told once, whenever whoever judges dies.

use super::{Operation, PLAIN, quiet, stocked};
use crate::alerts::told;
use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::eventually;
use crate::world::truth::Acknowledged;

pub const OPERATIONS: &[Operation] = &[Operation {
    name: "an alert that is raised, and a weekly report",
    world: || told(quiet()).set("alerts.balance_min", 1).set("alerts.weekly_report", true),
    before: |world, told| {
        stocked(world, told);
        world.sql("INSERT INTO event_refusals VALUES (date_trunc('minute', clock_timestamp()), 3)");
    },
    also: "week_looked=return(2126-12-02T08:00:00Z)",
    reaches: &["alerts", "alert_decided", "alert_written", "account_looked", "week_looked", "report_written"],
    after: told_once,
    ..PLAIN
}];

fn told_once(world: &World, _: &Daemon, _: &mut Acknowledged) {
    eventually("it is raised", || world.alerts_open() == ["events.rejected warning"]);
    eventually("the balance is known", || {
        world.count("SELECT count(*) FROM account_looks WHERE what = 'balance'") == 1
    });
    assert_eq!(world.told_of("events.rejected"), ["raised email webhook"]);
    // Nobody says that it is Monday any more; one that was written stays, and is told once.
    let reports = world.told_of("report.weekly");
    assert!(reports.is_empty() || reports == ["raised email webhook"], "{reports:?}");
    let halves = "SELECT count(*) FROM alert_messages m
                   WHERE NOT EXISTS (SELECT FROM alert_notifications n WHERE n.message_id = m.id AND n.channel = m.channel)";
    assert_eq!(world.count(halves), 0, "a message tells something");
}
