//! What a pass over several pools would buy: batch after batch, for whichever pool is emptiest, as the monitor and the
//! Purchaser would do it, without doing it.
//!
//! Invariant: every batch is sized by [`plan()`], against the stock and the caps that the batches before it would leave; what is bought
//! for one pool is taken off the caps that bind all of them.
//! How to get it wrong: planning each pool alone. Together they would buy more than the hour allows.

use std::collections::BTreeSet;

use super::caps::{Cap, Caps, PoolPolicy};
use super::emptiness::{Level, emptiest};
use super::order::Trigger;
use super::plan::plan;
use super::pool::PoolName;
use super::stock::Stock;
use super::why::Why;

/// Batches of one pass, real or simulated: only a bound.
pub const BATCHES_MAX: u32 = 1000;

/// What a pass would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassPlan {
    /// How many its batches buy; 0 = nothing, and `why` says why.
    pub count: u32,
    /// How many are bought before them for signups that wait.
    pub for_waiters: u32,
    /// Batches that buy something.
    pub batches: u32,
    /// Why it begins, or does not.
    pub why: Why,
    /// The cap that cut the last batch, or forbade it.
    pub binding_cap: Option<Cap>,
}

/// A pool that a pass is thought of for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanting {
    /// Which.
    pub pool: PoolName,
    /// How it wants to be.
    pub policy: PoolPolicy,
    /// What bounds its purchases, with what binds all pools.
    pub caps: Caps,
    /// What it has.
    pub stock: Stock,
}

/// What a pass would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassPlans {
    /// For each pool, in their order.
    pub plans: Vec<PassPlan>,
    /// The place of the pool whose batch comes first; of the first pool, if none comes.
    pub first: usize,
}

/// Simulates a pass over these pools: the waitlists first, then batches until [`plan()`] says 0 for each of them.
#[must_use]
pub fn plan_passes(pools: &[Wanting], trigger: Trigger) -> PassPlans {
    let mut pools = pools.to_vec();
    let nothing = PassPlan { count: 0, for_waiters: 0, batches: 0, why: Why::AboveThreshold, binding_cap: None };
    let (mut plans, mut first) = (vec![nothing; pools.len()], None);
    for place in 0..pools.len() {
        let Wanting { policy, caps, stock, .. } = &pools[place];
        let count = plan(policy, caps, stock, Trigger::Emergency).count;
        spend(&mut pools, place, count);
        // They go straight to those who wait.
        pools[place].stock.assigned += count;
        plans[place].for_waiters = count;
    }
    let (mut open, mut begun): (BTreeSet<usize>, BTreeSet<usize>) = ((0..pools.len()).collect(), BTreeSet::new());
    let most = u32::try_from(pools.len()).unwrap_or(u32::MAX).saturating_mul(BATCHES_MAX);
    for _batch in 0..most {
        let Some(place) = next(&pools, &open) else { break };
        first = first.or(Some(place));
        let count = batch(&pools[place], &mut plans[place], begun.insert(place), trigger);
        if count == 0 {
            open.remove(&place);
        }
        spend(&mut pools, place, count);
        pools[place].stock.available += count;
    }
    for place in (0..pools.len()).filter(|place| !begun.contains(place)) {
        batch(&pools[place], &mut plans[place], true, trigger);
    }
    PassPlans { plans, first: first.unwrap_or_default() }
}

/// The place of the emptiest of those that are open.
fn next(pools: &[Wanting], open: &BTreeSet<usize>) -> Option<usize> {
    let level = |place: &usize| {
        let Wanting { pool, policy, stock, .. } = &pools[*place];
        Level { pool: pool.clone(), idle: stock.idle(), assigned: stock.assigned, policy: *policy }
    };
    let levels: Vec<Level> = open.iter().map(level).collect();
    let found = emptiest(levels.iter())?;
    pools.iter().position(|wanting| wanting.pool == *found)
}

/// The size of the pool's next batch, which is added to its plan.
fn batch(wanting: &Wanting, pass: &mut PassPlan, is_first: bool, trigger: Trigger) -> u32 {
    let next = plan(&wanting.policy, &wanting.caps, &wanting.stock, trigger);
    if is_first {
        pass.why = next.why;
    }
    // A batch that was cut stays cut, also when nothing is wanted after it.
    pass.binding_cap = next.binding_cap.or(pass.binding_cap);
    pass.count += next.count;
    pass.batches += u32::from(next.count > 0);
    next.count
}

/// What is bought for one pool is bought for it alone, and against the caps of all.
fn spend(pools: &mut [Wanting], bought_for: usize, count: u32) {
    for (place, wanting) in pools.iter_mut().enumerate() {
        if place == bought_for { wanting.caps.spend(count) } else { wanting.caps.spend_elsewhere(count) }
    }
}

#[cfg(test)]
pub(in crate::domain) mod of_one_pool;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::of_one_pool::plan_pass;
    use super::*;
    use crate::domain::plan::defaults::{FREE, POLICY};
    use crate::domain::stock::any_stock;

    fn wanting(pool: &str, available: u32, threshold_low: u32) -> Wanting {
        let policy = PoolPolicy { threshold_low, total_min: 0, replenishment_batch_size: 2, ..POLICY };
        let stock = Stock { available, ..Stock::default() };
        Wanting { pool: pool.parse().unwrap(), policy, caps: FREE, stock }
    }

    #[test]
    fn what_is_bought_for_the_emptiest_is_taken_off_the_caps_of_all() {
        let mut pools = [wanting("default", 5, 10), wanting("gb", 0, 3), wanting("ca", 9, 3)];
        let counts = |pools: &[Wanting]| {
            let planned = plan_passes(pools, Trigger::Cron);
            (planned.plans.iter().map(|plan| (plan.count, plan.binding_cap)).collect::<Vec<_>>(), planned.first)
        };
        assert_eq!(counts(&pools), (vec![(6, None), (4, None), (0, None)], 1));
        pools.iter_mut().for_each(|pool| pool.caps.hour_left = 5);
        let hour = Some(Cap::PurchasesPerHour);
        let (cut, first) = counts(&pools);
        assert_eq!((cut.iter().map(|(count, _)| count).sum::<u32>(), first), (5, 1));
        assert_eq!((cut[0].1, cut[1].1, cut[2].1), (hour, hour, None));
        assert_eq!(counts(&[wanting("default", 10, 10), wanting("gb", 3, 3)]), (vec![(0, None), (0, None)], 0));
    }

    proptest! {
        #[test]
        fn of_one_pool_it_is_the_plan_of_a_pass(
            stock in any_stock(), threshold_low in 0u32..40, batch in 1u32..100, total_min in 0u32..60,
            available_max in 0u32..100, owned_max in 0u32..200, hour_left in 0u32..50, day_left in 0u32..50,
            halted in proptest::bool::weighted(0.1),
        ) {
            let policy = PoolPolicy { threshold_low, replenishment_batch_size: batch, total_min, available_max, owned_max };
            let caps = Caps { hour_left, day_left, halted, ..FREE };
            let alone = Wanting { pool: PoolName::default_pool(), policy, caps, stock };
            let planned = plan_passes(std::slice::from_ref(&alone), Trigger::Replenish);
            prop_assert_eq!(planned.plans, vec![plan_pass(&policy, &caps, &stock, Trigger::Replenish)]);
        }

        /// I5 over several pools.
        #[test]
        fn all_pools_together_stay_within_the_caps_of_all(
            stocks in proptest::collection::vec((any_stock(), 0u32..40), 1..5), hour_left in 0u32..50, day_left in 0u32..50,
        ) {
            let caps = Caps { hour_left, day_left, ..FREE };
            let pools: Vec<Wanting> = stocks.iter().zip(["default", "a", "b", "c", "d"]).map(|((stock, threshold_low), name)| {
                let policy = PoolPolicy { threshold_low: *threshold_low, ..POLICY };
                Wanting { pool: name.parse().unwrap(), policy, caps, stock: *stock }
            }).collect();
            let plans = plan_passes(&pools, Trigger::Cron).plans;
            let bought: u32 = plans.iter().map(|plan| plan.count + plan.for_waiters).sum();
            prop_assert!(bought <= hour_left && bought <= day_left);
        }
    }
}
