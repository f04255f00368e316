//! Every metric there is: its name, its kind, what it says, and its labels.
//!
//! Invariants: names begin with `callbunker_` (or `process_`, where Prometheus has a custom); units are base units and
//! stand in the name; counters, and they alone, end with `_total`; a label has a bounded set of values, never an id.
//! How to get it wrong: renaming one. Alerts and boards out there hold on to it, as to a route.

use metrics::Unit;

/// What a metric counts as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many took how long; the upper bounds of its buckets, in seconds.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name at `/metrics`.
    pub name: &'static str,
    /// What it counts as.
    pub kind: Kind,
    /// Of what.
    pub unit: Unit,
    /// What it says, for its `# HELP` line.
    pub help: &'static str,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
}

/// Waits of a signup.
const SIGNUP_BUCKETS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Requests, and calls to Twilio.
const CALL_BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

macro_rules! table {
    ($($constant:ident = $kind:expr, $unit:ident, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric =
                Metric { name: $name, kind: $kind, unit: Unit::$unit, help: $help, labels: &[$($label),*] };
        )*
        /// All of them.
        pub const TABLE: &[Metric] = &[$($constant),*];
    };
}

table! {
    NUMBERS = Kind::Gauge, Count, "callbunker_numbers", ["pool", "state"],
        "Numbers by state, as this instance last saw the database; purchasing and unsettled ones are on their way.";
    CONTESTED = Kind::Gauge, Count, "callbunker_numbers_contested", ["pool"],
        "Numbers held because somebody else sets their webhooks back again and again: a part of those quarantined.";
    THRESHOLD = Kind::Gauge, Count, "callbunker_threshold", ["pool"],
        "The pool's threshold in force: numbers are bought when fewer are available; 0 = never by itself.";
    THRESHOLD_CONFIGURED = Kind::Gauge, Count, "callbunker_threshold_configured", ["pool"],
        "threshold_low of the pool: what no boost and no foresight goes below.";
    ADVISED_THRESHOLD = Kind::Gauge, Count, "callbunker_advised_threshold", ["pool"],
        "The threshold that the pool's past advises, as this instance last worked it out.";
    ADVISED_STOCK = Kind::Gauge, Count, "callbunker_advised_stock", ["pool"],
        "The stock that this advice stands for: what one-for-one replacement would need.";
    ADVICE_NEEDED = Kind::Gauge, Count, "callbunker_advice_needed", ["pool"],
        "The stock that the last day that is over would have needed.";
    BOOST_LACKING = Kind::Gauge, Count, "callbunker_boost_lacking", ["pool"],
        "Numbers that will lack when a boost of the next seven days begins, the most of any; 0 = all will be there.";
    INACTIVE = Kind::Gauge, Count, "callbunker_inactive", ["pool"],
        "Numbers of users of which no use is known for recycling.inactive_days; NaN = nobody knows whether they were used.";
    SIGNUPS_WAITING = Kind::Gauge, Count, "callbunker_signups_waiting", ["pool"],
        "Signups in line for a number, on all instances.";
    SPEND = Kind::Gauge, Count, "callbunker_spend", ["window"],
        "Purchases that count against the spend cap of the window, from the ledger of all instances.";
    SPEND_MAX = Kind::Gauge, Count, "callbunker_spend_max", ["window"],
        "spend.purchases_per_hour_max and spend.purchases_per_day_max.";
    HALTED = Kind::Gauge, Count, "callbunker_halted", [],
        "1 while buying is halted because Twilio refuses the account, else 0.";
    PAUSED = Kind::Gauge, Count, "callbunker_paused", [],
        "1 while an operator has paused automatic buying, else 0.";
    POOL_HALTED = Kind::Gauge, Count, "callbunker_pool_halted", ["pool"],
        "1 while buying for this pool alone is halted because it lacks something that Twilio wants, else 0.";
    POOL_INFO = Kind::Gauge, Count, "callbunker_pool_info", ["pool", "country", "number_type"],
        "1 for what a pool of the configuration holds; 0 for what it held before.";
    POOL_UNCONFIGURED = Kind::Gauge, Count, "callbunker_pool_unconfigured", [],
        "Pools that numbers belong to and the configuration does not name.";
    ATTACHMENTS = Kind::Gauge, Count, "callbunker_attachments", ["kind", "state"],
        "Attachments that are not as they should be, of all pools: intended, sent and leaving ones wait for Twilio, all others for somebody.";
    ATTACHMENTS_TRIED = Kind::Counter, Count, "callbunker_attachments_total", ["kind", "outcome"],
        "Attempts of this instance to attach numbers, by what they came to; an unclear one is looked up and tried again.";
    ATTACHMENT_OLDEST = Kind::Gauge, Seconds, "callbunker_attachment_oldest_seconds", [],
        "How long the oldest attachment that waits for Twilio has waited; 0 = none does.";
    REGISTRATION_OLDEST = Kind::Gauge, Seconds, "callbunker_registration_oldest_seconds", [],
        "How long the carriers have not known the number that has waited longest for them; 0 = none waits.";
    SERVICES_FULL = Kind::Gauge, Count, "callbunker_services_full", [],
        "Messaging services, profiles and products that some pool wants and that take no number: full, or unknown to Twilio.";
    OBSERVED = Kind::Gauge, Seconds, "callbunker_stock_observed_timestamp_seconds", [],
        "When this instance last read the numbers, the line, the spend and the gate from the database; 0 = never.";

    ASSIGNMENTS = Kind::Counter, Count, "callbunker_assignments_total", ["pool", "source"],
        "Numbers given to signups: from the pool, bought for them (emergency), or the one that they had (replayed).";
    ASSIGN_REFUSED = Kind::Counter, Count, "callbunker_assign_refused_total", ["pool", "code"],
        "Signups that got no number, by the code of the answer.";
    ASSIGN_MATCHED = Kind::Counter, Count, "callbunker_assign_matched_total", ["pool", "match"],
        "Numbers given to signups that wished for an area code, by how near to it they are.";
    ASSIGN_DURATION = Kind::Histogram(SIGNUP_BUCKETS), Seconds, "callbunker_assign_duration_seconds", [],
        "How long signups waited at the desk for a number or a refusal.";
    RELEASES = Kind::Counter, Count, "callbunker_releases_total", ["pool"],
        "Numbers that users gave back.";

    PURCHASES = Kind::Counter, Count, "callbunker_purchases_total", ["pool", "trigger", "outcome"],
        "Orders that ended here, by what set them off and the state in which they ended.";
    PURCHASE_ITEMS = Kind::Counter, Count, "callbunker_purchase_items_total", ["pool", "outcome"],
        "Candidates by what became of them; an unknown one counts again when it is settled.";
    SEARCH_ROWS_UNREADABLE = Kind::Counter, Count, "callbunker_search_rows_unreadable_total", ["pool"],
        "Rows of Twilio's searches that could not be read, and were passed over.";
    PASSES = Kind::Counter, Count, "callbunker_passes_total", ["pool", "trigger", "reason"],
        "Checks of the pool monitor, by what set them off and why they bought or did not.";
    LAST_PASS = Kind::Gauge, Seconds, "callbunker_last_pass_timestamp_seconds", ["pool"],
        "When the last check of the pool by this instance ended; 0 = none since it started.";
    LAST_PASS_PURCHASED = Kind::Gauge, Count, "callbunker_last_pass_purchased", ["pool"],
        "How many numbers the last check of the pool by this instance bought.";

    RECONCILIATION_LAST = Kind::Gauge, Seconds, "callbunker_reconciliation_last_run_timestamp_seconds", [],
        "When this instance last compared its numbers with Twilio's to the end; 0 = not since it started.";
    RECONCILIATION_FOUND = Kind::Gauge, Count, "callbunker_reconciliation_found", ["kind"],
        "What the last comparison with Twilio found.";

    TWILIO_REQUESTS = Kind::Counter, Count, "callbunker_twilio_requests_total", ["operation", "status"],
        "Calls to Twilio by the class of the answer's status, or how they failed without a whole answer.";
    TWILIO_CHECKS = Kind::Gauge, Count, "callbunker_twilio_checks", ["result"],
        "What the last look whether buying could succeed found, by result; fail = a purchase could not succeed.";
    TWILIO_CHECK_LAST = Kind::Gauge, Seconds, "callbunker_twilio_check_last_run_timestamp_seconds", [],
        "When this instance last looked whether buying could succeed; 0 = not since it started.";
    TWILIO_DURATION = Kind::Histogram(CALL_BUCKETS), Seconds, "callbunker_twilio_request_duration_seconds", ["operation"],
        "How long calls to Twilio took.";

    EVENTS = Kind::Counter, Count, "callbunker_events_total", ["outcome"],
        "Twilio's events by what became of them: stored, repeated (known, or older than what is known), ignored (about nothing of ours), rejected (not Twilio's, or unreadable), failed (Twilio sends it again).";

    ALERTS_OPEN = Kind::Gauge, Count, "callbunker_alerts_open", ["kind", "severity"],
        "Alerts that are open, on all instances, by what they are and how bad.";
    ALERTS_UNTOLD = Kind::Gauge, Count, "callbunker_alerts_untold", [],
        "Alerts of which no channel has taken the last that is to be told, for over a minute.";
    ALERT_MESSAGES = Kind::Counter, Count, "callbunker_alert_messages_total", ["channel", "outcome"],
        "Messages about alerts that this instance tried to send: sent, failed (tried again), refused (the far side wants none), given_up (after three days).";
    ALERT_MESSAGE_OLDEST = Kind::Gauge, Seconds, "callbunker_alert_message_oldest_seconds", ["channel"],
        "How long the oldest message that waits for this channel has waited; 0 = none does.";
    ALERT_SEND_DURATION = Kind::Histogram(CALL_BUCKETS), Seconds, "callbunker_alert_send_duration_seconds", ["channel"],
        "How long a try to send a message about alerts took.";
    TOUCHES = Kind::Counter, Count, "callbunker_touches_total", [],
        "Numbers that the application said were used, to this instance.";
    RECYCLINGS = Kind::Counter, Count, "callbunker_recyclings_total", ["outcome"],
        "Notices that numbers are not used, of this instance: noticed (the far side has it), taken (the number rests), ended (it stays with its user).";
    SWEEP_OVERDUE = Kind::Gauge, Count, "callbunker_sweep_overdue", ["what"],
        "1 while recycling.sweep_cron is set and no walk over the account's calls or messages came to its end for more than twice the time between two, else 0.";
    SWEEP_LAST = Kind::Gauge, Seconds, "callbunker_sweep_last_timestamp_seconds", ["what"],
        "When a walk over the account's calls or messages last came to its end, of any instance; 0 = never.";
    SIGN_OF_LIFE = Kind::Gauge, Seconds, "callbunker_sign_of_life_timestamp_seconds", [],
        "When any instance last asked alerts.heartbeat_url; 0 = never.";

    SPENT = Kind::Gauge, Count, "callbunker_spent", ["pool", "currency"],
        "What the numbers of the pool were charged this month so far; NaN = not all of it is known.";
    IDLE_COST = Kind::Gauge, Count, "callbunker_idle_cost", ["pool", "currency"],
        "What numbers of the pool cost this month while nobody had them; NaN = not known.";
    FORECAST_COST = Kind::Gauge, Count, "callbunker_forecast_cost", ["pool", "currency"],
        "What the numbers of the pool will be charged in the next 30 days; NaN = not known.";
    USAGE_DIFFERENCE = Kind::Gauge, Count, "callbunker_usage_difference", [],
        "How many more charges of the last month Twilio's usage records count than the books do, explained or not.";
    CHARGES_UNPRICED = Kind::Gauge, Count, "callbunker_charges_unpriced", [],
        "Charges whose amount is not known yet, because Twilio has not told the price.";

    HTTP_REQUESTS = Kind::Counter, Count, "callbunker_http_requests_total", ["route", "method", "status"],
        "Requests answered, by the pattern of their route.";
    HTTP_DURATION = Kind::Histogram(CALL_BUCKETS), Seconds, "callbunker_http_request_duration_seconds", ["route"],
        "From a request's head to its answer's.";

    CHILD_RESTARTS = Kind::Counter, Count, "callbunker_child_restarts_total", ["child"],
        "Parts of this process that died and were replaced.";
    DATABASE_ERRORS = Kind::Counter, Count, "callbunker_database_errors_total", ["kind"],
        "Work at the database that failed: no connection in time, no answer in time, unavailable, or a bug.";
    LOG_LINES_DROPPED = Kind::Counter, Count, "callbunker_log_lines_dropped_total", ["importance"],
        "Log lines that were dropped because the log was not read; important ones are of warn and above.";
    BUILD_INFO = Kind::Gauge, Count, "callbunker_build_info", ["version"],
        "Always 1; the version of this process.";

    PROCESS_CPU = Kind::Counter, Seconds, "process_cpu_seconds_total", [],
        "User and system CPU time spent, in whole seconds.";
    PROCESS_MEMORY = Kind::Gauge, Bytes, "process_resident_memory_bytes", [],
        "Memory in RAM.";
    PROCESS_VIRTUAL = Kind::Gauge, Bytes, "process_virtual_memory_bytes", [],
        "Memory reserved.";
    PROCESS_FDS = Kind::Gauge, Count, "process_open_fds", [],
        "Open file descriptors.";
    PROCESS_FDS_MAX = Kind::Gauge, Count, "process_max_fds", [],
        "File descriptors that may be open.";
    PROCESS_THREADS = Kind::Gauge, Count, "process_threads", [],
        "Threads.";
    PROCESS_START = Kind::Gauge, Seconds, "process_start_time_seconds", [],
        "When this process started, since the epoch.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_custom() {
        let mut names = HashSet::new();
        for metric in TABLE {
            let Metric { name, kind, unit, help, labels } = metric;
            assert!(names.insert(name), "{name} stands there twice");
            assert!(name.starts_with("callbunker_") || name.starts_with("process_"), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}: only counters end with _total");
            assert_eq!(name.contains("_seconds"), *unit == Unit::Seconds, "{name}: the unit stands in the name");
            assert_eq!(name.contains("_bytes"), *unit == Unit::Bytes, "{name}: the unit stands in the name");
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}: {help}");
            assert!(labels.iter().all(|label| !["le", "job", "instance", "quantile"].contains(label)), "{name}");
        }
    }

    #[test]
    fn buckets_ascend() {
        for metric in TABLE {
            if let Kind::Histogram(buckets) = metric.kind {
                assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
            }
        }
    }
}
