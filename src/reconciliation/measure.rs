//! What a comparison judges by, and what it does when more is so than can be true.

use super::dependencies::ReconcilerDependencies;
use super::report::Report;
use super::suspicion::{Suspected, Suspicion};
use super::trouble::Trouble;
use crate::db::comparisons::reconciliation_unreadable_accepted;
use crate::db::numbers::{numbers_highest, numbers_live_count};
use crate::domain::too_many;

/// What a comparison judges by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// The highest id of a number at its beginning.
    pub(super) highest: i64,
    /// Numbers up to it that Twilio's list should show.
    pub(super) live: i64,
    /// An operator's word: what many numbers seem to be, they are.
    pub(super) confirmed: bool,
    /// So many are not to be read, by an earlier word of an operator's.
    pub(super) accepted: u32,
}

impl Measure {
    pub(super) async fn take(deps: &ReconcilerDependencies, confirmed: bool) -> Result<Self, Trouble> {
        let db = &deps.buyer.db;
        let highest = db.run_patiently("numbers_highest", numbers_highest).await?;
        let live = db.run_patiently("numbers_live_count", move |conn| numbers_live_count(conn, highest)).await?;
        let accepted = db.run_patiently("reconciliation_unreadable_accepted", reconciliation_unreadable_accepted);
        Ok(Self { highest, live, confirmed, accepted: accepted.await? })
    }

    /// Whether more of our numbers cannot be read than can be true; then buying is halted.
    pub(super) async fn stops_at_unreadable(&self, deps: &ReconcilerDependencies, report: &mut Report) -> bool {
        let Some(suspicion) = self.unreadable(report.unread.total()) else { return false };
        if report.unreadable_suspected.is_none() {
            halt_on_suspicion(deps, suspicion, report).await;
        }
        true
    }

    fn unreadable(&self, count: usize) -> Option<Suspicion> {
        let is_accepted = self.confirmed || u32::try_from(count).is_ok_and(|count| count <= self.accepted);
        let suspicion = Suspicion { what: Suspected::Unreadable, count, live: self.live };
        (!is_accepted && too_many(count, self.live)).then_some(suspicion)
    }
}

/// Halts buying until somebody confirms; the report tells it, too.
pub(super) async fn halt_on_suspicion(deps: &ReconcilerDependencies, suspicion: Suspicion, report: &mut Report) {
    suspicion.halt(&deps.buyer.db, &deps.buyer.log).await;
    report.suspect(suspicion);
}
