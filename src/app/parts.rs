//! One function for each part: what it needs, and how it starts.
//!
//! Invariant: a part that dies is started again from the same dependencies, so whatever it needs is kept by its factory.
//! How to get it wrong: making a channel in the factory. The others would hold the end of the part that died.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::App;
use crate::alerts::{AlertsActor, AlertsDependencies, Courier, Judge};
use crate::api::services::Services;
use crate::assignment::{CounterSlot, Demand, Desk, DeskDependencies, DeskHandle, Refusals};
use crate::attachment::{Attacher, AttacherParts};
use crate::audit::{AuditActor, AuditDependencies};
use crate::bookkeeping::{Bookkeeper, BookkeeperActor, BookkeeperDependencies};
use crate::custody::Custody;
use crate::foresight::{Forecaster, ForesightActor, ForesightDependencies};
use crate::http::{Place, ServerLimits, ServerOptions};
use crate::pool_monitor::{MonitorDependencies, MonitorHandle, PoolMonitor, QuietUntil, WebhookConfigurer};
use crate::pricing::Pricing;
use crate::purchaser::{Buyer, CareAnswers, HolderWatch, Purchaser, PurchaserHandle, Work};
use crate::reconciliation::{Reconciler, ReconcilerDependencies, ReconcilerHandle};
use crate::recycling::{Recycler, RecyclerActor, SweepWatch};
use crate::schedule::{Schedule, ScheduleTargets};
use crate::supervisor::{Children, Health, Heartbeat, Slot};
use crate::twilio_check::TwilioChecker;
use crate::twilio_events::Rejections;
use crate::web::{HttpParts, HttpServer};

/// The parts as they are put together.
pub(super) struct Parts<'a> {
    app: &'a App,
    stopping: watch::Receiver<bool>,
    /// Rung by the desk when it took some.
    taken: Arc<Notify>,
    /// Rung by the desk when somebody waits.
    unready: Arc<Notify>,
    children: Children,
    health: Vec<Arc<Health>>,
}

/// What the Reconciler has of the channels to it.
pub(super) struct ReconcilerInside {
    slot: Slot<Reconciler>,
    is_at_work: watch::Sender<bool>,
}

/// How the Reconciler is reached, and the other ends.
pub(super) fn reconciler_ends() -> (ReconcilerHandle, ReconcilerInside) {
    let (slot, (is_at_work, at_work)) = (Slot::default(), watch::channel(false));
    (ReconcilerHandle::new(slot.clone(), at_work), ReconcilerInside { slot, is_at_work })
}

impl<'a> Parts<'a> {
    /// None yet.
    pub(super) fn new(app: &'a App, stopping: &watch::Receiver<bool>) -> Self {
        Self {
            app,
            stopping: stopping.clone(),
            taken: Arc::default(),
            unready: Arc::default(),
            children: Children::default(),
            health: Vec::new(),
        }
    }

    /// How the parts fare that were added so far.
    pub(super) fn health(&self) -> &[Arc<Health>] {
        &self.health
    }

    /// All of them.
    pub(super) fn into_children(self) -> Children {
        self.children
    }

    /// The log of a part.
    pub(super) fn log(&self, part: &'static str) -> slog::Logger {
        self.app.log.new(slog::o!("part" => part))
    }

    fn add(&mut self, name: &'static str, start: impl FnMut(Heartbeat) + 'static) {
        self.health.push(self.children.add(name, start));
    }

    /// Numbers taken in and given back: no part of its own, others carry it.
    pub(super) fn custody(&self, reconciler: &ReconcilerHandle) -> Custody {
        Custody {
            db: self.app.db.clone(),
            twilio: self.app.twilio.clone(),
            config: Arc::clone(&self.app.config),
            reconciler: reconciler.clone(),
            stopping: self.stopping.clone(),
            log: self.log("custody"),
        }
    }

    /// Webhooks confirmed and set: no part of its own either.
    pub(super) fn configurer(&self, reconciler: &ReconcilerHandle) -> WebhookConfigurer {
        WebhookConfigurer {
            db: self.app.db.clone(),
            twilio: self.app.twilio.clone(),
            config: Arc::clone(&self.app.config),
            stopping: self.stopping.clone(),
            reconciler: reconciler.clone(),
            log: self.log("care"),
        }
    }

    /// Numbers attached to what their pools want: no part of its own, the monitor's maintenance works it.
    fn attacher(&self) -> Attacher {
        Attacher::new(AttacherParts {
            db: self.app.db.clone(),
            twilio: self.app.twilio.clone(),
            config: Arc::clone(&self.app.config),
            stock: Arc::clone(&self.app.bell.stock),
            bell: Arc::clone(&self.app.db.changes().unattached),
            stopping: self.stopping.clone(),
            telemetry: self.app.telemetry.clone(),
            log: self.log("attacher"),
        })
    }

    /// Whether buying could succeed: no part of its own, the runtime carries it.
    pub(super) fn twilio_checker(&self) -> TwilioChecker {
        TwilioChecker::new(
            self.app.twilio.clone(),
            Arc::clone(&self.app.config),
            self.stopping.clone(),
            Arc::clone(&self.app.reloaded),
            self.app.telemetry.clone(),
            self.log("twilio_check"),
        )
    }

    pub(super) fn audit(&mut self) {
        let deps = AuditDependencies {
            audit: self.app.audit.clone(),
            db: self.app.db.clone(),
            config: Arc::clone(&self.app.config),
            runtime: tokio::runtime::Handle::current(),
            log: self.log("audit"),
        };
        self.add("audit", move |heartbeat| {
            AuditActor::new(deps.clone(), heartbeat).start();
        });
    }

    /// The Purchaser's handle, and what buying needs.
    pub(super) fn purchaser(&mut self) -> (PurchaserHandle, Buyer) {
        let (work_set, work) = watch::channel(Work::default());
        let (waitlist_reports, waitlist_reported) = watch::channel(None);
        let (slot, batches_waiting) = (Slot::default(), Arc::default());
        let handle = PurchaserHandle::new(slot.clone(), work, waitlist_reported, Arc::clone(&batches_waiting));
        let buyer = Buyer {
            db: self.app.db.clone(),
            locks: self.app.locks.clone(),
            holder: HolderWatch::default(),
            care: CareAnswers::default(),
            twilio: self.app.twilio.clone(),
            config: Arc::clone(&self.app.config),
            stock: Arc::clone(&self.app.bell.stock),
            unattached: Arc::clone(&self.app.db.changes().unattached),
            stopping: self.stopping.clone(),
            unusable_in_a_row: Arc::default(),
            batches_waiting,
            first_alone: Arc::default(),
            waitlist_reports,
            telemetry: self.app.telemetry.clone(),
            log: self.log("purchaser"),
        };
        let buys = buyer.clone();
        self.add("purchaser", move |heartbeat| {
            slot.set(Purchaser::new(buys.clone(), work_set.clone(), heartbeat).start());
        });
        (handle, buyer)
    }

    /// The monitor's handle, and until when it leaves which pool alone.
    pub(super) fn pool_monitor(
        &mut self,
        purchaser: &PurchaserHandle,
        care: CareAnswers,
        configurer: &WebhookConfigurer,
        custody: &Custody,
    ) -> (MonitorHandle, watch::Receiver<QuietUntil>) {
        let (slot, (quiet, quiet_until)) = (Slot::default(), watch::channel(QuietUntil::new()));
        let handle = MonitorHandle::new(slot.clone());
        let deps = MonitorDependencies {
            db: self.app.db.clone(),
            purchaser: purchaser.clone(),
            configurer: configurer.clone(),
            care,
            attacher: self.attacher(),
            custody: custody.clone(),
            config: Arc::clone(&self.app.config),
            stock: Arc::clone(&self.app.bell.stock),
            taken: Arc::clone(&self.taken),
            unready: Arc::clone(&self.unready),
            quiet_until: quiet,
            stopping: self.stopping.clone(),
            telemetry: self.app.telemetry.clone(),
            log: self.log("pool_monitor"),
        };
        self.add("pool_monitor", move |heartbeat| slot.set(PoolMonitor::new(deps.clone(), heartbeat).start()));
        (handle, quiet_until)
    }

    /// It judges as the Purchaser does, with the same `buyer`.
    pub(super) fn reconciler(&mut self, inside: ReconcilerInside, buyer: Buyer, purchaser: &PurchaserHandle) {
        let buyer = Buyer { log: self.log("reconciler"), ..buyer };
        let deps = ReconcilerDependencies { buyer, purchaser: purchaser.clone() };
        self.add("reconciler", move |heartbeat| {
            inside.slot.set(Reconciler::new(deps.clone(), inside.is_at_work.clone(), heartbeat).start());
        });
    }

    pub(super) fn desk(&mut self, purchaser: &PurchaserHandle) -> DeskHandle {
        let (counters, refusals) = (CounterSlot::default(), Refusals::default());
        let (config, telemetry) = (Arc::clone(&self.app.config), self.app.telemetry.clone());
        let handle = DeskHandle::new(Arc::clone(&counters), config, telemetry, refusals.clone());
        let deps = DeskDependencies {
            db: self.app.db.clone(),
            counters,
            purchaser: purchaser.clone(),
            config: Arc::clone(&self.app.config),
            bell: self.app.bell.clone(),
            taken: Arc::clone(&self.taken),
            unready: Arc::clone(&self.unready),
            refusals,
            demand: Demand::default(),
            instance_id: Uuid::new_v4(),
            log: self.log("desk"),
        };
        self.add("desk", move |heartbeat| drop(Desk::new(deps.clone(), heartbeat).start()));
        handle
    }

    /// Somebody is told of what is wrong, as `checker` sees it at Twilio, too. Whether this instance judges, and what carries messages.
    pub(super) fn alerts(
        &mut self,
        checker: &TwilioChecker,
        events_rejected: &Arc<Rejections>,
    ) -> (watch::Receiver<bool>, Courier) {
        let (judges, is_judge) = watch::channel(false);
        let (bell, _) = watch::channel(());
        let judge = Judge {
            db: self.app.db.clone(),
            config: Arc::clone(&self.app.config),
            twilio: self.app.twilio.clone(),
            checker: checker.clone(),
            events_rejected: Arc::clone(events_rejected),
            judges: Arc::new(judges),
            lanes: bell.clone(),
            stopping: self.stopping.clone(),
            log: self.log("alerts"),
        };
        let courier = Courier {
            db: self.app.db.clone(),
            config: Arc::clone(&self.app.config),
            twilio: self.app.twilio.clone(),
            bell,
            tries: TaskTracker::new(),
            stopping: self.stopping.clone(),
            telemetry: self.app.telemetry.clone(),
            log: self.log("alerts"),
        };
        let (courier_too, health, runtime) = (courier.clone(), self.health.clone(), tokio::runtime::Handle::current());
        let deps = AlertsDependencies { judge, courier, health, runtime };
        self.add("alerts", move |heartbeat| {
            AlertsActor::new(deps.clone(), heartbeat).start();
        });
        (is_judge, courier_too)
    }

    /// What numbers cost, asked and written down. Both ask Twilio through one memory.
    pub(super) fn bookkeeper(&mut self) -> (Pricing, Bookkeeper) {
        let pricing = Pricing::new(self.app.twilio.clone(), self.log("pricing"));
        let bookkeeper = Bookkeeper::new(
            (self.app.db.clone(), self.app.twilio.clone(), pricing.clone()),
            Arc::clone(&self.app.config),
            self.app.telemetry.clone(),
            self.stopping.clone(),
            self.log("bookkeeper"),
        );
        let deps =
            BookkeeperDependencies { bookkeeper: bookkeeper.clone(), runtime: tokio::runtime::Handle::current() };
        self.add("bookkeeper", move |heartbeat| drop(BookkeeperActor::new(deps.clone(), heartbeat).start()));
        (pricing, bookkeeper)
    }

    /// What nobody uses is found; whether that stands still.
    pub(super) fn recycler(&mut self) -> SweepWatch {
        let sweeps = SweepWatch::default();
        let recycler = Recycler {
            db: self.app.db.clone(),
            twilio: self.app.twilio.clone(),
            config: Arc::clone(&self.app.config),
            stopping: self.stopping.clone(),
            telemetry: self.app.telemetry.clone(),
            sweeps: sweeps.clone(),
            log: self.log("recycler"),
            instance: Uuid::new_v4(),
            runtime: tokio::runtime::Handle::current(),
        };
        self.add("recycler", move |heartbeat| {
            RecyclerActor::new(recycler.clone(), heartbeat).start();
        });
        sweeps
    }

    /// What pools need, by their past.
    pub(super) fn foresight(&mut self) -> Forecaster {
        let (db, config) = (self.app.db.clone(), Arc::clone(&self.app.config));
        let forecaster = Forecaster::new(db, config, self.app.telemetry.clone(), self.log("foresight"));
        let deps = ForesightDependencies {
            forecaster: forecaster.clone(),
            stopping: self.stopping.clone(),
            runtime: tokio::runtime::Handle::current(),
        };
        self.add("foresight", move |heartbeat| drop(ForesightActor::new(deps.clone(), heartbeat).start()));
        forecaster
    }

    pub(super) fn schedule(&mut self, monitor: &MonitorHandle, reconciler: &ReconcilerHandle) {
        let targets =
            ScheduleTargets { monitor: monitor.clone(), reconciler: reconciler.clone(), audit: self.app.audit.clone() };
        let (config, log) = (Arc::clone(&self.app.config), self.log("schedule"));
        self.add("schedule", move |heartbeat| {
            Schedule::new(targets.clone(), Arc::clone(&config), log.clone(), heartbeat).start();
        });
    }

    pub(super) fn http(&mut self, services: Arc<Services>, stop: &CancellationToken, ended: watch::Sender<bool>) {
        let (listener, guard) = (Arc::clone(&self.app.listener), Arc::clone(&self.app.guard));
        let newcomers = self.app.newcomers;
        let options = self.server_options(Arc::clone(&services.place));
        let (stop, runtime) = (stop.clone(), tokio::runtime::Handle::current());
        self.add("http", move |heartbeat| {
            let parts = HttpParts {
                listener: Arc::clone(&listener),
                newcomers,
                services: Arc::clone(&services),
                guard: Arc::clone(&guard),
                options: options.clone(),
                stop: stop.clone(),
                ended: ended.clone(),
                runtime: runtime.clone(),
            };
            HttpServer::new(parts, heartbeat).start();
        });
    }

    fn server_options(&self, place: Arc<Place>) -> ServerOptions {
        let config = self.app.config.load();
        ServerOptions {
            limits: ServerLimits {
                header_timeout: config.http.header_timeout(),
                body_timeout: config.http.body_timeout(),
                connections_max: config.http.connections_max,
                drain_timeout: config.shutdown.grace(),
            },
            lanes: self.app.lanes.clone(),
            place,
            trusted_proxies: config.http.trusted_proxies.clone(),
            line_text: self.app.guard.line_text(),
            telemetry: self.app.telemetry.clone(),
            log: self.log("http"),
        }
    }
}
