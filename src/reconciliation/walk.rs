//! Twilio's list, page by page.
//!
//! Invariants: a list that goes nowhere ends the walk as failed, never as complete; a number on two pages is looked at
//! once; rows that cannot be read are counted.
//! How to get it wrong: keeping the pages. An account may hold a hundred thousand numbers.

use std::collections::HashSet;

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::losses::Losses;
use super::page;
use super::patience::patiently;
use super::report::Report;
use crate::twilio::Pages;

/// Walks the whole list; returns the ids of our numbers that it showed. What numbers lost is put aside in `losses`;
/// `None` = an operator's word that it is so.
pub(super) async fn walk(
    deps: &ReconcilerDependencies,
    mut losses: Option<&mut Losses>,
    report: &mut Report,
) -> Result<HashSet<i64>, Trouble> {
    let buyer = &deps.buyer;
    let (mut seen, mut pages): (HashSet<i64>, Pages) = (HashSet::new(), Pages::default());
    loop {
        let page = patiently(buyer, || buyer.twilio.list_page(pages.next())).await?;
        fail::fail_point!("reconcile_page_read");
        let (numbers, unreadable) = pages.take(page);
        report.add_unreadable(unreadable.len());
        page::compare(deps, numbers, &mut seen, losses.as_deref_mut(), report).await?;
        if !pages.turn()? {
            return Ok(seen);
        }
    }
}
