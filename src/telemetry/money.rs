//! The gauges of money: set by whoever keeps the books, every few minutes.
//!
//! Invariants: of a pool that has counts of its own only; a currency is one of those that Twilio bills in, or `other`.
//! How to get it wrong: a sum that is not known as zero. Whoever watches it would be at ease; it is not a number then.

use super::handle::Telemetry;
use super::registry::OTHER;
use super::table;
use crate::domain::PoolName;

/// Currencies that Twilio bills in.
const CURRENCIES: &[&str] = &["USD", "EUR", "GBP", "JPY", "AUD", "CAD", "BRL", "INR", "SGD"];

/// What one pool costs, in one currency; `None` = it is not known.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolMoney {
    /// Which pool.
    pub pool: PoolName,
    /// ISO 4217.
    pub currency: String,
    /// Charges of the month.
    pub spent: Option<f64>,
    /// What its numbers cost while nobody had them.
    pub idle_cost: Option<f64>,
    /// Charges of the next thirty days.
    pub forecast: Option<f64>,
}

impl Telemetry {
    /// The books were read.
    pub fn cost_of_pool(&self, money: &PoolMoney) {
        let inner = &*self.0;
        if inner.pools.own(&money.pool).is_none() {
            return;
        }
        let known = CURRENCIES.iter().find(|known| **known == money.currency);
        let labels = [money.pool.as_str().to_owned().into(), known.copied().unwrap_or(OTHER).into()];
        let sums = [
            (&table::SPENT, money.spent),
            (&table::IDLE_COST, money.idle_cost),
            (&table::FORECAST_COST, money.forecast),
        ];
        for (metric, sum) in sums {
            inner.registry.gauge(metric, &labels).set(sum.unwrap_or(f64::NAN));
        }
    }

    /// Charges whose amount nobody knows.
    pub fn charges_unpriced(&self, count: i64) {
        self.0.charges_unpriced.set(number(count));
    }

    /// So many more charges at Twilio than here, of the last month.
    pub fn usage_differs_by(&self, count: i64) {
        self.0.usage_difference.set(number(count));
    }
}

/// Gauges are floating point; a count that is larger than they hold exactly is told as the largest.
fn number(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(if count < 0 { i32::MIN } else { i32::MAX }))
}
