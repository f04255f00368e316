//! The daemon's own look: at start, after a reload, once a day, and when somebody asks.
//!
//! Invariants: one look at a time, and whoever asks meanwhile is told what it finds; a look goes on when whoever asked hangs up;
//! it takes 25 s at most, and nobody waits for it but whoever asked.
//! How to get it wrong: a failure that is told for a day after it was mended. What fails is looked at again within the hour.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};

use super::bounds::Bounds;
use super::report::{CheckResult, Report};
use super::run::run;
use crate::config::Config;
use crate::telemetry::Telemetry;
use crate::twilio::Twilio;

/// A look takes no longer.
const PATIENCE: Duration = Duration::from_secs(25);
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);
/// Until Twilio is tried again that was not reached.
const UNREACHED_AGAIN: Duration = Duration::from_secs(300);

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checked {
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    /// Since when looks of this instance fail; `None` = this one does not.
    pub(crate) failing_since: Option<DateTime<Utc>>,
    /// What it found.
    pub(crate) report: Report,
}

impl Checked {
    /// When to look again without being asked.
    fn again_in(&self) -> Duration {
        if !self.report.reached {
            return UNREACHED_AGAIN;
        }
        match self.report.result {
            CheckResult::Fail => HOUR,
            CheckResult::Pass | CheckResult::Warn => DAY,
        }
    }
}

/// What a look found, once it has.
type Found = Option<Arc<Checked>>;

/// Looks, and remembers. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct TwilioChecker {
    twilio: Twilio,
    config: Arc<ArcSwap<Config>>,
    stopping: watch::Receiver<bool>,
    /// Where a look goes on, whoever asked for it.
    runtime: tokio::runtime::Handle,
    telemetry: Telemetry,
    log: slog::Logger,
    latest: Arc<watch::Sender<Found>>,
    /// Where the look that goes on will tell what it found.
    under_way: Arc<Mutex<Option<watch::Receiver<Found>>>>,
    /// Rung when other keys are in force.
    reloaded: Arc<Notify>,
}

impl TwilioChecker {
    /// Nothing is looked at yet. `reloaded` is rung when other keys are in force.
    pub(crate) fn new(
        twilio: Twilio,
        config: Arc<ArcSwap<Config>>,
        stopping: watch::Receiver<bool>,
        reloaded: Arc<Notify>,
        telemetry: Telemetry,
        log: slog::Logger,
    ) -> Self {
        let runtime = tokio::runtime::Handle::current();
        let (latest, under_way) = (Arc::new(watch::channel(None).0), Arc::default());
        Self { twilio, config, stopping, runtime, telemetry, log, latest, under_way, reloaded }
    }

    /// What the last look found; `None` = there was none yet.
    pub(crate) fn latest(&self) -> Option<Arc<Checked>> {
        self.latest.borrow().clone()
    }

    /// What each look finds, for whoever waits for the next one.
    pub(crate) fn watched(&self) -> watch::Receiver<Option<Arc<Checked>>> {
        self.latest.subscribe()
    }

    /// Looks now, or waits for the look that goes on.
    ///
    /// `None` = it panicked, which is a bug and logged.
    pub(crate) async fn look(&self) -> Option<Arc<Checked>> {
        let mut told = self.join();
        told.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// The look that goes on, or a new one.
    fn join(&self) -> watch::Receiver<Found> {
        // A place for one look stays whole whoever panics.
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // A look that has told, or has panicked, is over.
        let goes_on = under_way.as_ref().filter(|look| look.borrow().is_none() && look.has_changed().is_ok());
        if let Some(look) = goes_on {
            return look.clone();
        }
        let (tell, told) = watch::channel(None);
        *under_way = Some(told.clone());
        let checker = self.clone();
        self.runtime.spawn(async move {
            let found = checker.look_now().await;
            tell.send_replace(Some(found));
        });
        told
    }

    async fn look_now(&self) -> Arc<Checked> {
        let config = self.config.load_full();
        let bounds = Bounds::within(PATIENCE, self.twilio.uses_a_key(), self.stopping.clone(), self.log.clone());
        let report = run(&config, &self.twilio, &bounds).await;
        let at = Utc::now();
        let earlier = self.latest().and_then(|earlier| earlier.failing_since);
        let failing_since = (report.result == CheckResult::Fail).then(|| earlier.unwrap_or(at));
        self.tell(&report);
        let found = Arc::new(Checked { at, failing_since, report });
        self.latest.send_replace(Some(Arc::clone(&found)));
        found
    }

    fn tell(&self, report: &Report) {
        let counts = CheckResult::ALL.map(|result| (result.as_str(), report.count(result)));
        self.telemetry.twilio_checked(&counts);
        let [(_, passed), (_, warned), (_, failed)] = counts;
        let failing: Vec<String> = report.failing().map(|check| check.subject()).collect();
        if failing.is_empty() {
            slog::info!(self.log, "Twilio was looked at: buying could succeed"; "passed" => passed, "warned" => warned);
        } else {
            slog::warn!(self.log, "Twilio was looked at: buying could not succeed; `callbunker twilio check` says what to do";
                "failing" => failing.join(", "), "passed" => passed, "warned" => warned, "failed" => failed);
        }
    }

    /// Looks now and then until the daemon stops. Whatever a look does, the next one comes.
    pub(crate) async fn keep_looking(self) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = self.look_again_and_again() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    async fn look_again_and_again(&self) {
        let mut told = self.latest.subscribe();
        loop {
            let _told_below = self.look().await;
            loop {
                // Of the last look, whoever asked for it; after one that panicked, as after a failure.
                let again_in = told.borrow_and_update().as_ref().map_or(HOUR, |checked| checked.again_in());
                tokio::select! {
                    () = tokio::time::sleep(again_in) => break,
                    () = self.reloaded.notified() => break,
                    // The sender is ours, so it is there.
                    _ = told.changed() => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_looked_at_again_soon() {
        let checked = |result, reached| Checked {
            at: Utc::now(),
            failing_since: None,
            report: Report { result, checks: Vec::new(), reached },
        };
        assert_eq!(checked(CheckResult::Pass, true).again_in(), DAY);
        assert_eq!(checked(CheckResult::Warn, true).again_in(), DAY);
        assert_eq!(checked(CheckResult::Fail, true).again_in(), HOUR);
        assert_eq!(checked(CheckResult::Fail, false).again_in(), UNREACHED_AGAIN);
    }
}
