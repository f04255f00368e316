//! The weekly report: one a week, over restarts and instances.

use super::told;
use crate::world::{World, eventually};

const MONDAY: &str = "week_looked=return(2126-12-02T08:00:00Z)";

#[test]
fn a_report_is_written_once_a_week_whoever_is_alive() {
    let world = told(World::new().quiet().set("alerts.weekly_report", true));
    let reports = || world.count("SELECT count(*) FROM alerts WHERE kind = 'report.weekly'");
    // It is no Monday, or nobody was here that week.
    let mut daemon = world.daemon_with_failpoints("week_looked=return(2126-12-01T08:00:00Z)");
    daemon.wait_until_it_serves();
    let since = world.now();
    eventually("a round is over", || world.is_judged_since(&since));
    assert_eq!(reports(), 0);
    daemon.failpoints(MONDAY);
    eventually("it is written", || reports() == 1);
    let (subject, words) = ("2126-W48", world.sql("SELECT subject || ' ' || summary FROM alerts"));
    assert!(words.starts_with(&format!("{subject} Week {subject}: 0 signups got a number")), "{words}");
    assert_eq!(world.told_of("report.weekly"), ["raised email webhook"]);
    assert_eq!(world.sql("SELECT closed_at IS NOT NULL FROM alerts"), "t", "it is no condition");
    // Neither a restart nor another instance writes it again.
    daemon.kill9();
    let mut others = [world.daemon_with_failpoints(MONDAY), world.daemon_with_failpoints(MONDAY)];
    others.iter_mut().for_each(crate::world::daemon::Daemon::wait_until_it_serves);
    let since = world.now();
    eventually("somebody judges again", || world.is_judged_since(&since));
    assert_eq!(reports(), 1);
}
