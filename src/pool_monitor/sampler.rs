//! What machines watch is read from the database this often and no more, however many of them scrape.
//!
//! It lives beside the monitor, not in its mailbox: a pass may take minutes, and stock should not look still meanwhile.
//! Invariants: at most one look at stock and one at alerts in [`LOOK_EVERY`], none if somebody else here has just looked; it ends with the monitor.
//! How to get it wrong: a look for each scrape.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use super::dependencies::MonitorDependencies;
use super::{alerts, pass};

/// Stock, spend, gate and alerts are told at least this often.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Waits that were recorded are sorted into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Samples until it is dropped.
pub(super) fn keep_sampling(deps: MonitorDependencies) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(sample(deps)))
}

async fn sample(deps: MonitorDependencies) {
    let mut clock = tokio::time::interval(UPKEEP_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut alerts_told: Option<Instant> = None;
    loop {
        clock.tick().await;
        deps.telemetry.upkeep();
        if alerts_told.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            alerts_told = Some(Instant::now());
            if let Err(error) = alerts::tell(&deps).await {
                slog::debug!(deps.log, "alerts could not be read for the metrics"; "error" => error.in_full());
            }
        }
        if deps.telemetry.seen_ago().is_some_and(|ago| ago < LOOK_EVERY) {
            continue;
        }
        if let Err(error) = pass::observe(&deps).await {
            slog::debug!(deps.log, "stock could not be read for the metrics"; "error" => error.in_full());
        }
    }
}
