//! How one pool is: a line of `pools` in the status.
//!
//! How to get it wrong: another word for a count here than on top. Top and lines have the same names, so that whoever reads one
//! reads the other.

use serde::Serialize;

use crate::api::lists::passes::PassView;
use crate::api::pause::HaltedDocument;
use crate::config::PoolConfig;
use crate::db::passes::Pass;
use crate::db::stock::Observation;
use crate::domain::{CountryCode, NumberType, PoolName};

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StatusOfPool)]
pub(crate) struct OfPool {
    pub(crate) pool: PoolName,
    /// What it holds: numbers of this country
    pub(crate) country: CountryCode,
    /// and of this type.
    pub(crate) number_type: NumberType,
    pub(crate) available: u32,
    pub(crate) assigned: u32,
    pub(crate) total: u32,
    /// The threshold in force: its `threshold_low`, unless a boost or foresight raises it
    pub(crate) threshold: u32,
    pub(crate) needs_replenishment: bool,
    /// Its `threshold_low`
    pub(crate) threshold_configured: u32,
    pub(crate) quarantined: u32,
    pub(crate) unready: u32,
    /// Assignable as soon as they have joined what their pool wants and the carriers know them.
    pub(crate) registering: u32,
    pub(crate) unfit: u32,
    /// The carriers do not take them, or know them no more.
    pub(crate) registration_failed: u32,
    pub(crate) apart: u32,
    pub(crate) purchasing: u32,
    pub(crate) unsettled: u32,
    pub(crate) waiting: u32,
    pub(crate) missing: u32,
    pub(crate) missing_of_users: u32,
    pub(crate) held: u32,
    pub(crate) resting: u32,
    pub(crate) owned: u32,
    /// Its `owned_max`
    pub(crate) owned_max: u32,
    pub(crate) available_room: u32,
    pub(crate) spend: PoolSpend,
    /// Buying for it alone is halted, because it lacks what `needs` says.
    #[schema(required)]
    pub(crate) halted: Option<HaltedDocument>,
    #[schema(required)]
    pub(crate) last_replenishment: Option<PassView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct PoolSpend {
    pub(crate) hour: PoolWindow,
    pub(crate) day: PoolWindow,
}

/// Purchases of a pool in a window. They count against the caps of all pools, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = PoolSpendWindow)]
pub(crate) struct PoolWindow {
    pub(crate) bought: u32,
    /// Its own cap; null = it has none.
    #[schema(required)]
    pub(crate) max: Option<u32>,
}

#[cfg(test)]
impl OfPool {
    /// A pool with so many in stock, which wants so many.
    pub(crate) fn example(name: &str, available: u32, threshold: u32) -> Self {
        let config = PoolConfig { threshold_low: threshold, ..PoolConfig::default() };
        let stock = crate::domain::Stock { available, ..crate::domain::Stock::default() };
        let seen = Observation { stock, ..Observation::default() };
        Self::new(&name.parse().expect("a pool's name"), &config, threshold, &seen, None)
    }
}

impl OfPool {
    /// `threshold` is the one in force, `last` the latest check of this pool.
    pub(crate) fn new(
        name: &PoolName,
        pool: &PoolConfig,
        threshold: u32,
        seen: &Observation,
        last: Option<&Pass>,
    ) -> Self {
        let stock = &seen.stock;
        Self {
            pool: name.clone(),
            country: pool.country,
            number_type: pool.number_type,
            available: stock.available,
            assigned: stock.assigned,
            total: stock.total(),
            threshold,
            needs_replenishment: stock.available < threshold,
            threshold_configured: pool.threshold_low,
            quarantined: stock.quarantined,
            unready: stock.unready,
            registering: stock.registering,
            unfit: stock.unfit,
            registration_failed: stock.registration_failed,
            apart: stock.apart,
            purchasing: stock.purchasing,
            unsettled: stock.unsettled,
            waiting: stock.waiting,
            missing: seen.missing,
            missing_of_users: seen.missing_of_users,
            held: seen.held,
            resting: stock.quarantined.saturating_sub(seen.held),
            owned: stock.owned(),
            owned_max: pool.owned_max,
            available_room: pool.available_max.saturating_sub(stock.idle_at_most()),
            spend: PoolSpend {
                hour: PoolWindow { bought: seen.spend.pool_hour, max: None },
                day: PoolWindow { bought: seen.spend.pool_day, max: pool.purchases_per_day_max },
            },
            halted: seen.pool_halt.clone().map(Into::into),
            last_replenishment: last.cloned().map(Into::into),
        }
    }
}
