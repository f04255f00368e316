//! How much may change all at once before it is believed no more.
//!
//! Invariant: one bound for whatever many numbers seem to have lost, whoever finds it.
//! How to get it wrong: counting a page, or a round, alone. What is lost bit by bit is lost as well.

/// So many may change however few there are, unless that is all of them.
const ALWAYS: usize = 5;

/// Whether it is unlikely that so many of `live` numbers changed all at once.
#[must_use]
pub fn too_many(count: usize, live: i64) -> bool {
    let live = usize::try_from(live).unwrap_or_default();
    count > (live / 10).max(ALWAYS) || (count > 0 && live <= ALWAYS && count >= live)
}

#[cfg(test)]
mod tests {
    use super::too_many;

    #[test]
    fn more_than_five_and_a_tenth_or_all_of_a_few_is_too_many() {
        for (count, live, too) in
            [(0, 0, false), (0, 3, false), (1, 1, true), (2, 3, false), (4, 5, false), (5, 5, true), (5, 6, false)]
        {
            assert_eq!(too_many(count, live), too, "{count} of {live}");
        }
        for (count, live, too) in [(6, 6, true), (6, 60, false), (7, 60, true), (30_000, 300_000, false)] {
            assert_eq!(too_many(count, live), too, "{count} of {live}");
        }
    }
}
