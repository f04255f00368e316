//! What would be bought now, why, and what it would cost. Nothing is bought.
//!
//! How to get it wrong: a second opinion. The plan is `domain::plan()`'s, the one that sizes every purchase; here it is
//! only asked and explained.

use std::sync::Arc;

use futures_util::future::join_all;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::astray::astray;
use super::purchases::COUNT_MAX;
use super::services::Services;
use crate::attention::owned_max_exceeded;
use crate::config::Config;
use crate::db::pool_halts::PoolHalt;
use crate::db::stock::{Overview, stock_read_all};
use crate::domain::{
    AreaCode, Cap, CountryCode, Explained, Kind, ManualWish, PassPlan, PassPlans, PoolName, Rooms, Stock, Trigger,
    Wanting, Why, explain_order, explain_pass, plan_manual, plan_passes,
};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Count, Outcome, Request, answer};
use crate::twilio::{Balance, Price};

/// What is said of a plan for one pool, and for all of them.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Planned {
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
    pub(crate) stock: Stock,
}

/// Over all pools the counts and the cost are sums, and `why`, `binding_cap` and `unit_price` are of the pool that is bought for
/// first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Plan {
    #[serde(flatten)]
    pub(crate) planned: Planned,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price_error: Option<String>,
    #[schema(required)]
    pub(crate) balance: Option<Money>,
    pub(crate) warnings: Vec<String>,
    /// The pool that is asked about; null = all of them.
    #[schema(required)]
    pub(crate) pool: Option<PoolName>,
    /// What each pool would get; of an order by hand there is none.
    pub(crate) pools: Vec<PlanOfPool>,
}

/// What a replenishment would do for one pool.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlanOfPool {
    pub(crate) pool: PoolName,
    #[serde(flatten)]
    pub(crate) planned: Planned,
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
    let keys = config.keys();
    let seen = services.read("plan", move |conn| stock_read_all(conn, &keys)).await?;
    let silent = seen.buying.silences_twilio();
    let only = thought.pool.clone().or_else(|| thought.count.map(|_| name.clone()));
    let wanting = wanting(&config, &seen, only.as_ref());
    let mut warnings = seen.buying.warnings();
    for Wanting { pool, policy, stock, .. } in &wanting {
        let halt = seen.pools.get(pool).and_then(|seen| seen.pool_halt.as_ref());
        warnings.extend(halt.map(PoolHalt::sentence));
        warnings.extend(owned_max_exceeded(pool, policy, stock.owned_at_most()));
    }
    // A halt of all buying stands above it.
    let needs = |pool: &PoolName| {
        let halt = seen.pools.get(pool)?.pool_halt.as_ref()?;
        seen.buying.halted.is_none().then_some(halt.needs.as_str())
    };
    let kinds: Vec<Kind> = match thought.count {
        Some(_) => vec![kind],
        None => wanting.iter().filter_map(|wanting| Some(config.pool(&wanting.pool)?.kind())).collect(),
    };
    let (prices, balance) = tokio::join!(prices(services, kinds, silent), services.pricing.balance(silent));
    let balance = balance.ok().map(Money::from);
    if let Some(count) = thought.count {
        let wish = ManualWish { count, override_caps: thought.override_caps };
        let planned = wanting.first().map(|wanting| of_order(wanting, needs(&wanting.pool), wish, prices.of(kind)));
        let planned = planned.ok_or_else(Problem::internal)?;
        let price_error = prices.of(kind).as_ref().err().cloned();
        return Ok(Plan { planned, price_error, balance, warnings, pool: only, pools: Vec::new() });
    }
    let PassPlans { plans, first } = plan_passes(&wanting, Trigger::Replenish);
    let pools: Vec<PlanOfPool> = wanting
        .iter()
        .zip(&plans)
        .filter_map(|(wanting, pass)| {
            let price = prices.of(config.pool(&wanting.pool)?.kind());
            Some(PlanOfPool {
                pool: wanting.pool.clone(),
                planned: of_pass(wanting, needs(&wanting.pool), pass, price),
            })
        })
        .collect();
    let price_error =
        pools.iter().find_map(|of_pool| prices.of(config.pool(&of_pool.pool)?.kind()).as_ref().err().cloned());
    let stock = if only.is_some() { None } else { Some(seen.in_force()) };
    let planned = together(&pools, first, stock).ok_or_else(Problem::internal)?;
    Ok(Plan { planned, price_error, balance, warnings, pool: only, pools })
}

/// The pools that are thought of, `default` first.
fn wanting(config: &Config, seen: &Overview, only: Option<&PoolName>) -> Vec<Wanting> {
    let meant = config.pools().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let wanting = meant.filter_map(|(name, pool)| {
        let seen = seen.pools.get(name)?;
        let (policy, caps) = (config.policy(name)?, seen.caps(&config.cap_limits(pool)));
        Some(Wanting { pool: name.clone(), policy, caps, stock: seen.stock })
    });
    wanting.collect()
}

type Priced = Result<Price, String>;

/// What a number of each kind costs.
struct Prices(Vec<(Kind, Priced)>);

async fn prices(services: &Services, mut kinds: Vec<Kind>, silent: bool) -> Prices {
    kinds.sort();
    kinds.dedup();
    let priced = kinds.into_iter().map(|kind| async move { (kind, services.pricing.price(kind, silent).await) });
    Prices(join_all(priced).await)
}

/// Of a kind that nobody asked about.
const NOT_ASKED: &Priced = &Err(String::new());

impl Prices {
    fn of(&self, kind: Kind) -> &Priced {
        self.0.iter().find(|(of, _)| *of == kind).map_or(NOT_ASKED, |(_, price)| price)
    }
}

/// What an order by hand would do.
fn of_order(
    Wanting { pool, policy, caps, stock }: &Wanting,
    needs: Option<&str>,
    wish: ManualWish,
    price: &Priced,
) -> Planned {
    let (rooms, order) = (Rooms::new(policy, caps, stock), plan_manual(caps, wish));
    let unpriced = Planned {
        would_purchase: order.count,
        for_waiting_signups: 0,
        why: order.why,
        explanation: explain_order(Explained { pool, needs }, &rooms, &order),
        binding_cap: order.binding_cap,
        caps: rooms,
        unit_price: None,
        price_unit: None,
        monthly_cost: None,
        stock: *stock,
    };
    unpriced.at(price)
}

/// What a pass would do for a pool.
fn of_pass(
    Wanting { pool, policy, caps, stock }: &Wanting,
    needs: Option<&str>,
    pass: &PassPlan,
    price: &Priced,
) -> Planned {
    let rooms = Rooms::new(policy, caps, stock);
    let unpriced = Planned {
        would_purchase: pass.count,
        for_waiting_signups: pass.for_waiters,
        why: pass.why,
        explanation: explain_pass(Explained { pool, needs }, policy, &rooms, stock, pass),
        binding_cap: pass.binding_cap,
        caps: rooms,
        unit_price: None,
        price_unit: None,
        monthly_cost: None,
        stock: *stock,
    };
    unpriced.at(price)
}

impl Planned {
    fn at(self, price: &Priced) -> Self {
        let Ok(price) = price else { return self };
        // No price is so high that a hundred thousand of them do not fit.
        let monthly_cost = price.monthly.checked_mul(Decimal::from(self.would_purchase)).map(amount);
        Self { unit_price: Some(amount(price.monthly)), price_unit: Some(price.unit.clone()), monthly_cost, ..self }
    }
}

/// All of them in one; `first` is bought for first. Of one pool it is what is said of that one.
fn together(pools: &[PlanOfPool], first: usize, stock: Option<Stock>) -> Option<Planned> {
    let PlanOfPool { planned: leading, .. } = pools.get(first)?;
    let stock = stock.unwrap_or(leading.stock);
    let [_, _, ..] = pools else { return Some(Planned { stock, ..leading.clone() }) };
    let sum = |of: fn(&Planned) -> u32| pools.iter().fold(0_u32, |sum, pool| sum.saturating_add(of(&pool.planned)));
    let worth_telling = |pool: &&PlanOfPool| {
        pool.planned.why != Why::AboveThreshold || pool.planned.would_purchase + pool.planned.for_waiting_signups > 0
    };
    let told = pools.iter().filter(worth_telling).map(|pool| format!("{}: {}", pool.pool, pool.planned.explanation));
    let told: Vec<String> = told.collect();
    Some(Planned {
        would_purchase: sum(|planned| planned.would_purchase),
        for_waiting_signups: sum(|planned| planned.for_waiting_signups),
        explanation: match told.is_empty() {
            true => "would buy nothing: every pool has enough".to_owned(),
            false => told.join("; "),
        },
        caps: Rooms {
            available_room: sum(|planned| planned.caps.available_room),
            owned_room: sum(|planned| planned.caps.owned_room),
            pool_day_left: None,
            ..leading.caps
        },
        monthly_cost: cost(pools),
        stock,
        ..leading.clone()
    })
}

/// What all of it would cost; `None` = of some that would be bought nobody knows, or they are paid in different money.
fn cost(pools: &[PlanOfPool]) -> Option<String> {
    let bought: Vec<&Planned> =
        pools.iter().map(|pool| &pool.planned).filter(|planned| planned.would_purchase > 0).collect();
    let unit = pools.iter().find_map(|pool| pool.planned.price_unit.as_ref())?;
    if bought.iter().any(|planned| planned.price_unit.as_ref() != Some(unit)) {
        return None;
    }
    let costs = bought.iter().map(|planned| planned.monthly_cost.as_ref()?.parse::<Decimal>().ok());
    costs.sum::<Option<Decimal>>().map(amount)
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
        .refuses(ProblemCode::CountryUnavailable, "The pools of this country serve whoever names them only.")
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
