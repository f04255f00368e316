//! What happens, counted for machines that watch: one function for each event, one text for `GET /metrics`.
//!
//! Handles are resolved once ([`registry`]) from the one [`table`]; an event is a few atomic operations, without a lock
//! and without text. Stock, spend and gate are told by whoever has just read them, so a scrape asks nobody.
//!
//! Invariants: this room knows no other but `domain`; it owns its recorder, there is no global one; no label ever holds a
//! user, a number, an id or a path.
//! How to get it wrong: asking the database for a scrape. Ten scrapers would be ten times the load, and none would see
//! anything while the database is away, which is when they look.

mod events;
mod process;
mod registry;
pub mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge, Histogram};

use crate::domain::Stock;
use process::Process;
use registry::{Family, Registry};

pub use events::{DatabaseFault, Operation, Wire};

/// The content type of [`Telemetry::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const METHODS: &[&str] = &["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];
const STATUSES: &[&str] = &[
    "200", "201", "202", "204", "303", "304", "400", "401", "403", "404", "405", "408", "409", "413", "415", "422",
    "429", "500", "501", "502", "503",
];
const STATES: &[&str] =
    &["available", "unready", "unfit", "assigned", "quarantined", "purchasing", "unsettled", "missing"];
const WINDOWS: &[&str] = &["hour", "day"];
const TRIGGERS: &[&str] = &["threshold", "warm_start", "cron", "replenish", "manual", "emergency"];
const REASONS: &[&str] = &[
    "below_threshold",
    "below_total_min",
    "signups_waiting",
    "above_threshold",
    "paused",
    "halted",
    "available_max",
    "owned_max",
    "spend_cap",
    "locked",
    "no_stock",
    "twilio",
    "twilio_unreachable",
    "outcome_unknown",
    "interrupted",
    "stopping",
    "database_unavailable",
    "unavailable",
];
const ORDER_STATES: &[&str] = &["done", "stopped", "interrupted", "halted"];
const ITEM_STATES: &[&str] = &["bought", "taken", "not_bought", "unknown"];
const REFUSALS: &[&str] = &["pool_empty", "area_code_unavailable", "database_unavailable", "unavailable", "internal"];
/// What a comparison with Twilio can find.
const FINDINGS: &[&str] = &["adopted", "missing", "webhook_drift", "repaired", "foreign"];

/// Where everything is counted. Cheap to clone; all clones count into one.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    registry: Registry,
    process: Process,
    started: Instant,
    /// Milliseconds from `started` to the last observation, plus one; 0 = none yet.
    observed_millis: AtomicU64,
    numbers: Family<Gauge>,
    threshold: Gauge,
    waiting: Gauge,
    spend: Family<Gauge>,
    spend_max: Family<Gauge>,
    halted: Gauge,
    paused: Gauge,
    observed: Gauge,
    from_pool: Counter,
    from_emergency: Counter,
    replayed: Counter,
    refused: Family<Counter>,
    waits: Histogram,
    releases: Counter,
    purchases: Family<Counter>,
    items: Family<Counter>,
    passes: Family<Counter>,
    last_pass: Gauge,
    last_pass_purchased: Gauge,
    reconciled: Gauge,
    found: Family<Gauge>,
    twilio: Family<Counter>,
    twilio_waits: Family<Histogram>,
    http: Family<Counter>,
    http_waits: Family<Histogram>,
    database: Family<Counter>,
    log_dropped: Family<Counter>,
}

/// What somebody has just read from the database, with the limits it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The counts.
    pub stock: &'a Stock,
    /// Numbers that are not at Twilio any more.
    pub missing: u32,
    /// `pool.threshold_low`.
    pub threshold: u32,
    /// Purchases of the hour, and how many there may be.
    pub hour: (u32, u32),
    /// Purchases of the day, and how many there may be.
    pub day: (u32, u32),
    /// Whether an operator paused buying.
    pub paused: bool,
    /// Whether buying is halted.
    pub halted: bool,
}

impl Telemetry {
    /// All at zero. `routes` are the patterns that requests are counted by.
    #[must_use]
    pub fn new(routes: &[&'static str]) -> Self {
        let registry = Registry::new();
        registry.gauge(&table::BUILD_INFO, &[env!("CARGO_PKG_VERSION")]).set(1.0);
        let new = |metric| registry.gauge(metric, &[]);
        let inner = Inner {
            process: Process::new(&registry),
            started: Instant::now(),
            observed_millis: AtomicU64::new(0),
            numbers: Family::complete(&registry, table::NUMBERS, &[STATES]),
            threshold: new(&table::THRESHOLD),
            waiting: new(&table::SIGNUPS_WAITING),
            spend: Family::complete(&registry, table::SPEND, &[WINDOWS]),
            spend_max: Family::complete(&registry, table::SPEND_MAX, &[WINDOWS]),
            halted: new(&table::HALTED),
            paused: new(&table::PAUSED),
            observed: new(&table::OBSERVED),
            from_pool: registry.counter(&table::ASSIGNMENTS, &["pool"]),
            from_emergency: registry.counter(&table::ASSIGNMENTS, &["emergency"]),
            replayed: registry.counter(&table::ASSIGNMENTS, &["replayed"]),
            refused: Family::complete(&registry, table::ASSIGN_REFUSED, &[REFUSALS]),
            waits: registry.histogram(&table::ASSIGN_DURATION, &[]),
            releases: registry.counter(&table::RELEASES, &[]),
            purchases: Family::complete(&registry, table::PURCHASES, &[TRIGGERS, ORDER_STATES]),
            items: Family::complete(&registry, table::PURCHASE_ITEMS, &[ITEM_STATES]),
            // Most combinations never happen.
            passes: Family::new(table::PASSES, &[TRIGGERS, REASONS]),
            last_pass: new(&table::LAST_PASS),
            last_pass_purchased: new(&table::LAST_PASS_PURCHASED),
            reconciled: new(&table::RECONCILIATION_LAST),
            found: Family::complete(&registry, table::RECONCILIATION_FOUND, &[FINDINGS]),
            twilio: Family::complete(&registry, table::TWILIO_REQUESTS, &[events::OPERATIONS, events::WIRES]),
            twilio_waits: Family::complete(&registry, table::TWILIO_DURATION, &[events::OPERATIONS]),
            http: Family::new(table::HTTP_REQUESTS, &[routes, METHODS, STATUSES]),
            http_waits: Family::new(table::HTTP_DURATION, &[routes]),
            database: Family::complete(&registry, table::DATABASE_ERRORS, &[events::FAULTS]),
            log_dropped: Family::complete(&registry, table::LOG_LINES_DROPPED, &[&["ordinary", "important"]]),
            registry,
        };
        Self(Arc::new(inner))
    }

    /// Everything, in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.process.read();
        self.0.registry.render()
    }

    /// Sorts recorded waits into their buckets; whoever forgets it lets them pile up between scrapes.
    pub fn upkeep(&self) {
        self.0.registry.upkeep();
    }

    /// How long ago anybody here told what the database says; `None` = nobody ever did.
    #[must_use]
    pub fn seen_ago(&self) -> Option<Duration> {
        let at = self.0.observed_millis.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.0.started.elapsed().saturating_sub(Duration::from_millis(at)))
    }

    /// Somebody read stock, spend and gate.
    pub fn seen(&self, seen: &Seen<'_>) {
        let inner = &*self.0;
        let stock = seen.stock;
        for (state, count) in [
            ("available", stock.available),
            ("unready", stock.unready),
            ("unfit", stock.unfit),
            ("assigned", stock.assigned),
            ("quarantined", stock.quarantined),
            ("purchasing", stock.purchasing),
            ("unsettled", stock.unsettled),
            ("missing", seen.missing),
        ] {
            inner.numbers.at(&inner.registry, &[state]).set(count);
        }
        inner.waiting.set(stock.waiting);
        inner.threshold.set(seen.threshold);
        for (window, (bought, max)) in [("hour", seen.hour), ("day", seen.day)] {
            inner.spend.at(&inner.registry, &[window]).set(bought);
            inner.spend_max.at(&inner.registry, &[window]).set(max);
        }
        self.gate(seen.paused, seen.halted);
        inner.observed.set(now());
        let millis = u64::try_from(inner.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        inner.observed_millis.store(millis + 1, Ordering::Relaxed);
    }

    /// Somebody read or changed the gate.
    pub fn gate(&self, paused: bool, halted: bool) {
        self.0.paused.set(f64::from(u8::from(paused)));
        self.halted(halted);
    }

    /// Buying was halted, or opened again.
    pub fn halted(&self, halted: bool) {
        self.0.halted.set(f64::from(u8::from(halted)));
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

/// Seconds since the epoch.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
