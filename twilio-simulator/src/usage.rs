//! What the account was charged for: a line for each purchase, and for each anniversary of each number while it was there.
//!
//! The calendar is the simulator's own: the same day of each month, or its last day, and from then on that day.
//! Invariants: a purchase is a rental and a setup, an anniversary a rental; whoever bought a number, the account pays. What lies
//! behind the records' own moment (`as_of`, which lags as a test says) is not in them yet.
//!
//! How to get it wrong: asking the program that is tested when a number costs. It would always be right.

pub(crate) mod categories;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{cents_text, parse_cents};
use crate::stock::kind::NumberKind;
use crate::world::World;

/// The category of setups.
pub(crate) const SETUPS: &str = "phonenumbers-setups";

/// What tests say of the account's usage records.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// How far the records lag.
    lag: TimeDelta,
    extra: Vec<UsageLine>,
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLine {
    /// The day, in GMT.
    pub day: NaiveDate,
    /// As Twilio calls it: `phonenumbers-local`.
    pub category: String,
    /// How many.
    pub count: i64,
    /// What they cost together, with two decimals.
    pub price: String,
    /// The number that was charged; none for a line that a test made up.
    pub phone_number: Option<String>,
}

/// What a test says of the usage records; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageOrder {
    /// How many hours the records lag; at first none.
    pub lag_hours: Option<u32>,
    /// A line that no number explains.
    pub extra: Option<ExtraUsage>,
}

/// A line that a test makes up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraUsage {
    /// The day, in GMT.
    pub day: NaiveDate,
    /// One of Twilio's categories that no other is made of, such as `phonenumbers-local`.
    pub category: String,
    /// How many; below zero takes some away.
    pub count: i64,
    /// Such as `"1.15"`.
    pub price: String,
}

/// A number that is in the account, or was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rental<'o> {
    pub(crate) phone_number: &'o str,
    pub(crate) kind: NumberKind,
    pub(crate) from: DateTime<Utc>,
    /// When it left.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// The category of a number's rental. Twilio names none for national ones, which count as local here.
fn category(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Mobile => "phonenumbers-mobile",
        NumberKind::TollFree => "phonenumbers-tollfree",
        NumberKind::Local
        | NumberKind::National
        | NumberKind::Voip
        | NumberKind::SharedCost
        | NumberKind::MachineToMachine => "phonenumbers-local",
    }
}

/// The days on which a number is charged, the one of its purchase first, up to an instant.
pub(crate) fn charged_on(rental: &Rental<'_>, as_of: DateTime<Utc>) -> Vec<NaiveDate> {
    let end = rental.until.map_or(as_of, |until| until.min(as_of));
    if rental.from > as_of {
        return Vec::new();
    }
    let bought = rental.from.date_naive();
    let (mut days, mut year, mut month, mut day) = (vec![bought], bought.year(), bought.month(), bought.day());
    loop {
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        day = day.min(length(year, month));
        let Some(next) = NaiveDate::from_ymd_opt(year, month, day) else { return days };
        // It is due when its day begins.
        if next.and_time(chrono::NaiveTime::MIN).and_utc() >= end {
            return days;
        }
        days.push(next);
    }
}

/// How many days a month has.
fn length(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl World {
    /// The moment that the usage records tell.
    pub(crate) fn usage_as_of(&self) -> DateTime<Utc> {
        Utc::now() - self.usage.lag
    }

    /// The charges of these days, both included, as far as they are told yet.
    pub(crate) fn usage_lines(&self, first: NaiveDate, last: NaiveDate) -> Vec<UsageLine> {
        let as_of = self.usage_as_of();
        let mut lines = Vec::new();
        for rental in self.owned.rentals() {
            let days = charged_on(&rental, as_of);
            for (place, day) in days.iter().enumerate().filter(|(_, day)| first <= **day && **day <= last) {
                let cents = self.price_cents(&self.country_code_of(rental.phone_number), rental.kind);
                let line = |category: &str, cents| UsageLine {
                    day: *day,
                    category: category.to_owned(),
                    count: 1,
                    price: cents_text(cents),
                    phone_number: Some(rental.phone_number.to_owned()),
                };
                lines.push(line(category(rental.kind), cents));
                if place == 0 {
                    lines.push(line(SETUPS, 0));
                }
            }
        }
        let is_told = |line: &&UsageLine| first <= line.day && line.day <= last && line.day <= as_of.date_naive();
        lines.extend(self.usage.extra.iter().filter(is_told).cloned());
        lines.sort_by_key(|line| line.day);
        lines
    }

    /// Carries an order out.
    pub(crate) fn order_usage(&mut self, order: UsageOrder) -> Result<(), String> {
        if let Some(extra) = order.extra {
            let is_known = categories::CATEGORIES.iter().any(|known| known.name == extra.category && !known.is_sum());
            if !is_known {
                return Err(format!(
                    "{:?} is no category that lines are of, such as phonenumbers-local",
                    extra.category
                ));
            }
            let ExtraUsage { day, category, count, price } = extra;
            let price = cents_text(parse_cents(&price)?);
            self.usage.extra.push(UsageLine { day, category, count, price, phone_number: None });
        }
        if let Some(hours) = order.lag_hours {
            self.usage.lag = TimeDelta::hours(i64::from(hours));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn days(from: &str, until: Option<&str>, as_of: &str) -> String {
        let rental =
            Rental { phone_number: "+14155550100", kind: NumberKind::Local, from: at(from), until: until.map(at) };
        charged_on(&rental, at(as_of)).iter().map(|day| day.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_number_is_charged_on_its_day_of_each_month_until_it_leaves() {
        let of = |from: &str, as_of: &str| days(from, None, as_of);
        assert_eq!(of("2026-01-31T12:00:00Z", "2026-04-30T00:00:00Z"), "2026-01-31 2026-02-28 2026-03-28 2026-04-28");
        assert_eq!(of("2026-03-31T12:00:00Z", "2026-06-01T00:00:00Z"), "2026-03-31 2026-04-30 2026-05-30");
        assert_eq!(of("2028-01-30T23:59:59Z", "2028-04-01T00:00:00Z"), "2028-01-30 2028-02-29 2028-03-29");
        assert_eq!(of("2026-12-15T00:00:00Z", "2027-01-15T00:00:01Z"), "2026-12-15 2027-01-15");
        assert_eq!(of("2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z"), "2026-12-15");
        assert_eq!(of("2026-12-15T12:00:00Z", "2026-12-15T11:00:00Z"), "");
        let left = |until: &str| days("2026-05-10T12:00:00Z", Some(until), "2026-09-01T00:00:00Z");
        assert_eq!(left("2026-05-10T12:00:01Z"), "2026-05-10");
        assert_eq!(left("2026-06-10T00:00:00Z"), "2026-05-10");
        assert_eq!(left("2026-06-10T00:00:01Z"), "2026-05-10 2026-06-10");
        assert_eq!(length(2100, 2), 28);
    }
}
