//! What is too old goes: audit rows and closed alerts beyond `audit.retention_days`, sessions that have expired, and what once told who uses
//! their number.
//!
//! Invariant: what is cleared away is bounded, so that a long pause of the daemon does not hold a lock for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::config::Config;
use crate::db::alerts::alerts_forget;
use crate::db::audit::{audit_forget, audit_retention_set};
use crate::db::sessions::sessions_forget_expired;
use crate::db::uses::uses_forget;
use crate::db::{Db, DbError};

const LOOK_EVERY: Duration = Duration::from_secs(10);
const SESSIONS_EVERY: Duration = Duration::from_secs(60);
const AUDIT_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Walks over calls and messages, and days of touches, are kept so long.
const USES_KEPT_DAYS: i32 = 400;
/// Rows of one statement, and statements of one day.
const FORGET_BATCH: usize = 1000;
const FORGET_BATCHES_MAX: usize = 500;

/// When each duty was done last.
#[derive(Default)]
struct Done {
    retention_days: Option<u64>,
    sessions: Option<Instant>,
    audit: Option<Instant>,
    alerts: Option<Instant>,
    uses: Option<Instant>,
}

/// Never ends.
pub(super) async fn forget_what_is_too_old(db: Db, config: Arc<ArcSwap<Config>>, log: slog::Logger) {
    let mut done = Done::default();
    loop {
        if let Err(error) = duties(&db, &config, &log, &mut done).await {
            slog::debug!(log, "what is too old stays for now"; "error" => error.in_full());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn duties(db: &Db, config: &ArcSwap<Config>, log: &slog::Logger, done: &mut Done) -> Result<(), DbError> {
    let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
    let days = config.load().audit.retention_days;
    if done.retention_days != Some(days) {
        // Proof of the default: the configuration allows 36,500 at most.
        let wanted = i32::try_from(days).unwrap_or(i32::MAX);
        db.run_patiently("audit_retention_set", move |conn| audit_retention_set(conn, wanted)).await?;
        done.retention_days = Some(days);
    }
    if is_due(done.sessions, SESSIONS_EVERY) {
        db.run_patiently("sessions_forget_expired", |conn| sessions_forget_expired(conn, 1000)).await?;
        done.sessions = Some(Instant::now());
    }
    if is_due(done.alerts, AUDIT_EVERY) {
        // Proof of the default: as above.
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        let limit = i64::try_from(FORGET_BATCH).unwrap_or(i64::MAX);
        for _batch in 0..FORGET_BATCHES_MAX {
            let gone = db.run_patiently("alerts_forget", move |conn| alerts_forget(conn, days, limit)).await?;
            if gone < FORGET_BATCH {
                break;
            }
        }
        done.alerts = Some(Instant::now());
    }
    if is_due(done.uses, AUDIT_EVERY) {
        db.run_patiently("uses_forget", |conn| uses_forget(conn, USES_KEPT_DAYS)).await?;
        done.uses = Some(Instant::now());
    }
    if is_due(done.audit, AUDIT_EVERY) {
        let mut forgotten = 0;
        for _batch in 0..FORGET_BATCHES_MAX {
            let limit = i64::try_from(FORGET_BATCH).unwrap_or(i64::MAX);
            let gone = db.run_patiently("audit_forget", move |conn| audit_forget(conn, limit)).await?;
            forgotten += gone;
            if gone < FORGET_BATCH {
                break;
            }
        }
        if forgotten > 0 {
            slog::info!(log, "old audit rows were deleted"; "rows" => forgotten);
        }
        if forgotten >= FORGET_BATCH * FORGET_BATCHES_MAX {
            slog::warn!(log, "more audit rows are too old than are deleted in a day; find out who asks so much, or shorten audit.retention_days"; "rows" => forgotten);
        }
        done.audit = Some(Instant::now());
    }
    Ok(())
}
