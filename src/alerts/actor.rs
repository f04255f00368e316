//! The alerts' child of the supervisor: an actor around the judge.
//!
//! How to get it wrong: ending the actor when the judge stops in order. It would be started again while the process ends.

use std::sync::Arc;

use actix::prelude::*;

use super::courier::Courier;
use super::events_refused::keep_counting;
use super::judge::Judge;
use super::judging::keep_judging;
use super::lane::keep_carrying;
use super::seen_at_twilio::keep_looks;
use super::sign_of_life::keep_alive;
use crate::supervisor::{BackgroundWork, Health, Heartbeat};

/// What the actor needs.
#[derive(Clone)]
pub(crate) struct AlertsDependencies {
    /// Who judges here, if it is this instance's turn.
    pub(crate) judge: Judge,
    /// What carries messages.
    pub(crate) courier: Courier,
    /// The parts that must not be stuck while signs of life are given.
    pub(crate) health: Vec<Arc<Health>>,
    /// It works on its threads, not on the actors'.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The alerts' child.
pub(crate) struct AlertsActor {
    /// Before the heartbeat, whose drop calls the next incarnation: that one goes on with what this one left.
    working: Option<BackgroundWork>,
    deps: AlertsDependencies,
    heartbeat: Heartbeat,
}

impl AlertsActor {
    pub(crate) fn new(deps: AlertsDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, working: None }
    }
}

impl Actor for AlertsActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let (judge, courier) = (self.deps.judge.clone(), self.deps.courier.clone());
        let health = self.deps.health.clone();
        let work = async move {
            // One of them never ends: what stopped in order is not started again.
            tokio::join!(
                keep_judging(judge.clone()),
                keep_looks(judge.clone()),
                keep_counting(judge),
                keep_carrying(courier.clone()),
                keep_alive(courier, health)
            );
        };
        let log = self.deps.judge.log.clone();
        self.working = Some(BackgroundWork::start(ctx, &self.deps.runtime, work, "the alerts' part panicked", log));
    }
}
