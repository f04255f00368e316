//! Starts the children in order, notices when one is gone, starts a fresh one, and gives up loudly.
//!
//! `actix::Supervisor` does not survive a panic: every later message answers "Mailbox has closed" and the process limps
//! on. Here each child carries a [`Heartbeat`], whose drop tells us, however the child ended; callers reach children through
//! a [`Slot`], which always names the living incarnation. Messages in a dead child's hands answer [`ChildGone`].
//! Invariant: more than `supervisor.restarts_max` restarts within `supervisor.window_secs` end the process with 1.
//! How to get it wrong: keeping an `Addr` of a child anywhere but in its slot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::dev::{MessageResponse, ToEnvelope};
use actix::prelude::*;
use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use crate::telemetry::Telemetry;

/// How often an idle child shows that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// An idle child that showed nothing for so long is stuck.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// The child that should have answered is gone; a fresh one starts within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this part of callbunker is restarting; try again in a second")]
pub struct ChildGone;

/// Where the living incarnation of a child is found.
pub(crate) struct Slot<A: Actor>(Arc<ArcSwapOption<Addr<A>>>);

impl<A: Actor> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Actor> Default for Slot<A> {
    fn default() -> Self {
        Self(Arc::new(ArcSwapOption::empty()))
    }
}

impl<A: Actor> Slot<A> {
    /// A new incarnation takes over.
    pub(crate) fn set(&self, addr: Addr<A>) {
        self.0.store(Some(Arc::new(addr)));
    }

    /// Sends without waiting; `false` = the mailbox is full or the child is gone.
    pub(crate) fn tell<M>(&self, message: M) -> bool
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.0.load().as_ref().is_some_and(|addr| addr.try_send(message).is_ok())
    }

    /// Sends and waits for the answer. A task of its own carries the message: whoever stops waiting cancels nothing.
    ///
    /// # Errors
    /// When the child is gone, or goes before it answers.
    pub(crate) async fn ask<M>(&self, message: M) -> Result<M::Result, ChildGone>
    where
        M: Message + Send + 'static,
        M::Result: MessageResponse<A, M> + Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let addr = self.0.load_full().ok_or(ChildGone)?;
        let carried = tokio::spawn(async move { addr.send(message).await });
        carried.await.map_err(|_panicked| ChildGone)?.map_err(|_closed| ChildGone)
    }
}

/// How a child fares, as others see it.
#[derive(Debug)]
pub struct Health {
    name: &'static str,
    started: Instant,
    beat_millis: AtomicU64,
    working: AtomicBool,
    restarts: AtomicU64,
    present: AtomicBool,
}

impl Health {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            started: Instant::now(),
            beat_millis: AtomicU64::new(0),
            working: AtomicBool::new(false),
            restarts: AtomicU64::new(0),
            present: AtomicBool::new(false),
        }
    }

    /// The child's name in logs and in `/readyz`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it runs, and was not stuck lately. A child at work may take its time: its calls have deadlines.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let since_start = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let silent = since_start.saturating_sub(self.beat_millis.load(Ordering::Relaxed));
        let stale = u128::from(silent) > STALE_AFTER.as_millis() && !self.working.load(Ordering::Relaxed);
        self.present.load(Ordering::Relaxed) && !stale
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// It showed a sign of life.
    pub fn beat(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat_millis.store(now, Ordering::Relaxed);
    }

    /// Marks the child as at work until the answer is dropped.
    pub fn work(self: &Arc<Self>) -> Working {
        self.working.store(true, Ordering::Relaxed);
        Working(Arc::clone(self))
    }
}

/// A child's work in progress.
#[derive(Debug)]
pub struct Working(Arc<Health>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.beat();
        self.0.working.store(false, Ordering::Relaxed);
    }
}

/// Carried by every child: its drop is how the supervisor learns that the child is gone.
pub(crate) struct Heartbeat {
    health: Arc<Health>,
    supervisor: Addr<Supervisor>,
    incarnation: u64,
}

impl Heartbeat {
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
        self.health.present.store(false, Ordering::Relaxed);
        self.supervisor.do_send(ChildEnded { name: self.health.name, incarnation: self.incarnation });
    }
}

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
        children.0.iter().for_each(|(health, _)| telemetry.child_exists(health.name));
        let children = children.0.into_iter().map(|(health, start)| Child { health, incarnation: 0, start }).collect();
        let restarts_max = restarts_max as usize;
        Self { children, restarts: VecDeque::new(), restarts_max, window, gave_up, stopping, telemetry, log }.start()
    }

    fn start_child(child: &mut Child, supervisor: Addr<Self>) {
        child.incarnation += 1;
        child.health.present.store(true, Ordering::Relaxed);
        child.health.working.store(false, Ordering::Relaxed);
        child.health.beat();
        let heartbeat = Heartbeat { health: Arc::clone(&child.health), supervisor, incarnation: child.incarnation };
        (child.start)(heartbeat);
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for child in &mut self.children {
            slog::debug!(self.log, "a part starts"; "part" => child.health.name);
            Self::start_child(child, ctx.address());
        }
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct ChildEnded {
    name: &'static str,
    incarnation: u64,
}

impl Handler<ChildEnded> for Supervisor {
    type Result = ();

    fn handle(&mut self, ended: ChildEnded, ctx: &mut Self::Context) {
        if *self.stopping.borrow() {
            return;
        }
        let now = Instant::now();
        let is_current = |child: &&mut Child| child.health.name == ended.name && child.incarnation == ended.incarnation;
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
        child.health.restarts.fetch_add(1, Ordering::Relaxed);
        self.telemetry.child_restarted(child.health.name);
        Self::start_child(child, ctx.address());
    }
}
