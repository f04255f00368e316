//! Cron → "activate". Does no work itself.
//!
//! Invariant: what is due is told to the PoolMonitor and the Reconciler without waiting; a tick that finds them busy is
//! dropped, because one is pending already. How to get it wrong: trusting that the scheduler's own task lives. A tick each second beats
//! the vitals; when it stays away, this part ends itself and the supervisor starts a fresh one.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use arc_swap::ArcSwap;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::config::{Config, ScheduleConfig};
use crate::domain::Trigger;
use crate::pool_monitor::MonitorHandle;
use crate::reconciliation::ReconcilerHandle;
use crate::supervisor::{Alive, Vitals};

const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Who is told what is due.
#[derive(Clone)]
pub struct Told {
    /// `schedule.replenish_cron`.
    pub monitor: MonitorHandle,
    /// `schedule.reconcile_cron`.
    pub reconciler: ReconcilerHandle,
}

/// The schedule.
pub struct Schedule {
    told: Told,
    config: Arc<ArcSwap<Config>>,
    in_force: ScheduleConfig,
    scheduler: Option<JobScheduler>,
    log: slog::Logger,
    alive: Alive,
}

impl Schedule {
    pub(crate) fn new(told: Told, config: Arc<ArcSwap<Config>>, log: slog::Logger, alive: Alive) -> Self {
        let in_force = config.load().schedule.clone();
        Self { told, config, in_force, scheduler: None, log, alive }
    }
}

async fn start(crons: ScheduleConfig, told: Told, vitals: Arc<Vitals>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let Told { monitor, reconciler } = told;
    scheduler.add(Job::new(crons.replenish_cron.as_str(), move |_, _| monitor.activate(Trigger::Cron))?).await?;
    scheduler.add(Job::new(crons.reconcile_cron.as_str(), move |_, _| reconciler.by_schedule())?).await?;
    scheduler.add(Job::new("* * * * * *", move |_, _| vitals.beat())?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}

impl Schedule {
    /// Starts the jobs of the schedule in force; those of an earlier one end.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        self.in_force = self.config.load().schedule.clone();
        let earlier = self.scheduler.take();
        let (told, vitals) = (self.told.clone(), Arc::clone(self.alive.vitals()));
        let crons = self.in_force.clone();
        let starting = async move {
            end(earlier).await;
            start(crons, told, vitals).await
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
