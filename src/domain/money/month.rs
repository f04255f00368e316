//! A month of the calendar, in UTC, as costs are told by.
//!
//! How to get it wrong: taking a month for thirty days, or for the operator's own: Twilio's books are those of UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};

use super::anniversary::begin_of;

/// A month: `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(NaiveDate);

/// The text is not a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a month as YYYY-MM, such as 2026-10")]
pub struct InvalidMonth;

impl Month {
    /// That of a day.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).expect("every month has a first day"))
    }

    /// Its first day.
    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    #[must_use]
    pub fn last(self) -> NaiveDate {
        self.0.with_day(u32::from(self.0.num_days_in_month())).unwrap_or(self.0)
    }

    /// The one that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The one before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// When it begins.
    #[must_use]
    pub fn begins_at(self) -> DateTime<Utc> {
        begin_of(self.0)
    }

    /// When it is over.
    #[must_use]
    pub fn ends_at(self) -> DateTime<Utc> {
        begin_of(self.next().0)
    }

    /// Whether a day is one of its days.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }

    /// Whether all of it lies before this day.
    #[must_use]
    pub fn is_over(self, today: NaiveDate) -> bool {
        Self::of(today) > self
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (year, month) = text.split_once('-').ok_or(InvalidMonth)?;
        let is_plain =
            |digits: &str, length: usize| digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain(year, 4) || !is_plain(month, 2) {
            return Err(InvalidMonth);
        }
        let first =
            year.parse().ok().zip(month.parse().ok()).and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1));
        first.map(Self).ok_or(InvalidMonth)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::anniversary::tests::{any_day, day};
    use super::*;

    #[test]
    fn a_month_is_written_as_year_and_month_and_no_other_way() {
        for (text, last) in [("2026-10", 31), ("2026-02", 28), ("2028-02", 29), ("2100-02", 28), ("2026-12", 31)] {
            let month: Month = text.parse().unwrap();
            assert_eq!((month.to_string().as_str(), month.first().day(), month.last().day()), (text, 1, last));
        }
        for bad in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            " 2026-10",
            "2026-10 ",
            "26-10",
            "+026-10",
            "2026-10-01",
            "2026/10",
        ] {
            assert_eq!(bad.parse::<Month>(), Err(InvalidMonth), "{bad:?}");
        }
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (month.next().to_string(), month.previous().to_string()),
            ("2027-01".to_owned(), "2026-11".to_owned())
        );
        assert!(
            !month.is_over(day("2026-12-31")) && month.is_over(day("2027-01-01")) && !month.is_over(day("2026-01-01"))
        );
    }

    proptest! {
        #[test]
        fn every_day_is_of_one_month(day in any_day()) {
            let month = Month::of(day);
            prop_assert!(month.first() <= day && day <= month.last() && month.contains(day));
            prop_assert!(!month.next().contains(day) && !month.previous().contains(day));
            prop_assert_eq!(month.next().previous(), month);
            prop_assert_eq!(month.ends_at(), month.next().begins_at());
            prop_assert_eq!(month.to_string().parse::<Month>(), Ok(month));
        }
    }
}
