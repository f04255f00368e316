//! The handle that everybody counts with, and all that it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram};

use super::clock::now;
use super::process::Process;
use super::registry::{Family, Registry};
use super::table;
use super::words::{
    FAULTS, FINDINGS, METHODS, MISSING, OPERATIONS, REFUSALS, STATUSES, WINDOWS, WIRE_RESULTS, item_states,
    order_states, reasons, states, triggers,
};
use crate::domain::Stock;

/// The content type of [`Telemetry::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where everything is counted. Cheap to clone; all clones count into one.
#[derive(Clone)]
pub struct Telemetry(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) registry: Registry,
    pub(super) process: Process,
    pub(super) started: Instant,
    /// Milliseconds from `started` to the last observation, plus one; 0 = none yet.
    pub(super) observed_millis: AtomicU64,
    pub(super) numbers: Family<Gauge>,
    pub(super) threshold: Gauge,
    pub(super) waiting: Gauge,
    pub(super) spend: Family<Gauge>,
    pub(super) spend_max: Family<Gauge>,
    pub(super) halted: Gauge,
    pub(super) paused: Gauge,
    pub(super) observed: Gauge,
    pub(super) from_pool: Counter,
    pub(super) from_emergency: Counter,
    pub(super) replayed: Counter,
    pub(super) refused: Family<Counter>,
    pub(super) waits: Histogram,
    pub(super) releases: Counter,
    pub(super) purchases: Family<Counter>,
    pub(super) items: Family<Counter>,
    pub(super) passes: Family<Counter>,
    pub(super) last_pass: Gauge,
    pub(super) last_pass_purchased: Gauge,
    pub(super) reconciled: Gauge,
    pub(super) found: Family<Gauge>,
    pub(super) twilio: Family<Counter>,
    pub(super) twilio_waits: Family<Histogram>,
    pub(super) http: Family<Counter>,
    pub(super) http_waits: Family<Histogram>,
    pub(super) database: Family<Counter>,
    pub(super) log_dropped: Family<Counter>,
}

/// What somebody has just read from the database, with the limits it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct PoolReading<'a> {
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
        let triggers = triggers();
        let inner = Inner {
            process: Process::new(&registry),
            started: Instant::now(),
            observed_millis: AtomicU64::new(0),
            numbers: Family::complete(&registry, table::NUMBERS, &[&states()]),
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
            purchases: Family::complete(&registry, table::PURCHASES, &[&triggers, &order_states()]),
            items: Family::complete(&registry, table::PURCHASE_ITEMS, &[&item_states()]),
            // Most combinations never happen.
            passes: Family::new(table::PASSES, &[&triggers, &reasons()]),
            last_pass: new(&table::LAST_PASS),
            last_pass_purchased: new(&table::LAST_PASS_PURCHASED),
            reconciled: new(&table::RECONCILIATION_LAST),
            found: Family::complete(&registry, table::RECONCILIATION_FOUND, &[FINDINGS]),
            twilio: Family::complete(&registry, table::TWILIO_REQUESTS, &[OPERATIONS, WIRE_RESULTS]),
            twilio_waits: Family::complete(&registry, table::TWILIO_DURATION, &[OPERATIONS]),
            http: Family::new(table::HTTP_REQUESTS, &[routes, METHODS, STATUSES]),
            http_waits: Family::new(table::HTTP_DURATION, &[routes]),
            database: Family::complete(&registry, table::DATABASE_ERRORS, &[FAULTS]),
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

    /// Somebody read stock, spend, pause and halt.
    pub fn seen(&self, seen: &PoolReading<'_>) {
        let inner = &*self.0;
        let stock = seen.stock;
        for (state, count) in stock.by_state().into_iter().chain([(MISSING, seen.missing)]) {
            inner.numbers.at(&inner.registry, &[state]).set(count);
        }
        inner.waiting.set(stock.waiting);
        inner.threshold.set(seen.threshold);
        for (window, (bought, max)) in [("hour", seen.hour), ("day", seen.day)] {
            inner.spend.at(&inner.registry, &[window]).set(bought);
            inner.spend_max.at(&inner.registry, &[window]).set(max);
        }
        self.buying(seen.paused, seen.halted);
        inner.observed.set(now());
        let millis = u64::try_from(inner.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        inner.observed_millis.store(millis + 1, Ordering::Relaxed);
    }

    /// Somebody read or changed whether anything may be bought.
    pub fn buying(&self, paused: bool, halted: bool) {
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
