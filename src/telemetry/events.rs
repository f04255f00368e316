//! The events, one function each, so that whoever meets one says it in a line.
//!
//! How to get it wrong: counting an event where it is asked for instead of where it is decided. A client that hangs up
//! drops its handler, and what happened all the same would not be counted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::clock::now;
use super::handle::Telemetry;
use super::table;
use super::words::{
    ATTACHMENT_STATES, AlertOutcome, AttachmentOutcome, DatabaseFault, EventOutcome, FINDINGS, Operation,
    RecyclingOutcome, WireResult, counted_as,
};
use crate::domain::alert::{AlertChannel, AlertKind, AlertSeverity};
use crate::domain::recycling::Swept;
use crate::domain::{AttachmentKind, Match, OrderState, PoolName, Trigger};

impl Telemetry {
    /// A user got a number of this pool: from stock, or one that was bought while they waited.
    pub fn assigned(&self, pool: &PoolName, for_the_line: bool, matched: Option<Match>, waited: Duration) {
        let counts = self.of(pool);
        if for_the_line { &counts.from_emergency } else { &counts.from_pool }.increment(1);
        if let Some(matched) = matched {
            counts.matched.at(&self.0.registry, &[matched.as_str()]).increment(1);
        }
        self.0.waits.record(waited);
    }

    /// A user was told the number that they had.
    pub fn replayed(&self, pool: &PoolName, waited: Duration) {
        self.of(pool).replayed.increment(1);
        self.0.waits.record(waited);
    }

    /// A signup got no number of the pool that it was sent to; `code` is the answer's.
    pub fn assign_refused(&self, pool: &PoolName, code: &str, waited: Duration) {
        self.of(pool).refused.at(&self.0.registry, &[code]).increment(1);
        self.0.waits.record(waited);
    }

    /// A user gave a number back.
    pub fn released(&self, pool: &PoolName) {
        self.of(pool).releases.increment(1);
    }

    /// The application told of so many numbers that they were used.
    pub fn touched(&self, count: u32) {
        self.0.touches.increment(u64::from(count));
    }

    /// A notice came to this.
    pub fn recycling(&self, outcome: RecyclingOutcome) {
        self.0.recyclings.at(&self.0.registry, &[outcome.as_str()]).increment(1);
    }

    /// When a walk over calls or messages last came to its end.
    pub fn swept(&self, what: Swept, complete_at: Option<SystemTime>) {
        let since = complete_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        self.0.sweep_last.at(&self.0.registry, &[what.as_str()]).set(since.as_secs_f64());
    }

    /// Whether the next one is overdue.
    pub fn sweep_overdue(&self, what: Swept, is_overdue: bool) {
        self.0.sweep_overdue.at(&self.0.registry, &[what.as_str()]).set(f64::from(u8::from(is_overdue)));
    }

    /// An order ended.
    pub fn purchase_ended(&self, pool: &PoolName, trigger: Trigger, state: OrderState) {
        self.of(pool).purchases.at(&self.0.registry, &[trigger.as_str(), state.as_str()]).increment(1);
    }

    /// A candidate's fate: `bought`, `taken`, `not_bought`, or `unknown` for now.
    pub fn item(&self, pool: &PoolName, outcome: &str) {
        self.of(pool).items.at(&self.0.registry, &[outcome]).increment(1);
    }

    /// So many rows of a search could not be read.
    pub fn rows_unreadable(&self, pool: &PoolName, count: u32) {
        self.of(pool).unreadable.increment(u64::from(count));
    }

    /// A pass of the pool monitor came to its end for this pool.
    pub fn pass_ended(&self, pool: &PoolName, trigger: Trigger, reason: &str, purchased: u32) {
        let counts = self.of(pool);
        counts.passes.at(&self.0.registry, &[trigger.as_str(), counted_as(reason)]).increment(1);
        counts.last_pass.set(now());
        counts.last_pass_purchased.set(purchased);
    }

    /// Buying for this pool alone was halted, or opened again.
    pub fn pool_halted(&self, pool: &PoolName, halted: bool) {
        self.of(pool).halted.set(f64::from(u8::from(halted)));
    }

    /// A comparison with Twilio came to its end; `found` has what it found, such as `("missing", 2)`. What it does not
    /// name is 0.
    pub fn reconciled(&self, found: &[(&str, u32)]) {
        for kind in FINDINGS {
            let count = found.iter().find(|(found, _)| found == kind).map_or(0, |(_, count)| *count);
            self.0.found.at(&self.0.registry, &[*kind]).set(count);
        }
        self.0.reconciled.set(now());
    }

    /// Somebody read what numbers are attached to: `found` has what is not as it should be, by kind and state; what it does not
    /// name is 0. How long the oldest have waited, for Twilio and for the carriers, and how many targets take no number.
    pub fn attachments_seen(&self, found: &[(AttachmentKind, &str, u32)], oldest: [Duration; 2], closed: u32) {
        for kind in AttachmentKind::ALL {
            for state in ATTACHMENT_STATES {
                let is_it = |(other, word, _): &&(AttachmentKind, &str, u32)| other == kind && word == state;
                let count = found.iter().find(is_it).map_or(0, |(_, _, count)| *count);
                self.0.attachments.at(&self.0.registry, &[kind.as_str(), *state]).set(count);
            }
        }
        let [attachment, registration] = oldest;
        self.0.attachment_oldest.set(attachment.as_secs_f64());
        self.0.registration_oldest.set(registration.as_secs_f64());
        self.0.services_full.set(closed);
    }

    /// An attempt to attach a number came to this.
    pub fn attachment_tried(&self, kind: AttachmentKind, outcome: AttachmentOutcome) {
        self.0.attachments_tried.at(&self.0.registry, &[kind.as_str(), outcome.as_str()]).increment(1);
    }

    /// It was looked whether buying could succeed; `counts` has how many things are how well.
    pub fn twilio_checked(&self, counts: &[(&str, usize)]) {
        for (result, count) in counts {
            // There are a few for each of at most 51 pools.
            let count = u32::try_from(*count).unwrap_or(u32::MAX);
            self.0.twilio_checks.at(&self.0.registry, &[*result]).set(count);
        }
        self.0.twilio_check_last.set(now());
    }

    /// A call to Twilio ended.
    pub fn twilio_called(&self, operation: Operation, wire: WireResult, took: Duration) {
        self.0.twilio.at(&self.0.registry, &[operation.as_str(), wire.as_str()]).increment(1);
        self.0.twilio_waits.at(&self.0.registry, &[operation.as_str()]).record(took);
    }

    /// So many of Twilio's events came to this end.
    pub fn events_came(&self, outcome: EventOutcome, count: u64) {
        self.0.events.at(&self.0.registry, &[outcome.as_str()]).increment(count);
    }

    /// Somebody read which alerts are open: `open` has how many of each kind and severity, and what it does not name is 0; how many reached
    /// nobody; for how long the oldest message of a channel has waited, in seconds; when a sign of life was last given.
    pub fn alerts_seen(
        &self,
        open: &[(AlertKind, AlertSeverity, u32)],
        untold: u32,
        oldest: &[(AlertChannel, f64)],
        beat_at: Option<SystemTime>,
    ) {
        for kind in AlertKind::ALL {
            for severity in AlertSeverity::ALL {
                let is_it = |(other, so_bad, _): &&(AlertKind, AlertSeverity, u32)| other == kind && so_bad == severity;
                let count = open.iter().find(is_it).map_or(0, |(_, _, count)| *count);
                self.0.alerts_open.at(&self.0.registry, &[kind.as_str(), severity.as_str()]).set(count);
            }
        }
        self.0.alerts_untold.set(untold);
        for channel in AlertChannel::ALL {
            let waited = oldest.iter().find(|(other, _)| other == channel).map_or(0.0, |(_, waited)| *waited);
            self.0.alert_message_oldest.at(&self.0.registry, &[channel.as_str()]).set(waited);
        }
        let beat = beat_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        self.0.sign_of_life.set(beat.as_secs_f64());
    }

    /// A try to send a message about alerts came to this.
    pub fn alert_tried(&self, channel: AlertChannel, outcome: AlertOutcome, took: Duration) {
        self.0.alert_messages.at(&self.0.registry, &[channel.as_str(), outcome.as_str()]).increment(1);
        self.0.alert_sends.at(&self.0.registry, &[channel.as_str()]).record(took);
    }

    /// A request was answered; `route` is the pattern that it matched, if any.
    pub fn answered(&self, route: Option<&str>, method: &str, status: &str, took: Duration) {
        let route = route.unwrap_or("none");
        self.0.http.at(&self.0.registry, &[route, method, status]).increment(1);
        self.0.http_waits.at(&self.0.registry, &[route]).record(took);
    }

    /// A part of the process has a name.
    pub fn child_exists(&self, child: &'static str) {
        let _at_zero = self.0.registry.counter(&table::CHILD_RESTARTS, &[child.into()]);
    }

    /// A part of the process died and is replaced.
    pub fn child_restarted(&self, child: &'static str) {
        self.0.registry.counter(&table::CHILD_RESTARTS, &[child.into()]).increment(1);
    }

    /// Where the log counts the lines that it drops: ordinary ones, and those of `warn` and above.
    pub fn log_lines_dropped(&self) -> [metrics::Counter; 2] {
        ["ordinary", "important"].map(|importance| self.0.log_dropped.at(&self.0.registry, &[importance]).clone())
    }

    /// Work at the database failed.
    pub fn database_failed(&self, fault: DatabaseFault) {
        self.0.database.at(&self.0.registry, &[fault.as_str()]).increment(1);
    }
}
