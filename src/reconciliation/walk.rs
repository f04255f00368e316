//! Twilio's list, page by page.
//!
//! Invariants: a list that goes nowhere ends the walk as failed, never as complete; a number on two pages is looked at
//! once; rows that cannot be read are counted, and more of ours among them than can be true end the walk before their page
//! changes anything.
//! How to get it wrong: keeping the pages. An account may hold a hundred thousand numbers.

use std::collections::HashSet;

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::losses::Losses;
use super::page;
use super::patience::patiently;
use super::report::Report;
use super::run::Measure;
use super::suspicion::halt_on_suspicion;
use crate::db::reconciliation::rows_unread;
use crate::twilio::{IncomingNumber, Pages, Unreadable};

/// Rows that cannot be read and may be ours.
#[derive(Default)]
struct Unread {
    /// Numbers of ours by their E.164.
    ours: usize,
    /// Rows of which nobody can say whose they are.
    anybodys: usize,
}

/// Walks the whole list; returns the ids of our numbers that it showed, or `None` if it cannot be right. What numbers lost
/// is put aside in `losses`, unless an operator said that it is so.
pub(super) async fn walk(
    deps: &ReconcilerDependencies,
    measure: &Measure,
    losses: &mut Losses,
    report: &mut Report,
) -> Result<Option<HashSet<i64>>, Trouble> {
    let buyer = &deps.buyer;
    let (mut seen, mut pages): (HashSet<i64>, Pages) = (HashSet::new(), Pages::default());
    let mut unread = Unread::default();
    loop {
        let page = patiently(buyer, || buyer.twilio.list_page(pages.next())).await?;
        fail::fail_point!("reconcile_page_read");
        let (numbers, unreadable) = pages.take(page);
        report.add_unreadable(unreadable.len());
        if !unreadable.is_empty() {
            let ours = unread.add(deps, measure, seen.len(), &numbers, &unreadable).await?;
            report.unread.rows = report.unread.rows.max(ours);
            if let Some(suspicion) = measure.unreadable(report.unread.total()) {
                report.checked += u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                halt_on_suspicion(deps, suspicion, report).await;
                return Ok(None);
            }
        }
        let aside = (!measure.confirmed).then_some(&mut *losses);
        page::compare(deps, numbers, (&mut seen, aside), measure.confirmed, report).await?;
        if !pages.turn()? {
            return Ok(Some(seen));
        }
    }
}

impl Unread {
    /// Adds a page's; how many of all may be numbers of ours. Of what could be anybody's no more are than the list has not
    /// shown yet, `seen` before this page.
    async fn add(
        &mut self,
        deps: &ReconcilerDependencies,
        measure: &Measure,
        seen: usize,
        numbers: &[IncomingNumber],
        unreadable: &[Unreadable],
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
        Ok(self.ours + self.anybodys.min(not_shown))
    }
}
