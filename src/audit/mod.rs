//! The audit trail: who did what, from where, with which result.
//!
//! ```text
//! http ─ each admin call ─┐
//! schedule ─ each pass ───┼─▶ AuditLog ─ a bounded queue ─▶ writer ─▶ db
//!                         │                                 retention: old rows, expired sessions
//! ```
//!
//! Invariants: whoever [`AuditLog::record`]s has the row in PostgreSQL before they go on, unless it is away; a row that
//! waits for PostgreSQL is written when it is back, once; one that can never be written stands in the log instead.
//! How to get it wrong: recording a signup. It must not wait for a second disk write, and its own row says it all.

mod actor;
mod queue;
mod retention;
mod writer;

pub(crate) use actor::{AuditActor, AuditDependencies};
pub(crate) use queue::AuditLog;

use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use crate::db::audit::AuditRow;

/// What the schedule did by itself; `code` says why it failed, if it did.
#[must_use]
pub(crate) fn by_cron(action: &str, detail: Value, code: Option<&str>) -> AuditRow {
    AuditRow {
        call_id: Uuid::new_v4(),
        at: Utc::now(),
        who: "cron".to_owned(),
        address: None,
        action: action.to_owned(),
        method: None,
        path: None,
        detail,
        result: None,
        code: code.map(str::to_owned),
        request_id: None,
    }
}
