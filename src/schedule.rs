//! Cron → "activate". Does no work itself.
//!
//! Invariants: what is due is told to the PoolMonitor, and its outcome to the audit trail; a tick that finds the one before
//! still pending is dropped. How to get it wrong: trusting that the scheduler's own task lives. A tick each second beats
//! the vitals; when it stays away, this part ends itself and the supervisor starts a fresh one.

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
use crate::supervisor::{Alive, Vitals};

const CHECK_EVERY: Duration = Duration::from_secs(2);

/// The schedule.
pub struct Schedule {
    monitor: MonitorHandle,
    audit: AuditLog,
    config: Arc<ArcSwap<Config>>,
    in_force: ScheduleConfig,
    scheduler: Option<JobScheduler>,
    log: slog::Logger,
    alive: Alive,
}

impl Schedule {
    pub(crate) fn new(
        monitor: MonitorHandle,
        audit: AuditLog,
        config: Arc<ArcSwap<Config>>,
        log: slog::Logger,
        alive: Alive,
    ) -> Self {
        let in_force = config.load().schedule.clone();
        Self { monitor, audit, config, in_force, scheduler: None, log, alive }
    }
}

async fn start(
    cron: String,
    monitor: MonitorHandle,
    audit: AuditLog,
    vitals: Arc<Vitals>,
) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let pending = Arc::new(AtomicBool::new(false));
    let replenish = Job::new(cron.as_str(), move |_, _| {
        if !pending.swap(true, Ordering::Relaxed) {
            tokio::spawn(pass(monitor.clone(), audit.clone(), Arc::clone(&pending)));
        }
    })?;
    scheduler.add(replenish).await?;
    scheduler.add(Job::new("* * * * * *", move |_, _| vitals.beat())?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

/// A pass, and its row in the audit trail.
async fn pass(monitor: MonitorHandle, audit: AuditLog, pending: Arc<AtomicBool>) {
    let outcome = monitor.pass(Trigger::Cron).await;
    pending.store(false, Ordering::Relaxed);
    let (detail, code) = match &outcome {
        Ok(report) => {
            let detail =
                json!({"purchased_count": report.purchased_count, "reason": report.reason, "error": report.error});
            (detail, report.error.as_ref().map(|_| "incomplete"))
        }
        Err(MonitorError::Gone(_)) => (json!({}), Some("unavailable")),
        Err(MonitorError::Database(_)) => (json!({}), Some("database_unavailable")),
    };
    audit.note(by_cron("replenish", detail, code));
}

impl Schedule {
    /// Starts the jobs of the schedule in force; those of an earlier one end.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        self.in_force = self.config.load().schedule.clone();
        let earlier = self.scheduler.take();
        let (monitor, audit, vitals) = (self.monitor.clone(), self.audit.clone(), Arc::clone(self.alive.vitals()));
        let cron = self.in_force.replenish_cron.clone();
        let starting = async move {
            end(earlier).await;
            start(cron, monitor, audit, vitals).await
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
            if !schedule.alive.vitals().is_well() {
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
