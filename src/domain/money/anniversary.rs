//! On which days a number costs a month: when it is bought, and on each anniversary while it is in the account.
//!
//! Invariant: a charge follows from the one before it: the same day of the next month, or that month's last day, which then
//! stays (31 January, 28 February, 28 March).
//! How to get it wrong: adding n months to the first day. What was bought on the 31st would be charged on the 31st of March.

use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};

/// The charge that follows the one of this day.
#[must_use]
pub fn next_charge(previous: NaiveDate) -> NaiveDate {
    following(&previous).unwrap_or(NaiveDate::MAX)
}

/// `None` at the calendar's own end, which no number will see.
fn following(previous: &NaiveDate) -> Option<NaiveDate> {
    previous.checked_add_months(Months::new(1))
}

/// The charges of a number from the first day to the last, both included, as far as they lie before its end.
///
/// A charge is due when its day begins, so what ended at midnight did not cost that day any more; what was bought and given
/// back on one day did.
#[must_use]
pub fn charges_between(
    bought_on: NaiveDate,
    from: NaiveDate,
    until: NaiveDate,
    ended_at: Option<DateTime<Utc>>,
) -> Vec<NaiveDate> {
    let is_before_the_end = |day: &NaiveDate| ended_at.is_none_or(|ended_at| begin_of(*day) < ended_at);
    std::iter::successors(Some(bought_on), following)
        .take_while(|day| *day <= until && is_before_the_end(day))
        .filter(|day| *day >= from)
        .collect()
}

/// The first charge on this day or after it: where the clock of a number begins that was taken in.
#[must_use]
pub fn first_from(bought_on: NaiveDate, from: NaiveDate) -> NaiveDate {
    std::iter::successors(Some(bought_on), following).find(|day| *day >= from).unwrap_or(NaiveDate::MAX)
}

/// When a day begins.
pub(super) fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{Datelike as _, Days, TimeDelta};
    use proptest::prelude::*;

    use super::super::month::Month;
    use super::*;

    pub(in crate::domain) fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Fifty years of days.
    pub(in crate::domain) fn any_day() -> impl Strategy<Value = NaiveDate> {
        (0u64..18_262).prop_map(|days| day("2015-01-01") + Days::new(days))
    }

    #[test]
    fn the_day_stays_and_after_a_short_month_it_stays_short() {
        for chain in [
            "2026-01-31 2026-02-28 2026-03-28 2026-04-28",
            "2026-03-31 2026-04-30 2026-05-30 2026-06-30",
            "2028-01-31 2028-02-29 2028-03-29 2028-04-29",
            "2027-12-30 2028-01-30 2028-02-29 2028-03-29",
            "2026-01-29 2026-02-28 2026-03-28",
            "2100-01-31 2100-02-28 2100-03-28",
            "2026-11-15 2026-12-15 2027-01-15",
        ] {
            let days: Vec<NaiveDate> = chain.split(' ').map(day).collect();
            for two in days.windows(2) {
                assert_eq!(next_charge(two[0]), two[1], "{chain}");
            }
            assert_eq!(charges_between(days[0], days[0], days[days.len() - 1], None), days);
        }
        let by_formula = day("2026-01-31").checked_add_months(Months::new(2)).unwrap();
        assert_eq!(by_formula, day("2026-03-31"), "which is why charges are not computed from the first day");
    }

    #[test]
    fn a_charge_is_due_when_its_day_begins() {
        let end = |at: &str| {
            charges_between(day("2026-01-15"), day("2026-01-01"), day("2026-03-31"), Some(at.parse().unwrap())).len()
        };
        assert_eq!(end("2026-01-15T00:00:00Z"), 0);
        assert_eq!(end("2026-01-15T12:00:00Z"), 1);
        assert_eq!(end("2026-02-14T23:59:59Z"), 1);
        assert_eq!(end("2026-02-15T00:00:00Z"), 1);
        assert_eq!(end("2026-02-15T00:00:01Z"), 2);
        assert_eq!(first_from(day("2026-01-31"), day("2026-03-01")), day("2026-03-28"));
        assert_eq!(first_from(day("2026-01-31"), day("2026-03-28")), day("2026-03-28"));
        assert_eq!(first_from(day("2026-01-31"), day("2025-03-28")), day("2026-01-31"));
    }

    proptest! {
        #[test]
        fn over_fifty_years_there_is_one_charge_a_month_and_its_day_never_grows(
            bought_on in any_day(), days in 0u64..18_262, seconds in 0i64..86_400,
        ) {
            let (until, ended_at) = (bought_on + Days::new(18_262), begin_of(bought_on + Days::new(days)) + TimeDelta::seconds(seconds));
            let charges = charges_between(bought_on, bought_on, until, Some(ended_at));
            prop_assert_eq!(charges.first().copied(), (begin_of(bought_on) < ended_at).then_some(bought_on));
            for two in charges.windows(2) {
                prop_assert!(two[0] < two[1] && two[0].day() >= two[1].day());
                prop_assert_eq!(Month::of(two[0]).next(), Month::of(two[1]));
                let is_last_day = Month::of(two[1]).last() == two[1];
                prop_assert!(two[0].day() == two[1].day() || is_last_day);
            }
            for charge in &charges {
                prop_assert!(begin_of(*charge) < ended_at);
            }
            // And none is left out: the one that would follow comes too late.
            if let Some(last) = charges.last() {
                prop_assert!(next_charge(*last) > until || begin_of(next_charge(*last)) >= ended_at);
            }
        }

        #[test]
        fn two_ranges_side_by_side_have_the_charges_of_both(
            bought_on in any_day(), first in any_day(), before in 0u64..900, behind in 0u64..900, end in proptest::option::of(any_day()),
        ) {
            let (middle, last) = (first + Days::new(before), first + Days::new(before + behind));
            let ended_at = end.map(begin_of);
            let mut charges = charges_between(bought_on, first, middle, ended_at);
            charges.extend(charges_between(bought_on, middle + Days::new(1), last, ended_at));
            prop_assert_eq!(charges, charges_between(bought_on, first, last, ended_at));
            let next = first_from(bought_on, first);
            prop_assert_eq!(charges_between(bought_on, first, next, None), vec![next]);
        }
    }
}
