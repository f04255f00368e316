//! What would be bought now, why, and what it would cost. Nothing is bought.
//!
//! How to get it wrong: a second opinion. The plan is `domain::plan()`'s, the one that sizes every purchase; here it is
//! only asked and explained.

use std::sync::Arc;

use http::StatusCode;
use rust_decimal::Decimal;
use serde::Serialize;

use super::super::context::Context;
use super::super::signup::check_place;
use super::super::{Outcome, Problem, Request, json_response};
use super::purchases::COUNT_MAX;
use crate::db::stock::stock_read;
use crate::domain::{
    AreaCode, ByHand, Cap, Rooms, Stock, Trigger, Why, explain_order, explain_pass, plan_by_hand, plan_pass,
};
use crate::twilio::Balance;

#[derive(Serialize)]
struct Plan {
    would_purchase: u32,
    /// Bought before, for signups that wait.
    for_waiting_signups: u32,
    why: Why,
    explanation: String,
    binding_cap: Option<Cap>,
    caps: Rooms,
    unit_price: Option<String>,
    price_unit: Option<String>,
    monthly_cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_error: Option<String>,
    balance: Option<Money>,
    stock: Stock,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Money {
    amount: String,
    currency: String,
}

/// An amount as people write it: two decimals at least.
fn amount(decimal: Decimal) -> String {
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

fn count(request: &Request) -> Result<Option<u32>, Problem> {
    let wrong = || Problem::invalid_field("count", format!("must be 1 to {COUNT_MAX}"));
    match request.query::<u32>("count").map_err(|_| wrong())? {
        Some(count) if !(1..=COUNT_MAX).contains(&count) => Err(wrong()),
        count => Ok(count),
    }
}

pub(crate) async fn plan(context: Arc<Context>, request: Request) -> Outcome {
    let (count, area_code) = (count(&request)?, request.query::<AreaCode>("area_code")?);
    let config = context.config.load_full();
    check_place(area_code, Some(config.pool.country))?;
    if count.is_none() && area_code.is_some() {
        return Err(Problem::invalid_field("area_code", "is for an order by hand; give count too"));
    }
    let seen = context.read("plan", stock_read).await?;
    let (policy, stock) = (config.pool.policy(), seen.stock);
    let caps = seen.caps(config.spend.purchases_per_hour_max, config.spend.purchases_per_day_max);
    let rooms = Rooms::new(&policy, &caps, &stock);
    let (would_purchase, for_waiting_signups, why, binding_cap, explanation) = match count {
        None => {
            let pass = plan_pass(&policy, &caps, &stock, Trigger::Replenish);
            let explanation = explain_pass(&policy, &rooms, &stock, &pass);
            (pass.count, pass.for_line, pass.why, pass.binding_cap, explanation)
        }
        Some(count) => {
            let order = plan_by_hand(&caps, ByHand { count, override_caps: false });
            (order.count, 0, order.why, order.binding_cap, explain_order(&rooms, &order))
        }
    };
    let silent = seen.gate.silences_twilio();
    let (price, balance) =
        tokio::join!(context.pricing.price(config.pool.country, silent), context.pricing.balance(silent));
    let (price, price_error) = match price {
        Ok(price) => (Some(price), None),
        Err(why) => (None, Some(why)),
    };
    let document = Plan {
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
        warnings: seen.gate.warnings(),
    };
    json_response(StatusCode::OK, &document)
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
