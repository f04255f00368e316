//! What would be bought now, why, and what it would cost. Nothing is bought.
//!
//! How to get it wrong: a second opinion. The plan is `domain::plan()`'s, the one that sizes every purchase; here it is
//! only asked and explained.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::astray::astray;
use super::purchases::COUNT_MAX;
use super::services::Services;
use crate::attention::owned_max_exceeded;
use crate::config::Config;
use crate::db::stock::stock_read;
use crate::domain::{
    AreaCode, Cap, CountryCode, Kind, ManualWish, PoolName, Rooms, Stock, Trigger, Why, explain_order, explain_pass,
    plan_manual, plan_pass,
};
use crate::http::Problem;
use crate::routing::{About, Count, Outcome, Request, answer};
use crate::twilio::Balance;

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Plan {
    pub(crate) would_purchase: u32,
    /// Bought before, for signups that wait.
    pub(crate) for_waiting_signups: u32,
    pub(crate) why: Why,
    pub(crate) explanation: String,
    #[schema(required)]
    pub(crate) binding_cap: Option<Cap>,
    pub(crate) caps: Rooms,
    #[schema(required)]
    /// Of one number of the kind that is bought, a month.
    pub(crate) unit_price: Option<String>,
    #[schema(required)]
    pub(crate) price_unit: Option<String>,
    #[schema(required)]
    pub(crate) monthly_cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_error: Option<String>,
    #[schema(required)]
    pub(crate) balance: Option<Money>,
    pub(crate) stock: Stock,
    pub(crate) warnings: Vec<String>,
    /// The pool that is asked about; null = all of them.
    #[schema(required)]
    pub(crate) pool: Option<PoolName>,
    /// What each pool would buy by itself; of an order by hand there is none.
    pub(crate) pools: Vec<PlanOfPool>,
}

/// What a replenishment of one pool would do.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlanOfPool {
    pub(crate) pool: PoolName,
    pub(crate) would_purchase: u32,
    pub(crate) for_waiting_signups: u32,
    pub(crate) why: Why,
    pub(crate) explanation: String,
    #[schema(required)]
    pub(crate) binding_cap: Option<Cap>,
    pub(crate) caps: Rooms,
    #[schema(required)]
    pub(crate) unit_price: Option<String>,
    #[schema(required)]
    pub(crate) price_unit: Option<String>,
    #[schema(required)]
    pub(crate) monthly_cost: Option<String>,
    pub(crate) stock: Stock,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Money {
    /// Such as `1.15`.
    pub(crate) amount: String,
    pub(crate) currency: String,
}

/// An amount as people write it: two decimals at least.
pub(crate) fn amount(decimal: Decimal) -> String {
    let mut decimal = decimal.normalize();
    if decimal.scale() < 2 {
        decimal.rescale(2);
    }
    decimal.to_string()
}

impl From<Balance> for Money {
    fn from(balance: Balance) -> Self {
        Self { amount: amount(balance.amount), currency: balance.currency }
    }
}

/// An order by hand that is only thought of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thought {
    /// `None` = what a replenishment would do.
    pub(crate) count: Option<u32>,
    pub(crate) area_code: Option<AreaCode>,
    /// `None` = the pool's.
    pub(crate) country: Option<CountryCode>,
    /// `None` = of an order, the pool of its country or area code; else all of them.
    pub(crate) pool: Option<PoolName>,
    /// Whether it goes beyond the spend caps.
    pub(crate) override_caps: bool,
}

impl Thought {
    /// What the query asks for.
    pub(crate) fn asked(request: &Request) -> Result<Self, Problem> {
        let wrong = || Problem::invalid_field("count", format!("must be 1 to {COUNT_MAX}"));
        let count = request.query::<u32>("count").map_err(|_| wrong())?;
        if count.is_some_and(|count| !(1..=COUNT_MAX).contains(&count)) {
            return Err(wrong());
        }
        let override_caps = request.query("override_caps")?.unwrap_or(false);
        let (area_code, country) = (request.query("area_code")?, request.query("country")?);
        Ok(Self { count, area_code, country, pool: request.query("pool")?, override_caps })
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(plan(&services, Thought::asked(&request)?).await)
}

/// The pool that is thought of, and the kind of number that is bought.
fn of_pool(config: &Config, thought: &Thought) -> Result<(PoolName, Kind), Problem> {
    let Thought { count, area_code, country, override_caps, pool } = thought;
    let of_an_order =
        [("area_code", area_code.is_some()), ("country", country.is_some()), ("override_caps", *override_caps)];
    let sent = config.catalog().of_order(pool.as_ref(), *country, *area_code).map_err(astray)?;
    match of_an_order.into_iter().find(|(_, is_given)| *is_given && count.is_none()) {
        Some((field, _)) => Err(Problem::invalid_field(field, "is for an order by hand; give count too")),
        None => Ok(sent),
    }
}

pub(crate) async fn plan(services: &Services, thought: Thought) -> Result<Plan, Problem> {
    let config = services.config.load_full();
    let (name, kind) = of_pool(&config, &thought)?;
    let pool = config.pool(&name).unwrap_or(&config.pool);
    let seen = services.read("plan", stock_read).await?;
    let (policy, stock) = (pool.policy(), seen.stock_for_waiters(&name));
    let caps = seen.caps(&config.cap_limits(pool));
    let rooms = Rooms::new(&policy, &caps, &stock);
    let (would_purchase, for_waiting_signups, why, binding_cap, explanation) = match thought.count {
        None => {
            let pass = plan_pass(&policy, &caps, &stock, Trigger::Replenish);
            let explanation = explain_pass(&policy, &rooms, &stock, &pass);
            (pass.count, pass.for_waiters, pass.why, pass.binding_cap, explanation)
        }
        Some(count) => {
            let order = plan_manual(&caps, ManualWish { count, override_caps: thought.override_caps });
            (order.count, 0, order.why, order.binding_cap, explain_order(&rooms, &order))
        }
    };
    let mut warnings = seen.buying.warnings();
    warnings.extend(owned_max_exceeded(&policy, stock.owned_at_most()));
    let silent = seen.buying.silences_twilio();
    let (price, balance) = tokio::join!(services.pricing.price(kind, silent), services.pricing.balance(silent));
    let (price, price_error) = match price {
        Ok(price) => (Some(price), None),
        Err(why) => (None, Some(why)),
    };
    // No price is so high that a hundred thousand of them do not fit.
    let monthly_cost = price.as_ref().and_then(|price| price.monthly.checked_mul(Decimal::from(would_purchase)));
    let mut plan = Plan {
        would_purchase,
        for_waiting_signups,
        why,
        explanation,
        binding_cap,
        caps: rooms,
        unit_price: price.as_ref().map(|price| amount(price.monthly)),
        monthly_cost: monthly_cost.map(amount),
        price_unit: price.map(|price| price.unit),
        price_error,
        balance: balance.ok().map(Money::from),
        stock,
        warnings,
        pool: thought.pool.or_else(|| thought.count.map(|_| name.clone())),
        pools: Vec::new(),
    };
    if thought.count.is_none() {
        plan.pools.push(PlanOfPool::of(name, &plan));
    }
    Ok(plan)
}

impl PlanOfPool {
    /// The only pool's, so far: what is said of all is said of it.
    fn of(pool: PoolName, plan: &Plan) -> Self {
        Self {
            pool,
            would_purchase: plan.would_purchase,
            for_waiting_signups: plan.for_waiting_signups,
            why: plan.why,
            explanation: plan.explanation.clone(),
            binding_cap: plan.binding_cap,
            caps: plan.caps,
            unit_price: plan.unit_price.clone(),
            price_unit: plan.price_unit.clone(),
            monthly_cost: plan.monthly_cost.clone(),
            stock: plan.stock,
        }
    }
}

pub(crate) fn about() -> About {
    let mut document = json!({"would_purchase": 0, "for_waiting_signups": 0, "why": "above_threshold",
        "explanation": "would buy nothing: 19 available or on their way, threshold 10; 20 with those assigned, minimum 20",
        "binding_cap": null, "caps": {"hour_left": 80, "day_left": 280, "available_room": 31, "owned_room": 980},
        "unit_price": "1.15", "price_unit": "USD", "monthly_cost": "0.00",
        "stock": Stock { available: 19, assigned: 1, ..Stock::default() }});
    let mut pool = document.clone();
    pool["pool"] = json!("default");
    document["balance"] = json!({"amount": "999977.00", "currency": "USD"});
    document["warnings"] = json!([]);
    document["pool"] = json!(null);
    document["pools"] = json!([pool]);
    About::new("plan", "Pool", "What would be bought now, why, and at what cost; buys nothing")
        .text("Without `count`, what a replenishment would do over all its batches; with it, an order by hand.")
        .query::<Count>("count", "Plan an order by hand of so many.")
        .query::<AreaCode>("area_code", "The order's area code; only with `count`.")
        .query::<CountryCode>("country", "The order's country, the pool's unless given; only with `count`.")
        .query::<bool>("override_caps", "`true`: the order goes beyond the spend caps; only with `count`.")
        .query::<PoolName>("pool", "Only of this pool; of an order, the pool that it is for.")
        .answer::<Plan>("The plan.", document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_decimals_at_least() {
        for (given, told) in [
            ("1.15", "1.15"),
            ("11.5", "11.50"),
            ("0", "0.00"),
            ("3", "3.00"),
            ("0.0085", "0.0085"),
            ("-2.10", "-2.10"),
            ("1.1500", "1.15"),
        ] {
            assert_eq!(amount(given.parse().unwrap()), told, "{given}");
        }
    }
}
