//! Which idle numbers a pool could do without, and by when they must be given back to save anything.
//!
//! Invariant: only suggested, and never so many that the pool would buy them again.
//! How to get it wrong: giving back what was charged yesterday. Its month is paid, so those come first whose next charge
//! comes first.

use chrono::NaiveDate;

use super::ahead::day_before;
use super::anniversary::next_charge;
use super::sum::Amount;
use crate::domain::PhoneNumber;

/// So many are told at most.
pub const SAVINGS_MAX: usize = 100;

/// An idle number that may be given back: not protected, not leaving, of its pool's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spare {
    /// In E.164.
    pub phone_number: PhoneNumber,
    /// The day of its next charge.
    pub next_on: NaiveDate,
    /// What that costs; `None` = not known.
    pub monthly: Option<Amount>,
}

/// A pool's idle stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolStock {
    /// How many numbers are ready for a signup.
    pub ready: u32,
    /// How many must stay ready: the larger of the threshold in force and what the history asks for.
    pub needed: u32,
    /// How many it buys at a time: its stock swings by so many.
    pub batch: u32,
    /// Those of the ready ones that may be given back.
    pub spares: Vec<Spare>,
}

/// A number that could be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// In E.164.
    pub phone_number: PhoneNumber,
    /// The last day on which that saves the next charge.
    pub release_before: NaiveDate,
    /// What is saved each month; `None` = not known.
    pub saves: Option<Amount>,
}

/// What could be given back of all pools, the most urgent first.
#[must_use]
pub fn savings(pools: Vec<PoolStock>, today: NaiveDate) -> Vec<Saving> {
    let mut all: Vec<Saving> = pools.into_iter().flat_map(|pool| of_pool(pool, today)).collect();
    sort(&mut all);
    all.truncate(SAVINGS_MAX);
    all
}

fn of_pool(pool: PoolStock, today: NaiveDate) -> Vec<Saving> {
    let kept = pool.needed.saturating_add(pool.batch);
    let beyond = usize::try_from(pool.ready.saturating_sub(kept)).unwrap_or(usize::MAX);
    let mut savings: Vec<Saving> = pool.spares.into_iter().map(|spare| saving(spare, today)).collect();
    sort(&mut savings);
    savings.truncate(beyond);
    savings
}

fn saving(spare: Spare, today: NaiveDate) -> Saving {
    let Spare { phone_number, mut next_on, monthly } = spare;
    // What is charged today is charged, and saves only the month after.
    while next_on <= today {
        next_on = next_charge(next_on);
    }
    Saving { phone_number, release_before: day_before(next_on), saves: monthly }
}

fn sort(savings: &mut [Saving]) {
    savings.sort_by(|one, other| {
        (one.release_before, &one.phone_number).cmp(&(other.release_before, &other.phone_number))
    });
}

#[cfg(test)]
mod tests {
    use super::super::anniversary::tests::day;
    use super::*;

    fn spare(last: u32, next_on: &str) -> Spare {
        Spare { phone_number: format!("+1415555{last:04}").parse().unwrap(), next_on: day(next_on), monthly: None }
    }

    fn told(pools: Vec<PoolStock>) -> Vec<(String, String)> {
        let savings = savings(pools, day("2026-10-10")).into_iter();
        savings.map(|saving| (saving.phone_number.last_four().to_owned(), saving.release_before.to_string())).collect()
    }

    #[test]
    fn only_what_lies_beyond_threshold_and_batch_and_the_next_charge_first() {
        let spares = vec![
            spare(1, "2026-11-05"),
            spare(2, "2026-10-12"),
            spare(3, "2026-10-10"),
            spare(4, "2026-10-11"),
            spare(5, "2026-10-12"),
        ];
        let pool = |ready| PoolStock { ready, needed: 10, batch: 5, spares: spares.clone() };
        assert_eq!(told(vec![pool(15)]), []);
        let pair = |last: &str, before: &str| (last.to_owned(), before.to_owned());
        let first = [pair("0004", "2026-10-10"), pair("0002", "2026-10-11"), pair("0005", "2026-10-11")];
        assert_eq!(told(vec![pool(17)]), first[..2]);
        let later = [pair("0001", "2026-11-04"), pair("0003", "2026-11-09")];
        assert_eq!(told(vec![pool(99)]), [&first[..], &later[..]].concat());
        let other = PoolStock { ready: 1, needed: 0, batch: 0, spares: vec![spare(9, "2026-10-11")] };
        assert_eq!(told(vec![pool(16), other]), [pair("0004", "2026-10-10"), pair("0009", "2026-10-10")]);
    }

    #[test]
    fn no_more_than_a_hundred_are_told() {
        let spares = (0..300).map(|last| spare(last, "2026-11-05")).collect();
        let savings = told(vec![PoolStock { ready: 400, needed: 0, batch: 1, spares }]);
        assert_eq!((savings.len(), savings[0].0.as_str(), savings[99].0.as_str()), (SAVINGS_MAX, "0000", "0099"));
    }
}
