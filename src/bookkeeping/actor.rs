//! The bookkeeper's child of the supervisor: an actor around the rounds.

use actix::prelude::*;

use super::bookkeeper::Bookkeeper;
use super::rounds::keep_books;
use crate::supervisor::Heartbeat;

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
    deps: BookkeeperDependencies,
    heartbeat: Heartbeat,
    working: Option<tokio::task::AbortHandle>,
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
        let work = self.deps.runtime.spawn(keep_books(self.deps.bookkeeper.clone()));
        self.working = Some(work.abort_handle());
        let log = self.deps.bookkeeper.log.clone();
        ctx.spawn(work.into_actor(self).map(move |ended, _, ctx| {
            if let Err(panicked) = ended {
                slog::error!(log, "the bookkeeper panicked"; "error" => panicked.to_string());
            }
            ctx.stop();
        }));
    }
}

impl Drop for BookkeeperActor {
    fn drop(&mut self) {
        // The next incarnation goes on: all that is remembered stands in the database.
        if let Some(working) = self.working.take() {
            working.abort();
        }
    }
}
