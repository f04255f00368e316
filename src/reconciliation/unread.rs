//! Numbers of ours that cannot be read in what Twilio answers, counted once each.
//!
//! Invariant: a row that says nothing of whose it is counts as ours only as long as the list owes us numbers.
//! How to get it wrong: counting a row, and the look at the same number, as two.

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::run::Measure;
use crate::db::reconciliation::rows_unread;
use crate::twilio::{IncomingNumber, Unreadable};

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

/// Rows that cannot be read and may be ours.
#[derive(Default)]
pub(super) struct UnreadRows {
    /// Numbers of ours by their E.164.
    ours: usize,
    /// Rows of which nobody can say whose they are.
    anybodys: usize,
}

impl UnreadRows {
    /// Whether it has rows that could be anybody's.
    pub(super) fn hides_some(&self) -> bool {
        self.anybodys > 0
    }

    /// Adds a page's, beside its readable `numbers` and the count of ours `seen` before it; how many of all may be numbers
    /// of ours. Of what could be anybody's that is no more than the list has not shown, which its last page tells.
    pub(super) async fn add(
        &mut self,
        deps: &ReconcilerDependencies,
        measure: &Measure,
        (seen, numbers): (usize, &[IncomingNumber]),
        unreadable: &[Unreadable],
        is_last: bool,
    ) -> Result<usize, Trouble> {
        let sids: Vec<String> = numbers.iter().map(|number| number.sid.to_string()).collect();
        let named: Vec<String> =
            unreadable.iter().filter_map(|row| Some(row.phone_number.as_ref()?.to_string())).collect();
        self.anybodys += unreadable.len() - named.len();
        let highest = measure.highest;
        let look = move |conn: &mut crate::db::Connection| rows_unread(conn, highest, &sids, &named);
        let found = deps.buyer.db.run_patiently("rows_unread", look).await?;
        let count = |rows: i64| usize::try_from(rows).unwrap_or_default();
        self.ours += count(found.hidden);
        let not_shown = count(measure.live).saturating_sub(seen + count(found.shown) + self.ours);
        Ok(self.ours + if is_last { self.anybodys.min(not_shown) } else { 0 })
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
