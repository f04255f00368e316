//! Foresight's child of the supervisor: an actor around what goes on by itself.
//!
//! How to get it wrong: working in the actor. Its heartbeat would stop while a busy pool's month is replayed.

use actix::prelude::*;
use tokio::sync::watch;

use super::forecaster::Forecaster;
use super::keep::keep;
use crate::supervisor::{BackgroundWork, Heartbeat};

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
    /// Before the heartbeat, whose drop calls the next incarnation: that one goes on with what this one left.
    working: Option<BackgroundWork>,
    deps: ForesightDependencies,
    heartbeat: Heartbeat,
}

impl ForesightActor {
    pub(crate) fn new(deps: ForesightDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, working: None }
    }
}

impl Actor for ForesightActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let ForesightDependencies { forecaster, stopping, runtime } = self.deps.clone();
        let log = forecaster.0.log.clone();
        let work = keep(forecaster, stopping);
        self.working = Some(BackgroundWork::start(ctx, &runtime, work, "foresight panicked", log));
    }
}
