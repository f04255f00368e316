//! The desk's shell: has a clerk at the counter, keeps the waitlist.
//!
//! Invariants: a clerk that ends takes the desk with it, and the desk's end closes the counter; every request is answered,
//! if only by the drop of its reply when the desk dies.
//! How to get it wrong: waiting in a handler. News of stock, and those who found nothing, would wait behind it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::clerk::{FoundNothing, Post, serve_line};
use super::counter::{Counter, CounterSlot};
use super::demand::{self, Demand};
use super::refusals::{self, Refusals};
use super::waitlist::{Verdict, Waitlist};
use crate::config::Config;
use crate::db::{Db, StockBell};
use crate::purchaser::PurchaserHandle;
use crate::supervisor::Heartbeat;

/// Batches of signups that found nothing, and news of stock, that may wait for the desk to look at them.
const MAILBOX_MAX: usize = 1024;
/// The waitlist is looked at this often, whatever news there is.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// What the desk needs.
#[derive(Clone)]
pub(crate) struct DeskDependencies {
    /// Where assignments live.
    pub db: Db,
    /// Where signups find the counter.
    pub counters: CounterSlot,
    /// Who buys for the waitlist.
    pub purchaser: PurchaserHandle,
    /// `purchase.emergency_wait_ms`.
    pub config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable; told when somebody waits.
    pub bell: StockBell,
    /// Rung by the clerk when it gave some away.
    pub taken: Arc<Notify>,
    /// Rung by the desk when somebody joins the waitlist: the monitor repairs stock that is not ready.
    pub unready: Arc<Notify>,
    /// Where refused signups are counted.
    pub refusals: Refusals,
    /// Where those are noted who found nothing ready.
    pub demand: Demand,
    /// This process, on the database's waitlist.
    pub instance_id: Uuid,
    /// The log.
    pub log: slog::Logger,
}

/// The assignment desk.
pub(crate) struct Desk {
    pub(super) deps: DeskDependencies,
    counter: Arc<Counter>,
    pub(super) waitlist: Waitlist,
    pub(super) polling: bool,
    pub(super) poll_again: bool,
    pub(super) buying: bool,
    /// Where buying for the waitlist fell short and why.
    pub(super) verdict: Verdict,
    /// The look in flight began under the verdict that stands: an earlier one may have missed what was bought since.
    pub(super) poll_is_judged: bool,
    /// After a run that fell short, the next one waits until then.
    pub(super) buy_again_at: Option<Instant>,
    writing: Option<[AbortOnDropHandle<()>; 2]>,
    pub(super) heartbeat: Heartbeat,
}

/// Stock may have come.
#[derive(Message)]
#[rtype(result = "()")]
struct StockMoved;

impl Desk {
    pub(crate) fn new(deps: DeskDependencies, heartbeat: Heartbeat) -> Self {
        Self {
            deps,
            counter: Arc::default(),
            waitlist: Waitlist::default(),
            polling: false,
            poll_again: false,
            buying: false,
            verdict: Verdict::default(),
            poll_is_judged: false,
            buy_again_at: None,
            writing: None,
            heartbeat,
        }
    }

    /// Has a clerk serve at the counter, for as long as the desk lives.
    fn open(&self, ctx: &mut Context<Self>) {
        let post = Post {
            counter: Arc::clone(&self.counter),
            nothing: ctx.address().recipient(),
            taken: Arc::clone(&self.deps.taken),
            log: self.deps.log.clone(),
        };
        let db = self.deps.db.clone();
        let work = async move { db.employ(move |clerk| serve_line(clerk, &post)).await };
        ctx.spawn(work.into_actor(self).map(|ended, desk, ctx| {
            if let Err(gone) = ended {
                slog::error!(desk.deps.log, "the desk's clerk is gone"; "error" => gone.to_string());
            }
            ctx.stop();
        }));
        self.deps.counters.store(Some(Arc::clone(&self.counter)));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.counter.close();
    }
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_MAX);
        self.heartbeat.beat_from(ctx);
        let deps = &self.deps;
        self.writing = Some([
            refusals::keep_writing(deps.refusals.clone(), deps.db.clone(), deps.log.clone()),
            demand::keep_writing(deps.demand.clone(), deps.db.clone(), deps.log.clone()),
        ]);
        self.open(ctx);
        ctx.run_interval(POLL_EVERY, |desk, ctx| {
            if !desk.waitlist.is_empty() {
                desk.poll_waitlist(ctx);
            }
        });
        let (stock, desk) = (Arc::clone(&self.deps.bell.stock), ctx.address().downgrade());
        let listen = async move {
            loop {
                stock.notified().await;
                match desk.upgrade() {
                    // Full: the one that is pending will look.
                    Some(desk) => drop(desk.try_send(StockMoved)),
                    None => return,
                }
            }
        };
        ctx.spawn(listen.into_actor(self));
    }
}

impl Handler<FoundNothing> for Desk {
    type Result = ();

    fn handle(&mut self, FoundNothing(asks): FoundNothing, ctx: &mut Self::Context) {
        let deadline = Instant::now() + self.deps.config.load().purchase.emergency_wait();
        self.deps.unready.notify_one();
        for (ask, replies) in asks {
            self.deps.demand.note(&ask.pool, &ask.user_id);
            self.waitlist.join(&ask, deadline, replies);
        }
        self.deps.bell.somebody_waits.store(true, Ordering::Relaxed);
        self.poll_waitlist(ctx);
    }
}

impl Handler<StockMoved> for Desk {
    type Result = ();

    fn handle(&mut self, _: StockMoved, ctx: &mut Self::Context) {
        if !self.waitlist.is_empty() {
            self.poll_waitlist(ctx);
        }
    }
}
