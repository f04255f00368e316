//! Which days numbers are charged on, written down.
//!
//! Invariant: whoever dies in between leaves what is due, and what is written is not written twice.
//! How to get it wrong: letting the clock of a missing number go on. Twilio charges nothing for what it does not have, and what turns up
//! again was charged all the while: so it stops at the first day that nobody found it, and is caught up.

use std::time::Duration;

use chrono::NaiveDate;
use tokio::time::{Instant, sleep};

use super::bookkeeper::Bookkeeper;
use crate::db::charges::{DueClock, NewCharge, charges_price, charges_write, clocks_due, today};
use crate::db::duties::{DUTY_HOLD, duty_hold};
use crate::db::{Connection, DbError};
use crate::domain::money::{ChargeKind, charges_between, first_from};

/// Numbers in one transaction.
const AT_ONCE: i64 = 1000;
/// Amounts in one statement.
const PRICED_AT_ONCE: i64 = 10_000;
/// Whoever rests does so for so many times as long as the work took,
const RESTS: u32 = 4;
/// and this long at most.
const REST_MOST: Duration = Duration::from_secs(5);

/// How fast the books are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Somebody waits for them.
    AtOnce,
    /// Signups come first: PostgreSQL has four fifths of the time for them, however many numbers moved in.
    BesideSignups,
}

impl Pace {
    async fn rest(self, begun: Instant) {
        if self == Self::BesideSignups {
            sleep((begun.elapsed() * RESTS).min(REST_MOST)).await;
        }
    }
}

impl Bookkeeper {
    /// Writes all charges that are due, and their amounts as far as prices were seen; how many charges it wrote.
    pub(super) async fn catch_up(&self, pace: Pace) -> Result<usize, DbError> {
        let mut written = 0;
        loop {
            let begun = Instant::now();
            let look = |conn: &mut Connection| {
                let today = today(conn)?;
                Ok((today, clocks_due(conn, today, AT_ONCE)?))
            };
            let (today, due) = self.db.run_patiently("clocks_due", look).await?;
            if due.is_empty() {
                break;
            }
            let (charges, clocks) = charged(&due, today);
            written +=
                self.db.run_patiently("charges_write", move |conn| charges_write(conn, &charges, &clocks)).await?;
            fail::fail_point!("charges_written");
            if pace == Pace::BesideSignups {
                // It takes longer than a claim lasts when many moved in.
                let me = self.me;
                self.db.run("duty_hold", move |conn| duty_hold(conn, "charge", me, DUTY_HOLD)).await?;
            }
            pace.rest(begun).await;
        }
        self.price_charges(pace).await?;
        Ok(written)
    }

    /// Gives charges their amounts, as far as prices were seen.
    pub(super) async fn price_charges(&self, pace: Pace) -> Result<(), DbError> {
        loop {
            let begun = Instant::now();
            if self.db.run_patiently("charges_price", |conn| charges_price(conn, PRICED_AT_ONCE)).await? == 0 {
                return Ok(());
            }
            pace.rest(begun).await;
        }
    }
}

/// The charges of what is due, up to today, and to when each clock goes.
fn charged(due: &[DueClock], today: NaiveDate) -> (Vec<NewCharge>, Vec<(i64, Option<NaiveDate>)>) {
    let (mut charges, mut clocks) = (Vec::new(), Vec::new());
    let tomorrow = today.succ_opt().unwrap_or(NaiveDate::MAX);
    for clock in due {
        let from = clock.next_on.max(clock.ours_from);
        for charged_on in charges_between(clock.bought_on, from, today, clock.left_at.or(clock.missing_since)) {
            let what = if charged_on == clock.bought_on { ChargeKind::Purchase } else { ChargeKind::Renewal };
            charges.push(NewCharge {
                number_id: clock.number_id,
                charged_on,
                what,
                pool: clock.pool.clone(),
                country: clock.country,
                number_type: clock.number_type,
            });
        }
        let next = match (clock.left_at, clock.missing_since) {
            (Some(_), _) => None,
            (None, None) => Some(first_from(clock.bought_on, tomorrow)),
            // That of the day itself is charged, for it had begun.
            (None, Some(since)) => {
                let after = since.date_naive().succ_opt().unwrap_or(NaiveDate::MAX);
                Some(first_from(clock.bought_on, after.min(tomorrow)))
            }
        };
        clocks.push((clock.number_id, next));
    }
    (charges, clocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CountryCode, NumberType, PoolName};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(bought_on: &str, ours_from: &str, next_on: &str, left_at: Option<&str>) -> (String, Option<NaiveDate>) {
        told(bought_on, ours_from, next_on, (left_at, None))
    }

    fn told(
        bought_on: &str,
        ours_from: &str,
        next_on: &str,
        (left_at, missing_since): (Option<&str>, Option<&str>),
    ) -> (String, Option<NaiveDate>) {
        let clock = DueClock {
            number_id: 1,
            bought_on: day(bought_on),
            ours_from: day(ours_from),
            next_on: day(next_on),
            left_at: left_at.map(|at| at.parse().unwrap()),
            missing_since: missing_since.map(|at| at.parse().unwrap()),
            pool: PoolName::default_pool(),
            country: CountryCode::US,
            number_type: NumberType::Local,
        };
        let (charges, clocks) = charged(&[clock], day("2026-04-01"));
        let told = charges.iter().map(|charge| format!("{} {}", charge.what, charge.charged_on));
        (told.collect::<Vec<_>>().join(", "), clocks[0].1)
    }

    #[test]
    fn each_anniversary_from_the_day_on_that_it_is_ours_until_it_leaves() {
        let (bought, next) = days("2026-01-31", "2026-01-31", "2026-01-31", None);
        assert_eq!(bought, "purchase 2026-01-31, renewal 2026-02-28, renewal 2026-03-28");
        assert_eq!(next, Some(day("2026-04-28")));
        let (adopted, next) = days("2026-01-31", "2026-03-01", "2026-01-31", None);
        assert_eq!((adopted.as_str(), next), ("renewal 2026-03-28", Some(day("2026-04-28"))));
        let (later, _) = days("2026-01-31", "2026-01-31", "2026-03-28", None);
        assert_eq!(later, "renewal 2026-03-28");
        let (left, next) = days("2026-01-31", "2026-01-31", "2026-01-31", Some("2026-03-28T00:00:00Z"));
        assert_eq!((left.as_str(), next), ("purchase 2026-01-31, renewal 2026-02-28", None));
        let (both, next) = days("2026-04-01", "2026-04-01", "2026-04-01", Some("2026-04-01T10:00:00Z"));
        assert_eq!((both.as_str(), next), ("purchase 2026-04-01", None));
    }

    #[test]
    fn what_is_missing_is_charged_until_then_and_its_clock_waits_there() {
        let missing = |next_on: &str, since: &str| told("2026-01-31", "2026-01-31", next_on, (None, Some(since)));
        let (charged, next) = missing("2026-01-31", "2026-03-10T08:00:00Z");
        assert_eq!((charged.as_str(), next), ("purchase 2026-01-31, renewal 2026-02-28", Some(day("2026-03-28"))));
        let (on_the_day, next) = missing("2026-02-28", "2026-03-28T00:00:01Z");
        assert_eq!(on_the_day, "renewal 2026-02-28, renewal 2026-03-28");
        assert_eq!(next, Some(day("2026-04-28")));
    }
}
