//! Numbers of ours that lost a capability, their pool's kind, or all of their webhooks, as Twilio's list has it.
//!
//! Invariant: what many lost at once is no loss, but a suspicion.
//! How to get it wrong: attending to them page by page. The first page would be changed before the last one is known.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use super::compare::{compare, look};
use super::dependencies::ReconcilerDependencies;
use super::known::{Decision, decide};
use super::losses::Losses;
use super::measure::{Measure, halt_on_suspicion};
use super::page::Page;
use super::patience::patiently;
use super::report::{Finding, Report};
use super::suspicion::{Suspected, Suspicion};
use super::trouble::Trouble;
use crate::db::numbers::KnownNumber;
use crate::domain::too_many;
use crate::twilio::IncomingNumber;

/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers looked up in the database at a time.
const PAGE: usize = 500;

/// Judges what was put aside: attends to it, if it is so few that it can be true.
pub(super) async fn judge(
    deps: &ReconcilerDependencies,
    measure: &Measure,
    losses: Losses,
    report: &mut Report,
) -> Result<(), Trouble> {
    if losses.count == 0 {
        return Ok(());
    }
    let suspicion = |count: usize| Suspicion { what: Suspected::Lost, count, live: measure.live };
    let (kept, live) = (losses.kept.len(), measure.live);
    let mut lost: Vec<IncomingNumber> = Vec::new();
    let mut kept_ones = losses.kept.into_iter();
    loop {
        let some: Vec<IncomingNumber> = kept_ones.by_ref().take(PAGE).collect();
        if some.is_empty() {
            break;
        }
        let (page, looked) = look(deps, &some).await?;
        let page = &page;
        let mut asked = stream::iter(some.into_iter().zip(looked))
            .map(|(listed, looked)| async move {
                let Some(known) = looked.number else { return (listed, None, Ok(false)) };
                // The list may lag, or be cut short.
                let now = patiently(page.buyer, || page.buyer.twilio.fetch(&listed.sid)).await;
                let lost = now.map(|now| now.is_some_and(|now| is_lost(page, &known, &now)));
                (listed, Some(known.pool), lost)
            })
            .buffer_unordered(AT_A_TIME);
        while let Some(answer) = asked.next().await {
            match answer {
                (listed, _, Ok(true)) => lost.push(listed),
                (_, _, Ok(false)) => {}
                // What Twilio refuses about one number keeps no other from its turn.
                (listed, pool, Err(Trouble::Twilio(failure))) if failure.concerns_one_number() => {
                    report.add(Finding::not_to_be_read(&listed.phone_number, pool.as_ref(), &failure));
                }
                (_, _, Err(trouble)) => return Err(trouble),
            }
            if too_many(lost.len(), live) {
                halt_on_suspicion(deps, suspicion(lost.len()), report).await;
                return Ok(());
            }
            if measure.stops_at_unreadable(deps, report).await {
                return Ok(());
            }
        }
    }
    // Of those that found no room as many are lost, by all likelihood.
    let likely = lost.len().saturating_mul(losses.count) / kept.max(1);
    if too_many(likely, live) {
        halt_on_suspicion(deps, suspicion(likely), report).await;
        return Ok(());
    }
    while !lost.is_empty() {
        let some = lost.split_off(lost.len().saturating_sub(PAGE));
        // They were checked and seen already.
        let mut again = HashSet::new();
        report.checked = report.checked.saturating_sub(u32::try_from(some.len()).unwrap_or(u32::MAX));
        compare(deps, some, (&mut again, None), false, report).await?;
    }
    Ok(())
}

fn is_lost(page: &Page<'_>, known: &KnownNumber, now: &IncomingNumber) -> bool {
    let Some(shall) = page.shall_of(&known.pool) else { return false };
    matches!(decide(known, now, shall), Decision::Attend(differs) if shall.is_loss(differs, known, now))
}
