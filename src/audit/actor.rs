//! The audit's child of the supervisor: an actor around the writer and around what forgets.
//!
//! How to get it wrong: ending the actor while its work goes on. The next incarnation would write the same rows.

use std::sync::Arc;

use actix::prelude::*;
use arc_swap::ArcSwap;

use super::retention::forget_what_is_too_old;
use super::{AuditLog, writer};
use crate::config::Config;
use crate::db::Db;
use crate::supervisor::Heartbeat;

/// What the actor needs.
#[derive(Clone)]
pub(crate) struct AuditDependencies {
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
pub(crate) struct AuditActor {
    deps: AuditDependencies,
    heartbeat: Heartbeat,
    writing: Option<tokio::task::AbortHandle>,
}

impl AuditActor {
    pub(crate) fn new(deps: AuditDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, writing: None }
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let deps = self.deps.clone();
        let work = self.deps.runtime.spawn(async move {
            tokio::join!(
                writer::write(deps.audit, deps.db.clone(), deps.log.clone()),
                forget_what_is_too_old(deps.db, deps.config, deps.log)
            );
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

impl Drop for AuditActor {
    fn drop(&mut self) {
        // The next incarnation writes what this one left.
        if let Some(writing) = self.writing.take() {
            writing.abort();
        }
    }
}
