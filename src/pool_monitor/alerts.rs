//! What machines watch of alerts, told by each instance from its own look.
//!
//! How to get it wrong: telling only what this instance sent. An alert is open on all of them.

use std::time::SystemTime;

use super::dependencies::MonitorDependencies;
use crate::db::DbError;
use crate::db::alerts::alerts_seen;

/// Reads it, and tells it.
pub(super) async fn tell(deps: &MonitorDependencies) -> Result<(), DbError> {
    let seen = deps.db.run("alerts_seen", alerts_seen).await?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let open: Vec<_> = seen.open.iter().map(|open| (open.kind, open.severity, count(open.count))).collect();
    deps.telemetry.alerts_seen(&open, count(seen.untold.count), &seen.oldest, seen.beat_at.map(SystemTime::from));
    Ok(())
}
