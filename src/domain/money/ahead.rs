//! What the next days will cost: every number's next charge, at today's prices.
//!
//! Invariant: only numbers that are ours now are counted; what will be bought, nobody knows.
//! How to get it wrong: taking thirty days for a month. What was charged on the 31st of January is charged on the 28th of
//! February, and both may lie ahead.

use chrono::{Days, NaiveDate};

use super::anniversary::next_charge;
use super::sum::{Amount, NoSum, Sum};

/// So many numbers of one price that are charged next on the same day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The day of their next charge.
    pub next_on: NaiveDate,
    /// How many numbers.
    pub count: u64,
    /// What each costs; `None` = not known.
    pub monthly: Option<Amount>,
}

/// What one day will cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayAhead {
    /// Which.
    pub date: NaiveDate,
    /// How many numbers are charged.
    pub count: u64,
    /// What for all of them.
    pub amount: Result<rust_decimal::Decimal, NoSum>,
}

/// The charges of `days` days from `first` on, each with its day. A charge that is overdue by then is not among them, the ones that
/// follow it are.
#[must_use]
pub fn days_ahead(clocks: &[Clock], first: NaiveDate, days: u16) -> Vec<DayAhead> {
    let mut sums = vec![(0u64, Sum::default()); usize::from(days)];
    for clock in clocks {
        let mut on = clock.next_on;
        loop {
            // What lies before the first day has no place.
            if let Ok(place) = usize::try_from((on - first).num_days()) {
                let Some((count, sum)) = sums.get_mut(place) else { break };
                *count = count.saturating_add(clock.count);
                sum.add_times(clock.monthly.as_ref(), clock.count);
            }
            on = next_charge(on);
        }
    }
    let days = first.iter_days().take(sums.len());
    days.zip(sums).map(|(date, (count, sum))| DayAhead { date, count, amount: sum.total() }).collect()
}

/// The day before, on which a number is best given back: near midnight the day of a charge is uncertain.
pub(super) fn day_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(1)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::super::anniversary::charges_between;
    use super::super::anniversary::tests::{any_day, day};
    use super::*;

    fn dollars(amount: &str) -> Option<Amount> {
        Some(Amount { amount: amount.parse().unwrap(), currency: "USD".to_owned() })
    }

    #[test]
    fn each_day_has_its_charges_and_a_short_month_has_two() {
        let clock = |next_on: &str, count, monthly| Clock { next_on: day(next_on), count, monthly };
        let clocks = [
            clock("2026-01-31", 3, dollars("1.15")),
            clock("2026-02-10", 2, dollars("1.15")),
            clock("2026-02-10", 1, dollars("2.15")),
            clock("2026-02-11", 1, None),
            clock("2025-12-12", 1, dollars("1.15")),
        ];
        let days = days_ahead(&clocks, day("2026-01-31"), 30);
        assert_eq!((days.len(), days[29].date), (30, day("2026-03-01")));
        let told: Vec<(String, u64, Result<String, NoSum>)> = days
            .into_iter()
            .filter(|day| day.count > 0)
            .map(|day| (day.date.to_string(), day.count, day.amount.map(|amount| amount.to_string())))
            .collect();
        let sum = |amount: &str| Ok(amount.to_owned());
        assert_eq!(
            told,
            [
                ("2026-01-31".to_owned(), 3, sum("3.45")),
                ("2026-02-10".to_owned(), 3, sum("4.45")),
                ("2026-02-11".to_owned(), 1, Err(NoSum::Unknown(1))),
                ("2026-02-12".to_owned(), 1, sum("1.15")),
                ("2026-02-28".to_owned(), 3, sum("3.45")),
            ]
        );
    }

    proptest! {
        #[test]
        fn what_lies_ahead_is_what_the_calendar_says(
            clocks in proptest::collection::vec((any_day(), 0u64..4), 0..6), first in any_day(), days in 0u16..70,
        ) {
            let clocks: Vec<Clock> =
                clocks.into_iter().map(|(next_on, count)| Clock { next_on, count, monthly: dollars("1.15") }).collect();
            let ahead = days_ahead(&clocks, first, days);
            let last = first + Days::new(u64::from(days)) - Days::new(1);
            let expected: u64 =
                clocks.iter().map(|clock| clock.count * charges_between(clock.next_on, first, last, None).len() as u64).sum();
            prop_assert_eq!(ahead.iter().map(|day| day.count).sum::<u64>(), expected);
            let amount: Decimal = ahead.iter().map(|day| day.amount.clone().unwrap()).sum();
            prop_assert_eq!(amount, Decimal::from(expected) * Decimal::new(115, 2));
        }
    }
}
