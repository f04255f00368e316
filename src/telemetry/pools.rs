//! What is counted for each pool, and which pools have counts of their own.
//!
//! Invariants: a pool keeps its series for as long as the process runs, whatever reloads do; there are at most
//! [`POOLS_MAX`] of them and one `other`, for whichever came too late or was never in force here.
//! How to get it wrong: a lock on the way of a signup. The map is replaced, and whoever counts reads the one that stands.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use metrics::{Counter, Gauge, SharedString};
use parking_lot::Mutex;

use super::registry::{Family, OTHER, Registry};
use super::table;
use super::words::{REFUSALS, item_states, matches, order_states, reasons, states, triggers};
use crate::domain::{Kind, PoolName};

/// The most pools that a process tells apart. Fifty may be in force; reloads may name others, and none ever goes.
const POOLS_MAX: usize = 500;

/// The counts of one pool.
pub(super) struct OfPool {
    pub(super) numbers: Family<Gauge>,
    pub(super) contested: Gauge,
    pub(super) threshold: Gauge,
    pub(super) threshold_configured: Gauge,
    pub(super) advised_threshold: Gauge,
    pub(super) advised_stock: Gauge,
    pub(super) advice_needed: Gauge,
    pub(super) boost_lacking: Gauge,
    pub(super) inactive: Gauge,
    pub(super) waiting: Gauge,
    pub(super) halted: Gauge,
    pub(super) from_pool: Counter,
    pub(super) from_emergency: Counter,
    pub(super) replayed: Counter,
    pub(super) refused: Family<Counter>,
    pub(super) matched: Family<Counter>,
    pub(super) releases: Counter,
    pub(super) purchases: Family<Counter>,
    pub(super) items: Family<Counter>,
    pub(super) unreadable: Counter,
    pub(super) passes: Family<Counter>,
    pub(super) last_pass: Gauge,
    pub(super) last_pass_purchased: Gauge,
}

impl OfPool {
    /// All at zero.
    fn new(registry: &Registry, pool: &str) -> Self {
        // One name, whoever has it among its labels.
        let pool = &SharedString::from_shared(Arc::from(pool));
        let gauge = |metric| registry.gauge(metric, std::slice::from_ref(pool));
        let inactive = gauge(&table::INACTIVE);
        inactive.set(f64::NAN);
        let source = |source: &'static str| registry.counter(&table::ASSIGNMENTS, &[pool.clone(), source.into()]);
        let triggers = triggers();
        Self {
            numbers: Family::of_pool(table::NUMBERS, pool, &[&states()]).completed(registry),
            contested: gauge(&table::CONTESTED),
            threshold: gauge(&table::THRESHOLD),
            threshold_configured: gauge(&table::THRESHOLD_CONFIGURED),
            advised_threshold: gauge(&table::ADVISED_THRESHOLD),
            advised_stock: gauge(&table::ADVISED_STOCK),
            advice_needed: gauge(&table::ADVICE_NEEDED),
            boost_lacking: gauge(&table::BOOST_LACKING),
            inactive,
            waiting: gauge(&table::SIGNUPS_WAITING),
            halted: gauge(&table::POOL_HALTED),
            from_pool: source("pool"),
            from_emergency: source("emergency"),
            replayed: source("replayed"),
            refused: Family::of_pool(table::ASSIGN_REFUSED, pool, &[REFUSALS]).completed(registry),
            matched: Family::of_pool(table::ASSIGN_MATCHED, pool, &[&matches()]).completed(registry),
            releases: registry.counter(&table::RELEASES, std::slice::from_ref(pool)),
            purchases: Family::of_pool(table::PURCHASES, pool, &[&triggers, &order_states()]).completed(registry),
            items: Family::of_pool(table::PURCHASE_ITEMS, pool, &[&item_states()]).completed(registry),
            unreadable: registry.counter(&table::SEARCH_ROWS_UNREADABLE, std::slice::from_ref(pool)),
            // Most combinations never happen.
            passes: Family::of_pool(table::PASSES, pool, &[&triggers, &reasons()]),
            last_pass: gauge(&table::LAST_PASS),
            last_pass_purchased: gauge(&table::LAST_PASS_PURCHASED),
        }
    }
}

/// The pools that were ever in force here, and what each of them held last.
pub(super) struct Pools {
    counts: ArcSwap<BTreeMap<PoolName, Arc<OfPool>>>,
    other: OnceLock<Arc<OfPool>>,
    in_force: Mutex<BTreeMap<PoolName, Kind>>,
}

impl Pools {
    /// With `default`, which is always there.
    pub(super) fn new(registry: &Registry) -> Self {
        let default = PoolName::default_pool();
        let counts = Arc::new(OfPool::new(registry, default.as_str()));
        Self {
            counts: ArcSwap::from_pointee(BTreeMap::from([(default, counts)])),
            other: OnceLock::new(),
            in_force: Mutex::default(),
        }
    }

    /// The counts of a pool.
    pub(super) fn of(&self, registry: &Registry, pool: &PoolName) -> Arc<OfPool> {
        self.own(pool).unwrap_or_else(|| self.other(registry))
    }

    /// The counts of a pool that has some of its own.
    pub(super) fn own(&self, pool: &PoolName) -> Option<Arc<OfPool>> {
        self.counts.load().get(pool).map(Arc::clone)
    }

    /// The counts of all others together.
    pub(super) fn other(&self, registry: &Registry) -> Arc<OfPool> {
        Arc::clone(self.other.get_or_init(|| Arc::new(OfPool::new(registry, OTHER))))
    }

    /// From now on these are in force. What goes keeps its series: what it wants is nothing, and what it has is told by whoever
    /// reads it.
    pub(super) fn replace(&self, registry: &Registry, pools: BTreeMap<PoolName, Kind>) {
        let mut in_force = self.in_force.lock();
        let mut counts = BTreeMap::clone(&self.counts.load());
        for pool in pools.keys() {
            if counts.len() < POOLS_MAX && !counts.contains_key(pool) {
                counts.insert(pool.clone(), Arc::new(OfPool::new(registry, pool.as_str())));
            }
        }
        let has_series = |pool: &PoolName| counts.contains_key(pool);
        let info = |pool: &PoolName, kind: &Kind, value: f64| {
            let values = [pool.as_str(), kind.country.as_str(), kind.number_type.as_str()];
            let values = values.map(|value| SharedString::from(value.to_owned()));
            registry.gauge(&table::POOL_INFO, &values).set(value);
        };
        for (pool, kind) in in_force.iter().filter(|(pool, kind)| has_series(pool) && pools.get(*pool) != Some(*kind)) {
            info(pool, kind, 0.0);
        }
        for (pool, kind) in pools.iter().filter(|(pool, _)| has_series(pool)) {
            info(pool, kind, 1.0);
        }
        for (_, gone) in counts.iter().filter(|(pool, _)| !pools.contains_key(*pool)) {
            let wanted = [&gone.threshold, &gone.threshold_configured, &gone.advised_threshold, &gone.boost_lacking];
            for gauge in wanted.into_iter().chain([&gone.waiting, &gone.halted]) {
                gauge.set(0.0);
            }
            gone.inactive.set(f64::NAN);
        }
        self.counts.store(Arc::new(counts));
        *in_force = pools;
    }
}
