//! The PoolMonitor's shell: activations in, passes one at a time.
//!
//! Invariants: one pass at a time (`AtomicResponse`); a tick that finds the mailbox full is dropped, because one is
//! pending already; after a pass that bought nothing, signups do not set off another before a back-off is over.
//! How to get it wrong: counting stock for every signup. The look is bounded by the threshold, and at most one is pending.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use chrono::Utc;
use tokio::sync::Notify;

use super::dependencies::MonitorDependencies;
use super::maintenance::Maintenance;
use super::pass::{self, PassReport};
use super::sampler::Sampler;
use crate::db::DbError;
use crate::db::stock::{stock_available_up_to, stock_glance};
use crate::domain::{PoolName, Trigger, lack};
use crate::supervisor::{ChildGone, Heartbeat, Slot};

/// Looks at stock are at least so far apart, however many signups there are.
const CHECKS_APART: Duration = Duration::from_millis(50);
/// A look without any signup.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Whether maintenance lives is looked at this often.
const MAINTENANCE_LIVES: Duration = Duration::from_secs(5);
const LOCKED_PAUSE: Duration = Duration::from_secs(1);
const BACK_OFF_FIRST: Duration = Duration::from_secs(5);
const BACK_OFF_MAX: Duration = Duration::from_secs(300);

/// Keeps the pool as the policy wants it.
pub(crate) struct PoolMonitor {
    deps: MonitorDependencies,
    warm: bool,
    last_check: Instant,
    failures: u32,
    quiet_until: Option<Instant>,
    sampler: Option<Sampler>,
    maintenance: Option<Maintenance>,
    /// Rung by maintenance when buying is open again after a halt.
    reopened: Arc<Notify>,
    heartbeat: Heartbeat,
}

/// How others reach the monitor.
#[derive(Clone)]
pub struct MonitorHandle {
    slot: Slot<PoolMonitor>,
}

/// Why a pass gave no report.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The monitor died meanwhile.
    #[error(transparent)]
    Gone(#[from] ChildGone),
    /// PostgreSQL failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl MonitorHandle {
    pub(crate) fn new(slot: Slot<PoolMonitor>) -> Self {
        Self { slot }
    }

    /// Sets a pass off without waiting for it; a pending one will do.
    pub fn activate(&self, trigger: Trigger) {
        self.slot.tell(Pass(trigger));
    }

    /// Runs a pass and waits for its report.
    ///
    /// # Errors
    /// When the monitor dies meanwhile, or PostgreSQL fails.
    pub async fn pass(&self, trigger: Trigger) -> Result<PassReport, MonitorError> {
        Ok(self.slot.ask(Pass(trigger)).await??)
    }
}

#[derive(Message)]
#[rtype(result = "Result<PassReport, DbError>")]
struct Pass(Trigger);

/// Look whether a pass is needed.
#[derive(Message)]
#[rtype(result = "()")]
struct CheckStock;

/// Buying is open again after a halt.
#[derive(Message)]
#[rtype(result = "()")]
struct Reopened;

impl PoolMonitor {
    pub(crate) fn new(deps: MonitorDependencies, heartbeat: Heartbeat) -> Self {
        Self {
            deps,
            warm: false,
            last_check: Instant::now(),
            failures: 0,
            quiet_until: None,
            sampler: None,
            maintenance: None,
            reopened: Arc::default(),
            heartbeat,
        }
    }

    /// A pass that was set off by stock itself bought nothing: the next such waits, longer each time.
    fn remember(&mut self, outcome: &Result<PassReport, DbError>) {
        match outcome {
            Ok(report) if report.purchased_count > 0 => self.begin_anew(),
            // Somebody else is buying: what is still needed shows when they are done.
            Ok(report) if report.reason == "locked" => self.quiet_until = Some(Instant::now() + LOCKED_PAUSE),
            Ok(_) | Err(_) => {
                let wait = (BACK_OFF_FIRST * 2u32.pow(self.failures.min(10))).min(BACK_OFF_MAX);
                self.failures += 1;
                self.quiet_until = Some(Instant::now() + wait);
            }
        }
        let wait = self.quiet_until.map(|until| until.saturating_duration_since(Instant::now()));
        // For people: a clock that steps changes what is told, not what is done.
        self.deps.quiet_until.send_replace(wait.map(|wait| Utc::now() + wait));
    }

    /// The next look decides by the stock alone.
    fn begin_anew(&mut self) {
        (self.failures, self.quiet_until) = (0, None);
        self.deps.quiet_until.send_replace(None);
    }
}

impl Actor for PoolMonitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(16);
        self.heartbeat.beat_from(ctx);
        self.begin_anew();
        self.sampler = Some(Sampler::start(self.deps.clone()));
        ctx.notify(CheckStock);
        ctx.run_interval(CHECK_EVERY, |_, ctx| {
            // Full: one is pending already.
            let _ = ctx.address().try_send(CheckStock);
        });
        self.maintenance = Some(Maintenance::start(self.deps.clone(), Arc::clone(&self.reopened)));
        ctx.run_interval(MAINTENANCE_LIVES, |monitor, _ctx| {
            if monitor.maintenance.as_ref().is_some_and(Maintenance::is_dead) {
                slog::error!(monitor.deps.log, "the caretaker of numbers died and is replaced");
                monitor.maintenance = Some(Maintenance::start(monitor.deps.clone(), Arc::clone(&monitor.reopened)));
            }
        });
        let (taken, monitor) = (Arc::clone(&self.deps.taken), ctx.address().downgrade());
        let listen = async move {
            loop {
                taken.notified().await;
                let Some(monitor) = monitor.upgrade() else { return };
                let _ = monitor.try_send(CheckStock);
                tokio::time::sleep(CHECKS_APART).await;
            }
        };
        ctx.spawn(listen.into_actor(self));
        let (reopened, monitor) = (Arc::clone(&self.reopened), ctx.address().downgrade());
        let listen = async move {
            loop {
                reopened.notified().await;
                let Some(monitor) = monitor.upgrade() else { return };
                // Full: a look is pending already.
                let _ = monitor.try_send(Reopened);
            }
        };
        ctx.spawn(listen.into_actor(self));
    }
}

impl Handler<Pass> for PoolMonitor {
    type Result = AtomicResponse<Self, Result<PassReport, DbError>>;

    fn handle(&mut self, Pass(trigger): Pass, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("pool_monitor");
        let (deps, working) = (self.deps.clone(), self.heartbeat.health().work());
        let work = async move {
            let report = pass::run(&deps, trigger).await;
            drop(working);
            report
        };
        let done = work.into_actor(self).map(|report, monitor, _ctx| {
            if report.as_ref().is_ok_and(|report| report.purchased_count > 0) {
                monitor.remember(&report);
            }
            report
        });
        AtomicResponse::new(Box::pin(done))
    }
}

impl Handler<CheckStock> for PoolMonitor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: CheckStock, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("pool_monitor");
        self.last_check = Instant::now();
        let quiet = self.quiet_until.is_some_and(|until| Instant::now() < until);
        if quiet || *self.deps.stopping.borrow() {
            return AtomicResponse::new(Box::pin(std::future::ready(()).into_actor(self)));
        }
        let trigger = if self.warm { Trigger::Threshold } else { Trigger::WarmStart };
        let (deps, working) = (self.deps.clone(), self.heartbeat.health().work());
        let work = async move {
            let outcome = if is_low(&deps).await { Some(pass::run(&deps, trigger).await) } else { None };
            drop(working);
            outcome
        };
        let done = work.into_actor(self).map(|outcome, monitor, _ctx| match outcome {
            Some(outcome) => {
                if let Err(error) = &outcome {
                    slog::warn!(monitor.deps.log, "a pass must wait"; "error" => error.in_full());
                }
                monitor.warm |= outcome.is_ok();
                monitor.remember(&outcome);
            }
            None => monitor.warm = true,
        });
        AtomicResponse::new(Box::pin(done))
    }
}

/// Whether stock is below the threshold, or everything owned below `pool.total_min`. Counted no further than the policy
/// asks, whatever is so: this happens up to twenty times a second.
async fn is_low(deps: &MonitorDependencies) -> bool {
    let policy = deps.config.load().pool.policy();
    let enough = policy.threshold_low.max(policy.total_min);
    if enough == 0 {
        return false;
    }
    let few = deps
        .db
        .run("stock_available_up_to", move |conn| stock_available_up_to(conn, &PoolName::default_pool(), enough))
        .await;
    if few.is_ok_and(|few| few >= enough) {
        return false;
    }
    let glance =
        move |conn: &mut crate::db::Connection| stock_glance(conn, &PoolName::default_pool(), enough, policy.total_min);
    match deps.db.run("stock_glance", glance).await {
        Ok(seen) => lack(&policy, seen.idle, seen.assigned).is_some(),
        Err(_unavailable) => false,
    }
}

impl Handler<Reopened> for PoolMonitor {
    type Result = ();

    fn handle(&mut self, _: Reopened, ctx: &mut Self::Context) {
        self.begin_anew();
        ctx.notify(CheckStock);
    }
}
