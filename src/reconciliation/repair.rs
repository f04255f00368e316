//! Attending to a number of ours that differs from what it shall carry, or from what the database says.
//!
//! Invariants: a drift is marked before it is repaired, so that no signup gets the number meanwhile; whose the number is
//! tells that very statement; a number that is somebody's is repaired only when the operator said so.
//! How to get it wrong: believing a list that lags. A number that differs is asked for by its SID before anything is done
//! about it.

use uuid::Uuid;

use super::known::{Decision, Differences, Shall, decide};
use super::page::Page;
use super::patience::patiently;
use super::report::{Finding, Line};
use super::suspicion::{Suspicion, give_up, hold_contested, hold_tagged, tried_in_vain};
use super::trouble::Trouble;
use crate::db::numbers::{
    KnownNumber, StoodThen, number_confirm_webhooks, number_mark_drifted, number_note_conflict, number_note_tag,
    number_set_capable, number_tell_type, number_turned_up,
};
use crate::domain::{Kind, Tag};
use crate::purchaser::Buyer;
use crate::purchaser::pool_breaker::halt_without_target;
use crate::twilio::{IncomingNumber, TwilioError};

/// Carries a decision out.
pub(super) async fn attend(
    page: &Page<'_>,
    known: &KnownNumber,
    number: IncomingNumber,
    decision: Decision,
) -> Result<Vec<Finding>, Trouble> {
    let conflict = |reason: String| {
        slog::error!(page.buyer.log, "a number of ours needs an operator's decision"; "reason" => &reason,
            "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str());
        Line::new(&number.phone_number, Some(&known.pool), reason, known.user_id.as_deref())
    };
    let told = |line: Line| Ok(vec![Finding::Conflict(line)]);
    // Nobody ever configured its pool: what it shall be, nobody said.
    let Some(shall) = page.shall_of(&known.pool) else { return Ok(Vec::new()) };
    match decision {
        Decision::Fine => Ok(Vec::new()),
        Decision::StillThere => told(conflict(
            "it was given back to Twilio, but the account has it and pays for it: release it in Twilio's console"
                .to_owned(),
        )),
        Decision::TagIsOursAgain => {
            let reason = "it is held because of another environment's tag, which is gone: adopt it to free it";
            told(conflict(reason.to_owned()).of_a_hold())
        }
        Decision::TaggedFor(_) => {
            let id = known.id;
            let Some(now) = patiently(page.buyer, || page.buyer.twilio.fetch(&number.sid)).await? else {
                return Ok(vec![Finding::Unseen(id)]);
            };
            let Decision::TaggedFor(instance) = decide(known, &now, shall) else {
                // It was adopted since the page was read: the next comparison decides.
                return Ok(Vec::new());
            };
            let (held, suspicion) = hold_tagged(&page.buyer.db, &page.buyer.log, id, page.word).await?;
            let held = if held { "; nobody is given it" } else { "" };
            page.buyer.db.run_patiently("number_note_tag", move |conn| number_note_tag(conn, id, true)).await?;
            // Held first: nobody gets it in between.
            if known.missing {
                page.buyer.db.run_patiently("number_turned_up", move |conn| number_turned_up(conn, id)).await?;
            }
            if known.user_id.is_some() {
                let environment = instance.to_string();
                let note = move |conn: &mut crate::db::Connection| number_note_conflict(conn, id, &environment);
                page.buyer.db.run_patiently("number_note_conflict", note).await?;
            }
            let instance = instance.as_str();
            let reason = format!(
                "a number of ours is tagged for instance {instance:?}{held}: adopt it here or release it there"
            );
            let line = Finding::Conflict(conflict(reason).of_a_hold());
            Ok(std::iter::once(line).chain(suspicion.map(Finding::Suspected)).collect())
        }
        Decision::Attend(_) => differs(page, shall, known, &number).await,
    }
}

async fn differs(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    listed: &IncomingNumber,
) -> Result<Vec<Finding>, Trouble> {
    let (buyer, id) = (page.buyer, known.id);
    let Some(number) = patiently(buyer, || buyer.twilio.fetch(&listed.sid)).await? else {
        return Ok(vec![Finding::Unseen(id)]);
    };
    let Decision::Attend(differs) = decide(known, &number, shall) else {
        // It has changed since the page was read: the next comparison decides.
        return Ok(Vec::new());
    };
    let mut standing = StoodThen { user_id: known.user_id.clone(), contested: false };
    if differs.webhooks {
        let wanted = shall.wanted.clone();
        let mark = move |conn: &mut crate::db::Connection| number_mark_drifted(conn, id, &wanted);
        match buyer.db.run_patiently("number_mark_drifted", mark).await? {
            Some(now) => standing = now,
            None => return Ok(Vec::new()),
        }
        fail::fail_point!("drift_marked");
        if standing.contested {
            return contested(page, shall, known, &number).await;
        }
    }
    // Another instance may be configured otherwise.
    if differs.fitness && !shall.skewed {
        set_fitness(page, shall, &number, id).await?;
    }
    let user_id = standing.user_id.clone();
    let line = |reason: &str| Line::new(&number.phone_number, Some(&known.pool), reason, user_id.as_deref());
    let mut findings = Vec::new();
    findings.extend(tell_type(page, shall, known, &number).await?);
    if differs.stale && confirm(page, shall, id).await? {
        findings.push(Finding::Repaired(line("its webhooks are right, and are known to be so again")));
    }
    if differs.tag || differs.webhooks {
        findings.extend(repair(page, shall, known, &number, differs, &standing).await?);
    }
    if differs.turned_up && buyer.db.run_patiently("number_turned_up", move |conn| number_turned_up(conn, id)).await? {
        slog::warn!(buyer.log, "a missing number turned up again at Twilio";
            "phone_number_ends" => number.phone_number.last_four(), "sid" => number.sid.as_str());
        buyer.stock.notify_one();
        findings.push(Finding::Adopted(line("turned up again at Twilio")));
    }
    Ok(findings)
}

/// Mending it again is no use: it is held, and told.
async fn contested(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    number: &IncomingNumber,
) -> Result<Vec<Finding>, Trouble> {
    let which = (known.id, &number.phone_number);
    let (held, suspicion) = hold_contested(&page.buyer.db, &page.buyer.log, which, page.word).await?;
    let fields = number.differences(&shall.wanted.webhooks).join(", ");
    let reason = format!(
        "somebody else set its webhooks back three times within a day ({fields}){}: find out who (Twilio's console, another \
         program with this account's key), stop them, then adopt it",
        if held { "; nobody is given it" } else { "" }
    );
    let line = Finding::Conflict(Line::new(&number.phone_number, Some(&known.pool), reason, None).of_a_hold());
    Ok(std::iter::once(line).chain(suspicion.map(Finding::Suspected)).collect())
}

/// Twilio says of which type it is, or its pool became another one while it came in.
async fn tell_type(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    number: &IncomingNumber,
) -> Result<Option<Finding>, Trouble> {
    let Some(number_type) = shall.other_type(known, number) else { return Ok(None) };
    let id = known.id;
    let tell = move |conn: &mut crate::db::Connection| number_tell_type(conn, id, number_type);
    if !page.buyer.db.run_patiently("number_tell_type", tell).await? {
        return Ok(None);
    }
    let kind = Kind { country: known.country, number_type };
    let is_apart = shall.kind.map_or(known.apart, |of| of != kind);
    slog::warn!(page.buyer.log, "a number of ours is of this type now, and so apart from its pool, or is not";
        "phone_number_ends" => number.phone_number.last_four(), "kind" => kind.to_string(), "pool" => known.pool.as_str(),
        "apart" => is_apart);
    page.buyer.stock.notify_one();
    Ok((is_apart != known.apart).then_some(Finding::ApartChanged))
}

/// What `pool.capabilities` wants may have changed since the number came.
async fn set_fitness(page: &Page<'_>, shall: &Shall, number: &IncomingNumber, id: i64) -> Result<(), Trouble> {
    let Some(capable) = shall.fitness(number) else { return Ok(()) };
    let set = move |conn: &mut crate::db::Connection| number_set_capable(conn, id, capable);
    if page.buyer.db.run_patiently("number_set_capable", set).await? {
        slog::warn!(page.buyer.log, "a number of ours gained, or lost, a capability that its pool wants";
            "phone_number_ends" => number.phone_number.last_four(), "fit" => capable);
        page.buyer.stock.notify_one();
    }
    Ok(())
}

async fn confirm(page: &Page<'_>, shall: &Shall, id: i64) -> Result<bool, Trouble> {
    let wanted = shall.wanted.clone();
    let confirmed = page
        .buyer
        .db
        .run_patiently("number_confirm_webhooks", move |conn| number_confirm_webhooks(conn, id, &wanted))
        .await?;
    if confirmed {
        page.buyer.stock.notify_one();
    }
    Ok(confirmed)
}

/// Repairs the number at Twilio if that is ours to do, and tells what it found.
async fn repair(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    number: &IncomingNumber,
    differs: Differences,
    standing: &StoodThen,
) -> Result<Vec<Finding>, Trouble> {
    let (log, ends) = (&page.buyer.log, number.phone_number.last_four());
    let reason = differs.reason(number, &shall.wanted.webhooks);
    let line = |reason: String| Line::new(&number.phone_number, Some(&known.pool), reason, standing.user_id.as_deref());
    let drift = |why: &str| Finding::Drift(line(format!("{reason}{why}")));
    let assigned = standing.user_id.is_some();
    if shall.skewed {
        let why = "; this instance is configured with other webhooks than the installation, so it repairs nothing";
        return Ok(vec![drift(why)]);
    }
    if assigned && !page.repair_assigned {
        // A tag harms no call, and without one a restored backup would not know whose the number is.
        if Tag::parse(&number.friendly_name).is_none() {
            return tag_only(page, shall, known, number, differs, standing).await;
        }
        left_as_it_is(page, number, &reason);
        return Ok(vec![drift("")]);
    }
    match set(page, shall, known, number, differs).await {
        Ok(None) => Ok(vec![Finding::Unseen(known.id)]),
        Ok(Some(())) => {
            fail::fail_point!("drift_repaired");
            if differs.webhooks && !confirm(page, shall, known.id).await? {
                return Ok(vec![drift(
                    "; it was set, but it is not in the pool's hands any more, or other webhooks are wanted by now",
                )]);
            }
            slog::info!(log, "a number was repaired"; "phone_number_ends" => ends, "reason" => &reason);
            let told = if assigned { vec![drift("")] } else { Vec::new() };
            Ok(told.into_iter().chain([Finding::Repaired(line(reason.clone()))]).collect())
        }
        Err(failure) => {
            let failure = page.bear(failure)?;
            slog::warn!(log, "a number could not be repaired"; "phone_number_ends" => ends, "reason" => &reason,
                "cause" => failure.for_log(), "request_id" => failure.request_id());
            let mut findings = vec![drift(&format!("; the repair failed: {failure}"))];
            let is_its_fault = differs.webhooks && !is_without_target(page, shall, &failure).await;
            if is_its_fault {
                findings.extend(in_vain(page, known.id, number, &failure).await?.map(Finding::Suspected));
            }
            Ok(findings)
        }
    }
}

/// Whether what its pool's numbers lead to is not in the account, which halts the pool.
async fn is_without_target(page: &Page<'_>, shall: &Shall, failure: &TwilioError) -> bool {
    let Buyer { db, config, log, .. } = page.buyer;
    halt_without_target(db, &config.load(), log, &shall.wanted, failure).await.is_some()
}

/// Gives the number up if Twilio refuses it, or contradicts itself again and again.
async fn in_vain(
    page: &Page<'_>,
    id: i64,
    number: &IncomingNumber,
    failure: &TwilioError,
) -> Result<Option<Suspicion>, Trouble> {
    let (Page { buyer, word, .. }, which) = (page, (id, &number.phone_number));
    Ok(if failure.minds_the_number() {
        give_up(&buyer.db, &buyer.log, which, *word).await?
    } else if failure.concerns_one_number() {
        tried_in_vain(&buyer.db, &buyer.log, which, *word).await?
    } else {
        None
    })
}

fn left_as_it_is(page: &Page<'_>, number: &IncomingNumber, reason: &str) {
    slog::warn!(page.buyer.log, "an assigned number is not as it should be; configure-webhooks repairs webhooks";
        "phone_number_ends" => number.phone_number.last_four(), "reason" => reason);
}

/// Writes the tag on a number that is somebody's and carries none of any callbunker; its webhooks stay as they are.
async fn tag_only(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    number: &IncomingNumber,
    differs: Differences,
    standing: &StoodThen,
) -> Result<Vec<Finding>, Trouble> {
    let (log, ends) = (&page.buyer.log, number.phone_number.last_four());
    let line = |reason: String| Line::new(&number.phone_number, Some(&known.pool), reason, standing.user_id.as_deref());
    let mut findings =
        match set(page, shall, known, number, Differences { tag: true, webhooks: false, ..differs }).await {
            Ok(None) => return Ok(vec![Finding::Unseen(known.id)]),
            Ok(Some(())) => {
                slog::info!(log, "an assigned number got its tag again"; "phone_number_ends" => ends);
                let reason = "it carried no tag: the tag was written, its webhooks were left as they are";
                vec![Finding::Repaired(line(reason.to_owned()))]
            }
            Err(failure) => {
                let failure = page.bear(failure)?;
                slog::warn!(log, "an assigned number's tag could not be written"; "phone_number_ends" => ends,
                "cause" => failure.for_log(), "request_id" => failure.request_id());
                vec![Finding::Drift(line(format!("it carries no tag, and writing it failed: {failure}")))]
            }
        };
    if differs.webhooks {
        let reason = Differences { tag: false, ..differs }.reason(number, &shall.wanted.webhooks);
        left_as_it_is(page, number, &reason);
        findings.push(Finding::Drift(line(reason)));
    }
    Ok(findings)
}

/// Sets what differs, in one call; `None` = Twilio does not know the number.
async fn set(
    page: &Page<'_>,
    shall: &Shall,
    known: &KnownNumber,
    number: &IncomingNumber,
    differs: Differences,
) -> Result<Option<()>, TwilioError> {
    let (twilio, wanted) = (&page.buyer.twilio, &shall.wanted.webhooks);
    // Without an item any tag of ours will do: after a restored backup it still says whose the number is.
    let tag = Tag { instance: page.instance.clone(), item_id: known.item_id.unwrap_or_else(Uuid::new_v4) };
    let now = if differs.tag {
        twilio.set_tag(&number.sid, &tag, differs.webhooks.then_some(wanted)).await?
    } else {
        twilio.set_webhooks(&number.sid, wanted).await?
    };
    let Some(now) = now else { return Ok(None) };
    let is_right =
        (!differs.tag || Tag::parse(&now.friendly_name) == Some(tag)) && (!differs.webhooks || now.carries(wanted));
    if is_right {
        return Ok(Some(()));
    }
    Err(TwilioError::Unknown {
        message: "Twilio answered the update with other values".to_owned(),
        status: Some(200),
        request_id: None,
    })
}
