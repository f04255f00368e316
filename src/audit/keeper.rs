//! The audit's child of the supervisor: an actor around the writer, which also clears away what is too old.
//!
//! Invariant: what is cleared away is bounded, so that a long pause of the daemon does not hold a lock for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use arc_swap::ArcSwap;

use super::{AuditLog, writer};
use crate::config::Config;
use crate::db::audit::{audit_forget, audit_retention_set};
use crate::db::sessions::sessions_forget_expired;
use crate::db::{Db, DbError};
use crate::supervisor::Heartbeat;

const LOOK_EVERY: Duration = Duration::from_secs(10);
const SESSIONS_EVERY: Duration = Duration::from_secs(60);
const AUDIT_EVERY: Duration = Duration::from_secs(24 * 3600);
/// Rows of one statement, and statements of one day.
const FORGET_BATCH: usize = 1000;
const FORGET_BATCHES_MAX: usize = 500;

/// What the keeper needs.
#[derive(Clone)]
pub(crate) struct KeeperDependencies {
    /// The queue.
    pub audit: AuditLog,
    /// Where it goes.
    pub db: Db,
    /// How long it stays there.
    pub config: Arc<ArcSwap<Config>>,
    /// The writer works on its threads, not on the actors'.
    pub runtime: tokio::runtime::Handle,
    /// The log.
    pub log: slog::Logger,
}

/// The audit's child.
pub(crate) struct AuditKeeper {
    deps: KeeperDependencies,
    heartbeat: Heartbeat,
    writing: Option<tokio::task::AbortHandle>,
}

impl AuditKeeper {
    pub(crate) fn new(deps: KeeperDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, writing: None }
    }
}

impl Actor for AuditKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let deps = self.deps.clone();
        let work = self.deps.runtime.spawn(async move {
            tokio::join!(writer::write(deps.audit.clone(), deps.db.clone(), deps.log.clone()), keep(&deps));
        });
        self.writing = Some(work.abort_handle());
        let log = self.deps.log.clone();
        ctx.spawn(work.into_actor(self).map(move |ended, _, ctx| {
            if let Err(panicked) = ended {
                slog::error!(log, "the audit's writer panicked"; "error" => panicked.to_string());
            }
            ctx.stop();
        }));
    }
}

impl Drop for AuditKeeper {
    fn drop(&mut self) {
        // The next incarnation writes what this one left.
        if let Some(writing) = self.writing.take() {
            writing.abort();
        }
    }
}

/// When each duty was done last.
#[derive(Default)]
struct Done {
    retention_days: Option<u64>,
    sessions: Option<Instant>,
    audit: Option<Instant>,
}

async fn keep(deps: &KeeperDependencies) {
    let mut done = Done::default();
    loop {
        if let Err(error) = duties(deps, &mut done).await {
            slog::debug!(deps.log, "what is too old stays for now"; "error" => error.in_full());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn duties(deps: &KeeperDependencies, done: &mut Done) -> Result<(), DbError> {
    let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
    let days = deps.config.load().audit.retention_days;
    if done.retention_days != Some(days) {
        // Proof of the default: the configuration allows 36,500 at most.
        let wanted = i32::try_from(days).unwrap_or(i32::MAX);
        deps.db.run_patiently("audit_retention_set", move |conn| audit_retention_set(conn, wanted)).await?;
        done.retention_days = Some(days);
    }
    if is_due(done.sessions, SESSIONS_EVERY) {
        deps.db.run_patiently("sessions_forget_expired", |conn| sessions_forget_expired(conn, 1000)).await?;
        done.sessions = Some(Instant::now());
    }
    if is_due(done.audit, AUDIT_EVERY) {
        let mut forgotten = 0;
        for _batch in 0..FORGET_BATCHES_MAX {
            let limit = i64::try_from(FORGET_BATCH).unwrap_or(i64::MAX);
            let gone = deps.db.run_patiently("audit_forget", move |conn| audit_forget(conn, limit)).await?;
            forgotten += gone;
            if gone < FORGET_BATCH {
                break;
            }
        }
        if forgotten > 0 {
            slog::info!(deps.log, "old audit rows were deleted"; "rows" => forgotten);
        }
        done.audit = Some(Instant::now());
    }
    Ok(())
}
