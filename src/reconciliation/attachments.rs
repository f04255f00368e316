//! What numbers are attached to, as Twilio has it, beside what the ledger says.
//!
//! Invariants: more than can be true that have left at once change nothing and halt buying, as more that are gone do; what Twilio does not
//! let us look at is judged in nothing, and keeps nothing else from being compared; nobody's number joins again what it left, a user's only
//! where that takes no inbound SMS away, or an operator said so.
//! How to get it wrong: halting all buying because a key may not look at messaging services. It may buy numbers all the same.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::attached::{Place, concerns_the_target, holds, look};
use super::dependencies::ReconcilerDependencies;
use super::lacking;
use super::measure::halt_on_suspicion;
use super::report::{Finding, Line, Report};
use super::suspicion::{Suspected, Suspicion};
use super::trouble::Trouble;
use crate::db::Connection;
use crate::db::attachments::{
    AttachedNumber, AttachmentReason, Whose, attachment_missed, attachments_intend, attachments_try_again,
    targets_compared,
};
use crate::db::installation::database_now;
use crate::db::numbers::number_read;
use crate::domain::{Target, too_many};
use crate::purchaser::Buyer;

/// Fetches at a time.
const AT_A_TIME: usize = 4;
/// Numbers asked for in one comparison; the next one asks for more.
const ASKED_MAX: usize = 1000;
/// What Twilio refused, or has in another service, is tried again after so long.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(86_400);
/// So many in one comparison.
const TRIED_AGAIN_MAX: i64 = 1000;

/// Compares everything that numbers are attached to, or shall be. `confirmed` = an operator's word that what many seem to have left, they
/// have left.
pub(super) async fn judge(deps: &ReconcilerDependencies, confirmed: bool, report: &mut Report) -> Result<(), Trouble> {
    let buyer = &deps.buyer;
    let read = |conn: &mut Connection| Ok((database_now(conn)?, targets_compared(conn)?));
    let (began, targets) = buyer.db.run_patiently("targets_compared", read).await?;
    let attached: i64 = targets.iter().map(|(_, attached)| attached).sum();
    let mut unseen: Vec<(Target, AttachedNumber)> = Vec::new();
    for (target, _) in targets {
        match look(buyer, &target, began).await {
            Ok(numbers) => unseen.extend(numbers.into_iter().map(|number| (target.clone(), number))),
            Err(Trouble::Twilio(failure)) => {
                untold(buyer, &target, &failure.to_string(), report);
                if !concerns_the_target(&failure) {
                    // It answers nothing at all: what is known by now is too little to judge by.
                    return Ok(());
                }
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let Some(gone) = asked_for(deps, unseen, (attached, confirmed), report).await? else { return Ok(()) };
    for (target, number) in gone {
        has_left(buyer, &target, &number, report).await?;
    }
    let again = |conn: &mut Connection| attachments_try_again(conn, None, TRIED_AGAIN_AFTER, TRIED_AGAIN_MAX);
    buyer.db.run_patiently("attachments_try_again", again).await?;
    lacking::tell(buyer, report).await
}

/// Those that Twilio says have left, asked one by one; `None` = they are more than can be true, or Twilio answers nothing.
async fn asked_for(
    deps: &ReconcilerDependencies,
    mut unseen: Vec<(Target, AttachedNumber)>,
    (attached, confirmed): (i64, bool),
    report: &mut Report,
) -> Result<Option<Vec<(Target, AttachedNumber)>>, Trouble> {
    let buyer = &deps.buyer;
    unseen.truncate(ASKED_MAX);
    let mut gone = Vec::new();
    let mut asked = stream::iter(unseen)
        .map(|(target, number)| async move {
            let there = holds(buyer, &Place::of(&target), &number.sid).await;
            (target, number, there)
        })
        .buffer_unordered(AT_A_TIME);
    while let Some((target, number, there)) = asked.next().await {
        match there {
            Ok(true) => {}
            Ok(false) => gone.push((target, number)),
            Err(Trouble::Twilio(failure)) => {
                untold(buyer, &target, &failure.to_string(), report);
                if !concerns_the_target(&failure) {
                    return Ok(None);
                }
            }
            Err(trouble) => return Err(trouble),
        }
        if too_many(gone.len(), attached) && !confirmed {
            let suspicion = Suspicion { what: Suspected::Left, count: gone.len(), live: attached };
            halt_on_suspicion(deps, suspicion, report).await;
            return Ok(None);
        }
    }
    Ok(Some(gone))
}

fn untold(buyer: &Buyer, target: &Target, failure: &str, report: &mut Report) {
    slog::warn!(buyer.log, "what is attached there could not be compared"; "target" => target.sid(), "cause" => failure);
    report.add_problem(format!(
        "Which numbers are attached to {} could not be compared ({failure}); nothing counts as having left it. If the key may not look \
         there, give it that right in Twilio's console; then compare again.",
        target.sid()
    ));
}

/// Writes down that a number left `target`, that it shall join what its pool wants if that is allowed, and tells what comes of it.
async fn has_left(buyer: &Buyer, target: &Target, number: &AttachedNumber, report: &mut Report) -> Result<(), Trouble> {
    let (id, number_id) = (number.id, number.number_id);
    // In one transaction with what is missed: the attacher, which hears of that, would mean it again before anybody could tell of it.
    let whose = if buyer.config.load().reconcile.repair_assigned { Whose::Anybodys } else { Whose::Nobodys };
    let reason = AttachmentReason { message: "Twilio has it there no more".to_owned(), ..AttachmentReason::default() };
    let missed = move |conn: &mut Connection| {
        if !attachment_missed(conn, id, &reason)? {
            return Ok(None);
        }
        Ok(Some((attachments_intend(conn, number_id, whose)?, number_read(conn, number_id)?)))
    };
    let Some((intended, now)) = buyer.db.run_patiently("attachment_missed", missed).await? else { return Ok(()) };
    let user = now.and_then(|now| now.user_id);
    slog::warn!(buyer.log, "a number of ours has left what it was attached to";
        "phone_number_ends" => number.phone_number.last_four(), "target" => target.sid(), "somebodys" => user.is_some(),
        "wanted" => number.wanted, "joins_again" => !intended.targets.is_empty());
    // What a user's number lacks, and is not given by itself, is told with all that lack something.
    if user.is_none() || !intended.targets.is_empty() {
        let joins: Vec<&str> = intended.targets.iter().map(Target::sid).collect();
        let then = if joins.is_empty() { String::new() } else { format!("; it joins {}", joins.join(" and ")) };
        let reason = format!("it left {}{then}", in_words(target));
        report.add(Finding::Repaired(Line::new(&number.phone_number, Some(&number.pool), reason, user.as_deref())));
    }
    Ok(())
}

/// `its messaging service MG…`
fn in_words(target: &Target) -> String {
    use crate::domain::AttachmentKind::{CustomerProfile, MessagingService, TrustProduct};
    let what = match target.kind() {
        MessagingService => "messaging service",
        CustomerProfile => "customer profile",
        TrustProduct => "trust product",
    };
    format!("its {what} {}", target.sid())
}
