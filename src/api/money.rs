//! What the numbers cost, as far as it is known without asking anybody: for a page that must come at once.
//!
//! How to get it wrong: waiting for Twilio here. The price comes with the next page.

use rust_decimal::Decimal;

use super::plan::{Money, amount};
use super::services::Services;
use crate::domain::Kind;

/// What is known.
#[derive(Default)]
pub(crate) struct MoneyKnown {
    /// Of one number, a month, if they all cost the same.
    pub(crate) unit: Option<Money>,
    /// Of everything that is owned, a month.
    pub(crate) monthly: Option<Money>,
    /// What the account has left.
    pub(crate) balance: Option<Money>,
}

/// So many numbers of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) kind: Kind,
    pub(crate) count: u32,
}

fn money(decimal: Decimal, currency: &str) -> Money {
    Money { amount: amount(decimal), currency: currency.to_owned() }
}

/// What is known of `owned` numbers; `silent` = Twilio is left in peace. Kinds that are priced in several currencies, or one
/// whose price is not known, have no sum.
pub(crate) fn money_known(services: &Services, owned: &[Owned], silent: bool) -> MoneyKnown {
    let known: Vec<_> = owned.iter().map(|owned| services.pricing.known(owned.kind, silent)).collect();
    let prices: Option<Vec<_>> = known.iter().map(|known| known.price.clone()).collect();
    let prices = prices.filter(|prices| prices.windows(2).all(|two| two[0].unit == two[1].unit)).unwrap_or_default();
    let sum = owned.iter().zip(&prices).try_fold(Decimal::ZERO, |sum, (owned, price)| {
        sum.checked_add(price.monthly.checked_mul(Decimal::from(owned.count))?)
    });
    let first = prices.first();
    let is_one = prices.windows(2).all(|two| two[0].monthly == two[1].monthly);
    MoneyKnown {
        monthly: first.zip(sum).map(|(price, sum)| money(sum, &price.unit)),
        unit: first.filter(|_| is_one).map(|price| money(price.monthly, &price.unit)),
        balance: known.into_iter().find_map(|known| known.balance).map(Money::from),
    }
}

/// What a number of this kind costs a month, as far as it is known.
pub(crate) fn price_known(services: &Services, kind: Kind, silent: bool) -> Option<Money> {
    services.pricing.known(kind, silent).price.map(|price| money(price.monthly, &price.unit))
}
