//! Who knows whom: every part is handed what it needs here and nowhere else.
//!
//! Invariant: the parts start in this order, and each is told of those that it may ask.
//! How to get it wrong: handing out an `Addr`. A part is reached through its slot, whichever incarnation lives.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use super::parts::{Parts, reconciler_ends};
use crate::alerts::TestSender;
use crate::api::events;
use crate::api::services::{AlertTests, Services};
use crate::attention::Sources;
use crate::config::HttpConfig;
use crate::http::Place;
use crate::purchaser::{Orders, PurchaserHandle};
use crate::reconciliation::ReconcilerHandle;
use crate::supervisor::Children;
use crate::twilio_events::Rejections;

/// Parts whose work, at Twilio above all, is brought to an end before the process ends.
pub(super) struct AtTwilio {
    purchaser: PurchaserHandle,
    reconciler: ReconcilerHandle,
    custody_tasks: TaskTracker,
    /// Whether this instance judges what somebody is to be told of.
    judges: watch::Receiver<bool>,
    /// Tries to send messages.
    alert_tries: TaskTracker,
}

/// A database that is away holds nobody back: the next judge waits for three seconds then.
const JUDGE_PATIENCE: Duration = Duration::from_secs(2);

impl AtTwilio {
    /// Resolves when none of them is at work.
    pub(super) async fn idle(&self) {
        let mut judges = self.judges.clone();
        let _ = timeout(JUDGE_PATIENCE, judges.wait_for(|judges| !*judges)).await;
        // Nobody begins another one: HTTP has ended.
        self.custody_tasks.close();
        self.custody_tasks.wait().await;
        self.reconciler.idle().await;
        self.purchaser.idle().await;
        self.alert_tries.close();
        self.alert_tries.wait().await;
    }
}

/// Below which path the daemon is, as it is configured.
fn place(http: &HttpConfig) -> Place {
    Place::new(http.base(), http.public_url.clone())
}

impl App {
    /// The children, and those whose calls to Twilio are waited for at the end.
    pub(super) fn children(
        &self,
        stopping: &watch::Receiver<bool>,
        stop_http: &CancellationToken,
        http_ended: watch::Sender<bool>,
    ) -> (Children, AtTwilio) {
        let mut parts = Parts::new(self, stopping);
        // It starts after the monitor, which may ask it all the same.
        let (reconciler, reconciler_inside) = reconciler_ends();
        let custody = parts.custody(&reconciler);
        let configurer = parts.configurer(&reconciler);

        parts.audit();
        let (purchaser, buyer) = parts.purchaser();
        let (monitor, quiet_until) = parts.pool_monitor(&purchaser, buyer.care.clone(), &configurer, &custody);
        let holder = buyer.holder.clone();
        parts.reconciler(reconciler_inside, buyer, &purchaser);
        let desk = parts.desk(&purchaser);
        parts.schedule(&monitor, &reconciler);
        let twilio_checker = parts.twilio_checker();
        let events_rejected = Arc::new(Rejections::default());
        let forecaster = parts.foresight();
        let (judges, courier) = parts.alerts(&twilio_checker, &events_rejected);
        let (pricing, bookkeeper) = parts.bookkeeper();
        let sweeps = parts.recycler();
        let custody_tasks = TaskTracker::new();
        let at_twilio = AtTwilio {
            judges,
            purchaser: purchaser.clone(),
            reconciler: reconciler.clone(),
            custody_tasks: custody_tasks.clone(),
            alert_tries: courier.tries.clone(),
        };
        let orders = Orders {
            db: self.db.clone(),
            purchaser,
            config: Arc::clone(&self.config),
            stopping: stopping.clone(),
            log: parts.log("orders"),
        };
        let attention = Sources {
            db: self.db.clone(),
            config: Arc::clone(&self.config),
            health: parts.health().to_vec(),
            holder: holder.clone(),
            quiet_until,
            checker: twilio_checker.clone(),
            events_rejected: Arc::clone(&events_rejected),
            forecaster: forecaster.clone(),
        };
        let services = Services {
            db: self.db.clone(),
            custody,
            configurer,
            pricing,
            bookkeeper,
            desk,
            orders,
            holder,
            monitor,
            reconciler,
            attention,
            forecaster,
            sweeps,
            alert_tests: tested_by(TestSender::new(courier)),
            twilio_checker: twilio_checker.clone(),
            events_rejected,
            events_before: Arc::clone(&self.events_before),
            events_turns: Semaphore::new(events::TURNS),
            place: Arc::new(place(&self.config.load().http)),
            config: Arc::clone(&self.config),
            health: parts.health().to_vec(),
            custody_tasks,
            runtime: tokio::runtime::Handle::current(),
            stopping: stopping.clone(),
            telemetry: self.telemetry.clone(),
            log: parts.log("http"),
        };
        if self.config.load().twilio.self_check {
            // Beside everything else: nobody waits for it.
            tokio::spawn(twilio_checker.keep_looking());
        }
        parts.http(Arc::new(services), stop_http, http_ended);
        (parts.into_children(), at_twilio)
    }
}

/// Whoever sends tests, as the API asks for them.
fn tested_by(tests: TestSender) -> AlertTests {
    Box::new(move || {
        let tests = tests.clone();
        Box::pin(async move { tests.send().await })
    })
}
