//! Which part of a list is read, and how many there are.
//!
//! Invariant: a list goes on from a row that was shown, in either direction, so that nothing is left out or shown twice
//! because something came or went meanwhile; what is counted is counted up to a bound.
//! How to get it wrong: an OFFSET. It counts rows that came since.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// Where a page of a list lies, by a row that another page showed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Slice<K> {
    /// At the list's beginning.
    #[default]
    First,
    /// Right after this row.
    After(K),
    /// Right before this row.
    Before(K),
}

impl<K: Copy> Slice<K> {
    /// The row.
    pub(super) fn key(self) -> Option<K> {
        match self {
            Self::First => None,
            Self::After(key) | Self::Before(key) => Some(key),
        }
    }

    /// Whether it is read against the list's order.
    fn is_back(self) -> bool {
        matches!(self, Self::Before(_))
    }

    /// For a list whose order falls (or rises): how its key compares with the row's, and the direction to read in.
    pub(super) fn reading(self, falls: bool) -> (&'static str, &'static str) {
        if falls == self.is_back() { (">", "ASC") } else { ("<", "DESC") }
    }

    /// What was read, in the list's order.
    pub(super) fn in_order<T>(self, mut rows: Vec<T>) -> Vec<T> {
        if self.is_back() {
            rows.reverse();
        }
        rows
    }
}

/// Rows are counted up to here, and no further.
pub const COUNTED_MAX: i64 = 100_000;

/// How many rows a list has, and how many of them come before a page. Nothing beyond [`COUNTED_MAX`] is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Counted {
    /// All of them; one more than [`COUNTED_MAX`] = more than that.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
    /// Those before the page.
    #[diesel(sql_type = BigInt)]
    pub ahead: i64,
}

/// Counts the rows of `select`, which says of each in a column `ahead` whether it comes before the page.
pub(super) fn counted_sql(select: &str) -> String {
    format!(
        "SELECT count(*) AS total, count(*) FILTER (WHERE ahead) AS ahead FROM ({select} LIMIT {}) AS rows_of_the_list",
        COUNTED_MAX + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_before_a_row_is_read_backwards_and_shown_forwards() {
        let (first, after, before) = (Slice::<i64>::First, Slice::After(7), Slice::Before(7));
        assert_eq!(
            (first.reading(true), after.reading(true), before.reading(true)),
            (("<", "DESC"), ("<", "DESC"), (">", "ASC"))
        );
        assert_eq!((first.reading(false), before.reading(false)), ((">", "ASC"), ("<", "DESC")));
        assert_eq!((before.in_order(vec![1, 2]), after.in_order(vec![1, 2])), (vec![2, 1], vec![1, 2]));
        assert_eq!((first.key(), after.key(), before.key()), (None, Some(7), Some(7)));
    }
}
