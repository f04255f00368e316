//! The recycler's child of the supervisor: an actor around its loops.
//!
//! How to get it wrong: ending the actor when a loop stops in order. It would be started again while the process ends.

use actix::prelude::*;

use super::count::keep_counting;
use super::notice::keep_noticing;
use super::recycle::keep_recycling;
use super::recycler::Recycler;
use super::sweep::keep_sweeping;
use crate::supervisor::{BackgroundWork, Heartbeat};

/// The recycler's child.
pub(crate) struct RecyclerActor {
    /// Before the heartbeat, whose drop calls the next incarnation: that one goes on with what this one left.
    working: Option<BackgroundWork>,
    recycler: Recycler,
    heartbeat: Heartbeat,
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
        let work = async move {
            // None of them ends: what stopped in order is not started again.
            tokio::join!(
                keep_sweeping(recycler.clone()),
                keep_recycling(recycler.clone()),
                keep_counting(recycler.clone()),
                keep_noticing(recycler)
            );
        };
        let log = self.recycler.log.clone();
        self.working = Some(BackgroundWork::start(ctx, &self.recycler.runtime, work, "the recycler panicked", log));
    }
}
