//! The Reconciler's shell: one comparison at a time, at start, by the schedule, or by hand.
//!
//! Invariants: every handler answers with `AtomicResponse`; a comparison by hand that finds one running waits for its turn;
//! the one at start comes after the Purchaser's recovery had its chance, and holds nobody up.
//! How to get it wrong: waiting for the Purchaser without a bound. A warm start may take minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::prelude::*;
use tokio::sync::watch;

use super::dependencies::ReconcilerDependencies;
use super::run::{self, Reconciled};
use crate::domain::Occasion;

use crate::supervisor::{ChildGone, Heartbeat, Slot, Working};

/// At start the Purchaser has its recovery pending by then,
const START_AFTER: Duration = Duration::from_millis(100);
/// and is waited for no longer than this.
const RECOVERY_WITHIN: Duration = Duration::from_millis(900);

/// A comparison that is asked for and skipped is tried so often in all.
const SOON_TRIES: u32 = 2;

/// A comparison is asked for; its drop lets the next be.
struct Asked(Arc<AtomicBool>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Compares Twilio's list with the database.
pub(crate) struct Reconciler {
    deps: ReconcilerDependencies,
    busy: watch::Sender<bool>,
    heartbeat: Heartbeat,
}

/// How others reach the Reconciler, whichever incarnation of it lives.
#[derive(Clone)]
pub struct ReconcilerHandle {
    slot: Slot<Reconciler>,
    busy: watch::Receiver<bool>,
    asked: Arc<AtomicBool>,
}

impl Reconciler {
    /// What the supervisor starts, and starts again; `busy` tells whether it compares.
    pub(crate) fn new(deps: ReconcilerDependencies, busy: watch::Sender<bool>, heartbeat: Heartbeat) -> Self {
        busy.send_replace(false);
        Self { deps, busy, heartbeat }
    }
}

/// A comparison in progress; its drop, however it comes, ends it.
struct AtWork {
    busy: watch::Sender<bool>,
    _working: Working,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.busy.send_replace(false);
    }
}

impl Actor for Reconciler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(16);
        self.heartbeat.beat_from(ctx);
        ctx.notify(Compare { occasion: Occasion::Start, confirm_missing: false });
    }
}

#[derive(Message)]
#[rtype(result = "Reconciled")]
struct Compare {
    occasion: Occasion,
    confirm_missing: bool,
}

impl Handler<Compare> for Reconciler {
    type Result = AtomicResponse<Self, Reconciled>;

    fn handle(&mut self, message: Compare, _ctx: &mut Self::Context) -> Self::Result {
        fail::fail_point!("reconciler");
        self.busy.send_replace(true);
        let at_work = AtWork { busy: self.busy.clone(), _working: self.heartbeat.health().work() };
        let deps = self.deps.clone();
        let work = async move {
            if message.occasion == Occasion::Start {
                tokio::time::sleep(START_AFTER).await;
                // Longer than its bound it is buying, not recovering; both go on side by side.
                let _ = tokio::time::timeout(RECOVERY_WITHIN, deps.purchaser.idle()).await;
            }
            let outcome = run::run(&deps, message.occasion, message.confirm_missing).await;
            drop(at_work);
            outcome
        };
        AtomicResponse::new(Box::pin(work.into_actor(self)))
    }
}

impl ReconcilerHandle {
    /// Over the supervisor's slot; `busy` tells whether it compares.
    pub(crate) fn new(slot: Slot<Reconciler>, busy: watch::Receiver<bool>) -> Self {
        Self { slot, busy, asked: Arc::default() }
    }

    /// Compares because it is time to.
    ///
    /// # Errors
    /// As [`Self::by_hand`].
    pub async fn by_schedule(&self) -> Result<Reconciled, ChildGone> {
        self.slot.ask(Compare { occasion: Occasion::Cron, confirm_missing: false }).await
    }

    /// Sets off a comparison without waiting for it; at most one is pending. While another one began a moment ago it waits
    /// for its turn, because that one may have passed by what is to be judged.
    pub fn soon(&self) {
        if self.asked.swap(true, Ordering::Relaxed) {
            return;
        }
        let (handle, asked) = (self.clone(), Asked(Arc::clone(&self.asked)));
        tokio::spawn(async move {
            let _asked = asked;
            for _try in 0..SOON_TRIES {
                match handle.by_schedule().await {
                    Ok(Reconciled::Skipped(_)) => tokio::time::sleep(run::APART + Duration::from_secs(1)).await,
                    Ok(_) | Err(_) => return,
                }
            }
        });
    }

    /// Compares for an operator, after one that runs. Whoever stops listening cancels nothing.
    ///
    /// # Errors
    /// When the Reconciler dies meanwhile; the next comparison does what is left.
    pub async fn by_hand(&self, confirm_missing: bool) -> Result<Reconciled, ChildGone> {
        self.slot.ask(Compare { occasion: Occasion::Manual, confirm_missing }).await
    }

    /// Resolves when nothing is being compared here.
    pub async fn idle(&self) {
        let mut busy = self.busy.clone();
        let _ = busy.wait_for(|busy| !busy).await;
    }
}
