//! Sums of amounts, some of which may not be known, or be of another currency.
//!
//! Invariant: a sum in which something is unknown, or of several currencies, is no number.
//! How to get it wrong: leaving out what is unknown. The sum would be too small, and look exact.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// So much of a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// How much.
    pub amount: Decimal,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// A sum that grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// `None` when it grew beyond all measure.
    by_currency: BTreeMap<String, Option<Decimal>>,
    unknown: u64,
}

/// Why a sum is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSum {
    /// So many amounts are not known.
    #[error("{0} amounts are not known yet")]
    Unknown(u64),
    /// The amounts are of these currencies.
    #[error("the amounts are of several currencies: {}", .0.join(", "))]
    Currencies(Vec<String>),
    /// Larger than amounts can be.
    #[error("the sum is too large to be told")]
    TooLarge,
}

impl Sum {
    /// Adds an amount; `None` = nobody knows how much.
    pub fn add(&mut self, amount: Option<&Amount>) {
        self.add_times(amount, 1);
    }

    /// Adds an amount so many times.
    pub fn add_times(&mut self, amount: Option<&Amount>, times: u64) {
        if times == 0 {
            return;
        }
        let Some(Amount { amount, currency }) = amount else {
            self.unknown = self.unknown.saturating_add(times);
            return;
        };
        let sum = self.by_currency.entry(currency.clone()).or_insert(Some(Decimal::ZERO));
        *sum = sum.and_then(|sum| sum.checked_add(amount.checked_mul(Decimal::from(times))?));
    }

    /// The one currency of all that was added; `None` if there is none, or several.
    #[must_use]
    pub fn currency(&self) -> Option<&str> {
        let mut currencies = self.by_currency.keys();
        currencies.next().filter(|_| currencies.next().is_none()).map(String::as_str)
    }

    /// How many amounts are not known.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// The sum.
    ///
    /// # Errors
    /// Why there is none.
    pub fn total(&self) -> Result<Decimal, NoSum> {
        if self.by_currency.len() > 1 {
            return Err(NoSum::Currencies(self.by_currency.keys().cloned().collect()));
        }
        if self.unknown > 0 {
            return Err(NoSum::Unknown(self.unknown));
        }
        self.by_currency.values().next().copied().unwrap_or(Some(Decimal::ZERO)).ok_or(NoSum::TooLarge)
    }
}

/// What was spent, for each signup; `None` when there was none.
#[must_use]
pub fn per_signup(spent: Decimal, signups: u64) -> Option<Decimal> {
    spent.checked_div(Decimal::from(signups))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(amount: &str, currency: &str) -> Amount {
        Amount { amount: amount.parse().unwrap(), currency: currency.to_owned() }
    }

    #[test]
    fn a_sum_is_exact_or_says_why_it_is_none() {
        let mut sum = Sum::default();
        assert_eq!((sum.total(), sum.currency()), (Ok(Decimal::ZERO), None));
        for _ in 0..1000 {
            sum.add(Some(&amount("1.15", "USD")));
        }
        sum.add_times(Some(&amount("0.00001", "USD")), 3);
        sum.add_times(None, 0);
        assert_eq!((sum.total(), sum.currency()), (Ok("1150.00003".parse().unwrap()), Some("USD")));
        let mut unknown = sum.clone();
        unknown.add_times(None, 2);
        assert_eq!((unknown.total(), unknown.unknown()), (Err(NoSum::Unknown(2)), 2));
        let mut mixed = sum.clone();
        mixed.add(Some(&amount("1", "EUR")));
        assert_eq!(mixed.total(), Err(NoSum::Currencies(vec!["EUR".to_owned(), "USD".to_owned()])));
        assert_eq!(mixed.currency(), None);
        sum.add(Some(&Amount { amount: Decimal::MAX, currency: "USD".to_owned() }));
        assert_eq!(sum.total(), Err(NoSum::TooLarge));
    }

    #[test]
    fn without_signups_nothing_is_told_of_each() {
        assert_eq!(per_signup("11.50".parse().unwrap(), 10), Some("1.15".parse().unwrap()));
        assert_eq!(per_signup("11.50".parse().unwrap(), 0), None);
    }
}
