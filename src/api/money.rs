//! What the numbers cost, as far as it is known without asking anybody: for a page that must come at once.
//!
//! How to get it wrong: waiting for Twilio here. The price comes with the next page.

use rust_decimal::Decimal;

use super::plan::{Money, amount};
use super::services::Services;

/// What is known.
#[derive(Default)]
pub(crate) struct MoneyKnown {
    /// Of one number, a month.
    pub(crate) unit: Option<Money>,
    /// Of everything that is owned, a month.
    pub(crate) monthly: Option<Money>,
    /// What the account has left.
    pub(crate) balance: Option<Money>,
}

/// What is known of `owned` numbers; `silent` = Twilio is left in peace.
pub(crate) fn money_known(services: &Services, owned: u32, silent: bool) -> MoneyKnown {
    let kind = services.config.load().pool.kind();
    let known = services.pricing.known(kind, silent);
    let money = |decimal: Decimal, currency: &str| Money { amount: amount(decimal), currency: currency.to_owned() };
    MoneyKnown {
        monthly: known.price.as_ref().and_then(|price| {
            price.monthly.checked_mul(Decimal::from(owned)).map(|monthly| money(monthly, &price.unit))
        }),
        unit: known.price.map(|price| money(price.monthly, &price.unit)),
        balance: known.balance.map(Money::from),
    }
}
