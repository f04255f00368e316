//! The desk's shell: gathers, sends one statement at a time, keeps the waitlist.
//!
//! Invariants: a statement that fails for want of a database fails everybody gathered behind it too, so nobody queues for
//! a dead database; every request is answered, if only by the drop of its reply when the desk dies.
//! How to get it wrong: waiting in a handler. The desk hands work over and returns, so that the next signups can gather.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio::sync::Notify;
use uuid::Uuid;

use super::ask::{Ask, NoNumber};
use super::batch::{Found, serve};
use super::refusals::{Refusals, Writing};
use super::reply::Reply;
use super::served::{Replies, Served, answer_served, refuse};
use super::waitlist::{Verdict, Waitlist};
use crate::config::Config;
use crate::db::assignments::CLAIM_MAX;
use crate::db::{Db, DbError, StockBell};
use crate::purchaser::PurchaserHandle;
use crate::supervisor::Heartbeat;

/// Requests in one statement.
const BATCH_MAX: usize = CLAIM_MAX;
/// Requests that may wait for the desk to look at them.
const MAILBOX_MAX: usize = 8192;
/// The waitlist is looked at this often, whatever news there is.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// What the desk needs.
#[derive(Clone)]
pub(crate) struct DeskDependencies {
    /// Where assignments live.
    pub db: Db,
    /// Who buys for the waitlist.
    pub purchaser: PurchaserHandle,
    /// `purchase.emergency_wait_ms`.
    pub config: Arc<ArcSwap<Config>>,
    /// Rung when a number became assignable; told when somebody waits.
    pub bell: StockBell,
    /// Rung by the desk when it took some.
    pub taken: Arc<Notify>,
    /// Rung by the desk when somebody joins the waitlist: the monitor repairs stock that is not ready.
    pub unready: Arc<Notify>,
    /// Where refused signups are counted.
    pub refusals: Refusals,
    /// This process, on the database's waitlist.
    pub instance_id: Uuid,
    /// The log.
    pub log: slog::Logger,
}

/// The assignment desk.
pub(crate) struct Desk {
    pub(super) deps: DeskDependencies,
    pub(super) gathered: Vec<(Ask, Reply)>,
    pub(super) serving: bool,
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
    writing: Option<Writing>,
    pub(super) heartbeat: Heartbeat,
}

/// A signup asks.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct AskDesk(pub(super) Ask, pub(super) Reply);

/// Stock may have come.
#[derive(Message)]
#[rtype(result = "()")]
struct StockMoved;

impl Desk {
    pub(crate) fn new(deps: DeskDependencies, heartbeat: Heartbeat) -> Self {
        Self {
            deps,
            gathered: Vec::new(),
            serving: false,
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

    /// Sends whoever has gathered, if no statement is in flight.
    fn serve_next(&mut self, ctx: &mut Context<Self>) {
        if self.serving || self.gathered.is_empty() {
            return;
        }
        let rest = self.gathered.split_off(self.gathered.len().min(BATCH_MAX));
        let batch = std::mem::replace(&mut self.gathered, rest);
        let mut asks: Vec<Ask> = Vec::with_capacity(batch.len());
        let mut replies: Replies = HashMap::with_capacity(batch.len());
        for (ask, reply) in batch {
            let same_user = replies.entry(ask.user_id.clone()).or_insert_with(|| {
                asks.push(ask);
                Vec::new()
            });
            same_user.push(reply);
        }
        self.serving = true;
        let db = self.deps.db.clone();
        let log = self.deps.log.clone();
        let work = async move {
            // Whoever is served is answered from the database's thread, without the way back through this one; the
            // desk itself learns who was not.
            let left = Arc::new(Mutex::new(replies));
            let answering = Arc::clone(&left);
            let outcome = db
                .run("assignments_serve", move |conn| {
                    let found = serve(conn, &asks)?;
                    if found.values().any(|found| matches!(found, Found::Given(_))) {
                        fail::fail_point!("assign_claimed");
                    }
                    Ok(answer_served(&log, found, asks, &answering))
                })
                .await;
            (outcome, left)
        };
        ctx.spawn(work.into_actor(self).map(|(outcome, left), desk, ctx| desk.served(outcome, &left, ctx)));
    }

    fn served(&mut self, outcome: Result<Served, DbError>, left: &Mutex<Replies>, ctx: &mut Context<Self>) {
        self.serving = false;
        let mut left = std::mem::take(&mut *left.lock().unwrap_or_else(PoisonError::into_inner));
        match outcome {
            Err(error) => self.fail(&error, left.into_values().flatten()),
            Ok(served) => {
                let deadline = Instant::now() + self.deps.config.load().purchase.emergency_wait();
                if !served.empty.is_empty() {
                    self.deps.unready.notify_one();
                }
                for ask in served.empty {
                    let waiting = left.remove(&ask.user_id).unwrap_or_default();
                    self.waitlist.join(&ask, deadline, waiting);
                    self.deps.bell.somebody_waits.store(true, Ordering::Relaxed);
                }
                if served.took {
                    self.deps.taken.notify_one();
                }
                if !self.waitlist.is_empty() {
                    self.poll_waitlist(ctx);
                }
            }
        }
        self.serve_next(ctx);
    }

    /// Fails a batch; for want of a database, everybody gathered behind it as well.
    fn fail(&mut self, error: &DbError, batch: impl Iterator<Item = Reply>) {
        if error.is_unavailable() {
            slog::warn!(self.deps.log, "signups fail: the database is unavailable"; "error" => error.in_full());
            let behind = std::mem::take(&mut self.gathered);
            refuse(batch.chain(behind.into_iter().map(|(_, reply)| reply)), &NoNumber::DatabaseUnavailable);
        } else {
            slog::error!(self.deps.log, "signups fail"; "error" => error.in_full());
            refuse(batch, &NoNumber::Internal);
        }
    }
}

impl Actor for Desk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_MAX);
        self.heartbeat.beat_from(ctx);
        let deps = &self.deps;
        self.writing = Some(Writing::start(deps.refusals.clone(), deps.db.clone(), deps.log.clone()));
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

impl Handler<AskDesk> for Desk {
    type Result = ();

    fn handle(&mut self, AskDesk(ask, reply): AskDesk, ctx: &mut Self::Context) {
        fail::fail_point!("desk");
        self.gathered.push((ask, reply));
        self.serve_next(ctx);
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
