//! The report of a week, on Monday at eight of the machine's clock, or within the day after.
//!
//! Invariant: once a week over all instances and restarts, whoever writes it.
//! How to get it wrong: a timer. Whoever restarts at seven on Mondays would have no report.

use chrono::{
    DateTime, Datelike as _, Days, FixedOffset, Local, NaiveDate, NaiveTime, TimeZone, Timelike as _, Utc, Weekday,
};

use super::judge::Judge;
use crate::db::alerts::{PoolWeek, Teller, alert_report_is_due, alert_report_write, alerts_open, pool_weeks};
use crate::db::charges::{WeekCost, week_cost};
use crate::db::stock::stock_read_all;
use crate::db::{Connection, DbError};
use crate::domain::alert::{AlertKind, AlertWords};
use crate::domain::{PoolName, counted, grouped};

/// A week that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Week {
    /// `2026-W48`
    name: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

const FROM_HOUR: u32 = 8;

/// The week that a report is due of at this time, if one is.
fn due<Z: TimeZone>(now: &DateTime<Z>) -> Option<Week> {
    let is_due = match now.weekday() {
        Weekday::Mon => now.hour() >= FROM_HOUR,
        Weekday::Tue => now.hour() < FROM_HOUR,
        Weekday::Wed | Weekday::Thu | Weekday::Fri | Weekday::Sat | Weekday::Sun => false,
    };
    let today = now.date_naive();
    let monday = today.checked_sub_days(Days::new(now.weekday().num_days_from_monday().into()))?;
    let before = monday.checked_sub_days(Days::new(7))?;
    let midnight = |day: NaiveDate| {
        let local = day.and_time(NaiveTime::MIN).and_local_timezone(now.timezone()).earliest()?;
        Some(local.with_timezone(&Utc))
    };
    let name = format!("{}-W{:02}", before.iso_week().year(), before.iso_week().week());
    is_due.then_some(Week { name, from: midnight(before)?, to: midnight(monday)? })
}

/// Writes the report if one is due and wanted.
pub(super) async fn report_when_due(judge: &Judge, teller: &Teller) {
    if !judge.config.load().alerts.weekly_report {
        return;
    }
    let Some(week) = due(&now()) else { return };
    let (name, teller) = (week.name.clone(), teller.clone());
    let write = move |conn: &mut Connection| write(conn, &week, &teller);
    match judge.db.run_patiently("alert_report_write", write).await {
        Ok(true) => {
            fail::fail_point!("report_written");
            slog::info!(judge.log, "the weekly report was written"; "week" => name);
        }
        Ok(false) => {}
        Err(error) => slog::warn!(judge.log, "the weekly report is not written yet"; "error" => error.in_full()),
    }
}

/// The machine's clock, in its zone. A test need not wait for Monday.
fn now() -> DateTime<FixedOffset> {
    fail::fail_point!("week_looked", |text| {
        let text = text.unwrap_or_default();
        text.parse().unwrap_or_else(|_| Local::now().fixed_offset())
    });
    Local::now().fixed_offset()
}

fn write(conn: &mut Connection, week: &Week, teller: &Teller) -> Result<bool, DbError> {
    if !alert_report_is_due(conn, &week.name, week.to)? {
        return Ok(false);
    }
    let stock = stock_read_all(conn, &[])?.others;
    let available: Vec<(PoolName, u32)> = stock.into_iter().map(|(name, seen)| (name, seen.stock.available)).collect();
    let spent = week_cost(conn, week.from, week.to)?;
    let words = words(week, &pool_weeks(conn, week.from, week.to)?, &available, &spent, alerts_open(conn)?);
    alert_report_write(conn, teller, &week.name, (week.from, week.to), &words)
}

fn words(week: &Week, became: &[PoolWeek], available: &[(PoolName, u32)], spent: &[WeekCost], open: i64) -> AlertWords {
    let sum = |of: fn(&PoolWeek) -> i64| grouped(u64::try_from(became.iter().map(of).sum::<i64>()).unwrap_or_default());
    let summary = format!(
        "Week {}: {} signups got a number, {} waited for it, {} were refused; {} numbers were bought.",
        week.name,
        sum(|pool| pool.signups),
        sum(|pool| pool.waited),
        sum(|pool| pool.refused),
        sum(|pool| pool.bought)
    );
    let line = |(name, available): &(PoolName, u32)| {
        let became = became.iter().find(|pool| pool.pool == *name);
        let of = |of: fn(&PoolWeek) -> i64| became.map_or(0, of);
        format!(
            "{name}: {available} available, {} signups, {} waited, {} refused, {} bought.",
            of(|pool| pool.signups),
            of(|pool| pool.waited),
            of(|pool| pool.refused),
            of(|pool| pool.bought)
        )
    };
    let open = match open {
        0 => "No alert is open.".to_owned(),
        1 => "1 alert is open.".to_owned(),
        open => format!("{open} alerts are open."),
    };
    let lines: Vec<String> = available.iter().map(line).chain(cost(spent)).chain([open]).collect();
    AlertWords {
        summary,
        detail: lines.join(" "),
        means: AlertKind::ReportWeekly.means().to_owned(),
        ..AlertWords::default()
    }
}

/// What was charged in the week, in each currency; nothing of a week without charges.
fn cost(spent: &[WeekCost]) -> Option<String> {
    let sums: Vec<String> = spent
        .iter()
        .map(|sum| match (&sum.currency, sum.amount) {
            (Some(currency), Some(amount)) => {
                format!("{} {currency} for {}", amount.round_dp(2), counted(sum.count, "charge"))
            }
            _ => format!("an amount that is not known yet for {}", counted(sum.count, "charge")),
        })
        .collect();
    (!sums.is_empty()).then(|| format!("The numbers cost {}.", sums.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Week> {
        due(&text.parse::<DateTime<FixedOffset>>().unwrap())
    }

    #[test]
    fn a_report_is_due_from_monday_at_eight_for_a_day_and_of_the_week_before() {
        for none in ["2026-11-30T07:59:59+01:00", "2026-12-01T08:00:00+01:00", "2026-11-29T12:00:00+01:00"] {
            assert_eq!(at(none), None, "{none}");
        }
        let week = at("2026-11-30T08:00:00+01:00").unwrap();
        assert_eq!(week.name, "2026-W48");
        assert_eq!(
            (week.from.to_rfc3339(), week.to.to_rfc3339()),
            ("2026-11-22T23:00:00+00:00".into(), "2026-11-29T23:00:00+00:00".into())
        );
        assert_eq!(at("2026-12-01T07:59:59+01:00"), Some(week), "whoever was down on Monday");
        assert_eq!(at("2027-01-04T09:00:00Z").unwrap().name, "2026-W53", "the week's year is not always the day's");
    }

    #[test]
    fn a_report_says_what_became_of_each_pool() {
        let week = at("2026-11-30T08:00:00Z").unwrap();
        let gb: PoolName = "gb".parse().unwrap();
        let became = [PoolWeek { pool: gb.clone(), signups: 1200, waited: 3, refused: 1, bought: 900 }];
        let spent = [WeekCost { currency: Some("USD".to_owned()), count: 3, amount: Some("3.450".parse().unwrap()) }];
        let told = words(&week, &became, &[(PoolName::default_pool(), 7), (gb, 12)], &spent, 0);
        assert!(told.detail.contains("The numbers cost 3.45 USD for 3 charges."), "{}", told.detail);
        assert!(told.summary.starts_with("Week 2026-W48: 1,200 signups got a number, 3 waited"), "{}", told.summary);
        let pools =
            "default: 7 available, 0 signups, 0 waited, 0 refused, 0 bought. gb: 12 available, 1200 signups, 3 waited";
        assert!(told.detail.starts_with(pools) && told.detail.ends_with("No alert is open."), "{}", told.detail);
    }
}
