//! Starts the children in order, notices when one is gone, starts a fresh one, and gives up loudly.
//!
//! `actix::Supervisor` does not survive a panic: every later message answers "Mailbox has closed" and the process limps
//! on. Here each child carries a [`Heartbeat`], whose drop tells us, however the child ended; callers reach children through
//! a [`Slot`], which always names the living incarnation. Messages in a dead child's hands answer [`ChildGone`].
//! Invariant: more than `supervisor.restarts_max` restarts within `supervisor.window_secs` end the process with 1.
//! How to get it wrong: keeping an `Addr` of a child anywhere but in its slot.

mod health;
mod heartbeat;
mod slot;
mod work;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use tokio::sync::watch;

use crate::telemetry::Telemetry;
use heartbeat::ChildEnded;

pub(crate) use health::{Health, Working};
pub(crate) use heartbeat::Heartbeat;
pub(crate) use slot::{ChildGone, Slot};
pub(crate) use work::BackgroundWork;

/// Builds one incarnation of a child and puts it into its slot.
type Factory = Box<dyn FnMut(Heartbeat)>;

struct Child {
    health: Arc<Health>,
    incarnation: u64,
    start: Factory,
}

/// The supervisor. It owns the children's factories; the children live in their slots.
pub(crate) struct Supervisor {
    children: Vec<Child>,
    restarts: VecDeque<Instant>,
    restarts_max: usize,
    window: Duration,
    gave_up: watch::Sender<bool>,
    stopping: watch::Receiver<bool>,
    telemetry: Telemetry,
    log: slog::Logger,
}

/// The children to supervise, in the order in which they start.
#[derive(Default)]
pub(crate) struct Children(Vec<(Arc<Health>, Factory)>);

impl Children {
    /// Adds a child; returns its health.
    pub(crate) fn add(&mut self, name: &'static str, start: impl FnMut(Heartbeat) + 'static) -> Arc<Health> {
        let health = Arc::new(Health::new(name));
        self.0.push((Arc::clone(&health), Box::new(start)));
        health
    }
}

impl Supervisor {
    /// Starts all children. `gave_up` turns true when there were too many restarts; while `stopping` is true, nobody is
    /// started again.
    pub(crate) fn start_all(
        children: Children,
        restarts_max: u32,
        window: Duration,
        gave_up: watch::Sender<bool>,
        stopping: watch::Receiver<bool>,
        telemetry: Telemetry,
        log: slog::Logger,
    ) -> Addr<Self> {
        children.0.iter().for_each(|(health, _)| telemetry.child_exists(health.name()));
        let children = children.0.into_iter().map(|(health, start)| Child { health, incarnation: 0, start }).collect();
        let restarts_max = restarts_max as usize;
        Self { children, restarts: VecDeque::new(), restarts_max, window, gave_up, stopping, telemetry, log }.start()
    }

    fn start_child(child: &mut Child, supervisor: Addr<Self>) {
        child.incarnation += 1;
        child.health.begin();
        let heartbeat = Heartbeat::new(Arc::clone(&child.health), supervisor.recipient(), child.incarnation);
        (child.start)(heartbeat);
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for child in &mut self.children {
            slog::debug!(self.log, "a part starts"; "part" => child.health.name());
            Self::start_child(child, ctx.address());
        }
    }
}

impl Handler<ChildEnded> for Supervisor {
    type Result = ();

    fn handle(&mut self, ended: ChildEnded, ctx: &mut Self::Context) {
        if *self.stopping.borrow() {
            return;
        }
        let now = Instant::now();
        let is_current =
            |child: &&mut Child| child.health.name() == ended.name && child.incarnation == ended.incarnation;
        let Some(child) = self.children.iter_mut().find(is_current) else { return };
        self.restarts.push_back(now);
        while self.restarts.front().is_some_and(|oldest| now.duration_since(*oldest) > self.window) {
            self.restarts.pop_front();
        }
        if self.restarts.len() > self.restarts_max {
            slog::crit!(self.log, "parts die faster than they can be replaced; the process ends so that it starts afresh";
                "part" => ended.name, "restarts" => self.restarts.len());
            self.gave_up.send_replace(true);
            return;
        }
        slog::error!(self.log, "a part died and is replaced"; "part" => ended.name, "restarts_in_window" => self.restarts.len());
        child.health.restarted();
        self.telemetry.child_restarted(child.health.name());
        Self::start_child(child, ctx.address());
    }
}
