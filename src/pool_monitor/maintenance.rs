//! When numbers are cared for: by the clock, and stock that is not ready at once when somebody waits for it.
//!
//! It lives beside the monitor, not in its mailbox: neither holds up the other, however slow Twilio is. Three rounds go on
//! side by side: what nobody waits for (the probe, rested numbers, what purchases and releases left open), repairs, and what
//! numbers are attached to.
//! Invariants: while the breaker silences Twilio only the probe asks it; it ends with the monitor, which starts a fresh one
//! should this one die.
//! How to get it wrong: repairs behind anything slow. Whoever waits has seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::dependencies::MonitorDependencies;
use super::repair::{repair_unready, return_rested};
use super::tried::Tried;
use super::{attachments, probe};
use crate::attachment::Rounds;
use crate::custody::Silence;
use crate::db::DbError;
use crate::db::purchases::purchases_left_open;
use crate::db::samples::samples_take;
use crate::domain::PoolName;
use crate::purchaser::breaker;

/// Numbers, open purchases and open releases are seen to this often.
const CARE_EVERY: Duration = Duration::from_secs(5);
/// Repairs for those who wait are at least so far apart, however many join the waitlist.
const REPAIRS_APART: Duration = Duration::from_millis(200);
/// And so are rounds of attaching, however many numbers come.
const ROUNDS_APART: Duration = Duration::from_millis(100);

/// Maintenance; its drop ends it.
pub(super) struct Maintenance(JoinHandle<()>);

impl Maintenance {
    /// Rings `reopened` when buying is open again after a halt.
    pub(super) fn start(deps: MonitorDependencies, reopened: Arc<Notify>) -> Self {
        Self(tokio::spawn(async move {
            tokio::join!(tend(&deps, &reopened), mend(&deps), attach(&deps));
        }))
    }

    /// Whether a panic ended it.
    pub(super) fn is_dead(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn clock() -> Interval {
    let mut clock = interval_at(Instant::now() + CARE_EVERY, CARE_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

async fn tend(deps: &MonitorDependencies, reopened: &Notify) {
    let mut clock = clock();
    loop {
        clock.tick().await;
        match see_to(deps).await {
            Ok(true) => reopened.notify_one(),
            Ok(false) => {}
            Err(error) => slog::debug!(deps.log, "care must wait"; "error" => error.in_full()),
        }
    }
}

async fn mend(deps: &MonitorDependencies) {
    let (mut clock, mut tried) = (clock(), Tried::default());
    loop {
        let hurried = tokio::select! {
            _ = clock.tick() => false,
            () = deps.unready.notified() => true,
        };
        if let Err(error) = repair(deps, &mut tried, hurried).await {
            slog::debug!(deps.log, "repairs must wait"; "error" => error.in_full());
        }
        tokio::time::sleep(REPAIRS_APART).await;
    }
}

async fn attach(deps: &MonitorDependencies) {
    let (mut clock, mut rounds) = (clock(), Rounds::new(deps.attacher.clone()));
    loop {
        tokio::select! {
            _ = clock.tick() => if is_left_to_the_bell() { continue },
            () = deps.attacher.bell().notified() => {}
        }
        if let Err(error) = rounds.round().await {
            slog::debug!(deps.log, "attaching must wait"; "error" => error.in_full());
        }
        tokio::time::sleep(ROUNDS_APART).await;
    }
}

/// Only a test that wants to see who rings says so.
fn is_left_to_the_bell() -> bool {
    fail::fail_point!("attach_by_clock", |_action| true);
    false
}

/// `hurried`: somebody waits, whom a repaired number serves, or one whose rest is over.
async fn repair(deps: &MonitorDependencies, tried: &mut Tried, hurried: bool) -> Result<(), DbError> {
    if !*deps.stopping.borrow() && !breaker::is_silenced(&deps.db).await? {
        // What comes back from its rest needs no answer of Twilio's that may hang, most often.
        if hurried {
            return_rested(deps).await?;
        }
        repair_unready(deps, tried, hurried).await?;
    }
    Ok(())
}

/// Says whether buying is open again after a halt.
async fn see_to(deps: &MonitorDependencies) -> Result<bool, DbError> {
    if *deps.stopping.borrow() {
        return Ok(false);
    }
    let reopened = probe::probe(deps).await?;
    if !breaker::is_silenced(&deps.db).await? {
        return_rested(deps).await?;
    }
    // Asks Twilio only while the breaker is closed; what never left is taken back all the same.
    deps.custody.finish_releases(silence(deps)).await?;
    if deps.db.run("purchases_left_open", purchases_left_open).await? {
        // The Purchaser takes the lock if nobody buys, sorts and looks up; its log says what came of it.
        deps.purchaser.recover_soon();
    }
    attachments::tell(deps).await?;
    let thresholds: Vec<(PoolName, u32)> = {
        let config = deps.config.load();
        config.pools().filter_map(|(name, _)| Some((name.clone(), config.policy(name)?.threshold_low))).collect()
    };
    deps.db.run("samples_take", move |conn| samples_take(conn, &thresholds)).await?;
    Ok(reopened)
}

/// A release whose DELETE may still be on the wire is not silent.
fn silence(deps: &MonitorDependencies) -> Silence {
    let (silence, on_the_wire) = (Silence::default(), deps.config.load().twilio.request_timeout());
    Silence { sent: silence.sent.max(on_the_wire * 2), ..silence }
}
