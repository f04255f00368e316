//! Rows of Twilio's list that cannot be read, and how many of them may be numbers of ours.
//!
//! Invariant: a row that says nothing of whose it is counts as ours only as long as the list owes us numbers.

use super::dependencies::ReconcilerDependencies;
use super::measure::Measure;
use super::trouble::Trouble;
use crate::db::numbers::rows_unread;
use crate::twilio::{IncomingNumber, Unreadable};

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
