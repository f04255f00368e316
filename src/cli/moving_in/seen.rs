//! The numbers and users of earlier lines, and rows that contradict each other.
//!
//! Invariant: of rows that contradict each other none is sent, whichever came first.
//! How to get it wrong: leaving a row alone because the other one of its number was refused. A user's number would go into stock.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use sha2::{Digest as _, Sha256};

use super::row::Judged;
use crate::domain::{PhoneNumber, UserId};

/// A number as the count that its digits make.
pub(super) fn digits(number: &PhoneNumber) -> u64 {
    // Proof: at most 15 digits behind the plus.
    number.as_str()[1..].parse().expect("a phone number is digits")
}

/// What earlier lines held, in some tens of bytes each.
#[derive(Debug, Default)]
pub(in crate::cli) struct Seen {
    numbers: HashMap<u64, Earlier>,
    users: HashMap<[u8; 16], u64>,
    /// Numbers of rows that contradict each other, or that were refused.
    refused: HashSet<u64>,
    /// Users whose rows were refused.
    without: HashSet<[u8; 16]>,
}

#[derive(Debug, Clone, Copy)]
struct Earlier {
    line: u32,
    says: u64,
}

/// What earlier lines make of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    New,
    /// They say the same.
    Again,
    /// They say something else: the cause, and the lines that were good until now.
    Contradicts(&'static str, Vec<u64>),
}

const NUMBER_TWICE: &str = "the number stands there with different users, pools or times: keep the right row";
const USER_TWICE: &str = "the user stands there with different numbers, and a user has one: keep the right row";
const OTHER_ROW_REFUSED: &str =
    "another row with this number or this user is refused: mend that one first, or take it out";

impl Seen {
    /// Whether no row of this number may be sent.
    pub(in crate::cli) fn is_refused(&self, number: &PhoneNumber) -> bool {
        self.refused.contains(&digits(number))
    }

    /// A row of this user is refused; whether it is their first one.
    pub(in crate::cli) fn goes_without(&mut self, user_id: &UserId) -> bool {
        self.without.insert(key(user_id))
    }

    /// Notes a row down, and compares it with the earlier ones.
    pub(super) fn check(&mut self, row: &Judged, line: u64) -> Verdict {
        let Some(number) = &row.phone_number else {
            // Whose number this is cannot be read, and another row may say that the user has a second one.
            return match &row.user_id {
                Some(user_id) => self.check_user(user_id, 0),
                None => Verdict::New,
            };
        };
        let (number, is_bad) = (digits(number), !row.faults.is_empty());
        let says =
            BuildHasherDefault::<DefaultHasher>::default().hash_one((&row.user_id, &row.pool, row.assigned_at, is_bad));
        let now = Earlier { line: u32::try_from(line).unwrap_or(u32::MAX), says };
        if let Some(earlier) = self.numbers.get(&number).copied() {
            let was_good = !self.refused.contains(&number);
            if earlier.says == says && was_good {
                return Verdict::Again;
            }
            self.refused.insert(number);
            let cause = if is_bad || !was_good { OTHER_ROW_REFUSED } else { NUMBER_TWICE };
            return Verdict::Contradicts(cause, was_good.then_some(u64::from(earlier.line)).into_iter().collect());
        }
        self.numbers.insert(number, now);
        let of_user = row.user_id.as_ref().map_or(Verdict::New, |user_id| self.check_user(user_id, number));
        if is_bad || of_user != Verdict::New {
            self.refused.insert(number);
        }
        of_user
    }

    fn check_user(&mut self, user_id: &UserId, number: u64) -> Verdict {
        let Some(other) = self.users.insert(key(user_id), number).filter(|other| *other != number || number == 0)
        else {
            return Verdict::New;
        };
        let was_good = other != 0 && self.refused.insert(other);
        let line = self.numbers.get(&other).map(|earlier| u64::from(earlier.line)).filter(|_| was_good);
        let cause = if was_good { USER_TWICE } else { OTHER_ROW_REFUSED };
        Verdict::Contradicts(if number == 0 { OTHER_ROW_REFUSED } else { cause }, line.into_iter().collect())
    }
}

/// What is kept of a user.
fn key(user_id: &UserId) -> [u8; 16] {
    let hash = Sha256::digest(user_id.as_str());
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: &str, user: &str) -> Judged {
        Judged { phone_number: number.parse().ok(), user_id: user.parse().ok(), ..Judged::default() }
    }

    #[test]
    fn of_equal_rows_the_first_counts_and_of_contradicting_ones_none() {
        let mut seen = Seen::default();
        assert_eq!(seen.check(&row("+14155550100", "u-1"), 2), Verdict::New);
        assert_eq!(seen.check(&row("+14155550100", "u-1"), 3), Verdict::Again);
        assert_eq!(seen.check(&row("+14155550100", "u-2"), 4), Verdict::Contradicts(NUMBER_TWICE, vec![2]));
        assert_eq!(seen.check(&row("+14155550100", "u-1"), 5), Verdict::Contradicts(OTHER_ROW_REFUSED, vec![]));
        assert!(seen.is_refused(&"+14155550100".parse().unwrap()));
        assert_eq!(seen.check(&row("+14155550101", "u-3"), 6), Verdict::New);
        assert_eq!(seen.check(&row("+14155550102", "u-3"), 7), Verdict::Contradicts(USER_TWICE, vec![6]));
        assert_eq!(seen.check(&row("+14155550103", ""), 8), Verdict::New);
        for refused in ["+14155550101", "+14155550102"] {
            assert!(seen.is_refused(&refused.parse().unwrap()), "{refused}");
        }
        assert!(!seen.is_refused(&"+14155550103".parse().unwrap()));
    }

    #[test]
    fn a_row_beside_a_refused_one_of_its_number_or_user_is_refused_too() {
        let bad = |number: &str, user: &str| Judged {
            faults: vec![super::super::row::Wrong::new("bad")],
            ..row(number, user)
        };
        let mut seen = Seen::default();
        assert_eq!(seen.check(&bad("+14155550100", ""), 2), Verdict::New);
        assert_eq!(seen.check(&row("+14155550100", ""), 3), Verdict::Contradicts(OTHER_ROW_REFUSED, vec![]));
        assert_eq!(seen.check(&row("+14155550101", "u-1"), 4), Verdict::New);
        assert_eq!(seen.check(&bad("+14155550101", "u-1"), 5), Verdict::Contradicts(OTHER_ROW_REFUSED, vec![4]));
        assert_eq!(seen.check(&bad("", "u-2"), 6), Verdict::New);
        assert_eq!(seen.check(&row("+14155550102", "u-2"), 7), Verdict::Contradicts(OTHER_ROW_REFUSED, vec![]));
        assert!(seen.is_refused(&"+14155550102".parse().unwrap()));
        assert_eq!(seen.check(&row("+14155550103", "u-4"), 8), Verdict::New);
        assert_eq!(seen.check(&bad("", "u-4"), 9), Verdict::Contradicts(OTHER_ROW_REFUSED, vec![8]));
    }
}
