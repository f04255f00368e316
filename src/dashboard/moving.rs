//! Whether a number can be moved to another pool, and to which.
//!
//! How to get it wrong: offering what the API refuses. A pool of another country or type takes it only apart, so it is not
//! offered.

use crate::api::numbers::NumberView;
use crate::api::services::Services;
use crate::domain::{Kind, NumberStatus, PoolName, QuarantineReason};

/// Whether it may move at all: it is there, nobody decides about it, and it is not on its way out.
pub(super) fn is_movable(number: &NumberView) -> bool {
    match number.status {
        NumberStatus::Available | NumberStatus::Assigned => true,
        NumberStatus::Quarantined => number.quarantine_reason == Some(QuarantineReason::Released),
        NumberStatus::Missing | NumberStatus::Released => false,
    }
}

/// The other pools that hold numbers of its kind.
pub(super) fn pools_for(services: &Services, number: &NumberView) -> Vec<PoolName> {
    let config = services.config.load();
    let kind = Kind { country: number.country, number_type: number.number_type };
    let others = config.pools().filter(|(name, pool)| **name != number.pool && pool.kind() == kind);
    others.map(|(name, _)| name.clone()).collect()
}
