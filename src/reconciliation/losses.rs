//! Numbers of ours that lost a capability, or all of their webhooks, as Twilio's list has it.
//!
//! Invariant: what many lost at once is believed as little as that many are gone at once: nothing is changed, somebody is
//! called, and nothing is bought by itself until an operator confirms. A wrong answer, or a changed `pool.capabilities`,
//! must not make a pool worthless that is then bought anew.
//! How to get it wrong: attending to them page by page. The first page would be changed before the last one is known.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use super::Trouble;
use super::actor::ReconcilerDependencies;
use super::known::{Decision, decide};
use super::missing::too_many;
use super::page::{self, Page};
use super::patience::patiently;
use super::report::{Finding, Report};
use crate::twilio::IncomingNumber;

/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers put aside; the next comparison sees to more.
const KEPT_MAX: usize = 1000;
/// Numbers looked up in the database at a time.
const PAGE: usize = 500;

/// What the walk put aside.
#[derive(Debug, Default)]
pub(super) struct Losses {
    kept: Vec<IncomingNumber>,
    count: usize,
}

impl Losses {
    /// Keeps a number for the end of the walk.
    pub(super) fn put_aside(&mut self, number: IncomingNumber) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(number);
        }
    }
}

/// Judges what was put aside, among `live` numbers: attends to it, if it is so few that it can be true.
pub(super) async fn judge(
    deps: &ReconcilerDependencies,
    live: i64,
    losses: Losses,
    report: &mut Report,
) -> Result<(), Trouble> {
    if losses.count == 0 {
        return Ok(());
    }
    let kept = losses.kept.len();
    let mut lost: Vec<IncomingNumber> = Vec::new();
    let mut kept_ones = losses.kept.into_iter();
    loop {
        let some: Vec<IncomingNumber> = kept_ones.by_ref().take(PAGE).collect();
        if some.is_empty() {
            break;
        }
        let (page, looked) = page::look(deps, &some).await?;
        let page = &page;
        let mut asked = stream::iter(some.into_iter().zip(looked))
            .map(|(listed, looked)| async move {
                let Some(known) = looked.number else { return (listed, Ok(false)) };
                // The list may lag, or be cut short.
                let now = patiently(page.buyer, || page.buyer.twilio.fetch(&listed.sid)).await;
                (listed, now.map(|now| now.is_some_and(|now| is_lost(page, &known, &now))))
            })
            .buffer_unordered(AT_A_TIME);
        while let Some(answer) = asked.next().await {
            match answer {
                (listed, Ok(true)) => lost.push(listed),
                (_, Ok(false)) => {}
                // What Twilio refuses about one number keeps no other from its turn.
                (listed, Err(Trouble::Twilio(failure))) if failure.concerns_one_number() => {
                    report.add(Finding::not_to_be_read(&listed.phone_number, &failure));
                }
                (_, Err(trouble)) => return Err(trouble),
            }
            if too_many(lost.len(), live) {
                suspect(deps, lost.len(), live, report).await;
                return Ok(());
            }
        }
    }
    // Of those that found no room as many are lost, by all likelihood.
    let likely = lost.len().saturating_mul(losses.count) / kept.max(1);
    if too_many(likely, live) {
        suspect(deps, likely, live, report).await;
        return Ok(());
    }
    while !lost.is_empty() {
        let some = lost.split_off(lost.len().saturating_sub(PAGE));
        // They were checked and seen already.
        let mut again = HashSet::new();
        report.checked = report.checked.saturating_sub(u32::try_from(some.len()).unwrap_or(u32::MAX));
        page::compare(deps, some, &mut again, None, report).await?;
    }
    Ok(())
}

fn is_lost(page: &Page<'_>, known: &crate::db::reconciliation::KnownNumber, now: &IncomingNumber) -> bool {
    matches!(decide(known, now, &page.shall), Decision::Attend(needs) if page.is_loss(needs, known, now))
}

async fn suspect(deps: &ReconcilerDependencies, lost: usize, live: i64, report: &mut Report) {
    let problem = format!(
        "{lost} or more of {live} numbers lost a capability that pool.capabilities wants, or all of their webhooks, which is \
         more than can be true; none was changed, and nothing is bought by itself. Look at some of them in Twilio's console, \
         and at pool.capabilities. If it is so, POST /admin/phones/api/reconcile with {{\"confirm_missing\":true}}, which \
         confirms this too; then POST /admin/phones/api/resume."
    );
    slog::crit!(deps.buyer.log, "more numbers lost what they could do than can be true; none was changed";
        "lost" => lost, "live" => live, "do" => &problem);
    deps.buyer.halt(problem.clone()).await;
    report.losses_suspected = Some(u32::try_from(lost).unwrap_or(u32::MAX));
    report.add_problem(problem);
}
