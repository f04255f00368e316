//! What the account has left, beside what numbers cost.
//!
//! How to get it wrong: a `fail` because no balance is told. A subaccount has none, and a key may lack the right.

use rust_decimal::Decimal;

use super::bounds::{Bounds, Silence};
use super::price::{Prices, known};
use super::report::{Check, CheckName};
use crate::config::Config;
use crate::twilio::{Balance, Twilio, TwilioError};

const TOP_UP: &str = "Top the account up in Twilio's console, or let it recharge by itself there.";

pub(super) async fn look(config: &Config, prices: &Prices, twilio: &Twilio, bounds: &Bounds) -> Check {
    let what = CheckName::Balance.of(None);
    match bounds.ask("the balance", || twilio.balance()).await {
        Ok(balance) => judge(&balance, &Costs::of(config, prices, &balance.currency)),
        Err(Silence::Failed { failure: TwilioError::Refused(refusal), .. }) => what.warn(
            format!("Twilio tells no balance: a subaccount has none of its own, and an API key may lack the right ({refusal})"),
            "Look at the balance in Twilio's console.",
        ),
        Err(silence) => silence.told(what),
    }
}

/// What is paid at once, as far as prices are known in the balance's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Costs {
    /// One number of the cheapest pool.
    cheapest: Option<Decimal>,
    /// A batch for each pool that buys for stock.
    batches: Decimal,
}

impl Costs {
    fn of(config: &Config, prices: &Prices, currency: &str) -> Self {
        let mut costs = Self::default();
        for (_, pool) in config.pools() {
            let Some(price) = known(prices, pool.kind()).filter(|price| price.unit.eq_ignore_ascii_case(currency))
            else {
                continue;
            };
            let monthly = price.monthly;
            costs.cheapest = Some(costs.cheapest.map_or(monthly, |cheapest| cheapest.min(monthly)));
            if pool.threshold_low > 0 || pool.total_min > 0 {
                let batch = monthly.checked_mul(Decimal::from(pool.replenishment_batch_size));
                costs.batches = batch.and_then(|batch| costs.batches.checked_add(batch)).unwrap_or(Decimal::MAX);
            }
        }
        costs
    }
}

fn judge(Balance { amount, currency }: &Balance, costs: &Costs) -> Check {
    let (what, has) = (CheckName::Balance.of(None), format!("{amount} {currency}"));
    if *amount <= Decimal::ZERO {
        return what.fail(format!("{has}: an account without money is suspended"), TOP_UP);
    }
    if let Some(cheapest) = costs.cheapest.filter(|cheapest| amount < cheapest) {
        return what.fail(format!("{has} pays for no number: the cheapest costs {cheapest}"), TOP_UP);
    }
    if *amount < costs.batches {
        return what
            .warn(format!("{has} does not pay for a batch of each pool, which costs {}", costs.batches), TOP_UP);
    }
    what.pass(has)
}

#[cfg(test)]
mod tests {
    use super::super::report::CheckResult;
    use super::*;

    #[test]
    fn a_balance_pays_for_one_number_at_least_and_better_for_a_batch() {
        let costs = Costs { cheapest: Some("1.15".parse().unwrap()), batches: "11.50".parse().unwrap() };
        let judged = |amount: &str, costs: &Costs| {
            judge(&Balance { amount: amount.parse().unwrap(), currency: "USD".to_owned() }, costs).result
        };
        assert_eq!(judged("20", &costs), CheckResult::Pass);
        assert_eq!(judged("11.49", &costs), CheckResult::Warn);
        assert_eq!(judged("1.14", &costs), CheckResult::Fail);
        assert_eq!(judged("-3", &costs), CheckResult::Fail);
        assert_eq!(judged("0", &Costs::default()), CheckResult::Fail);
        assert_eq!(judged("0.50", &Costs::default()), CheckResult::Pass, "nobody knows what a number costs");
    }
}
