//! How far stock is counted for whoever buys.
//!
//! How to get it wrong: showing people what was counted up to a limit.

use crate::domain::PoolPolicy;

/// As a plan needs it. [`Stock::owned`](crate::domain::Stock::owned) is exact; `Stock::idle` and `Stock::assigned` are so below
/// `idle` and `assigned`. What was not counted stands under `quarantined`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Far {
    /// The largest limit that is set against what is idle; 0 = none is.
    pub(super) idle: u32,
    /// And against what is somebody's.
    pub(super) assigned: u32,
    /// If no more than this many are owned, with what may turn up, `idle` is not reached, and nothing is counted.
    pub(super) unless: u32,
}

impl Far {
    /// As far as this policy goes.
    #[must_use]
    pub fn of(policy: &PoolPolicy) -> Self {
        // One at least: whether there is any is told, whatever the policy sets nothing against.
        let idle = policy.threshold_low.max(policy.total_min).max(policy.available_max).max(1);
        Self { idle, assigned: policy.total_min, unless: 0 }
    }

    /// As far as the caps go that bind `more` creates: whether they are wanted was decided before.
    #[must_use]
    pub fn of_caps(policy: &PoolPolicy, available_max_binds: bool, more: usize) -> Self {
        let idle = if available_max_binds { policy.available_max } else { 0 };
        Self { idle, assigned: 0, unless: idle.saturating_sub(u32::try_from(more).unwrap_or(u32::MAX)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_sets_no_limit_is_told_whether_there_is_any() {
        let policy =
            PoolPolicy { threshold_low: 0, replenishment_batch_size: 1, total_min: 0, available_max: 0, owned_max: 9 };
        assert_eq!(Far::of(&policy), Far { idle: 1, assigned: 0, unless: 0 });
    }
}
