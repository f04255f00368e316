//! Numbers that are gone, that somebody else has a hand in, that lead elsewhere, or that do not come to be attached.
//!
//! How to get it wrong: waiting for a comparison to tell it again. What the rows say now is told now.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Saying, Seen, bad_or_good};
use crate::attention::Kind;
use crate::domain::alert::{AlertKind, AlertSeverity, AlertWords, Observed, last_digits};
use crate::domain::{PhoneNumber, counted};

pub(super) fn observe(seen: &Seen<'_>) -> Vec<Observed> {
    vec![missing(seen), in_conflict(seen), unsettled(seen), drifted(seen), stuck(seen), failed(seen)]
}

fn missing(seen: &Seen<'_>) -> Observed {
    let missing = &seen.look.missing;
    let of_users = seen.sight.stock.missing_of_users();
    let severity = if of_users > 0 { AlertSeverity::Critical } else { AlertSeverity::Warning };
    let said = (missing.count > 0).then(|| {
        let are = if missing.count == 1 { "is" } else { "are" };
        let summary = format!("{} {are} gone at Twilio.", counted(missing.count, "number"));
        let whose = match of_users {
            0 => "None of them is a user's.".to_owned(),
            1 => "One of them is a user's.".to_owned(),
            count => format!("{count} of them are users'."),
        };
        let todo = "Look in Twilio's console who released them; take those of users from them, and they get others.";
        Saying::new(summary, todo).detail(whose).since(missing.since)
    });
    let observed = bad_or_good(AlertKind::NumbersMissing, severity, said);
    // Whoever reads must know which: nobody can call them any more.
    let mut numbers: Vec<String> = missing.numbers.iter().map(|number| number.as_str().to_owned()).collect();
    let unnamed = usize::try_from(missing.count).unwrap_or(usize::MAX).saturating_sub(numbers.len());
    if unnamed > 0 && !numbers.is_empty() {
        numbers.push(format!("and {unnamed} more"));
    }
    Observed { words: AlertWords { numbers, ..observed.words }, ..observed }
}

/// What numbers, by their last digits.
fn which(numbers: &[PhoneNumber], count: i64) -> String {
    let which = last_digits(numbers, usize::try_from(count).unwrap_or_default());
    if which.is_empty() { which } else { format!("{which}.") }
}

fn in_conflict(seen: &Seen<'_>) -> Observed {
    let (ours, joined) = (&seen.look.in_conflict, &seen.sight.attachments.conflict);
    let count = ours.count + joined.count;
    let said = (count > 0).then(|| {
        let are = if count == 1 { "is" } else { "are" };
        let summary = format!("{} {are} in somebody else's hands, too.", counted(count, "number"));
        let kinds = [Kind::AnotherTag, Kind::Contested, Kind::AttachmentsConflict, Kind::ToDecide];
        let items: Vec<Saying> = kinds.iter().filter_map(|kind| seen.item(*kind, None)).collect();
        let todo = items.first().map_or("The dashboard shows them; decide about each.", |item| item.todo.as_str());
        let causes: Vec<&str> = items.iter().map(|item| item.summary.as_str()).collect();
        let numbers: Vec<PhoneNumber> = ours.numbers.iter().chain(&joined.numbers).cloned().collect();
        let detail = [causes.join(" "), which(&numbers, count)].join(" ");
        Saying::new(summary, todo).detail(detail.trim()).since(earliest([ours.since, joined.since]))
    });
    bad_or_good(AlertKind::NumbersConflict, AlertSeverity::Warning, said)
}

fn earliest(times: [Option<DateTime<Utc>>; 2]) -> Option<DateTime<Utc>> {
    times.into_iter().flatten().min()
}

fn unsettled(seen: &Seen<'_>) -> Observed {
    // Pages tell those, and only those, that are old.
    bad_or_good(AlertKind::PurchasesUnsettled, AlertSeverity::Warning, seen.item(Kind::UnsettledLong, None))
}

fn drifted(seen: &Seen<'_>) -> Observed {
    let (drifted, refused) = (&seen.look.drifted, seen.sight.webhooks_failed);
    let said = if drifted.count > 0 {
        let lead = if drifted.count == 1 { "user's number leads" } else { "users' numbers lead" };
        let todo = "Find out who changed their webhooks in Twilio's console; set them again, or let reconcile.repair_assigned do so.";
        let summary = format!("{} {lead} elsewhere.", drifted.count);
        Some(Saying::new(summary, todo).detail(which(&drifted.numbers, drifted.count)))
    } else if refused.count > 0 {
        seen.item(Kind::WebhooksFailed, None)
    } else {
        None
    };
    bad_or_good(AlertKind::WebhooksDrift, AlertSeverity::Warning, said)
}

fn stuck(seen: &Seen<'_>) -> Observed {
    let (attaching, registering) = (&seen.sight.attachments.open, &seen.sight.attachments.registering);
    let older = |since: Option<DateTime<Utc>>, than: TimeDelta| since.filter(|since| seen.ago(*since) > than);
    let attach = older(attaching.since, seen.limits.attached_within);
    let register = older(registering.since, seen.limits.registered_within);
    let said = match (attach, register) {
        (Some(_), _) => {
            let wait = if attaching.count == 1 { "waits" } else { "wait" };
            let summary = format!("{} {wait} for Twilio for long.", counted(attaching.count, "attachment"));
            let todo = "Look whether Twilio answers; it is tried again by itself until it does.";
            Some(Saying::new(summary, todo).detail(which(&attaching.numbers, attaching.count)))
        }
        (None, Some(_)) => {
            let wait = if registering.count == 1 { "waits" } else { "wait" };
            let summary = format!("{} {wait} for the carriers for long.", counted(registering.count, "number"));
            let todo =
                "Look at the campaign in Twilio's console; if the console calls a number registered, mark it ready.";
            Some(Saying::new(summary, todo).detail(which(&registering.numbers, registering.count)))
        }
        (None, None) => None,
    };
    let said = said.map(|said| said.since(earliest([attach, register])));
    bad_or_good(AlertKind::AttachmentsStuck, AlertSeverity::Warning, said)
}

fn failed(seen: &Seen<'_>) -> Observed {
    let said = seen.item(Kind::AttachmentsFailed, None).or_else(|| seen.item(Kind::RegistrationsFailed, None));
    bad_or_good(AlertKind::AttachmentsFailed, AlertSeverity::Warning, said)
}
