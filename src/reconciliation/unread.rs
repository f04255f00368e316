//! Numbers of ours that cannot be read in what Twilio answers, counted once each.
//!
//! How to get it wrong: counting a row, and the look at the same number, as two.

/// Numbers of ours that cannot be read, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unread {
    /// Rows of the list that are ours, or may be.
    pub(super) rows: usize,
    /// What the list did not show, and a look does not tell: the rows that could not be read among it.
    pub(super) unseen: usize,
    /// What the list showed otherwise than it shall be, and a look does not tell.
    pub(super) looks: usize,
}

impl Unread {
    pub(super) fn total(self) -> usize {
        self.rows.max(self.unseen) + self.looks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_and_the_look_at_what_it_hides_are_one() {
        assert_eq!(Unread { rows: 3, unseen: 3, looks: 0 }.total(), 3);
        assert_eq!(Unread { rows: 1, unseen: 4, looks: 2 }.total(), 6);
    }
}
