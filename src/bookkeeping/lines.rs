//! What each kind of number in each pool cost: the lines that a report's sums are made of.
//!
//! How to get it wrong: a line of the pool that a number is of now. A charge is of the pool that it was of on its day.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::idle::cost;
use crate::db::charges::{Ahead, IdleRow, KindPrice, MonthRow, NumberCounts};
use crate::domain::money::{Amount, Clock, PriceSource, Sum, days_ahead};
use crate::domain::{Kind, PoolName};

/// So many days ahead are told.
pub(super) const DAYS_AHEAD: u16 = 30;

/// What one kind of number in one pool cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolCost {
    pub(crate) pool: PoolName,
    pub(crate) kind: Kind,
    /// How many are ours now, and how many of them are nobody's.
    pub(crate) numbers: i64,
    pub(crate) idle: i64,
    /// What one costs a month, as it was last seen.
    pub(crate) unit: Option<Amount>,
    pub(crate) price_source: Option<PriceSource>,
    pub(crate) purchases: i64,
    pub(crate) renewals: i64,
    pub(crate) currency: Option<String>,
    pub(crate) spent: Option<Decimal>,
    pub(crate) idle_cost: Option<Decimal>,
    /// The charges of the next days.
    pub(crate) ahead: Option<Decimal>,
}

/// What the lines are made of.
pub(super) struct Parts<'a> {
    pub(super) rows: &'a [MonthRow],
    pub(super) counts: &'a [NumberCounts],
    pub(super) prices: &'a [KindPrice],
    pub(super) ahead: &'a [Ahead],
    pub(super) idle: &'a [&'a IdleRow],
    /// Of the month.
    pub(super) passed_seconds: u64,
    /// The first of the days ahead.
    pub(super) tomorrow: NaiveDate,
}

/// The price of a kind, as it was last seen.
pub(super) fn price(prices: &[KindPrice], kind: Kind) -> Option<Amount> {
    prices.iter().find(|price| price.kind == kind).map(|price| price.monthly.clone())
}

/// A day on which numbers are charged, with what each costs.
pub(super) fn clock(prices: &[KindPrice], ahead: &Ahead) -> Clock {
    let monthly = price(prices, Kind { country: ahead.country, number_type: ahead.number_type });
    Clock { next_on: ahead.next_on, count: u64::try_from(ahead.count).unwrap_or_default(), monthly }
}

/// A line for each kind in each pool that cost something, or is ours.
pub(super) fn pool_costs(parts: &Parts<'_>) -> Vec<PoolCost> {
    let mut lines: BTreeMap<(PoolName, Kind), PoolCost> = BTreeMap::new();
    let fresh = |pool: &PoolName, kind: Kind| PoolCost {
        pool: pool.clone(),
        kind,
        numbers: 0,
        idle: 0,
        unit: price(parts.prices, kind),
        price_source: None,
        purchases: 0,
        renewals: 0,
        currency: None,
        spent: Some(Decimal::ZERO),
        idle_cost: Some(Decimal::ZERO),
        ahead: None,
    };
    for count in parts.counts {
        let kind = Kind { country: count.country, number_type: count.number_type };
        let line = lines.entry((count.pool.clone(), kind)).or_insert_with(|| fresh(&count.pool, kind));
        (line.numbers, line.idle) = (count.numbers, count.idle);
    }
    let mut sums: HashMap<(PoolName, Kind), Sum> = HashMap::new();
    for row in parts.rows {
        let kind = Kind { country: row.country, number_type: row.number_type };
        let key = (row.pool.clone(), kind);
        let line = lines.entry(key.clone()).or_insert_with(|| fresh(&row.pool, kind));
        line.purchases += row.purchases;
        line.renewals += row.renewals;
        let source = if row.by_todays { PriceSource::Today } else { PriceSource::Seen };
        if row.amount.is_some() && line.price_source != Some(PriceSource::Today) {
            line.price_source = Some(source);
        }
        let amount = row.amount.zip(row.currency.clone()).map(|(amount, currency)| Amount { amount, currency });
        sums.entry(key).or_default().add(amount.as_ref());
    }
    let days = parts.ahead.iter().fold(HashMap::<_, Vec<&Ahead>>::new(), |mut all, ahead| {
        let kind = Kind { country: ahead.country, number_type: ahead.number_type };
        all.entry((ahead.pool.clone(), kind)).or_default().push(ahead);
        all
    });
    for (key, line) in &mut lines {
        if let Some(sum) = sums.get(key) {
            (line.currency, line.spent) = (sum.currency().map(str::to_owned), sum.total().ok());
        }
        if let Some(row) = parts.idle.iter().find(|row| (row.pool.clone(), kind_of(row)) == *key) {
            line.idle_cost = cost(row, line.unit.as_ref(), parts.passed_seconds);
        }
        let clocks: Vec<Clock> = days.get(key).into_iter().flatten().map(|ahead| clock(parts.prices, ahead)).collect();
        let ahead = days_ahead(&clocks, parts.tomorrow, DAYS_AHEAD);
        line.ahead = ahead.into_iter().try_fold(Decimal::ZERO, |sum, day| sum.checked_add(day.amount.ok()?));
        if line.price_source.is_none() && line.unit.is_some() {
            line.price_source = Some(PriceSource::Seen);
        }
    }
    lines.into_values().collect()
}

fn kind_of(row: &IdleRow) -> Kind {
    Kind { country: row.country, number_type: row.number_type }
}
