//! One batch of the monitor's: planned again under the lock, bought, reported.
//!
//! How to get it wrong: trusting the plan that the monitor made before the lock, or the pool that it was made for: the
//! configuration may have lost it since.

use super::beside::with_waitlist_first;
use super::buyer::Buyer;
use super::order::{fill, finish, note, open, sought};
use super::run::{self, Run};
use super::shortfall::Shortfall;
use super::waitlist::{is_another, log_another};
use super::wave::{Allowed, Progress};
use crate::db::DbError;
use crate::domain::{Cap, Plan, PoolName, Trigger, Why};

/// What a batch did.
#[derive(Debug, Clone)]
pub struct BatchReport {
    /// What was planned under the lock; `None` = the lock was not to be had.
    pub plan: Option<Plan>,
    /// How many are in the pool now that were not before.
    pub bought: u32,
    /// Why it was fewer than planned.
    pub shortfall: Option<Shortfall>,
    /// Others went first; the rest of the batch is a new decision.
    pub gave_way: bool,
}

impl BatchReport {
    /// Somebody else is buying.
    pub(super) fn locked() -> Self {
        Self { plan: None, bought: 0, shortfall: None, gave_way: false }
    }

    /// The configuration has no such pool any more: there is nothing to buy.
    fn unconfigured() -> Self {
        let plan = Plan { count: 0, wanted: 0, why: Why::AboveThreshold, binding_cap: None };
        Self { plan: Some(plan), shortfall: Some(Shortfall::Unconfigured), ..Self::locked() }
    }
}

/// One batch of `pool` for `trigger`, if the plan under the lock still says so.
pub(super) async fn batch(buyer: &Buyer, trigger: Trigger, pool: &PoolName) -> Result<BatchReport, DbError> {
    if buyer.is_stopping() {
        return Ok(BatchReport { shortfall: Some(Shortfall::Stopping), ..BatchReport::locked() });
    }
    let Some(run) = run::begin(buyer, None).await? else { return Ok(BatchReport::locked()) };
    let done = with_waitlist_first(buyer, &run, batch_under(buyer, &run, trigger, pool)).await;
    run.end().await;
    match done {
        Err(error) if run::is_overtaken(&error) => Ok(BatchReport::locked()),
        other => other,
    }
}

async fn batch_under(buyer: &Buyer, run: &Run, trigger: Trigger, pool: &PoolName) -> Result<BatchReport, DbError> {
    let orders_before = run.traffic.orders_if_none_buys();
    let (Some(sight), Some(in_force)) = (buyer.observe(pool).await?, buyer.pool(pool)) else {
        return Ok(BatchReport::unconfigured());
    };
    let plan = sight.plan(trigger);
    if plan.count == 0 {
        // That the pool lacks something is worth telling each time: nobody hears of it otherwise.
        let shortfall = Some(sight.shortfall(plan.why)).filter(Shortfall::is_of_the_pool);
        return Ok(BatchReport { plan: Some(plan), shortfall, ..BatchReport::locked() });
    }
    if is_another(buyer, &in_force).await? {
        log_another(buyer, &in_force);
        let shortfall = Some(Shortfall::AnotherKind);
        return Ok(BatchReport { plan: Some(plan), shortfall, ..BatchReport::locked() });
    }
    let order = open(buyer, run, trigger, &in_force, plan.count).await?;
    let allowed = Allowed { count: plan.count, orders_before };
    let progress = match sought(buyer, &order.wish) {
        Some(mut candidates) => fill(buyer, run, &order, allowed, true, &mut candidates).await,
        None => Progress { shortfall: Some(Shortfall::Unconfigured), ..Progress::default() },
    };
    if let (Some(Cap::PurchasesPerHour | Cap::PurchasesPerDay | Cap::PoolPurchasesPerDay), cut) =
        (plan.binding_cap, plan.wanted - plan.count)
    {
        note(buyer, &order, "spend_cap", None, "the spend cap left fewer than a whole batch", cut).await?;
    }
    finish(buyer, run, &order, &progress).await?;
    Ok(BatchReport {
        plan: Some(plan),
        bought: progress.bought,
        shortfall: progress.shortfall,
        gave_way: progress.gave_way,
    })
}
