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
use crate::supervisor::{BackgroundWork, Heartbeat};

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
    /// Before the heartbeat, whose drop calls the next incarnation: that one goes on with what this one left.
    working: Option<BackgroundWork>,
    deps: AuditDependencies,
    heartbeat: Heartbeat,
}

impl AuditActor {
    pub(crate) fn new(deps: AuditDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, working: None }
    }
}

impl Actor for AuditActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let deps = self.deps.clone();
        let work = async move {
            tokio::join!(
                writer::write(deps.audit, deps.db.clone(), deps.log.clone()),
                forget_what_is_too_old(deps.db, deps.config, deps.log)
            );
        };
        let log = self.deps.log.clone();
        self.working = Some(BackgroundWork::start(ctx, &self.deps.runtime, work, "the audit's writer panicked", log));
    }
}
