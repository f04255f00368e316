//! The cost of a month: what was charged, what of it lay idle, what comes next, and what could be saved.
//!
//! Invariants: what was bought a minute ago is in it; a sum in which something is unknown, or of several currencies, is none, and `why`
//! says so.
//! How to get it wrong: a figure that cannot be taken apart. Each one is the sum of charges that `GET …/api/charges` shows.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::bookkeeper::Bookkeeper;
use super::charge::Pace;
use super::difference::Compared;
use super::idle::Idle;
use super::lines::{DAYS_AHEAD, Parts, PoolCost, clock, pool_costs, price};
use crate::db::charges::{
    Ahead, IdleRow, KindPrice, MonthRow, NumberCounts, charges_unpriced, clocks_ahead, month_rows, numbers_now,
    prices_latest, signups_of, spares, today,
};
use crate::db::foresight::base_stocks;
use crate::db::stock::stock_read_all;
use crate::db::{Connection, DbError};
use crate::domain::money::{
    Amount, Clock, DayAhead, Month, NoSum, PoolStock, SAVINGS_MAX, Saving, Spare, Sum, days_ahead, per_signup, savings,
};
use crate::domain::{Kind, PhoneNumber, PoolName};
use crate::telemetry::PoolMoney;

/// Twilio's word, and how it differs.
pub(crate) type UsageReport = Compared;

/// The cost of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CostReport {
    pub(crate) month: Month,
    pub(crate) currency: Option<String>,
    pub(crate) complete: bool,
    pub(crate) spent: Option<Decimal>,
    pub(crate) idle_cost: Option<Decimal>,
    pub(crate) cost_per_signup: Option<Decimal>,
    pub(crate) pools: Vec<PoolCost>,
    pub(crate) ahead: Vec<DayAhead>,
    /// Each with its pool.
    pub(crate) savings: Vec<(PoolName, Saving)>,
    pub(crate) usage: Option<UsageReport>,
    pub(crate) why: Vec<String>,
}

/// All that is read at once.
struct Looked {
    today: NaiveDate,
    rows: Vec<MonthRow>,
    counts: Vec<NumberCounts>,
    prices: Vec<KindPrice>,
    ahead: Vec<Ahead>,
    signups: i64,
    stocks: Vec<(PoolName, PoolStock)>,
}

/// What a pool must keep by its configuration, by its name: so many ready, and a batch. What it was advised to keep counts as well.
type Kept = Vec<(PoolName, u32, u32)>;

fn look(conn: &mut Connection, month: Month, pool: Option<&PoolName>, kept: &Kept) -> Result<Looked, DbError> {
    let today = today(conn)?;
    let until = month.ends_at().min(Utc::now());
    let last = today.checked_add_days(chrono::Days::new(DAYS_AHEAD.into())).unwrap_or(today);
    let prices = prices_latest(conn)?;
    let counts = numbers_now(conn, pool)?;
    let seen = stock_read_all(conn, &[])?.others;
    let mut stocks = Vec::new();
    let advised = base_stocks(conn, today)?;
    for (name, wanted, batch) in kept.iter().filter(|(name, ..)| pool.is_none_or(|pool| pool == name)) {
        let needed = advised.get(name).map_or(*wanted, |advised| *wanted.max(advised));
        let ready = seen.get(name).map(|seen| seen.stock.available).unwrap_or_default();
        if ready <= needed.saturating_add(*batch) {
            continue;
        }
        let rows = spares(conn, name, i64::try_from(SAVINGS_MAX).unwrap_or(i64::MAX))?;
        let monthly = counts
            .iter()
            .find(|count| count.pool == *name)
            .and_then(|count| price(&prices, Kind { country: count.country, number_type: count.number_type }));
        let spare = |row: crate::db::charges::SpareRow| Spare {
            phone_number: row.phone_number,
            next_on: row.next_on,
            monthly: monthly.clone(),
        };
        let spares = rows.into_iter().map(spare).collect();
        stocks.push((name.clone(), PoolStock { ready, needed, batch: *batch, spares }));
    }
    Ok(Looked {
        today,
        rows: month_rows(conn, month, pool)?,
        counts,
        prices,
        ahead: clocks_ahead(conn, last, pool)?,
        signups: signups_of(conn, (month.begins_at(), until), pool)?,
        stocks,
    })
}

impl Bookkeeper {
    /// The cost of a month, of one pool if one is named. `asks` = Twilio may be asked for what is not known.
    pub(crate) async fn report(&self, month: Month, pool: Option<PoolName>, asks: bool) -> Result<CostReport, DbError> {
        // Whoever asks waits for it; gauges can wait.
        let pace = if asks { Pace::AtOnce } else { Pace::BesideSignups };
        self.catch_up(pace).await?;
        if asks && self.db.run("charges_unpriced", charges_unpriced).await? > 0 {
            self.ask_prices(pace).await?;
        }
        let mut why = Vec::new();
        let usage = match (&pool, asks) {
            (Some(_), _) => None,
            (None, false) => self.compare(month, false).await?,
            (None, true) => {
                if let Err(untold) = self.usage_soon(month).await {
                    why.push(format!("what Twilio counted is not known, or not of today: {untold}"));
                }
                self.compare(month, true).await?
            }
        };
        why.extend(usage.iter().flat_map(|usage| usage.why.iter().cloned()));
        let kept: Kept = {
            let config = self.config.load();
            let kept = config.pools().filter_map(|(name, _)| {
                let policy = config.policy(name)?;
                Some((name.clone(), policy.threshold_low.max(policy.total_min), policy.replenishment_batch_size))
            });
            kept.collect()
        };
        let of_pool = pool.clone();
        let looked = self.db.run_patiently("cost", move |conn| look(conn, month, of_pool.as_ref(), &kept)).await?;
        let idle = self.idle(month).await?;
        let this = Month::of(looked.today);
        if let Some(usage) = usage.as_ref().filter(|_| asks && month == this.previous()) {
            self.tell_mismatch(month, usage).await?;
        }
        let is_now = pool.is_none() && month == this;
        let report = report_of(month, pool.as_ref(), looked, &idle, usage, why);
        if is_now {
            report.money_of_pools().iter().for_each(|pool| self.telemetry.cost_of_pool(pool));
        }
        Ok(report)
    }
}

impl CostReport {
    /// What each pool costs, in each currency.
    pub(super) fn money_of_pools(&self) -> Vec<PoolMoney> {
        let mut sums: BTreeMap<(&PoolName, &str), [Option<Decimal>; 3]> = BTreeMap::new();
        for line in &self.pools {
            let unit = line.unit.as_ref().map(|unit| unit.currency.as_str());
            let Some(currency) = line.currency.as_deref().or(unit) else { continue };
            let sum = sums.entry((&line.pool, currency)).or_insert([Some(Decimal::ZERO); 3]);
            for (sum, more) in sum.iter_mut().zip([line.spent, line.idle_cost, line.ahead]) {
                *sum = sum.zip(more).and_then(|(sum, more)| sum.checked_add(more));
            }
        }
        let told =
            |((pool, currency), [spent, idle_cost, ahead]): ((&PoolName, &str), [Option<Decimal>; 3])| PoolMoney {
                pool: pool.clone(),
                currency: currency.to_owned(),
                spent: spent.and_then(|sum| sum.to_f64()),
                idle_cost: idle_cost.and_then(|sum| sum.to_f64()),
                forecast: ahead.and_then(|sum| sum.to_f64()),
            };
        sums.into_iter().map(told).collect()
    }
}

fn report_of(
    month: Month,
    pool: Option<&PoolName>,
    looked: Looked,
    idle: &Idle,
    usage: Option<UsageReport>,
    mut why: Vec<String>,
) -> CostReport {
    let idle_rows: Vec<&IdleRow> = idle.rows.iter().filter(|row| pool.is_none_or(|pool| *pool == row.pool)).collect();
    let tomorrow = looked.today.succ_opt().unwrap_or(looked.today);
    let pools = pool_costs(&Parts {
        rows: &looked.rows,
        counts: &looked.counts,
        prices: &looked.prices,
        ahead: &looked.ahead,
        idle: &idle_rows,
        passed_seconds: idle.passed_seconds,
        tomorrow,
    });
    let mut sum = Sum::default();
    for row in &looked.rows {
        let amount = row.amount.zip(row.currency.clone()).map(|(amount, currency)| Amount { amount, currency });
        match amount {
            Some(amount) => sum.add(Some(&amount)),
            None => sum.add_times(None, u64::try_from(row.purchases + row.renewals).unwrap_or_default()),
        }
    }
    let spent = match sum.total() {
        Ok(spent) => Some(spent),
        Err(reason) => {
            why.push(not_summed(&reason));
            None
        }
    };
    let mut idle_sum = Sum::default();
    for row in pools.iter().filter(|row| row.idle_cost != Some(Decimal::ZERO)) {
        let amount = row.idle_cost.zip(row.unit.as_ref().map(|unit| unit.currency.clone()));
        idle_sum.add(amount.map(|(amount, currency)| Amount { amount, currency }).as_ref());
    }
    let idle_cost = idle_sum.total().ok();
    let unit_currency = pools.iter().find_map(|row| row.unit.as_ref().map(|unit| unit.currency.clone()));
    let currency = sum.currency().map(str::to_owned).or_else(|| unit_currency.filter(|_| spent.is_some()));
    let signups = u64::try_from(looked.signups).unwrap_or_default();
    let clocks: Vec<Clock> = looked.ahead.iter().map(|ahead| clock(&looked.prices, ahead)).collect();
    CostReport {
        month,
        currency,
        // Whoever asked has written all that was due.
        complete: month.is_over(looked.today) && sum.unknown() == 0,
        spent,
        idle_cost,
        cost_per_signup: spent.and_then(|spent| per_signup(spent, signups)),
        ahead: days_ahead(&clocks, tomorrow, DAYS_AHEAD),
        savings: savings_of(looked.stocks, looked.today),
        pools,
        usage,
        why,
    }
}

/// What could go back, each number with its pool.
fn savings_of(stocks: Vec<(PoolName, PoolStock)>, today: NaiveDate) -> Vec<(PoolName, Saving)> {
    let pools: BTreeMap<PhoneNumber, PoolName> = stocks
        .iter()
        .flat_map(|(pool, stock)| stock.spares.iter().map(|spare| (spare.phone_number.clone(), pool.clone())))
        .collect();
    let all = savings(stocks.into_iter().map(|(_, stock)| stock).collect(), today);
    all.into_iter().filter_map(|saving| Some((pools.get(&saving.phone_number)?.clone(), saving))).collect()
}

fn not_summed(reason: &NoSum) -> String {
    match reason {
        NoSum::Unknown(1) => "one amount is not known yet: Twilio has not told the price".to_owned(),
        NoSum::Unknown(count) => format!("{count} amounts are not known yet: Twilio has not told the prices"),
        other @ (NoSum::Currencies(_) | NoSum::TooLarge) => other.to_string(),
    }
}
