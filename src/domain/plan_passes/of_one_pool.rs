//! The pass of one pool, told as plainly as it can be: what [`plan_passes`](super::plan_passes()) says of one pool is held against it.
//!
//! Invariant: every batch is sized by [`plan()`], against the stock and the caps that the batches before it would leave.
//! How to get it wrong: sizing the pass in one step. A batch is whole, so a pass may buy more than what lacks.

use super::{BATCHES_MAX, PassPlan};
use crate::domain::caps::{Cap, Caps, PoolPolicy};
use crate::domain::order::Trigger;
use crate::domain::plan::plan;
use crate::domain::stock::Stock;
use crate::domain::why::Why;

/// Simulates a pass: the waitlist first, then batches until [`plan()`] says 0.
#[must_use]
pub(in crate::domain) fn plan_pass(policy: &PoolPolicy, caps: &Caps, stock: &Stock, trigger: Trigger) -> PassPlan {
    let (mut caps, mut stock) = (*caps, *stock);
    let for_waiters = plan(policy, &caps, &stock, Trigger::Emergency).count;
    caps.spend(for_waiters);
    // They go straight to those who wait.
    stock.assigned += for_waiters;
    let mut pass = PassPlan { count: 0, for_waiters, batches: 0, why: Why::AboveThreshold, binding_cap: None };
    for batch in 0..BATCHES_MAX {
        let next = plan(policy, &caps, &stock, trigger);
        if batch == 0 {
            pass.why = next.why;
        }
        // A batch that was cut stays cut, also when nothing is wanted after it.
        pass.binding_cap = next.binding_cap.or(pass.binding_cap);
        if next.count == 0 {
            break;
        }
        pass.count += next.count;
        pass.batches += 1;
        caps.spend(next.count);
        stock.available += next.count;
    }
    pass
}

mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::UNBOUND;
    use crate::domain::plan::defaults::{FREE, POLICY, any_left};
    use crate::domain::stock::any_stock;

    fn pass(policy: PoolPolicy, caps: Caps, stock: Stock) -> (u32, u32, Why, Option<Cap>) {
        let pass = plan_pass(&policy, &caps, &stock, Trigger::Replenish);
        (pass.count, pass.batches, pass.why, pass.binding_cap)
    }

    #[test]
    fn a_pass_goes_on_until_the_threshold_and_the_total_are_reached() {
        let empty = Stock::default();
        assert_eq!(pass(POLICY, FREE, empty), (20, 2, Why::BelowThreshold, None));
        let assigned = Stock { available: 9, assigned: 30, ..empty };
        assert_eq!(pass(POLICY, FREE, assigned), (10, 1, Why::BelowThreshold, None));
        let enough = Stock { available: 10, assigned: 30, ..empty };
        assert_eq!(pass(POLICY, FREE, enough), (0, 0, Why::AboveThreshold, None));
    }

    #[test]
    fn the_cap_that_cuts_the_last_batch_is_named() {
        let empty = Stock::default();
        let hour = Caps { hour_left: 15, ..FREE };
        assert_eq!(pass(POLICY, hour, empty), (15, 2, Why::BelowThreshold, Some(Cap::PurchasesPerHour)));
        // The second batch has no room at all.
        let hour = Caps { hour_left: 10, ..FREE };
        assert_eq!(pass(POLICY, hour, empty), (10, 1, Why::BelowThreshold, Some(Cap::PurchasesPerHour)));
        let small = PoolPolicy { available_max: 20, replenishment_batch_size: 8, ..POLICY };
        assert_eq!(pass(small, FREE, empty), (20, 3, Why::BelowThreshold, Some(Cap::AvailableMax)));
        assert_eq!(
            pass(POLICY, Caps { day_left: 0, ..FREE }, empty),
            (0, 0, Why::SpendCap, Some(Cap::PurchasesPerDay))
        );
    }

    #[test]
    fn signups_that_wait_are_served_first_and_use_up_the_caps() {
        let waiting = Stock { waiting: 4, unserved: 4, ..Stock::default() };
        let planned = plan_pass(&POLICY, &Caps { hour_left: 6, ..FREE }, &waiting, Trigger::Replenish);
        assert_eq!((planned.for_waiters, planned.count, planned.binding_cap), (4, 2, Some(Cap::PurchasesPerHour)));
    }

    proptest! {
        /// I5 for a whole pass, for every input; and it buys what its batches, one after the other, would.
        #[test]
        fn no_pass_passes_a_cap(
            stock in any_stock(), threshold_low in 0u32..40, batch in 1u32..100, total_min in 0u32..60,
            available_max in 0u32..100, owned_max in 0u32..200, hour_left in 0u32..50, day_left in 0u32..50,
            pool_day_left in any_left(), owned_all_left in any_left(),
            paused in proptest::bool::weighted(0.1), halted in proptest::bool::weighted(0.1),
        ) {
            let policy = PoolPolicy { threshold_low, replenishment_batch_size: batch, total_min, available_max, owned_max };
            let Stock { available, assigned, doubted, unserved, .. } = stock;
            let caps = Caps { hour_left, day_left, pool_day_left, owned_all_left, paused, halted };
            let pass = plan_pass(&policy, &caps, &stock, Trigger::Replenish);
            let bought = pass.count + pass.for_waiters;
            prop_assert!(bought <= hour_left && bought <= day_left && pass.for_waiters <= unserved);
            prop_assert!(bought <= pool_day_left && bought <= owned_all_left);
            prop_assert!(bought == 0 || stock.owned() + doubted + bought <= owned_max);
            prop_assert!(pass.count == 0 || stock.idle() + stock.useless() + doubted + pass.count <= available_max);
            prop_assert!(bought == 0 || !(paused || halted));
            // Afterwards a further pass finds nothing to do, for the reason that ended this one.
            let after = Stock { available: available + pass.count, assigned: assigned + pass.for_waiters, unserved: 0, ..stock };
            let mut left = caps;
            left.spend(bought);
            prop_assert_eq!((left.hour_left, left.day_left), (hour_left - bought, day_left - bought));
            prop_assert_eq!(left.pool_day_left == UNBOUND, pool_day_left == UNBOUND);
            prop_assert_eq!(plan(&policy, &left, &after, Trigger::Replenish).count, 0);
            // Never a batch more than is needed: one batch less would leave the pool low.
            if pass.count > 0 {
                let wants = stock.idle() + pass.count - 1 - (pass.count - 1) % batch;
                prop_assert!(wants < threshold_low || wants + assigned + pass.for_waiters < total_min);
            }
        }
    }
}
