//! The handle that everybody counts with, and all that it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram};

use super::clock::now;
use super::pools::{OfPool, Pools};
use super::process::Process;
use super::registry::{Family, Registry};
use super::table;
use super::words::{
    ALERT_OUTCOMES, ATTACHMENT_OUTCOMES, ATTACHMENT_STATES, CHECK_RESULTS, EVENT_OUTCOMES, FAULTS, FINDINGS, METHODS,
    MISSING, OPERATIONS, RECYCLING_OUTCOMES, STATUSES, WINDOWS, WIRE_RESULTS, alert_channels, alert_kinds,
    alert_severities, attachment_kinds, swept,
};
use crate::domain::{Kind, PoolName, Stock, VERSION};

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
    pub(super) pools: Pools,
    pub(super) unconfigured: Gauge,
    pub(super) attachments: Family<Gauge>,
    pub(super) attachments_tried: Family<Counter>,
    pub(super) attachment_oldest: Gauge,
    pub(super) registration_oldest: Gauge,
    pub(super) services_full: Gauge,
    pub(super) spend: Family<Gauge>,
    pub(super) spend_max: Family<Gauge>,
    pub(super) halted: Gauge,
    pub(super) paused: Gauge,
    pub(super) observed: Gauge,
    pub(super) waits: Histogram,
    pub(super) reconciled: Gauge,
    pub(super) found: Family<Gauge>,
    pub(super) twilio_checks: Family<Gauge>,
    pub(super) twilio_check_last: Gauge,
    pub(super) twilio: Family<Counter>,
    pub(super) twilio_waits: Family<Histogram>,
    pub(super) events: Family<Counter>,
    pub(super) alerts_open: Family<Gauge>,
    pub(super) alerts_untold: Gauge,
    pub(super) alert_messages: Family<Counter>,
    pub(super) alert_message_oldest: Family<Gauge>,
    pub(super) alert_sends: Family<Histogram>,
    pub(super) sign_of_life: Gauge,
    pub(super) usage_difference: Gauge,
    pub(super) charges_unpriced: Gauge,
    pub(super) touches: Counter,
    pub(super) recyclings: Family<Counter>,
    pub(super) sweep_last: Family<Gauge>,
    pub(super) sweep_overdue: Family<Gauge>,
    pub(super) http: Family<Counter>,
    pub(super) http_waits: Family<Histogram>,
    pub(super) database: Family<Counter>,
    pub(super) log_dropped: Family<Counter>,
}

/// What somebody has just read from the database of one pool, with what it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct PoolReading<'a> {
    /// Which pool.
    pub pool: &'a PoolName,
    /// The counts.
    pub stock: &'a Stock,
    /// Numbers that are not at Twilio any more.
    pub missing: u32,
    /// Numbers held because somebody else sets their webhooks back.
    pub contested: u32,
    /// Its `threshold_low`.
    pub threshold: u32,
    /// Whether buying for it alone is halted.
    pub halted: bool,
}

/// What somebody has just read from the database, with the limits it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Each pool that it was read of.
    pub pools: &'a [PoolReading<'a>],
    /// Pools that numbers belong to and the configuration does not name.
    pub unconfigured: u32,
    /// Purchases of the hour, and how many there may be.
    pub hour: (u32, u32),
    /// Purchases of the day, and how many there may be.
    pub day: (u32, u32),
    /// Whether an operator paused buying.
    pub paused: bool,
    /// Whether buying is halted.
    pub halted: bool,
}

impl Inner {
    /// How the pools of these counts stand, together.
    fn stands(&self, counts: &OfPool, pools: &[&PoolReading<'_>]) {
        let stock = pools.iter().fold(Stock::default(), |sum, of_pool| sum.and(of_pool.stock));
        let sum = |of: fn(&PoolReading<'_>) -> u32| pools.iter().map(|of_pool| of(of_pool)).sum::<u32>();
        let missing = sum(|of_pool| of_pool.missing);
        for (state, count) in stock.by_state().into_iter().chain([(MISSING, missing)]) {
            counts.numbers.at(&self.registry, &[state]).set(count);
        }
        counts.waiting.set(stock.waiting);
        counts.contested.set(sum(|of_pool| of_pool.contested));
        counts.threshold.set(sum(|of_pool| of_pool.threshold));
        counts.halted.set(f64::from(u8::from(pools.iter().any(|of_pool| of_pool.halted))));
    }
}

impl Telemetry {
    /// All at zero. `routes` are the patterns that requests are counted by.
    #[must_use]
    pub fn new(routes: &[&'static str]) -> Self {
        let registry = Registry::new();
        registry.gauge(&table::BUILD_INFO, &[VERSION.into()]).set(1.0);
        let new = |metric| registry.gauge(metric, &[]);
        let inner = Inner {
            process: Process::new(&registry),
            started: Instant::now(),
            observed_millis: AtomicU64::new(0),
            pools: Pools::new(&registry),
            unconfigured: new(&table::POOL_UNCONFIGURED),
            attachments: Family::complete(&registry, table::ATTACHMENTS, &[&attachment_kinds(), ATTACHMENT_STATES]),
            attachments_tried: Family::complete(
                &registry,
                table::ATTACHMENTS_TRIED,
                &[&attachment_kinds(), ATTACHMENT_OUTCOMES],
            ),
            attachment_oldest: new(&table::ATTACHMENT_OLDEST),
            registration_oldest: new(&table::REGISTRATION_OLDEST),
            services_full: new(&table::SERVICES_FULL),
            spend: Family::complete(&registry, table::SPEND, &[WINDOWS]),
            spend_max: Family::complete(&registry, table::SPEND_MAX, &[WINDOWS]),
            halted: new(&table::HALTED),
            paused: new(&table::PAUSED),
            observed: new(&table::OBSERVED),
            waits: registry.histogram(&table::ASSIGN_DURATION, &[]),
            reconciled: new(&table::RECONCILIATION_LAST),
            found: Family::complete(&registry, table::RECONCILIATION_FOUND, &[FINDINGS]),
            twilio_checks: Family::complete(&registry, table::TWILIO_CHECKS, &[CHECK_RESULTS]),
            twilio_check_last: new(&table::TWILIO_CHECK_LAST),
            twilio: Family::complete(&registry, table::TWILIO_REQUESTS, &[OPERATIONS, WIRE_RESULTS]),
            twilio_waits: Family::complete(&registry, table::TWILIO_DURATION, &[OPERATIONS]),
            events: Family::complete(&registry, table::EVENTS, &[EVENT_OUTCOMES]),
            alerts_open: Family::complete(&registry, table::ALERTS_OPEN, &[&alert_kinds(), &alert_severities()]),
            alerts_untold: new(&table::ALERTS_UNTOLD),
            alert_messages: Family::complete(&registry, table::ALERT_MESSAGES, &[&alert_channels(), ALERT_OUTCOMES]),
            alert_message_oldest: Family::complete(&registry, table::ALERT_MESSAGE_OLDEST, &[&alert_channels()]),
            alert_sends: Family::complete(&registry, table::ALERT_SEND_DURATION, &[&alert_channels()]),
            sign_of_life: new(&table::SIGN_OF_LIFE),
            usage_difference: new(&table::USAGE_DIFFERENCE),
            charges_unpriced: new(&table::CHARGES_UNPRICED),
            recyclings: Family::complete(&registry, table::RECYCLINGS, &[RECYCLING_OUTCOMES]),
            touches: registry.counter(&table::TOUCHES, &[]),
            sweep_overdue: Family::complete(&registry, table::SWEEP_OVERDUE, &[&swept()]),
            sweep_last: Family::complete(&registry, table::SWEEP_LAST, &[&swept()]),
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

    /// These pools are in force from now on, and what each of them holds.
    pub fn pools_in_force(&self, pools: impl IntoIterator<Item = (PoolName, Kind)>) {
        self.0.pools.replace(&self.0.registry, pools.into_iter().collect());
    }

    /// What is configured as a pool's threshold.
    pub fn configured(&self, pool: &PoolName, threshold: u32) {
        if let Some(counts) = self.0.pools.own(pool) {
            counts.threshold_configured.set(threshold);
        }
    }

    /// What a pool's past advises: a threshold, and the stock that it stands for.
    pub fn advised(&self, pool: &PoolName, threshold: u32, stock: u32) {
        if let Some(counts) = self.0.pools.own(pool) {
            counts.advised_threshold.set(threshold);
            counts.advised_stock.set(stock);
        }
    }

    /// What the last day that is over would have needed.
    pub fn needed(&self, pool: &PoolName, stock: u32) {
        if let Some(counts) = self.0.pools.own(pool) {
            counts.advice_needed.set(stock);
        }
    }

    /// So many numbers of a pool's users are not used; `None` = nobody knows.
    pub fn inactive(&self, pool: &PoolName, count: Option<i64>) {
        if let Some(counts) = self.0.pools.own(pool) {
            let known = count.map(|count| f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
            counts.inactive.set(known.unwrap_or(f64::NAN));
        }
    }

    /// So many numbers will lack when a boost of a pool begins.
    pub fn boost_lacks(&self, pool: &PoolName, count: u32) {
        if let Some(counts) = self.0.pools.own(pool) {
            counts.boost_lacking.set(count);
        }
    }

    /// Somebody read stock, spend, pause and halts.
    pub fn seen(&self, seen: &Reading<'_>) {
        let inner = &*self.0;
        let mut strays: Vec<&PoolReading<'_>> = Vec::new();
        for of_pool in seen.pools {
            match inner.pools.own(of_pool.pool) {
                Some(counts) => inner.stands(&counts, std::slice::from_ref(&of_pool)),
                None => strays.push(of_pool),
            }
        }
        // Whoever shares a name is told as a sum: the last one would hide the others.
        if !strays.is_empty() {
            inner.stands(&inner.pools.other(&inner.registry), &strays);
        }
        inner.unconfigured.set(seen.unconfigured);
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

    /// The counts of a pool.
    pub(super) fn of(&self, pool: &PoolName) -> Arc<OfPool> {
        self.0.pools.of(&self.0.registry, pool)
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
