//! What every child carries: the beat that shows that it lives, and the word to the supervisor when it is gone.
//!
//! Invariant: it is dropped with the child, however that ends.
//! How to get it wrong: letting a task of its own carry it. It would outlive the child.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;

use super::health::Health;

/// How often an idle child shows that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// An incarnation of a child is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct ChildEnded {
    pub(super) name: &'static str,
    pub(super) incarnation: u64,
}

/// Carried by every child: its drop is how the supervisor learns that the child is gone.
pub(crate) struct Heartbeat {
    health: Arc<Health>,
    supervisor: Recipient<ChildEnded>,
    incarnation: u64,
}

impl Heartbeat {
    /// Of this incarnation; its end is told to `supervisor`.
    pub(super) fn new(health: Arc<Health>, supervisor: Recipient<ChildEnded>, incarnation: u64) -> Self {
        Self { health, supervisor, incarnation }
    }

    /// Beats as long as `ctx` runs.
    pub(crate) fn beat_from<A>(&self, ctx: &mut Context<A>)
    where
        A: Actor<Context = Context<A>>,
    {
        let health = Arc::clone(&self.health);
        health.beat();
        ctx.run_interval(BEAT_EVERY, move |_, _| health.beat());
    }

    /// The health, for a child that beats or works by itself.
    #[must_use]
    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }
}

impl Drop for Heartbeat {
    #[expect(
        clippy::disallowed_methods,
        reason = "a drop cannot wait, and the supervisor's mailbox must take this one, full or not"
    )]
    fn drop(&mut self) {
        self.health.end();
        self.supervisor.do_send(ChildEnded { name: self.health.name(), incarnation: self.incarnation });
    }
}
