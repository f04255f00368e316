//! The parts and who knows whom: every dependency is handed over here and nowhere else.
//!
//! How to get it wrong: handing out an `Addr`. A part is reached through its slot, whichever incarnation lives.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::App;
use crate::api::services::Services;
use crate::assignment::{Desk, DeskDependencies, DeskHandle};
use crate::audit::{AuditKeeper, KeeperDependencies};
use crate::custody::Custody;
use crate::http::{ServerLimits, ServerOptions};
use crate::pool_monitor::{MonitorDependencies, MonitorHandle, PoolMonitor, WebhookConfigurer};
use crate::pricing::Pricing;
use crate::purchaser::{Buyer, CareAnswers, HolderWatch, Orders, Purchaser, PurchaserHandle, Work};
use crate::reconciliation::{Reconciler, ReconcilerDependencies, ReconcilerHandle};
use crate::schedule::{Schedule, ScheduleTargets};
use crate::supervisor::{Children, Slot};
use crate::web::HttpServer;

/// Parts whose work at Twilio is brought to an end before the process ends.
pub(super) struct AtTwilio {
    purchaser: PurchaserHandle,
    reconciler: ReconcilerHandle,
    custody_tasks: TaskTracker,
}

impl AtTwilio {
    /// Resolves when none of them is at work.
    pub(super) async fn idle(&self) {
        // Nobody begins another one: HTTP has ended.
        self.custody_tasks.close();
        self.custody_tasks.wait().await;
        self.reconciler.idle().await;
        self.purchaser.idle().await;
    }
}

impl App {
    /// The children, and those whose calls to Twilio are waited for at the end.
    pub(super) fn children(
        &self,
        stopping: &watch::Receiver<bool>,
        stop_http: &CancellationToken,
        http_ended: watch::Sender<bool>,
    ) -> (Children, AtTwilio) {
        let (bell, taken, unready) = (self.bell.clone(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (holder, care, (work_set, work)) =
            (HolderWatch::default(), CareAnswers::default(), watch::channel(Work::default()));
        let (waitlist_reports, waitlist_reported) = watch::channel(None);
        let (desk_slot, purchaser_slot, monitor_slot) = (Slot::default(), Slot::default(), Slot::default());
        let (reconciler_slot, (reconciling_set, reconciling)) = (Slot::default(), watch::channel(false));
        let purchaser = PurchaserHandle::new(purchaser_slot.clone(), work, waitlist_reported);
        let desk = DeskHandle::new(desk_slot.clone(), Arc::clone(&self.config), self.telemetry.clone());
        let monitor = MonitorHandle::new(monitor_slot.clone());
        let reconciler = ReconcilerHandle::new(reconciler_slot.clone(), reconciling);
        let buyer = Buyer {
            db: self.db.clone(),
            locks: self.locks.clone(),
            holder: holder.clone(),
            care: care.clone(),
            twilio: self.twilio.clone(),
            config: Arc::clone(&self.config),
            stock: Arc::clone(&bell.stock),
            stopping: stopping.clone(),
            unusable_in_a_row: Arc::default(),
            waitlist_reports,
            telemetry: self.telemetry.clone(),
            log: self.log.new(slog::o!("part" => "purchaser")),
        };
        let desk_deps = DeskDependencies {
            db: self.db.clone(),
            purchaser: purchaser.clone(),
            config: Arc::clone(&self.config),
            bell: bell.clone(),
            taken: Arc::clone(&taken),
            unready: Arc::clone(&unready),
            instance_id: Uuid::new_v4(),
            log: self.log.new(slog::o!("part" => "desk")),
        };
        let custody = Custody {
            db: self.db.clone(),
            twilio: self.twilio.clone(),
            config: Arc::clone(&self.config),
            reconciler: reconciler.clone(),
            stopping: stopping.clone(),
            log: self.log.new(slog::o!("part" => "custody")),
        };
        let configurer = WebhookConfigurer {
            db: self.db.clone(),
            twilio: self.twilio.clone(),
            config: Arc::clone(&self.config),
            stopping: stopping.clone(),
            reconciler: reconciler.clone(),
            log: self.log.new(slog::o!("part" => "care")),
        };
        let monitor_deps = MonitorDependencies {
            db: self.db.clone(),
            purchaser: purchaser.clone(),
            configurer: configurer.clone(),
            care,
            custody: custody.clone(),
            config: Arc::clone(&self.config),
            stock: bell.stock,
            taken,
            unready,
            stopping: stopping.clone(),
            telemetry: self.telemetry.clone(),
            log: self.log.new(slog::o!("part" => "pool_monitor")),
        };
        let reconciler_deps = ReconcilerDependencies {
            buyer: Buyer { log: self.log.new(slog::o!("part" => "reconciler")), ..buyer.clone() },
            purchaser: purchaser.clone(),
        };
        let targets =
            ScheduleTargets { monitor: monitor.clone(), reconciler: reconciler.clone(), audit: self.audit.clone() };
        let schedule_config = Arc::clone(&self.config);
        let schedule_log = self.log.new(slog::o!("part" => "schedule"));

        let keeper = KeeperDependencies {
            audit: self.audit.clone(),
            db: self.db.clone(),
            config: Arc::clone(&self.config),
            runtime: tokio::runtime::Handle::current(),
            log: self.log.new(slog::o!("part" => "audit")),
        };

        let mut children = Children::default();
        let mut health = vec![
            children.add("audit", move |heartbeat| {
                AuditKeeper::new(keeper.clone(), heartbeat).start();
            }),
            children.add("purchaser", move |heartbeat| {
                purchaser_slot.set(Purchaser::new(buyer.clone(), work_set.clone(), heartbeat).start());
            }),
            children.add("pool_monitor", move |heartbeat| {
                monitor_slot.set(PoolMonitor::new(monitor_deps.clone(), heartbeat).start());
            }),
            children.add("reconciler", move |heartbeat| {
                reconciler_slot
                    .set(Reconciler::new(reconciler_deps.clone(), reconciling_set.clone(), heartbeat).start());
            }),
            children.add("desk", move |heartbeat| desk_slot.set(Desk::new(desk_deps.clone(), heartbeat).start())),
            children.add("schedule", move |heartbeat| {
                let config = Arc::clone(&schedule_config);
                Schedule::new(targets.clone(), config, schedule_log.clone(), heartbeat).start();
            }),
        ];
        let custody_tasks = TaskTracker::new();
        let at_twilio = AtTwilio {
            purchaser: purchaser.clone(),
            reconciler: reconciler.clone(),
            custody_tasks: custody_tasks.clone(),
        };
        let orders = Orders {
            db: self.db.clone(),
            purchaser,
            config: Arc::clone(&self.config),
            stopping: stopping.clone(),
            log: self.log.new(slog::o!("part" => "orders")),
        };
        let shared = Arc::new(Services {
            db: self.db.clone(),
            custody,
            configurer,
            pricing: Pricing::new(self.twilio.clone(), self.log.new(slog::o!("part" => "pricing"))),
            desk,
            orders,
            holder,
            monitor,
            reconciler: reconciler.clone(),
            config: Arc::clone(&self.config),
            health: health.clone(),
            custody_tasks,
            stopping: stopping.clone(),
            telemetry: self.telemetry.clone(),
            log: self.log.new(slog::o!("part" => "http")),
        });
        let (listener, guard, options) = (Arc::clone(&self.listener), Arc::clone(&self.guard), self.server_options());
        let (stop_http, runtime) = (stop_http.clone(), tokio::runtime::Handle::current());
        health.push(children.add("http", move |heartbeat| {
            let part = crate::web::HttpParts {
                listener: Arc::clone(&listener),
                shared: Arc::clone(&shared),
                guard: Arc::clone(&guard),
                options: options.clone(),
                stop: stop_http.clone(),
                ended: http_ended.clone(),
                runtime: runtime.clone(),
            };
            HttpServer::new(part, heartbeat).start();
        }));
        (children, at_twilio)
    }

    fn server_options(&self) -> ServerOptions {
        let config = self.config.load();
        ServerOptions {
            limits: ServerLimits {
                header_timeout: config.http.header_timeout(),
                body_timeout: config.http.body_timeout(),
                connections_max: config.http.connections_max,
                drain_timeout: config.shutdown.grace(),
            },
            trusted_proxies: config.http.trusted_proxies.clone(),
            line_text: self.guard.line_text(),
            telemetry: self.telemetry.clone(),
            log: self.log.new(slog::o!("part" => "http")),
        }
    }
}
