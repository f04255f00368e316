//! The decision: how many numbers to buy now, why, and which cap binds. Pure, so every input can be tried.
//!
//! Architecture invariant: every purchase, automatic or by hand, is sized here and nowhere else; the ledger checks the
//! caps once more at each intent (`db::purchases::items`), because the world may have moved since.
//! How to get it wrong: leaving numbers that are on their way (in flight, unknown), under repair (unready) or back from
//! their rest (due) out of the stock, which buys them twice. Or wishing and bounding by the same count: what can serve
//! nobody (unfit), or perhaps does not exist (doubted), is no reason not to buy, but it is room that is used.

use super::caps::{Cap, Caps, PoolPolicy};
use super::order::Trigger;
use super::stock::Stock;
use super::why::Why;

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many to buy; 0 = nothing, and `why` says why.
    pub count: u32,
    /// How many there would be without caps.
    pub wanted: u32,
    /// The reason.
    pub why: Why,
    /// The cap that made `count` smaller than `wanted`.
    pub binding_cap: Option<Cap>,
}

/// An order by hand, as far as planning cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManualWish {
    /// How many the operator still wants.
    pub count: u32,
    /// The operator set the spend caps aside.
    pub override_caps: bool,
}

/// Sizes the next batch of an automatic trigger.
///
/// Idle stock counts what is on its way, under repair or back from its rest; a batch is whole unless a cap cuts it.
#[must_use]
pub fn plan(policy: &PoolPolicy, caps: &Caps, stock: &Stock, trigger: Trigger) -> Plan {
    let (wanted, why) = wish(policy, stock, trigger);
    if wanted == 0 {
        return Plan { count: 0, wanted, why, binding_cap: None };
    }
    if caps.halted {
        return Plan { count: 0, wanted, why: Why::Halted, binding_cap: None };
    }
    if caps.paused {
        return Plan { count: 0, wanted, why: Why::Paused, binding_cap: None };
    }
    let mut limits = vec![
        (policy.owned_max.saturating_sub(stock.owned_at_most()), Cap::OwnedMax),
        (caps.owned_all_left, Cap::SpendOwnedMax),
    ];
    limits.extend(spend_caps(caps));
    if trigger != Trigger::Emergency {
        limits.push((policy.available_max.saturating_sub(stock.idle_at_most()), Cap::AvailableMax));
    }
    clamp(wanted, why, &limits)
}

/// Sizes an order by hand: only the halt and, unless overridden, the spend caps bind it.
#[must_use]
pub fn plan_manual(caps: &Caps, order: ManualWish) -> Plan {
    if caps.halted {
        return Plan { count: 0, wanted: order.count, why: Why::Halted, binding_cap: None };
    }
    let limits = spend_caps(caps);
    clamp(order.count, Why::Manual, if order.override_caps { &[] } else { &limits })
}

/// The caps on what is bought in a while: those of all pools and the pool's own. `override_caps` sets them aside together.
fn spend_caps(caps: &Caps) -> [(u32, Cap); 3] {
    [
        (caps.hour_left, Cap::PurchasesPerHour),
        (caps.day_left, Cap::PurchasesPerDay),
        (caps.pool_day_left, Cap::PoolPurchasesPerDay),
    ]
}

/// Whether one more number may be intended right now: the last step's check, with the ledger locked.
///
/// # Errors
/// The reason why not.
pub fn permit_one(
    policy: &PoolPolicy,
    caps: &Caps,
    stock: &Stock,
    trigger: Trigger,
    override_caps: bool,
) -> Result<(), Why> {
    let plan = match trigger {
        Trigger::Manual => plan_manual(caps, ManualWish { count: 1, override_caps }),
        Trigger::Emergency => plan(policy, caps, stock, trigger),
        // The pass decided that a batch is wanted; here only the limits speak.
        Trigger::Threshold
        | Trigger::WarmStart
        | Trigger::Cron
        | Trigger::Replenish
        | Trigger::Adopt
        | Trigger::Import => {
            plan(&PoolPolicy { threshold_low: u32::MAX, replenishment_batch_size: 1, ..*policy }, caps, stock, trigger)
        }
    };
    if plan.count > 0 { Ok(()) } else { Err(plan.why) }
}

fn wish(policy: &PoolPolicy, stock: &Stock, trigger: Trigger) -> (u32, Why) {
    if trigger == Trigger::Emergency {
        return match stock.unserved {
            0 => (0, Why::NobodyWaits),
            wanted => (wanted, Why::SignupsWaiting),
        };
    }
    match lack(policy, stock.idle(), stock.assigned) {
        Some(why) => (policy.replenishment_batch_size, why),
        None => (0, Why::AboveThreshold),
    }
}

/// What the pool lacks, if anything, with so much idle and so much that is somebody's.
#[must_use]
pub fn lack(policy: &PoolPolicy, idle: u32, assigned: u32) -> Option<Why> {
    if idle < policy.threshold_low {
        Some(Why::BelowThreshold)
    } else if idle.saturating_add(assigned) < policy.total_min {
        Some(Why::BelowTotalMin)
    } else {
        None
    }
}

fn clamp(wanted: u32, why: Why, limits: &[(u32, Cap)]) -> Plan {
    let tightest = limits.iter().copied().min_by_key(|(room, _)| *room).filter(|(room, _)| *room < wanted);
    match tightest {
        None => Plan { count: wanted, wanted, why, binding_cap: None },
        Some((0, cap)) => Plan { count: 0, wanted, why: refusal(cap), binding_cap: Some(cap) },
        Some((room, cap)) => Plan { count: room, wanted, why, binding_cap: Some(cap) },
    }
}

fn refusal(cap: Cap) -> Why {
    match cap {
        Cap::AvailableMax => Why::AvailableMax,
        Cap::OwnedMax | Cap::SpendOwnedMax => Why::OwnedMax,
        Cap::PurchasesPerHour | Cap::PurchasesPerDay | Cap::PoolPurchasesPerDay => Why::SpendCap,
    }
}

/// What the tests of planning start from: the configuration's defaults, and no cap in the way.
#[cfg(test)]
pub(super) mod defaults {
    use super::super::caps::UNBOUND;
    use super::{Caps, PoolPolicy};

    pub(crate) const POLICY: PoolPolicy = PoolPolicy {
        threshold_low: 10,
        replenishment_batch_size: 10,
        total_min: 20,
        available_max: 50,
        owned_max: 1000,
    };
    pub(crate) const FREE: Caps = Caps {
        hour_left: 100,
        day_left: 300,
        pool_day_left: UNBOUND,
        owned_all_left: UNBOUND,
        paused: false,
        halted: false,
    };

    /// What is left under a cap that not everybody sets.
    pub(crate) fn any_left() -> impl proptest::strategy::Strategy<Value = u32> {
        proptest::prop_oneof![3 => 0u32..50, 1 => proptest::strategy::Just(UNBOUND)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::defaults::{FREE, POLICY, any_left};
    use super::*;
    use crate::domain::stock::any_stock;

    fn stock(available: u32, assigned: u32) -> Stock {
        Stock { available, assigned, ..Stock::default() }
    }

    #[test]
    fn an_empty_pool_is_filled_in_whole_batches() {
        let plan = plan(&POLICY, &FREE, &stock(0, 0), Trigger::WarmStart);
        assert_eq!((plan.count, plan.why), (10, Why::BelowThreshold));
        let plan = super::plan(&POLICY, &FREE, &stock(10, 0), Trigger::WarmStart);
        assert_eq!((plan.count, plan.why), (10, Why::BelowTotalMin));
        let plan = super::plan(&POLICY, &FREE, &stock(20, 0), Trigger::WarmStart);
        assert_eq!((plan.count, plan.why), (0, Why::AboveThreshold));
    }

    #[test]
    fn one_below_the_threshold_buys_a_whole_batch_and_the_threshold_itself_nothing() {
        assert_eq!(plan(&POLICY, &FREE, &stock(9, 30), Trigger::Threshold).count, 10);
        assert_eq!(plan(&POLICY, &FREE, &stock(10, 30), Trigger::Threshold).count, 0);
    }

    #[test]
    fn stock_on_its_way_or_under_repair_is_stock() {
        let on_its_way =
            Stock { available: 4, unready: 2, purchasing: 3, unsettled: 1, assigned: 30, ..Stock::default() };
        assert_eq!(plan(&POLICY, &FREE, &on_its_way, Trigger::Cron).why, Why::AboveThreshold);
    }

    #[test]
    fn an_emergency_buys_only_for_waiters_that_nothing_else_serves() {
        let waiting = Stock { waiting: 8, unserved: 4, available: 1, purchasing: 2, unsettled: 1, ..Stock::default() };
        let plan = plan(&POLICY, &FREE, &waiting, Trigger::Emergency);
        assert_eq!((plan.count, plan.why), (4, Why::SignupsWaiting));
        let all_served = Stock { waiting: 8, unserved: 0, ..Stock::default() };
        assert_eq!(super::plan(&POLICY, &FREE, &all_served, Trigger::Emergency).why, Why::NobodyWaits);
    }

    #[test]
    fn available_max_binds_automatic_buying_but_not_emergencies() {
        let policy = PoolPolicy { available_max: 3, ..POLICY };
        let plan_now = plan(&policy, &FREE, &stock(0, 30), Trigger::Cron);
        assert_eq!((plan_now.count, plan_now.binding_cap), (3, Some(Cap::AvailableMax)));
        let waiting = Stock { waiting: 8, unserved: 8, ..Stock::default() };
        assert_eq!(plan(&policy, &FREE, &waiting, Trigger::Emergency).count, 8);
    }

    #[test]
    fn what_serves_nobody_or_may_turn_up_is_room_that_is_used_and_no_reason_not_to_buy() {
        let policy = PoolPolicy { available_max: 12, ..POLICY };
        let unfit = Stock { unfit: 5, assigned: 30, ..Stock::default() };
        let plan_now = plan(&policy, &FREE, &unfit, Trigger::Cron);
        assert_eq!((plan_now.count, plan_now.binding_cap), (7, Some(Cap::AvailableMax)));
        let doubted = Stock { doubted: 12, assigned: 30, ..Stock::default() };
        let plan_now = plan(&policy, &FREE, &doubted, Trigger::Cron);
        assert_eq!((plan_now.count, plan_now.wanted, plan_now.why), (0, 10, Why::AvailableMax));
        let few = PoolPolicy { owned_max: 43, ..POLICY };
        assert_eq!(plan(&few, &FREE, &doubted, Trigger::Cron).count, 1);
        let waiting = Stock { unserved: 8, ..doubted };
        assert_eq!(plan(&few, &FREE, &waiting, Trigger::Emergency).count, 1);
    }

    #[test]
    fn a_number_whose_rest_is_over_is_stock_and_is_counted_once() {
        let rested = Stock { quarantined: 12, due: 10, assigned: 30, ..Stock::default() };
        assert_eq!(plan(&POLICY, &FREE, &rested, Trigger::Cron).why, Why::AboveThreshold);
        assert_eq!((rested.idle(), rested.owned()), (10, 42));
    }

    #[test]
    fn spend_caps_pause_and_halt_bind_emergencies_too() {
        let waiting = Stock { waiting: 8, unserved: 8, ..Stock::default() };
        let plan_with = |caps: Caps| plan(&POLICY, &caps, &waiting, Trigger::Emergency);
        assert_eq!(plan_with(Caps { hour_left: 5, ..FREE }).count, 5);
        assert_eq!(plan_with(Caps { day_left: 0, ..FREE }).why, Why::SpendCap);
        assert_eq!(plan_with(Caps { paused: true, ..FREE }).why, Why::Paused);
        assert_eq!(plan_with(Caps { halted: true, ..FREE }).why, Why::Halted);
    }

    #[test]
    fn an_order_by_hand_minds_the_spend_caps_unless_overridden_and_never_the_pause() {
        let caps = Caps { hour_left: 4, paused: true, ..FREE };
        assert_eq!(plan_manual(&caps, ManualWish { count: 10, override_caps: false }).count, 4);
        assert_eq!(plan_manual(&caps, ManualWish { count: 10, override_caps: true }).count, 10);
    }

    #[test]
    fn a_pools_own_day_binds_every_trigger_and_what_all_pools_own_binds_automatic_buying() {
        let waiting = Stock { waiting: 8, unserved: 8, ..Stock::default() };
        let own_day = Caps { pool_day_left: 2, ..FREE };
        for (trigger, stock) in [(Trigger::Cron, Stock::default()), (Trigger::Emergency, waiting)] {
            let cut = plan(&POLICY, &own_day, &stock, trigger);
            assert_eq!((cut.count, cut.binding_cap), (2, Some(Cap::PoolPurchasesPerDay)));
            let none = plan(&POLICY, &Caps { pool_day_left: 0, ..FREE }, &stock, trigger);
            assert_eq!((none.count, none.why), (0, Why::SpendCap));
            let cut = plan(&POLICY, &Caps { owned_all_left: 3, ..FREE }, &stock, trigger);
            assert_eq!((cut.count, cut.binding_cap), (3, Some(Cap::SpendOwnedMax)));
            let none = plan(&POLICY, &Caps { owned_all_left: 0, ..FREE }, &stock, trigger);
            assert_eq!((none.count, none.why), (0, Why::OwnedMax));
        }
        let by_hand = |caps: Caps, override_caps| plan_manual(&caps, ManualWish { count: 9, override_caps });
        assert_eq!(by_hand(own_day, false).binding_cap, Some(Cap::PoolPurchasesPerDay));
        assert_eq!(by_hand(own_day, true).count, 9);
        assert_eq!(by_hand(Caps { owned_all_left: 0, ..FREE }, false).count, 9, "no cap on orders by hand");
    }

    #[test]
    fn the_last_step_asks_the_limits_not_the_threshold() {
        let enough = stock(30, 30);
        assert_eq!(permit_one(&POLICY, &FREE, &enough, Trigger::Threshold, false), Ok(()));
        assert_eq!(permit_one(&POLICY, &FREE, &stock(50, 0), Trigger::Threshold, false), Err(Why::AvailableMax));
        assert_eq!(permit_one(&POLICY, &FREE, &enough, Trigger::Emergency, false), Err(Why::NobodyWaits));
        let used_up = Caps { hour_left: 0, ..FREE };
        assert_eq!(permit_one(&POLICY, &used_up, &enough, Trigger::Manual, false), Err(Why::SpendCap));
        assert_eq!(permit_one(&POLICY, &used_up, &enough, Trigger::Manual, true), Ok(()));
    }

    proptest! {
        /// I5, for every input: a plan never passes a cap, and never buys without a reason to.
        #[test]
        fn no_plan_passes_a_cap(
            stock in any_stock(), threshold_low in 0u32..40, batch in 1u32..100, total_min in 0u32..60,
            available_max in 0u32..100, owned_max in 0u32..200, hour_left in 0u32..50, day_left in 0u32..50,
            pool_day_left in any_left(), owned_all_left in any_left(), emergency: bool,
        ) {
            let policy = PoolPolicy { threshold_low, replenishment_batch_size: batch, total_min, available_max, owned_max };
            let Stock { assigned, doubted, unserved, .. } = stock;
            let caps = Caps { hour_left, day_left, pool_day_left, owned_all_left, paused: false, halted: false };
            let trigger = if emergency { Trigger::Emergency } else { Trigger::Cron };
            let plan = plan(&policy, &caps, &stock, trigger);
            prop_assert!(plan.count <= plan.wanted && plan.count <= hour_left && plan.count <= day_left);
            prop_assert!(plan.count <= pool_day_left && plan.count <= owned_all_left);
            if plan.count > 0 {
                prop_assert!(stock.owned() + doubted + plan.count <= owned_max);
                prop_assert!(emergency || stock.idle() + stock.useless() + doubted + plan.count <= available_max);
                prop_assert!(!emergency || plan.count <= unserved);
                prop_assert!(emergency || stock.idle() < threshold_low || stock.idle() + assigned < total_min);
            }
            prop_assert_eq!(plan.binding_cap.is_some(), plan.count < plan.wanted);
        }
    }
}
