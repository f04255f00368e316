//! The bookkeeper's child of the supervisor: an actor around the rounds.

use actix::prelude::*;

use super::bookkeeper::Bookkeeper;
use super::rounds::keep_books;
use crate::supervisor::{BackgroundWork, Heartbeat};

/// What the actor needs.
#[derive(Clone)]
pub(crate) struct BookkeeperDependencies {
    /// Who keeps the books.
    pub(crate) bookkeeper: Bookkeeper,
    /// It works on its threads, not on the actors'.
    pub(crate) runtime: tokio::runtime::Handle,
}

/// The bookkeeper's child.
pub(crate) struct BookkeeperActor {
    /// Before the heartbeat, whose drop calls the next incarnation: that one goes on with what this one left.
    working: Option<BackgroundWork>,
    deps: BookkeeperDependencies,
    heartbeat: Heartbeat,
}

impl BookkeeperActor {
    pub(crate) fn new(deps: BookkeeperDependencies, heartbeat: Heartbeat) -> Self {
        Self { deps, heartbeat, working: None }
    }
}

impl Actor for BookkeeperActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let work = keep_books(self.deps.bookkeeper.clone());
        let log = self.deps.bookkeeper.log.clone();
        self.working = Some(BackgroundWork::start(ctx, &self.deps.runtime, work, "the bookkeeper panicked", log));
    }
}
