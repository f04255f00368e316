//! The recycler's child of the supervisor: an actor around its loops.
//!
//! How to get it wrong: ending the actor when a loop stops in order. It would be started again while the process ends.

use actix::prelude::*;

use super::notice::keep_noticing;
use super::recycle::keep_recycling;
use super::recycler::Recycler;
use super::sweep::keep_sweeping;
use crate::supervisor::Heartbeat;

/// The recycler's child.
pub(crate) struct RecyclerActor {
    recycler: Recycler,
    heartbeat: Heartbeat,
    working: Option<tokio::task::AbortHandle>,
}

impl RecyclerActor {
    pub(crate) fn new(recycler: Recycler, heartbeat: Heartbeat) -> Self {
        Self { recycler, heartbeat, working: None }
    }
}

impl Actor for RecyclerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.heartbeat.beat_from(ctx);
        let recycler = self.recycler.clone();
        let work = self.recycler.runtime.spawn(async move {
            // None of them ends: what stopped in order is not started again.
            tokio::join!(keep_sweeping(recycler.clone()), keep_recycling(recycler.clone()), keep_noticing(recycler));
        });
        self.working = Some(work.abort_handle());
        let log = self.recycler.log.clone();
        ctx.spawn(work.into_actor(self).map(move |ended, _, ctx| {
            if let Err(panicked) = ended {
                slog::error!(log, "the recycler panicked"; "error" => panicked.to_string());
            }
            ctx.stop();
        }));
    }
}

impl Drop for RecyclerActor {
    fn drop(&mut self) {
        // The next incarnation goes on: all that is remembered stands in the database.
        if let Some(working) = self.working.take() {
            working.abort();
        }
    }
}
