//! What would be bought now, why, and what it would cost. Nothing is bought.
//!
//! How to get it wrong: a second opinion. The plan is `domain::plan()`'s, the one that sizes every purchase; here it is
//! only asked and explained.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::purchases::COUNT_MAX;
use super::services::Services;
use super::signup::check_area_code;
use crate::attention::owned_max_exceeded;
use crate::db::stock::stock_read;
use crate::domain::{
    AreaCode, Cap, CountryCode, ManualWish, PoolName, Rooms, Stock, Trigger, Why, explain_order, explain_pass,
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
    /// Of one local number, a month.
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
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Thought {
    /// `None` = what a replenishment would do.
    pub(crate) count: Option<u32>,
    pub(crate) area_code: Option<AreaCode>,
    /// `None` = `pool.country`.
    pub(crate) country: Option<CountryCode>,
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
        Ok(Self { count, area_code: request.query("area_code")?, country: request.query("country")?, override_caps })
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(plan(&services, Thought::asked(&request)?).await)
}

pub(crate) async fn plan(services: &Services, thought: Thought) -> Result<Plan, Problem> {
    let Thought { count, area_code, country, override_caps } = thought;
    let config = services.config.load_full();
    let bought_in = country.unwrap_or(config.pool.country);
    check_area_code(area_code, bought_in)?;
    let of_an_order =
        [("area_code", area_code.is_some()), ("country", country.is_some()), ("override_caps", override_caps)];
    if let Some((field, _)) = of_an_order.into_iter().find(|(_, is_given)| *is_given && count.is_none()) {
        return Err(Problem::invalid_field(field, "is for an order by hand; give count too"));
    }
    let seen = services.read("plan", stock_read).await?;
    let (policy, stock) = (config.pool.policy(), seen.stock_for_waiters(&PoolName::default_pool()));
    let caps = seen.caps(config.spend.purchases_per_hour_max, config.spend.purchases_per_day_max);
    let rooms = Rooms::new(&policy, &caps, &stock);
    let (would_purchase, for_waiting_signups, why, binding_cap, explanation) = match count {
        None => {
            let pass = plan_pass(&policy, &caps, &stock, Trigger::Replenish);
            let explanation = explain_pass(&policy, &rooms, &stock, &pass);
            (pass.count, pass.for_waiters, pass.why, pass.binding_cap, explanation)
        }
        Some(count) => {
            let order = plan_manual(&caps, ManualWish { count, override_caps });
            (order.count, 0, order.why, order.binding_cap, explain_order(&rooms, &order))
        }
    };
    let mut warnings = seen.buying.warnings();
    warnings.extend(owned_max_exceeded(&policy, stock.owned_at_most()));
    let silent = seen.buying.silences_twilio();
    let kind = config.pool.kind().in_country(bought_in);
    let (price, balance) = tokio::join!(services.pricing.price(kind, silent), services.pricing.balance(silent));
    let (price, price_error) = match price {
        Ok(price) => (Some(price), None),
        Err(why) => (None, Some(why)),
    };
    Ok(Plan {
        would_purchase,
        for_waiting_signups,
        why,
        explanation,
        binding_cap,
        caps: rooms,
        unit_price: price.as_ref().map(|price| amount(price.monthly)),
        // No price is so high that a hundred thousand of them do not fit.
        monthly_cost: price
            .as_ref()
            .and_then(|price| price.monthly.checked_mul(Decimal::from(would_purchase)))
            .map(amount),
        price_unit: price.map(|price| price.unit),
        price_error,
        balance: balance.ok().map(Money::from),
        stock,
        warnings,
    })
}

pub(crate) fn about() -> About {
    About::new("plan", "Pool", "What would be bought now, why, and at what cost; buys nothing")
        .text("Without `count`, what a replenishment would do over all its batches; with it, an order by hand.")
        .query::<Count>("count", "Plan an order by hand of so many.")
        .query::<AreaCode>("area_code", "The order's area code; only with `count`.")
        .query::<CountryCode>("country", "The order's country, `pool.country` unless given; only with `count`.")
        .query::<bool>("override_caps", "`true`: the order goes beyond the spend caps; only with `count`.")
        .answer::<Plan>(
            "The plan.",
            json!({"would_purchase": 0, "for_waiting_signups": 0, "why": "above_threshold",
                "explanation": "would buy nothing: 19 available or on their way, threshold 10; 20 with those \
                                assigned, minimum 20",
                "binding_cap": null, "caps": {"hour_left": 80, "day_left": 280, "available_room": 31, "owned_room": 980},
                "unit_price": "1.15", "price_unit": "USD", "monthly_cost": "0.00",
                "balance": {"amount": "999977.00", "currency": "USD"},
                "stock": Stock { available: 19, assigned: 1, ..Stock::default() }, "warnings": []}),
        )
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
