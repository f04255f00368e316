//! Cron → "activate". Does no work itself.
//!
//! Invariants: what is due is told to the PoolMonitor and the Reconciler, and its outcome to the audit trail; a tick that
//! finds the one before still pending is dropped. How to get it wrong: trusting that the scheduler's own task lives. A tick each second beats
//! the health; when it stays away, this part ends itself and the supervisor starts a fresh one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::prelude::*;
use arc_swap::ArcSwap;
use serde_json::json;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::audit::{AuditLog, by_cron};
use crate::config::{Config, ScheduleConfig};
use crate::domain::Trigger;
use crate::pool_monitor::{MonitorError, MonitorHandle};
use crate::reconciliation::{Reconciled, ReconcilerHandle, Report};
use crate::supervisor::{Health, Heartbeat};

const CHECK_EVERY: Duration = Duration::from_secs(2);
/// What may wait in each of the scheduler's channels: a few for each job that is due in the same second.
const MESSAGES: usize = 64;

/// Who is told what is due.
#[derive(Clone)]
pub(crate) struct ScheduleTargets {
    /// `schedule.replenish_cron`.
    pub monitor: MonitorHandle,
    /// `schedule.reconcile_cron`.
    pub reconciler: ReconcilerHandle,
    /// What came of it.
    pub audit: AuditLog,
}

/// The schedule.
pub(crate) struct Schedule {
    targets: ScheduleTargets,
    config: Arc<ArcSwap<Config>>,
    in_force: ScheduleConfig,
    scheduler: Option<JobScheduler>,
    log: slog::Logger,
    heartbeat: Heartbeat,
}

impl Schedule {
    pub(crate) fn new(
        targets: ScheduleTargets,
        config: Arc<ArcSwap<Config>>,
        log: slog::Logger,
        heartbeat: Heartbeat,
    ) -> Self {
        let in_force = config.load().schedule.clone();
        Self { targets, config, in_force, scheduler: None, log, heartbeat }
    }
}

async fn start(
    crons: ScheduleConfig,
    targets: ScheduleTargets,
    health: Arc<Health>,
) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new_with_channel_size(MESSAGES).await?;
    let replenishing = targets.clone();
    scheduler.add(job(&crons.replenish_cron, move || pass(replenishing.clone()))?).await?;
    scheduler.add(job(&crons.reconcile_cron, move || compare(targets.clone()))?).await?;
    scheduler.add(Job::new("* * * * * *", move |_, _| health.beat())?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// What is due by `cron`; a tick that finds the one before still at work is dropped.
fn job<F>(cron: &str, mut due: impl FnMut() -> F + Send + Sync + 'static) -> Result<Job, JobSchedulerError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let pending = Arc::new(AtomicBool::new(false));
    Job::new(cron, move |_, _| unless_pending(&pending, &mut due))
}

/// Sets `due` off, unless the one before is still at work.
fn unless_pending<F>(pending: &Arc<AtomicBool>, due: impl FnOnce() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(claim) = Pending::claim(pending) else { return };
    let work = due();
    tokio::spawn(async move {
        let _claim = claim;
        work.await;
    });
}

/// What is due is at work; its drop, even by a panic, lets the next one begin.
struct Pending(Arc<AtomicBool>);

impl Pending {
    fn claim(pending: &Arc<AtomicBool>) -> Option<Self> {
        (!pending.swap(true, Ordering::Relaxed)).then(|| Self(Arc::clone(pending)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A pass, and its row in the audit trail.
async fn pass(targets: ScheduleTargets) {
    let (detail, code) = match targets.monitor.pass(Trigger::Cron, None).await {
        Ok(report) => {
            let (bought, error) = (report.purchased_count(), report.error());
            (json!({"purchased_count": bought, "reason": report.reason(), "error": error}), error.map(|_| "incomplete"))
        }
        Err(MonitorError::Gone(_)) => (json!({}), Some("unavailable")),
        Err(MonitorError::Database(_)) => (json!({}), Some("database_unavailable")),
    };
    targets.audit.note(by_cron("replenish", detail, code));
}

/// A comparison with Twilio, and its row in the audit trail.
async fn compare(targets: ScheduleTargets) {
    let counts = |report: &Report| {
        json!({"adopted": report.adopted.len(), "missing": report.missing.len(), "repaired": report.repaired.len(),
               "webhook_drift": report.webhook_drift.len(), "attachment_drift": report.attachment_drift.len(), "foreign": report.foreign, "problem": report.problem})
    };
    let (detail, code) = match targets.reconciler.by_schedule().await {
        Ok(Reconciled::Done(report)) => (counts(&report), None),
        Ok(Reconciled::BrokeOff(report, _)) => (counts(&report), Some("incomplete")),
        Ok(Reconciled::Skipped(why)) => (json!({"skipped": why}), None),
        Err(_gone) => (json!({}), Some("unavailable")),
    };
    targets.audit.note(by_cron("reconcile", detail, code));
}

impl Schedule {
    /// Starts the jobs of the schedule in force; those of an earlier one end.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        self.in_force = self.config.load().schedule.clone();
        let earlier = self.scheduler.take();
        let (targets, health) = (self.targets.clone(), Arc::clone(self.heartbeat.health()));
        let crons = self.in_force.clone();
        let starting = async move {
            end(earlier).await;
            start(crons, targets, health).await
        };
        ctx.wait(starting.into_actor(self).map(|started, schedule, ctx| match started {
            Ok(scheduler) => schedule.scheduler = Some(scheduler),
            Err(error) => {
                slog::error!(schedule.log, "the schedule cannot start"; "error" => error.to_string());
                ctx.stop();
            }
        }));
    }
}

async fn end(scheduler: Option<JobScheduler>) {
    if let Some(mut scheduler) = scheduler {
        // What cannot be shut down ends with the process.
        let _ = scheduler.shutdown().await;
    }
}

impl Actor for Schedule {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.begin(ctx);
        ctx.run_interval(CHECK_EVERY, |schedule, ctx| {
            fail::fail_point!("schedule");
            if !schedule.heartbeat.health().is_well() {
                slog::error!(schedule.log, "the scheduler's task is stuck");
                ctx.stop();
            } else if schedule.config.load().schedule != schedule.in_force {
                slog::info!(schedule.log, "a new schedule is in force");
                schedule.begin(ctx);
            }
        });
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        actix::spawn(end(self.scheduler.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_does_not_keep_the_next_from_its_turn() {
        let pending = Arc::new(AtomicBool::new(false));
        unless_pending(&pending, || async { panic!("on purpose") });
        let (done, mut ran) = tokio::sync::mpsc::unbounded_channel();
        unless_pending(&pending, || async { panic!("the first one is still at work") });
        while pending.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        unless_pending(&pending, move || async move { done.send(()).expect("the test listens") });
        assert_eq!(ran.recv().await, Some(()));
    }
}
