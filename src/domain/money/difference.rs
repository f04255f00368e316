//! Our books of a month beside Twilio's: how they differ, and what explains it.
//!
//! Twilio's records tell a purchase as one rental and one setup, and a renewal as one rental, so the renewals are the rentals
//! without the setups. They are told by category, never by number.
//! Invariant: the parts of a difference add up to it, in count and, where all amounts are known, in money.
//! How to get it wrong: calling it an error while the month runs, or Twilio's records are younger than its end. They lag.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::explained::{Because, Facts, Reason, explain};
use super::month::Month;

/// What we have charged ourselves for in a month, over all pools of types that Twilio's records count: local, mobile, toll-free.
/// It names no category for national numbers, so those belong on neither side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Books {
    /// Numbers that we bought.
    pub purchases: u64,
    /// Anniversaries of numbers that are ours.
    pub renewals: u64,
    /// What both cost; `None` = not all of it is known.
    pub spent: Option<Decimal>,
}

/// Twilio's word on the same month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Local, mobile and toll-free numbers that were charged.
    pub rentals: u64,
    /// Numbers that were set up.
    pub setups: u64,
    /// What both cost.
    pub price: Decimal,
    /// Until when Twilio had counted.
    pub as_of: DateTime<Utc>,
}

/// How Twilio's word differs from ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// So many more charges at Twilio; below zero: fewer.
    pub count: i64,
    /// So much more; `None` = what we spent is not all known.
    pub amount: Option<Decimal>,
    /// What explains it.
    pub because: Vec<Because>,
    /// Whether it is one that a person should see: a charge that nothing explains, or a hundredth of Twilio's price, and
    /// Twilio has counted beyond the month's end.
    pub is_mismatch: bool,
}

/// Compares the two. `unit` is what one of our charges costs as a rule, for those whose day is uncertain.
#[must_use]
pub fn difference(month: Month, books: &Books, usage: &Usage, facts: &Facts, unit: Option<Decimal>) -> Difference {
    let ours = books.purchases.saturating_add(books.renewals);
    let count = i64::try_from(i128::from(usage.rentals) - i128::from(ours)).unwrap_or(i64::MAX);
    let amount = books.spent.and_then(|spent| usage.price.checked_sub(spent));
    let (left, mut because) = explain(count, (month, usage.as_of.date_naive()), facts, unit);
    let explained = because.iter().map(|part| part.amount).try_fold(Decimal::ZERO, |sum, part| sum.checked_add(part?));
    let unexplained = amount.zip(explained).and_then(|(amount, explained)| amount.checked_sub(explained));
    if left != 0 || unexplained.is_some_and(|unexplained| !unexplained.is_zero()) {
        because.push(Because { reason: Reason::Unknown, phone_number: None, count: left, amount: unexplained });
    }
    let is_dear = unexplained.is_some_and(|unexplained| {
        let hundredth = usage.price.abs().checked_div(Decimal::ONE_HUNDRED).unwrap_or_default();
        !unexplained.is_zero() && unexplained.abs() >= hundredth
    });
    let is_mismatch = (left != 0 || is_dear) && usage.as_of >= month.ends_at();
    Difference { count, amount, because, is_mismatch }
}

impl Usage {
    /// Numbers that were charged for another month: the rentals that were no purchases. Below zero when Twilio's counts
    /// contradict each other.
    #[must_use]
    pub fn renewals(&self) -> i64 {
        i64::try_from(i128::from(self.rentals) - i128::from(self.setups)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::anniversary::tests::day;
    use super::super::explained::Elsewhere;
    use super::*;

    fn month() -> Month {
        "2026-10".parse().unwrap()
    }

    fn usage(rentals: u64, price: Decimal) -> Usage {
        Usage { rentals, setups: 0, price, as_of: "2026-11-02T00:00:00Z".parse().unwrap() }
    }

    fn elsewhere(last: u32, bought_on: &str, until: Option<&str>) -> Elsewhere {
        let phone_number = format!("+1415555{last:04}").parse().unwrap();
        Elsewhere {
            phone_number,
            bought_on: day(bought_on),
            until: until.map(day),
            monthly: Some(Decimal::new(115, 2)),
        }
    }

    fn parts(difference: &Difference) -> Vec<(&'static str, Option<&str>, i64)> {
        let parts = difference.because.iter();
        parts
            .map(|part| (part.reason.as_str(), part.phone_number.as_ref().map(|number| number.last_four()), part.count))
            .collect()
    }

    /// Ten purchases and ninety renewals of ours, at a dollar fifteen.
    fn compare(rentals: u64, facts: &Facts) -> Difference {
        let unit = Decimal::new(115, 2);
        let books = Books { purchases: 10, renewals: 90, spent: Some(Decimal::new(11500, 2)) };
        difference(month(), &books, &usage(rentals, unit * Decimal::from(rentals)), facts, Some(unit))
    }

    #[test]
    fn a_number_whose_day_of_the_month_is_yet_to_come_explains_nothing() {
        let facts = Facts { foreign: vec![elsewhere(1, "2026-01-17", None)], ..Facts::default() };
        for (as_of, explained) in [("2026-10-16T23:00:00Z", false), ("2026-10-17T01:00:00Z", true)] {
            let usage = Usage { as_of: as_of.parse().unwrap(), ..usage(1, Decimal::new(115, 2)) };
            let books = Books { purchases: 0, renewals: 0, spent: Some(Decimal::ZERO) };
            let told = difference(month(), &books, &usage, &facts, None);
            assert_eq!(told.because[0].reason == Reason::Foreign, explained, "{as_of}: {told:?}");
        }
    }

    #[test]
    fn each_number_explains_one_charge_until_nothing_is_left() {
        let facts = Facts {
            adopted: vec![
                elsewhere(1, "2026-01-05", Some("2026-10-06")),
                elsewhere(2, "2026-01-07", Some("2026-10-06")),
            ],
            foreign: vec![
                elsewhere(1, "2026-01-05", None),
                elsewhere(3, "2026-10-31", None),
                elsewhere(4, "2026-05-31", Some("2026-10-10")),
                elsewhere(5, "2026-11-01", None),
            ],
            bought_and_released: vec![elsewhere(6, "2026-10-03", Some("2026-10-20"))],
            day_uncertain: 2,
        };
        let same = compare(100, &facts);
        assert_eq!((same.count, same.amount, same.because, same.is_mismatch), (0, Some(Decimal::ZERO), vec![], false));
        // The second was ours when it was charged; the fourth had gone; the fifth came later.
        let some = compare(102, &facts);
        assert_eq!(parts(&some), [("adopted", Some("0001"), 1), ("foreign", Some("0003"), 1)]);
        assert!(!some.is_mismatch);
        let more = compare(108, &facts);
        assert_eq!(
            parts(&more)[2..],
            [("bought_and_released", Some("0006"), 1), ("day_uncertain", None, 2), ("unknown", None, 3)]
        );
        assert!(more.is_mismatch && more.amount == Some(Decimal::new(920, 2)));
        let fewer = compare(97, &facts);
        assert_eq!(parts(&fewer), [("day_uncertain", None, -2), ("unknown", None, -1)]);
        assert!(fewer.is_mismatch);
    }

    #[test]
    fn money_alone_differs_too_and_a_month_that_runs_is_no_mismatch() {
        let books = Books { purchases: 0, renewals: 100, spent: Some(Decimal::from(115)) };
        let compare = |books: &Books, usage: &Usage| difference(month(), books, usage, &Facts::default(), None);
        let dearer = compare(&books, &usage(100, Decimal::from(120)));
        assert_eq!((parts(&dearer), dearer.is_mismatch), (vec![("unknown", None, 0)], true));
        assert_eq!(dearer.because[0].amount, Some(Decimal::from(5)));
        let cents = compare(&books, &usage(100, Decimal::new(11501, 2)));
        assert_eq!((cents.because.len(), cents.is_mismatch), (1, false));
        let early = Usage { as_of: "2026-10-31T23:59:59Z".parse().unwrap(), ..usage(90, Decimal::from(120)) };
        assert!(!compare(&books, &early).is_mismatch);
        let unknown = compare(&Books { spent: None, ..books }, &usage(101, Decimal::from(120)));
        assert_eq!((unknown.amount, unknown.because[0].amount, unknown.is_mismatch), (None, None, true));
        assert_eq!((Usage { setups: 40, ..early }.renewals(), Usage { setups: 91, ..early }.renewals()), (50, -1));
    }

    fn any_elsewhere() -> impl Strategy<Value = Vec<Elsewhere>> {
        let number = (0u32..30, 1u32..29, proptest::option::of(1u32..29));
        proptest::collection::vec(number, 0..12).prop_map(|numbers| {
            let day_of = |month: u32, of: u32| format!("2026-{month:02}-{of:02}");
            let number = |(last, bought, until): (u32, u32, Option<u32>)| {
                elsewhere(last, &day_of(last % 10 + 1, bought), until.map(|until| day_of(10, until)).as_deref())
            };
            numbers.into_iter().map(number).collect()
        })
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_difference(
            adopted in any_elsewhere(), foreign in any_elsewhere(), bought_and_released in any_elsewhere(),
            day_uncertain in 0u64..5, rentals in 80u64..130,
        ) {
            let facts = Facts { adopted, foreign, bought_and_released, day_uncertain };
            let difference = compare(rentals, &facts);
            prop_assert_eq!(difference.because.iter().map(|part| part.count).sum::<i64>(), difference.count);
            let amounts: Option<Decimal> = difference.because.iter().map(|part| part.amount).sum();
            prop_assert_eq!(amounts, difference.amount);
            let mut named: Vec<_> = difference.because.iter().filter_map(|part| part.phone_number.as_ref()).collect();
            let count = named.len();
            named.sort();
            named.dedup();
            prop_assert_eq!(named.len(), count);
            prop_assert!(difference.count > 0 || count == 0);
        }
    }
}
