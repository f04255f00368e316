//! The parts and who knows whom: every dependency is handed over here and nowhere else.
//!
//! How to get it wrong: handing out an `Addr`. A part is reached through its slot, whichever incarnation lives.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::App;
use crate::assignment::{Desk, DeskDependencies, DeskHandle};
use crate::http::{Context as Shared, HttpServer, Live, ServerLimits, ServerOptions};
use crate::pool_monitor::{MonitorDependencies, MonitorHandle, PoolMonitor};
use crate::purchaser::{Buyer, Purchaser, PurchaserHandle, Work};
use crate::schedule::Schedule;
use crate::supervisor::{Children, Slot};

impl App {
    /// The children, and the handle of the one that buys.
    pub(super) fn children(
        &self,
        stopping: &watch::Receiver<bool>,
        stop_http: &CancellationToken,
        http_ended: watch::Sender<bool>,
    ) -> (Children, PurchaserHandle) {
        let (bell, taken) = (self.bell.clone(), Arc::new(Notify::new()));
        let (work_set, work) = watch::channel(Work::default());
        let (line_reports, line_reported) = watch::channel(None);
        let (desk_slot, purchaser_slot, monitor_slot) = (Slot::default(), Slot::default(), Slot::default());
        let purchaser = PurchaserHandle::new(purchaser_slot.clone(), work, line_reported);
        let desk = DeskHandle::new(desk_slot.clone(), Arc::clone(&self.config));
        let monitor = MonitorHandle::new(monitor_slot.clone());
        let buyer = Buyer {
            db: self.db.clone(),
            locks: self.locks.clone(),
            twilio: self.twilio.clone(),
            config: Arc::clone(&self.config),
            stock: Arc::clone(&bell.stock),
            stopping: stopping.clone(),
            odd: Arc::default(),
            line_reports,
            log: self.log.new(slog::o!("part" => "purchaser")),
        };
        let desk_deps = DeskDependencies {
            db: self.db.clone(),
            purchaser: purchaser.clone(),
            config: Arc::clone(&self.config),
            bell: bell.clone(),
            taken: Arc::clone(&taken),
            instance_id: Uuid::new_v4(),
            log: self.log.new(slog::o!("part" => "desk")),
        };
        let monitor_deps = MonitorDependencies {
            db: self.db.clone(),
            purchaser: purchaser.clone(),
            twilio: self.twilio.clone(),
            config: Arc::clone(&self.config),
            stock: bell.stock,
            taken,
            stopping: stopping.clone(),
            log: self.log.new(slog::o!("part" => "pool_monitor")),
        };
        let (schedule_monitor, schedule_config) = (monitor.clone(), Arc::clone(&self.config));
        let schedule_log = self.log.new(slog::o!("part" => "schedule"));

        let mut children = Children::default();
        let mut vitals = vec![
            children.add("purchaser", move |alive| {
                purchaser_slot.set(Purchaser::new(buyer.clone(), work_set.clone(), alive).start());
            }),
            children.add("pool_monitor", move |alive| {
                monitor_slot.set(PoolMonitor::new(monitor_deps.clone(), alive).start());
            }),
            children.add("desk", move |alive| desk_slot.set(Desk::new(desk_deps.clone(), alive).start())),
            children.add("schedule", move |alive| {
                let config = Arc::clone(&schedule_config);
                Schedule::new(schedule_monitor.clone(), config, schedule_log.clone(), alive).start();
            }),
        ];
        let bought_by = purchaser.clone();
        let shared = Arc::new(Shared {
            db: self.db.clone(),
            twilio: self.twilio.clone(),
            desk,
            purchaser,
            monitor,
            config: Arc::clone(&self.config),
            vitals: vitals.clone(),
            stopping: stopping.clone(),
            live: Live::default(),
            log: self.log.new(slog::o!("part" => "http")),
        });
        let (listener, gate, options) = (Arc::clone(&self.listener), Arc::clone(&self.gate), self.server_options());
        let (stop_http, runtime) = (stop_http.clone(), tokio::runtime::Handle::current());
        vitals.push(children.add("http", move |alive| {
            let part = crate::http::HttpParts {
                listener: Arc::clone(&listener),
                shared: Arc::clone(&shared),
                gate: Arc::clone(&gate),
                options: options.clone(),
                stop: stop_http.clone(),
                ended: http_ended.clone(),
                runtime: runtime.clone(),
            };
            HttpServer::new(part, alive).start();
        }));
        (children, bought_by)
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
            log: self.log.new(slog::o!("part" => "http")),
        }
    }
}
