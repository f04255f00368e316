//! The account's usage records as the 2010 API shows them.
//!
//! Invariants: every category has a row in every period, and some are the sums of others; counts and prices are strings; days
//! are those of GMT; the newest period comes first.
//!
//! How to get it wrong: adding `phonenumbers` to the categories that it is the sum of, or asking for one page: there are more
//! categories than a page has rows.

use std::collections::HashMap;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde_json::{Value, json};

use crate::api::paging::Asked;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::money::{cents_text, parse_cents};
use crate::usage::categories::{CATEGORIES, Category, SUM_OF_ALL};
use crate::world::World;

/// What a list of usage records is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// `Records.json`: one row for all the time that was asked about.
    Whole,
    Daily,
    Monthly,
    ThisMonth,
    Today,
    LastMonth,
    AllTime,
}

impl Period {
    pub(crate) fn from_path(name: &str) -> Option<Self> {
        let all = [Self::Daily, Self::Monthly, Self::ThisMonth, Self::Today, Self::LastMonth, Self::AllTime];
        all.into_iter().find(|period| period.path() == format!("Records/{name}"))
    }

    fn path(self) -> &'static str {
        match self {
            Self::Whole => "Records",
            Self::Daily => "Records/Daily",
            Self::Monthly => "Records/Monthly",
            Self::ThisMonth => "Records/ThisMonth",
            Self::Today => "Records/Today",
            Self::LastMonth => "Records/LastMonth",
            Self::AllTime => "Records/AllTime",
        }
    }

    /// The stretches of days that rows are of, the newest first.
    fn stretches(self, first: NaiveDate, last: NaiveDate, today: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
        let this_month = first_of_month(today);
        let last_month = this_month.checked_sub_months(Months::new(1)).unwrap_or(this_month);
        match self {
            Self::Whole | Self::AllTime => vec![(first, last)],
            Self::Today => vec![(today, today)],
            Self::ThisMonth => vec![(this_month, today)],
            Self::LastMonth => vec![(last_month, this_month - Days::new(1))],
            Self::Daily => {
                let mut days: Vec<_> = first.iter_days().take_while(|day| *day <= last).map(|day| (day, day)).collect();
                days.reverse();
                days
            }
            Self::Monthly => {
                let months = std::iter::successors(Some(first_of_month(first)), |month| {
                    month.checked_add_months(Months::new(1))
                });
                let mut months: Vec<_> = months
                    .take_while(|month| *month <= last)
                    .map(|month| {
                        let end = month.checked_add_months(Months::new(1)).map_or(month, |next| next - Days::new(1));
                        (month.max(first), end.min(last))
                    })
                    .collect();
                months.reverse();
                months
            }
        }
    }
}

/// A row: a category in a stretch of days.
struct Row {
    key: String,
    category: &'static Category,
    first: NaiveDate,
    last: NaiveDate,
}

pub(crate) fn records(world: &World, request: &ApiRequest, period: Period) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let given = |name: &str| request.query.get(name).filter(|value| !value.is_empty());
    let today = chrono::Utc::now().date_naive();
    let day =
        |name: &str| given(name).map(|text| read_day(text, today).ok_or_else(|| Refusal::invalid(name))).transpose();
    let first = day("StartDate")?.unwrap_or_else(|| world.account.created.date_naive());
    let last = day("EndDate")?.unwrap_or(today);
    if given("IncludeSubaccounts").is_some_and(|text| !["true", "false"].contains(&text.to_ascii_lowercase().as_str()))
    {
        return Err(Refusal::invalid("IncludeSubaccounts"));
    }
    let category = given("Category");
    let categories: Vec<&'static Category> =
        CATEGORIES.iter().filter(|one| category.is_none_or(|wanted| wanted == one.name)).collect();
    if categories.is_empty() {
        return Err(Refusal::invalid("Category"));
    }
    let stretches = period.stretches(first, last, today);
    let row = |(first, last): (NaiveDate, NaiveDate), category: &'static Category| Row {
        key: format!("{first}.{}", category.name),
        category,
        first,
        last,
    };
    let rows: Vec<Row> =
        stretches.into_iter().flat_map(|days| categories.iter().map(move |category| row(days, category))).collect();
    let rows: Vec<&Row> = rows.iter().collect();
    let page = asked.page(&rows, "AP", |row| &row.key)?;
    let sums = sums(world, &page.rows);
    let resources = page.rows.iter().map(|row| resource(world, row, period, &sums)).collect();
    let path = format!("{}/{}.json", base(world), period.path());
    Ok(Reply::json(200, asked.envelope(&path, "usage_records", &page, resources)))
}

/// What each row counts, and its price in cents.
fn sums(world: &World, rows: &[&Row]) -> HashMap<String, (i64, i64)> {
    let (first, last) = (rows.iter().map(|row| row.first).min(), rows.iter().map(|row| row.last).max());
    let (Some(first), Some(last)) = (first, last) else { return HashMap::new() };
    let lines = world.usage_lines(first, last);
    let sum = |row: &&Row| {
        let from = lines.partition_point(|line| line.day < row.first);
        let of_days = lines[from..].iter().take_while(|line| line.day <= row.last);
        let of_row = of_days.filter(|line| row.category.has(&line.category));
        let sum = of_row.fold((0, 0), |(count, cents), line| {
            (count + line.count, cents + parse_cents(&line.price).unwrap_or_default())
        });
        (row.key.clone(), sum)
    };
    rows.iter().map(sum).collect()
}

fn resource(world: &World, row: &Row, period: Period, sums: &HashMap<String, (i64, i64)>) -> Value {
    let Row { key, category, first, last } = row;
    let (count, cents) = sums.get(key).copied().unwrap_or_default();
    // A total of prices counts nothing.
    let count = if category.name == SUM_OF_ALL { String::new() } else { count.to_string() };
    let usage = if category.name == SUM_OF_ALL { cents_text(cents) } else { count.clone() };
    let base = base(world);
    let link = |period: &str| format!("{base}/Records/{period}.json?Category={}", category.name);
    json!({
        "account_sid": world.credentials.account_sid,
        "api_version": "2010-04-01",
        "as_of": world.usage_as_of().format("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        "category": category.name,
        "count": count,
        "count_unit": category.unit,
        "description": category.description,
        "end_date": last.to_string(),
        "price": cents_text(cents),
        "price_unit": "usd",
        "start_date": first.to_string(),
        "subresource_uris": {
            "all_time": link("AllTime"),
            "daily": link("Daily"),
            "last_month": link("LastMonth"),
            "monthly": link("Monthly"),
            "this_month": link("ThisMonth"),
            "today": link("Today"),
            "yearly": link("Yearly"),
            "yesterday": link("Yesterday"),
        },
        "uri": format!("{base}/{}.json?Category={}&StartDate={first}&EndDate={last}", period.path(), category.name),
        "usage": usage,
        "usage_unit": if category.name == SUM_OF_ALL { "usd" } else { category.unit },
    })
}

fn base(world: &World) -> String {
    format!("/2010-04-01/Accounts/{}/Usage", world.credentials.account_sid)
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// A day, or one so many days from today: `-30days`.
fn read_day(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let offset = text.strip_suffix("days").and_then(|number| number.parse::<i64>().ok());
    offset.map_or_else(|| text.parse().ok(), |days| today.checked_add_signed(chrono::TimeDelta::try_days(days)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_its_stretches_of_days() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let of = |period: Period| {
            let stretches = period.stretches(day("2026-01-30"), day("2026-03-02"), day("2026-03-02"));
            let told: Vec<String> = stretches.iter().map(|(first, last)| format!("{first}/{last}")).collect();
            (told.len(), told[0].clone(), told[told.len() - 1].clone())
        };
        let one = |stretch: &str| (1, stretch.to_owned(), stretch.to_owned());
        assert_eq!(of(Period::Whole), one("2026-01-30/2026-03-02"));
        assert_eq!(of(Period::ThisMonth), one("2026-03-01/2026-03-02"));
        assert_eq!(of(Period::LastMonth), one("2026-02-01/2026-02-28"));
        assert_eq!(of(Period::Today), one("2026-03-02/2026-03-02"));
        assert_eq!(of(Period::Daily), (32, "2026-03-02/2026-03-02".into(), "2026-01-30/2026-01-30".into()));
        assert_eq!(of(Period::Monthly), (3, "2026-03-01/2026-03-02".into(), "2026-01-30/2026-01-31".into()));
        assert_eq!(read_day("-30days", day("2026-03-31")), Some(day("2026-03-01")));
        assert_eq!(
            (read_day("2026-3-1", day("2026-03-31")), read_day("soon", day("2026-03-31"))),
            (Some(day("2026-03-01")), None)
        );
    }
}
