//! Foresight's child of the supervisor: an actor around what goes on by itself.
//!
//! How to get it wrong: working in the actor. Its heartbeat would stop while a busy pool's month is replayed.

use actix::prelude::*;
use tokio::sync::watch;

use super::forecaster::Forecaster;
use super::keep::keep;
use crate::supervisor::Heartbeat;

/// What the actor needs.
#[derive(Clone)]
pub(crate) struct ForesightDependencies {
    /// Who works it out.
    pub(crate) forecaster: Forecaster,
    /// True from the first signal on.
    pub(crate) stopping: watch::Receiver<bool>,
    /// It works on its threads, not on the actors'.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// Foresight's child.
pub(crate) struct ForesightActor {
    deps: ForesightDependencies,
    heartbeat: Heartbeat,
    keeping: Option<tokio::task::AbortHandle>,
}

impl ForesightActor {
    pub(crate) fn new(deps: ForesightDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, keeping: None }
    }
}

impl Actor for ForesightActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let ForesightDependencies { forecaster, stopping, runtime } = self.deps.clone();
        let log = forecaster.0.log.clone();
        let work = runtime.spawn(keep(forecaster, stopping));
        self.keeping = Some(work.abort_handle());
        ctx.spawn(work.into_actor(self).map(move |ended, _, ctx| {
            if let Err(panicked) = ended {
                slog::error!(log, "foresight panicked"; "error" => panicked.to_string());
            }
            ctx.stop();
        }));
    }
}

impl Drop for ForesightActor {
    fn drop(&mut self) {
        if let Some(keeping) = self.keeping.take() {
            keeping.abort();
        }
    }
}
