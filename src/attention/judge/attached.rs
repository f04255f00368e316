//! What numbers shall be attached to, and do not come to: stuck, failed, in somebody else's service, unknown to the carriers; and
//! services that take no more of them.
//!
//! How to get it wrong: telling of what waits as it should. Twilio takes seconds to attach, and carriers take days to register.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::item::{Item, Kind, Severity};
use crate::db::attachments::{AttachmentsSeen, ClosedTarget};
use crate::db::numbers::SomeNumbers;
use crate::domain::{PhoneNumber, counted};

/// What waits for Twilio for longer does not come by itself.
const ATTACHED_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// What waits for the carriers for longer is looked at.
const REGISTERED_WITHIN: TimeDelta = TimeDelta::hours(24);

pub(super) fn judge(seen: &AttachmentsSeen, now: DateTime<Utc>) -> Vec<Item> {
    let items = [
        stuck(seen, now).map(|waiting| {
            let wait = if waiting.count == 1 { "waits" } else { "wait" };
            let summary = format!("{} {wait} for Twilio, for over half an hour.", counted(waiting.count, "attachment"));
            let todo = "Look whether Twilio answers (check again); it is tried again by itself until it does.";
            item(Kind::AttachmentsStuck, waiting, summary, todo)
        }),
        some(&seen.conflict).map(|waiting| {
            let are = if waiting.count == 1 { "is" } else { "are" };
            let summary =
                format!("{} {are} in a messaging service that is not the pool's.", counted(waiting.count, "number"));
            let todo = "Name that service in the pool's messaging_services, or take the number out of it in Twilio's console, or \
                        move it to a pool that has it. Nothing here moves it.";
            item(Kind::AttachmentsConflict, waiting, summary, todo)
        }),
        some(&seen.failed).map(|waiting| {
            let summary = format!("{} cannot join what the pool wants.", counted(waiting.count, "number"));
            let todo = "Its page has Twilio's words. Mend what they name, move it to a pool that wants less, or give it back.";
            item(Kind::AttachmentsFailed, waiting, summary, todo)
        }),
        unregistered(seen, now).map(|waiting| {
            let wait = if waiting.count == 1 { "waits" } else { "wait" };
            let summary = format!("{} {wait} for the carriers, for over a day.", counted(waiting.count, "number"));
            let todo = "Look at the campaign in Twilio's console; if the console calls a number registered, mark it ready.";
            item(Kind::RegistrationsStuck, waiting, summary, todo)
        }),
        some(&seen.registration_failed).map(|waiting| {
            let summary = format!("The carriers do not take {}.", counted(waiting.count, "number"));
            let todo = "Its page has Twilio's reason. Mend the campaign; if the console calls it registered after all, mark it \
                        ready, else give it back.";
            item(Kind::RegistrationsFailed, waiting, summary, todo)
        }),
        full(&seen.closed),
    ];
    items.into_iter().flatten().collect()
}

/// The same for whoever may be anybody: a name and a sentence each, and no number.
pub(super) fn warnings(seen: &AttachmentsSeen, now: DateTime<Utc>) -> Vec<(Kind, String)> {
    let failed = seen.failed.count + seen.conflict.count;
    let told = [
        stuck(seen, now).map(|waiting| {
            (Kind::AttachmentsStuck, format!("{} waiting for Twilio", counted(waiting.count, "attachment")))
        }),
        (failed > 0)
            .then(|| (Kind::AttachmentsFailed, format!("{} without what the pool wants", counted(failed, "number")))),
        unregistered(seen, now).map(|waiting| {
            (Kind::RegistrationsStuck, format!("{} waiting for the carriers", counted(waiting.count, "number")))
        }),
    ];
    told.into_iter().flatten().collect()
}

fn some(waiting: &SomeNumbers) -> Option<&SomeNumbers> {
    (waiting.count > 0).then_some(waiting)
}

fn older(waiting: &SomeNumbers, than: TimeDelta, now: DateTime<Utc>) -> Option<&SomeNumbers> {
    waiting.since.filter(|since| now.signed_duration_since(*since) > than).map(|_| waiting)
}

fn stuck(seen: &AttachmentsSeen, now: DateTime<Utc>) -> Option<&SomeNumbers> {
    older(&seen.open, ATTACHED_WITHIN, now)
}

fn unregistered(seen: &AttachmentsSeen, now: DateTime<Utc>) -> Option<&SomeNumbers> {
    older(&seen.registering, REGISTERED_WITHIN, now)
}

fn item(kind: Kind, waiting: &SomeNumbers, summary: String, todo: &'static str) -> Item {
    let names: Vec<&str> = waiting.numbers.iter().map(PhoneNumber::as_str).collect();
    let more = usize::try_from(waiting.count).unwrap_or(usize::MAX).saturating_sub(names.len());
    let detail = match more {
        0 => format!("{}.", names.join(", ")),
        more => format!("{}, and {more} more.", names.join(", ")),
    };
    let item = Item::new(kind, Severity::Warning, summary, todo).count(waiting.count).since(waiting.since);
    let item = if names.is_empty() { item } else { item.detail(detail) };
    match waiting.numbers.as_slice() {
        [one] => item.link("Show it", page_of(one)),
        [first, ..] => item.link("Show the first", page_of(first)),
        [] => item,
    }
}

fn page_of(number: &PhoneNumber) -> Cow<'static, str> {
    format!("/admin/phones/dashboard/numbers/{}", number.as_str()).into()
}

fn full(closed: &[ClosedTarget]) -> Option<Item> {
    let since = closed.iter().map(|target| target.since).min()?;
    let names: Vec<&str> = closed.iter().map(|target| target.target.as_str()).collect();
    let takes = if names.len() == 1 { "takes" } else { "take" };
    let summary = format!("{} {takes} no number.", names.join(", "));
    let todo = "Name another one in messaging_services (customer_profile, trust_products) and reload; or have Twilio raise what \
                it holds, and resume the pool.";
    Some(
        Item::new(Kind::ServicesFull, Severity::Warning, summary, todo)
            .detail("It is full, or Twilio does not know it. Where another one has room, numbers join that.")
            .count(i64::try_from(names.len()).unwrap_or(i64::MAX))
            .since(Some(since)),
    )
}
