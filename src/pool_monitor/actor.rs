//! The PoolMonitor's shell: activations in, passes one at a time.
//!
//! Invariants: one pass at a time (`AtomicResponse`); a tick that finds the mailbox full is dropped, because one is
//! pending already; after a pass that bought nothing for a pool, its signups do not set off another before its back-off is
//! over, and those of other pools do.
//! How to get it wrong: counting stock for every signup. The look is bounded by the thresholds, and at most one is pending.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::back_off::BackOffs;
use super::dependencies::MonitorDependencies;
use super::in_force::InForce;
use super::levels::levels;
use super::maintenance::Maintenance;
use super::pass::{self, PassReport};
use super::sampler::keep_sampling;
use crate::db::DbError;
use crate::domain::{Keys, PoolName, Trigger, lack};
use crate::supervisor::{ChildGone, Heartbeat, Slot};

/// Looks at stock are at least so far apart, however many signups there are.
const CHECKS_APART: Duration = Duration::from_millis(50);
/// A look without any signup.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Whether maintenance lives is looked at this often.
const MAINTENANCE_LIVES: Duration = Duration::from_secs(5);

/// Keeps the pools as their policies want them.
pub(crate) struct PoolMonitor {
    deps: MonitorDependencies,
    /// Pools that had enough once, or a pass: what they lack from then on is no warm start.
    warm: BTreeSet<PoolName>,
    back_offs: BackOffs,
    in_force: InForce,
    sampler: Option<AbortOnDropHandle<()>>,
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

    /// Sets a pass over all pools off without waiting for it; a pending one will do.
    pub fn activate(&self, trigger: Trigger) {
        self.slot.tell(Pass { trigger, only: None });
    }

    /// Runs a pass over all pools, or over one, and waits for its report.
    ///
    /// # Errors
    /// When the monitor dies meanwhile, or PostgreSQL fails.
    pub async fn pass(&self, trigger: Trigger, only: Option<PoolName>) -> Result<PassReport, MonitorError> {
        Ok(self.slot.ask(Pass { trigger, only }).await??)
    }

    /// What the pool lacked is there now: its back-off begins anew, and it is looked at at once.
    pub fn resumed(&self, pool: &PoolName) {
        self.slot.tell(Resumed(pool.clone()));
    }
}

#[derive(Message)]
#[rtype(result = "Result<PassReport, DbError>")]
struct Pass {
    trigger: Trigger,
    /// `None` = all.
    only: Option<PoolName>,
}

/// Look whether a pass is needed.
#[derive(Message)]
#[rtype(result = "()")]
struct CheckStock;

/// Buying is open again after a halt.
#[derive(Message)]
#[rtype(result = "()")]
struct Reopened;

/// The same for one pool, by an operator's word.
#[derive(Message)]
#[rtype(result = "()")]
struct Resumed(PoolName);

impl PoolMonitor {
    pub(crate) fn new(deps: MonitorDependencies, heartbeat: Heartbeat) -> Self {
        Self {
            warm: BTreeSet::new(),
            back_offs: BackOffs::new(deps.quiet_until.clone()),
            in_force: InForce::default(),
            sampler: None,
            maintenance: None,
            reopened: Arc::default(),
            heartbeat,
            deps,
        }
    }

    /// A pass that was set off by stock itself, while the pools had these keys, came to its end.
    fn remember(
        &mut self,
        lacking: &[(PoolName, Trigger)],
        outcome: &Result<PassReport, DbError>,
        keys: &BTreeMap<PoolName, Keys>,
    ) {
        match outcome {
            Ok(report) => {
                self.warm.extend(lacking.iter().map(|(pool, _)| pool.clone()));
                for (pass, keys) in report.pools.iter().filter_map(|pass| Some((pass, keys.get(&pass.pool)?))) {
                    self.back_offs.remember(pass, keys);
                }
            }
            Err(error) => {
                slog::warn!(self.deps.log, "a pass must wait"; "error" => error.in_full());
                lacking.iter().filter_map(|(pool, _)| keys.get(pool)).for_each(|keys| self.back_offs.failed(keys));
            }
        }
    }
}

/// The pools in force, `default` first.
fn in_force(deps: &MonitorDependencies) -> Vec<PoolName> {
    deps.config.load().pools().map(|(name, _)| name.clone()).collect()
}

impl Actor for PoolMonitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(16);
        self.heartbeat.beat_from(ctx);
        self.sampler = Some(keep_sampling(self.deps.clone()));
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

    fn handle(&mut self, Pass { trigger, only }: Pass, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("pool_monitor");
        let (deps, working) = (self.deps.clone(), self.heartbeat.health().work());
        let work = async move {
            let pools = in_force(&deps).into_iter().filter(|pool| only.as_ref().is_none_or(|only| only == pool));
            let wanted: Vec<(PoolName, Trigger)> = pools.map(|pool| (pool, trigger)).collect();
            let report = pass::run(&deps, &wanted, &[]).await;
            drop(working);
            report
        };
        let done = work.into_actor(self).map(|report, monitor, _ctx| {
            let bought = report.iter().flat_map(|report| &report.pools).filter(|pass| pass.purchased_count > 0);
            bought.for_each(|pass| monitor.back_offs.begin_anew(&pass.pool));
            report
        });
        AtomicResponse::new(Box::pin(done))
    }
}

/// What a look at all pools came to.
struct Looked {
    /// Pools that have enough.
    full: Vec<PoolName>,
    /// Those that lack something, and what their pass is set off by.
    lacking: Vec<(PoolName, Trigger)>,
    /// What it did; `None` = nothing lacked.
    outcome: Option<Result<PassReport, DbError>>,
}

impl Handler<CheckStock> for PoolMonitor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: CheckStock, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("pool_monitor");
        let keys = self.in_force.look(&self.deps.config);
        self.back_offs.keep(&keys);
        self.warm.retain(|pool| keys.contains_key(pool));
        let open: BTreeSet<PoolName> = keys.keys().filter(|pool| !self.back_offs.is_quiet(pool)).cloned().collect();
        if open.is_empty() || *self.deps.stopping.borrow() {
            return AtomicResponse::new(Box::pin(std::future::ready(()).into_actor(self)));
        }
        let (deps, warm, working) = (self.deps.clone(), self.warm.clone(), self.heartbeat.health().work());
        let work = async move {
            let looked = look(&deps, open, &warm).await;
            drop(working);
            looked
        };
        let done = work.into_actor(self).map(move |looked, monitor, _ctx| {
            let Some(Looked { full, lacking, outcome }) = looked else { return };
            monitor.warm.extend(full);
            if let Some(outcome) = outcome {
                monitor.remember(&lacking, &outcome, &keys);
            }
        });
        AtomicResponse::new(Box::pin(done))
    }
}

/// Looks which of `open` have stock below their threshold, or everything owned below their `total_min`, and fills these;
/// `None` = nobody knows. Counted no further than the policies ask, whatever is so: this happens up to twenty times a second.
async fn look(deps: &MonitorDependencies, open: BTreeSet<PoolName>, warm: &BTreeSet<PoolName>) -> Option<Looked> {
    let levels = levels(deps, &open).await.ok()?;
    let lacks = |pool: &PoolName| {
        let level = levels.iter().find(|level| level.pool == *pool);
        level.is_some_and(|level| lack(&level.policy, level.idle, level.assigned).is_some())
    };
    let (lacking, full): (Vec<PoolName>, Vec<PoolName>) = open.into_iter().partition(lacks);
    let trigger = |pool: &PoolName| if warm.contains(pool) { Trigger::Threshold } else { Trigger::WarmStart };
    let lacking: Vec<(PoolName, Trigger)> = lacking
        .into_iter()
        .map(|pool| {
            let trigger = trigger(&pool);
            (pool, trigger)
        })
        .collect();
    // They have enough now, and may not before the pass is over.
    let watched: Vec<(PoolName, Trigger)> = full.iter().map(|pool| (pool.clone(), Trigger::Threshold)).collect();
    let outcome = if lacking.is_empty() { None } else { Some(pass::run(deps, &lacking, &watched).await) };
    Some(Looked { full, lacking, outcome })
}

impl Handler<Reopened> for PoolMonitor {
    type Result = ();

    fn handle(&mut self, _: Reopened, ctx: &mut Self::Context) {
        self.back_offs.all_begin_anew();
        ctx.notify(CheckStock);
    }
}

impl Handler<Resumed> for PoolMonitor {
    type Result = ();

    fn handle(&mut self, Resumed(pool): Resumed, ctx: &mut Self::Context) {
        self.back_offs.begin_anew(&pool);
        self.deps.attacher.begin_anew();
        ctx.notify(CheckStock);
    }
}
