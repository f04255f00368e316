//! Twilio's list, page by page.
//!
//! Invariants: a list that goes nowhere ends the walk as failed, never as complete; a number on two pages is looked at
//! once; rows that cannot be read are counted, and more of ours among them than can be true end the walk before their page
//! changes anything.
//! How to get it wrong: keeping the pages. An account may hold a hundred thousand numbers.

use std::collections::HashSet;

use super::compare::compare;
use super::dependencies::ReconcilerDependencies;
use super::elsewhere;
use super::losses::Losses;
use super::measure::Measure;
use super::patience::patiently;
use super::report::Report;
use super::trouble::Trouble;
use super::unread_rows::UnreadRows;
use crate::db::installation::database_now;
use crate::twilio::Pages;

/// Walks the whole list; returns the ids of our numbers that it showed, or `None` if it cannot be right. What numbers lost
/// is put aside in `losses`, unless an operator said that it is so.
pub(super) async fn walk(
    deps: &ReconcilerDependencies,
    measure: &Measure,
    losses: &mut Losses,
    report: &mut Report,
) -> Result<Option<HashSet<i64>>, Trouble> {
    let buyer = &deps.buyer;
    // The database's: other instances' comparisons are told from this one by it.
    let began = buyer.db.run_patiently("database_now", database_now).await?;
    let (mut seen, mut pages): (HashSet<i64>, Pages) = (HashSet::new(), Pages::default());
    let mut unread = UnreadRows::default();
    loop {
        let page = patiently(buyer, || buyer.twilio.list_page(pages.next())).await?;
        fail::fail_point!("reconcile_page_read");
        let is_last = page.next.is_none();
        let (numbers, unreadable) = pages.take(page);
        report.add_unreadable(unreadable.len());
        if !unreadable.is_empty() || (is_last && unread.hides_some()) {
            let shown = (seen.len(), numbers.as_slice());
            let ours = unread.add(deps, measure, shown, &unreadable, is_last).await?;
            report.unread.rows = report.unread.rows.max(ours);
            if measure.stops_at_unreadable(deps, report).await {
                report.checked += u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                return Ok(None);
            }
        }
        let aside = (!measure.confirmed).then_some(&mut *losses);
        compare(deps, numbers, (&mut seen, aside), measure.confirmed, report).await?;
        elsewhere::write(&buyer.db, began, report).await?;
        if !pages.turn()? {
            // A row that cannot be read may be one of them.
            if report.unreadable == 0 {
                elsewhere::conclude(&buyer.db, began).await?;
            }
            return Ok(Some(seen));
        }
    }
}
