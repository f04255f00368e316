//! One messaging service, profile or product beside the database: which numbers of ours Twilio has there, and which it has not.
//!
//! Invariants: what the ledger does not know is written down as found, because Twilio showed it; what Twilio's list does not show is only
//! named here: each is asked for before it counts as having left. Numbers that are not ours are counted, and never touched.
//! How to get it wrong: believing a list that hides rows. What it does not show may stand in one of them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::patience::patiently;
use super::trouble::Trouble;
use crate::db::Connection;
use crate::db::attachments::{
    AttachedNumber, AttachmentReason, Closed, attachment_found, numbers_attached, numbers_shown, target_close,
    target_is_there, target_seen,
};
use crate::domain::{AttachmentKind, NumberSid, Target};
use crate::purchaser::Buyer;
use crate::twilio::{PageLinks, TrustKind, TwilioError};

/// Numbers read from the database at a time.
const PAGE: i64 = 1000;

/// What a target is called at Twilio, and where it is asked for.
pub(super) enum Place {
    /// A messaging service.
    Service(crate::domain::MessagingServiceSid),
    /// A profile or a product.
    Trust(TrustKind, crate::domain::TrustSid),
}

impl Place {
    pub(super) fn of(target: &Target) -> Self {
        let trust = |kind| Self::Trust(kind, target.sid().parse().expect("a target's SID is of its kind"));
        match target.kind() {
            AttachmentKind::MessagingService => {
                Self::Service(target.sid().parse().expect("a target's SID is of its kind"))
            }
            AttachmentKind::CustomerProfile => trust(TrustKind::CustomerProfile),
            AttachmentKind::TrustProduct => trust(TrustKind::TrustProduct),
        }
    }
}

/// A page of what Twilio has there: the numbers, with its name for the assignment, and how many rows cannot be read.
struct Shown {
    numbers: Vec<(NumberSid, Option<String>)>,
    unreadable: u32,
}

/// Looks at `target`; the numbers that should be there, and that Twilio's list does not show. What was attached since `began` is not
/// judged.
pub(super) async fn look(buyer: &Buyer, target: &Target, began: DateTime<Utc>) -> Result<Vec<AttachedNumber>, Trouble> {
    let place = Place::of(target);
    let mut digits: HashSet<u128> = HashSet::new();
    let mut unreadable = 0;
    if is_there(buyer, target, &place).await? {
        let (mut links, mut strangers) = (PageLinks::default(), 0);
        loop {
            let (shown, more) = page(buyer, &place, &mut links).await?;
            unreadable += shown.unreadable;
            strangers += note_found(buyer, target, &shown).await?;
            digits.extend(shown.numbers.iter().filter_map(|(sid, _)| digits_of(sid)));
            if !more {
                break;
            }
        }
        if strangers > 0 {
            slog::info!(buyer.log, "numbers that are not ours are attached to what ours are attached to; they are left alone";
                "target" => target.sid(), "numbers" => strangers);
        }
    }
    if unreadable > 0 {
        slog::warn!(buyer.log, "Twilio's list of what is attached cannot be read in part; nothing counts as having left";
            "target" => target.sid(), "unreadable" => unreadable);
        return Ok(Vec::new());
    }
    let mut unseen = Vec::new();
    let mut after = 0;
    loop {
        let of = target.clone();
        let read = move |conn: &mut Connection| numbers_attached(conn, &of, began, after, PAGE);
        let page = buyer.db.run_patiently("numbers_attached", read).await?;
        let Some(last) = page.last() else { return Ok(unseen) };
        after = last.id;
        unseen.extend(page.into_iter().filter(|one| digits_of(&one.sid).is_none_or(|sid| !digits.contains(&sid))));
    }
}

/// Whether Twilio has it still, which is written down, too.
pub(super) async fn holds(buyer: &Buyer, place: &Place, number: &NumberSid) -> Result<bool, Trouble> {
    match place {
        Place::Service(sid) => Ok(patiently(buyer, || buyer.twilio.member(sid, number)).await?.is_some()),
        Place::Trust(kind, sid) => match patiently(buyer, || buyer.twilio.assignment(*kind, sid, number)).await {
            Err(Trouble::Twilio(failure)) if failure.says_not_there() => Ok(false),
            found => Ok(found?.is_some()),
        },
    }
}

/// Whether Twilio knows the target; what it does with inbound SMS, and that it is there, is remembered.
async fn is_there(buyer: &Buyer, target: &Target, place: &Place) -> Result<bool, Trouble> {
    let inbound_on_number = match place {
        Place::Service(sid) => {
            let found = patiently(buyer, || buyer.twilio.service(sid)).await?;
            found.map(|service| Some(service.use_inbound_webhook_on_number))
        }
        Place::Trust(kind, sid) => patiently(buyer, || buyer.twilio.trust(*kind, sid)).await?.map(|_| None),
    };
    let sid = target.sid().to_owned();
    let Some(inbound_on_number) = inbound_on_number else {
        let message = "Twilio does not know it (404)".to_owned();
        let reason = AttachmentReason { message, ..AttachmentReason::default() };
        let close = move |conn: &mut Connection| target_close(conn, &sid, Closed::Unknown, &reason);
        if buyer.db.run_patiently("target_close", close).await? {
            slog::error!(buyer.log, "a pool wants its numbers attached to what Twilio does not know, or does not know any more: name \
                                     another one in its keys"; "target" => target.sid());
        }
        return Ok(false);
    };
    let seen = move |conn: &mut Connection| {
        if let Some(inbound_on_number) = inbound_on_number {
            target_seen(conn, &sid, inbound_on_number)?;
        }
        target_is_there(conn, &sid)
    };
    if buyer.db.run_patiently("target_is_there", seen).await? {
        slog::info!(buyer.log, "what took no numbers is tried again"; "target" => target.sid());
    }
    Ok(true)
}

/// The next page, and whether there is one after it.
async fn page(buyer: &Buyer, place: &Place, links: &mut PageLinks) -> Result<(Shown, bool), Trouble> {
    let next = links.next().map(str::to_owned);
    match place {
        Place::Service(sid) => {
            let read = patiently(buyer, || buyer.twilio.members(sid, next.as_deref())).await?;
            let more = links.turn(&read)?;
            let numbers = read.rows.into_iter().map(|member| (member.sid, None)).collect();
            Ok((Shown { numbers, unreadable: read.unreadable }, more))
        }
        Place::Trust(kind, sid) => {
            let read = patiently(buyer, || buyer.twilio.assignments(*kind, sid, next.as_deref())).await?;
            let more = links.turn(&read)?;
            let named = |one: crate::twilio::Assignment| (one.number, Some(one.sid.as_str().to_owned()));
            Ok((Shown { numbers: read.rows.into_iter().map(named).collect(), unreadable: read.unreadable }, more))
        }
    }
}

/// Writes down which numbers of ours are there, unless that is known; how many are not ours.
async fn note_found(buyer: &Buyer, target: &Target, shown: &Shown) -> Result<usize, Trouble> {
    let of = target.clone();
    let sids: Vec<String> = shown.numbers.iter().map(|(sid, _)| sid.as_str().to_owned()).collect();
    let read = move |conn: &mut Connection| {
        let sids: Vec<&str> = sids.iter().map(String::as_str).collect();
        numbers_shown(conn, &of, &sids)
    };
    let ours = buyer.db.run_patiently("numbers_shown", read).await?;
    let names: HashMap<&NumberSid, Option<&str>> =
        shown.numbers.iter().map(|(sid, name)| (sid, name.as_deref())).collect();
    for number in ours.iter().filter(|number| !number.known) {
        let (id, of) = (number.number_id, target.clone());
        let name = names.get(&number.sid).copied().flatten().map(str::to_owned);
        let found = move |conn: &mut Connection| attachment_found(conn, id, &of, name.as_deref());
        if buyer.db.run_patiently("attachment_found", found).await? {
            slog::info!(buyer.log, "a number of ours turned out to be attached"; "sid" => number.sid.as_str(),
                "target" => target.sid());
        }
    }
    Ok(shown.numbers.len().saturating_sub(ours.len()))
}

fn digits_of(sid: &NumberSid) -> Option<u128> {
    u128::from_str_radix(sid.as_str().strip_prefix("PN")?, 16).ok()
}

/// Whether a failure keeps this target alone from being compared: the key may not look there, say.
pub(super) fn concerns_the_target(failure: &TwilioError) -> bool {
    matches!(failure, TwilioError::Refused(_)) && !failure.is_passing()
}
