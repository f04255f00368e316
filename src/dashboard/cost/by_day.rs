//! A month's charges as a drawing: a bar for each day, each pool's part of it stacked in the order of the legend.
//!
//! Invariants: what is drawn is what `GET …/api/charges` lists, summed up; where an amount is not known, or there are several currencies,
//! charges are counted instead, and the words say so; a colour never says alone which pool a part is of.
//! How to get it wrong: a bar for a part of the days. A day that cost nothing is an empty place, and the month has its length.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::api::plan::amount;
use crate::dashboard::chart::drawing::Tick;
use crate::dashboard::text::counted;
use crate::db::charges::DayCost;
use crate::domain::PoolName;
use crate::domain::money::Month;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// Pools that have a colour of their own; all others share one.
const COLOURS: usize = 5;
const CLASSES: [&str; COLOURS + 1] = ["p0", "p1", "p2", "p3", "p4", "p5"];
/// A day's label, so many days apart.
const TICK_DAYS: usize = 7;

/// A pool's part of a day.
pub(crate) struct Bar {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    /// The same in words.
    pub(crate) told: String,
}

/// The same as a line of a table.
pub(crate) struct DayRow {
    pub(crate) day: NaiveDate,
    pub(crate) pool: PoolName,
    pub(crate) count: i64,
    pub(crate) amount: String,
}

/// The chart.
pub(crate) struct ByDay {
    pub(crate) bars: Vec<Bar>,
    /// Each colour, and what it stands for.
    pub(crate) keys: Vec<(&'static str, String)>,
    pub(crate) ticks: Vec<Tick>,
    /// What the upper edge stands for.
    pub(crate) top: String,
    pub(crate) words: String,
    pub(crate) rows: Vec<DayRow>,
}

/// What the bars measure.
enum Measure {
    Amounts(String),
    Charges,
}

impl Measure {
    /// Amounts, if all are known and of one currency.
    fn of(days: &[DayCost]) -> Self {
        let first = days.first().and_then(|day| day.currency.clone());
        match first {
            Some(currency) if days.iter().all(|day| day.currency.as_ref() == Some(&currency)) => {
                Self::Amounts(currency)
            }
            Some(_) | None => Self::Charges,
        }
    }

    fn value(&self, day: &DayCost) -> Decimal {
        match self {
            Self::Amounts(_) => day.amount.unwrap_or_default(),
            Self::Charges => Decimal::from(day.count),
        }
    }

    fn told(&self, value: Decimal) -> String {
        match self {
            Self::Amounts(currency) => format!("{} {currency}", amount(value)),
            Self::Charges => counted(value.to_u64().unwrap_or_default(), "charge"),
        }
    }
}

/// The pools in the order of their colours: by name, `default` first.
fn pools_of(days: &[DayCost]) -> Vec<PoolName> {
    let mut pools: Vec<PoolName> = days.iter().map(|day| day.pool.clone()).collect();
    pools.sort_by_key(|pool| (!pool.is_default(), pool.clone()));
    pools.dedup();
    pools
}

impl ByDay {
    /// `None` = nothing was charged.
    pub(super) fn new(month: Month, days: &[DayCost]) -> Option<Self> {
        let measure = Measure::of(days);
        let pools = pools_of(days);
        let colour = |pool: &PoolName| pools.iter().position(|one| one == pool).unwrap_or(COLOURS).min(COLOURS);
        // By day, then by colour.
        let mut stacks: BTreeMap<NaiveDate, BTreeMap<usize, Decimal>> = BTreeMap::new();
        for day in days {
            *stacks.entry(day.charged_on).or_default().entry(colour(&day.pool)).or_default() += measure.value(day);
        }
        let height_of = |stack: &BTreeMap<usize, Decimal>| stack.values().sum::<Decimal>();
        let (dearest, top) = stacks
            .iter()
            .map(|(day, stack)| (*day, height_of(stack)))
            .max_by_key(|(day, sum)| (*sum, std::cmp::Reverse(*day)))?;
        let name = |colour: usize| match pools.get(colour) {
            Some(pool) if colour < COLOURS => pool.to_string(),
            Some(_) | None => "other pools".to_owned(),
        };
        let place = WIDTH / f64::from(month.last().day());
        let mut bars = Vec::new();
        for (day, stack) in &stacks {
            let mut above = HEIGHT;
            for (colour, value) in stack {
                let height = share(*value, top) * (HEIGHT - 8.0);
                above -= height;
                bars.push(Bar {
                    class: CLASSES[*colour],
                    x: format!("{:.1}", (f64::from(day.day0()) + 0.1) * place),
                    y: format!("{above:.1}"),
                    width: format!("{:.1}", place * 0.8),
                    height: format!("{height:.1}"),
                    told: format!("{} {}: {}", day.format("%-d %b"), name(*colour), measure.told(*value)),
                });
            }
        }
        let used = 0..pools.len().min(COLOURS + 1);
        let unknown = match measure {
            Measure::Amounts(_) => "",
            Measure::Charges => " Not all amounts are known, or they are of several currencies: charges are counted.",
        };
        Some(Self {
            bars,
            keys: used.map(|colour| (CLASSES[colour], name(colour))).collect(),
            ticks: ticks(month),
            top: measure.told(top),
            words: format!(
                "Something was charged on {}, most of it on {}: {}.{unknown}",
                counted(stacks.len() as u64, "day"),
                dearest.format("%-d %b"),
                measure.told(top)
            ),
            rows: days.iter().map(row).collect(),
        })
    }
}

fn row(day: &DayCost) -> DayRow {
    let amount = day.amount.zip(day.currency.as_ref()).map(|(sum, currency)| format!("{} {currency}", amount(sum)));
    DayRow {
        day: day.charged_on,
        pool: day.pool.clone(),
        count: day.count,
        amount: amount.unwrap_or_else(|| "not known yet".to_owned()),
    }
}

fn share(value: Decimal, top: Decimal) -> f64 {
    value.checked_div(top).and_then(|share| share.to_f64()).unwrap_or_default()
}

/// The first of the month, and a day of each week of it.
fn ticks(month: Month) -> Vec<Tick> {
    let days = f64::from(month.last().day());
    let shown = month.first().iter_days().take_while(|day| *day <= month.last()).step_by(TICK_DAYS);
    let tick = |day: NaiveDate| Tick {
        at: format!("{:.2}%", (f64::from(day.day0()) + 0.5) / days * 100.0),
        label: day.format("%-d").to_string(),
    };
    shown.map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32, pool: &str, amount: Option<&str>, count: i64) -> DayCost {
        DayCost {
            charged_on: NaiveDate::from_ymd_opt(2026, 2, day).unwrap(),
            pool: pool.parse().unwrap(),
            currency: amount.map(|_| "USD".to_owned()),
            count,
            amount: amount.map(|amount| amount.parse().unwrap()),
        }
    }

    fn drawn(days: &[DayCost]) -> ByDay {
        ByDay::new("2026-02".parse().unwrap(), days).expect("a chart")
    }

    #[test]
    fn parts_of_a_day_stand_on_each_other_and_the_dearest_day_reaches_the_top() {
        let chart =
            drawn(&[day(3, "ca", Some("1.15"), 1), day(3, "default", Some("3.45"), 3), day(28, "ca", Some("2.30"), 2)]);
        let told: Vec<&str> = chart.bars.iter().map(|bar| bar.told.as_str()).collect();
        assert_eq!(told, ["3 Feb default: 3.45 USD", "3 Feb ca: 1.15 USD", "28 Feb ca: 2.30 USD"]);
        let places: Vec<(&str, &str, &str)> =
            chart.bars.iter().map(|bar| (bar.class, bar.y.as_str(), bar.height.as_str())).collect();
        assert_eq!(places, [("p0", "51.0", "129.0"), ("p1", "8.0", "43.0"), ("p1", "94.0", "86.0")]);
        assert_eq!((chart.bars[0].x.as_str(), chart.bars[2].x.as_str()), ("54.0", "696.9"));
        assert_eq!((chart.top.as_str(), chart.keys.len(), chart.rows.len()), ("4.60 USD", 2, 3));
        assert_eq!(chart.words, "Something was charged on 2 days, most of it on 3 Feb: 4.60 USD.");
        let labels: Vec<&str> = chart.ticks.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["1", "8", "15", "22"]);
    }

    #[test]
    fn what_is_not_known_is_counted_and_many_pools_share_a_colour() {
        let chart = drawn(&[day(1, "default", Some("1.15"), 1), day(1, "gb", None, 4)]);
        assert_eq!((chart.top.as_str(), chart.rows[1].amount.as_str()), ("5 charges", "not known yet"));
        assert!(chart.words.contains("charges are counted"), "{}", chart.words);
        let many: Vec<DayCost> = ('a'..='h').map(|name| day(2, &format!("p{name}"), Some("1.00"), 1)).collect();
        let chart = drawn(&many);
        assert_eq!((chart.keys.len(), chart.bars.len()), (6, 6));
        assert_eq!(chart.bars[5].told, "2 Feb other pools: 3.00 USD");
        assert!(ByDay::new("2026-02".parse().unwrap(), &[]).is_none());
    }
}
