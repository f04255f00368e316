//! What of attachments and registrations waits, told to whoever watches.
//!
//! How to get it wrong: telling it only where something changes. What waits grows old while nothing happens.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::dependencies::MonitorDependencies;
use crate::db::DbError;
use crate::db::attachments::{AttachmentsSeen, attachments_seen};
use crate::db::installation::database_now;

/// Reads it, and counts.
pub(super) async fn tell(deps: &MonitorDependencies) -> Result<(), DbError> {
    let look = |conn: &mut crate::db::Connection| Ok((attachments_seen(conn)?, database_now(conn)?));
    let (seen, now) = deps.db.run("attachments_seen", look).await?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let found: Vec<_> = seen.counted.iter().map(|of| (of.kind, of.state.as_str(), count(of.count))).collect();
    let closed = u32::try_from(seen.closed.len()).unwrap_or(u32::MAX);
    deps.telemetry.attachments_seen(&found, oldest(&seen, now), closed);
    Ok(())
}

/// How long what waits for Twilio, and for the carriers, has waited at most.
fn oldest(seen: &AttachmentsSeen, now: DateTime<Utc>) -> [Duration; 2] {
    let age = |since: Option<DateTime<Utc>>| {
        since.and_then(|since| now.signed_duration_since(since).to_std().ok()).unwrap_or_default()
    };
    [age(seen.open.since), age(seen.registering.since)]
}
