//! Whether a number can be assigned, and why not: the same rule as the column `numbers.ready`, in sentences.
//!
//! Invariant: [`why_not`] is `None` exactly when the database calls the number ready.
//! How to get it wrong: naming the first thing that was ever wrong. What an operator must know first comes first: whose it
//! is, or that it has left, before the state of its webhooks.

use super::number::{NumberStatus, QuarantineReason, WebhookStatus};
use super::wants::HeldBack;

/// What keeps a number from being handed out beside its webhooks and its place, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What it is.
    pub why: HeldBack,
    /// What it is about: Twilio's identity of a messaging service, a profile or a product.
    pub target: Option<String>,
    /// Since when.
    pub since: Option<String>,
    /// What Twilio said.
    pub said: Option<String>,
    /// The key of the configuration that says what its pool wants.
    pub key: String,
}

/// A number as far as its assignment goes. Instants are RFC 3339 text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As stored; a missing number keeps the state it had.
    pub status: NumberStatus,
    /// How its webhooks stand.
    pub webhook_status: WebhookStatus,
    /// Whether it has what its pool wants (`capabilities`).
    pub capable: bool,
    /// Since when Twilio does not know it.
    pub missing_since: Option<String>,
    /// Why it rests.
    pub quarantine_reason: Option<QuarantineReason>,
    /// Until when.
    pub quarantined_until: Option<String>,
    /// Whose it is, and since when.
    pub assigned: Option<(String, String)>,
    /// When it was given back to Twilio.
    pub left_at: Option<String>,
    /// Since when Twilio shows another environment's tag on it.
    pub another_tag_since: Option<String>,
    /// What keeps it from being handed out beside all that; `None` = nothing.
    pub withheld: Option<Withheld>,
}

/// Why nobody can be given the number now; `None` = somebody can.
#[must_use]
pub fn why_not(number: &Standing) -> Option<String> {
    match number.status {
        NumberStatus::Released => {
            let when = number.left_at.as_deref().map(|at| format!(" at {at}")).unwrap_or_default();
            return Some(format!("it was given back to Twilio{when}, and is not ours any more"));
        }
        NumberStatus::Assigned => {
            let assigned = match &number.assigned {
                Some((user, since)) => format!("assigned to {user} since {since}"),
                None => "assigned to somebody".to_owned(),
            };
            // The worst first.
            return Some(match gone(number).or_else(|| tagged(number)) {
                Some(worse) => format!("{worse}; besides, it is {assigned}"),
                None => assigned,
            });
        }
        NumberStatus::Quarantined => return Some(resting(number)),
        NumberStatus::Available | NumberStatus::Missing => {}
    }
    if let Some(gone) = gone(number) {
        return Some(gone);
    }
    if !number.capable {
        return Some("it lacks a capability that its pool wants; release it to Twilio to stop paying".to_owned());
    }
    // What passes is told last: whoever waits for it would wait for nothing.
    if let Some(withheld) = number.withheld.as_ref().filter(|withheld| !withheld.why.passes()) {
        return Some(kept_back(withheld));
    }
    match number.webhook_status {
        WebhookStatus::Configured => number.withheld.as_ref().map(kept_back),
        WebhookStatus::Drifted => {
            Some("its webhooks are drifted: Twilio shows others; they are repaired on the next look".to_owned())
        }
        WebhookStatus::Pending => {
            Some("its webhooks are not confirmed yet; they are set and confirmed on the next look".to_owned())
        }
        WebhookStatus::Failed => Some(
            "Twilio refused its webhooks; mend PUBLIC_APP_URL or webhooks.*, then configure-webhooks, which says what \
             Twilio minds"
                .to_owned(),
        ),
    }
}

/// Each says what comes next: by itself, or by whom.
fn kept_back(withheld: &Withheld) -> String {
    let Withheld { why, target, since, said, key } = withheld;
    let since = since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
    let because = said.as_deref().map(|said| format!(": {}", said.trim_end_matches('.'))).unwrap_or_default();
    match (why, target) {
        (HeldBack::Attaching, Some(target)) => {
            format!("it joins {target}{since}{because}; nobody gets it before Twilio confirms that")
        }
        (HeldBack::Attaching, None) => {
            format!("it waits to join what {key} names; that begins on the next look, if one of them has room")
        }
        (HeldBack::Registering, target) => {
            let place = target.as_deref().map(|target| format!("; it has been in {target}{since}")).unwrap_or_default();
            format!(
                "the carriers do not know it yet{place}. Twilio tells when they do; if its console calls the number registered, \
                 mark it ready"
            )
        }
        // Nothing was refused, so it is in another one.
        (HeldBack::Unattachable, Some(target)) if said.is_none() => format!(
            "it is in {target}{since}, which {key} does not name: name it there, move the number to a pool that has it, or \
             release it to Twilio"
        ),
        (HeldBack::Unattachable, Some(target)) => format!(
            "it cannot join {target}{because}; mend what Twilio minds, move the number to a pool that wants less, or release it \
             to Twilio"
        ),
        (HeldBack::Unattachable, None) => {
            format!("it cannot join what {key} names; move it to a pool that wants less, or release it to Twilio")
        }
        (HeldBack::RegistrationFailed, _) => format!(
            "the carriers do not take it, or know it no more{because}{since}; mend the campaign in Twilio's console, and mark the \
             number ready if the console calls it registered after all, else release it to Twilio"
        ),
    }
}

fn gone(number: &Standing) -> Option<String> {
    match (&number.missing_since, number.status) {
        (Some(since), _) => Some(format!("gone at Twilio since {since}; it returns when a look finds it there again")),
        (None, NumberStatus::Missing) => Some("gone at Twilio".to_owned()),
        (None, _) => None,
    }
}

/// Of a number that somebody has: it is not held for this, and its user may be cut off by it.
fn tagged(number: &Standing) -> Option<String> {
    number.another_tag_since.as_deref().map(|since| {
        format!("another environment's tag stands on it since {since}: adopt it here, or have it released there")
    })
}

fn resting(number: &Standing) -> String {
    let until = number.quarantined_until.as_deref();
    let rest = match number.quarantine_reason {
        Some(QuarantineReason::Released) => format!(
            "rests until {} after its last user released it; that user alone may have it back before",
            until.unwrap_or("its time is over")
        ),
        Some(QuarantineReason::UnknownItem) => {
            "held: its tag names a purchase that this ledger does not know, so its user may still be using it; adopt it or \
             release it"
                .to_owned()
        }
        Some(QuarantineReason::TagConflict) => {
            "held: another environment's tag stands on it; find out whose it is, then adopt it here or release it there".to_owned()
        }
        Some(QuarantineReason::Contested) => {
            "held: somebody else set its webhooks back three times within a day; find out who, stop them, then adopt it".to_owned()
        }
        Some(QuarantineReason::Adopting) => {
            "an operator takes it in, and Twilio has not confirmed that yet; adopt it again if this stays".to_owned()
        }
        Some(QuarantineReason::Leaving) => "being released to Twilio".to_owned(),
        None => "held, and nobody wrote down why; adopt it or release it".to_owned(),
    };
    match gone(number) {
        Some(gone) => format!("{gone}; besides: {rest}"),
        None => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Standing = Standing {
        status: NumberStatus::Available,
        webhook_status: WebhookStatus::Configured,
        capable: true,
        missing_since: None,
        quarantine_reason: None,
        quarantined_until: None,
        assigned: None,
        left_at: None,
        another_tag_since: None,
        withheld: None,
    };

    fn withheld(why: HeldBack, target: Option<&str>, said: Option<&str>) -> Option<Withheld> {
        let since = Some("2026-11-22T10:00:00Z".to_owned());
        let (target, said) = (target.map(str::to_owned), said.map(str::to_owned));
        Some(Withheld { why, target, since, said, key: "pool.messaging_services".to_owned() })
    }

    fn says(number: &Standing, words: &str) {
        let told = why_not(number).expect("not assignable");
        assert!(told.contains(words), "{told:?} does not say {words:?}");
    }

    #[test]
    fn only_what_is_ready_is_assignable() {
        let since = Some("2026-11-22T10:00:00Z".to_owned());
        let mut assignable = Vec::new();
        for status in [
            NumberStatus::Available,
            NumberStatus::Assigned,
            NumberStatus::Quarantined,
            NumberStatus::Missing,
            NumberStatus::Released,
        ] {
            for webhook_status in
                [WebhookStatus::Configured, WebhookStatus::Drifted, WebhookStatus::Pending, WebhookStatus::Failed]
            {
                for capable in [true, false] {
                    let held = HeldBack::ALL.iter().map(|why| withheld(*why, Some("MG1"), None));
                    for (missing_since, withheld) in
                        [(None, None), (since.clone(), None)].into_iter().chain(held.map(|held| (None, held)))
                    {
                        let number = Standing { status, webhook_status, capable, missing_since, withheld, ..READY };
                        match why_not(&number) {
                            None => assignable.push(number),
                            Some(told) => assert!(told.trim().len() > 10, "{number:?}: {told:?}"),
                        }
                    }
                }
            }
        }
        assert_eq!(assignable, [READY]);
    }

    #[test]
    fn what_keeps_it_back_says_what_it_waits_for_and_what_never_comes_is_told_first() {
        let held = |why, target, said| Standing { withheld: withheld(why, target, said), ..READY };
        says(&held(HeldBack::Attaching, Some("MG1"), None), "it joins MG1 since 2026-11-22T10:00:00Z");
        says(&held(HeldBack::Attaching, None, None), "pool.messaging_services");
        says(&held(HeldBack::Registering, Some("MG1"), None), "in MG1 since 2026-11-22T10:00:00Z. Twilio tells");
        says(&held(HeldBack::Registering, Some("MG1"), None), "mark it ready");
        says(&held(HeldBack::Unattachable, Some("MG1"), None), "which pool.messaging_services does not name");
        let refused = held(HeldBack::Unattachable, Some("MG1"), Some("21715: the number has neither SMS nor MMS."));
        says(&refused, "it cannot join MG1: 21715: the number has neither SMS nor MMS; mend");
        let failed = held(HeldBack::RegistrationFailed, None, Some("30126"));
        says(&failed, "know it no more: 30126");
        let pending = Standing { webhook_status: WebhookStatus::Pending, ..failed };
        says(&pending, "the carriers do not take it");
        let attaching = held(HeldBack::Attaching, Some("MG1"), None);
        says(&Standing { webhook_status: WebhookStatus::Pending, ..attaching }, "webhooks are not confirmed");
    }

    #[test]
    fn each_state_says_what_it_waits_for() {
        let at = || Some("2026-11-22T10:00:00Z".to_owned());
        let assigned = Some(("u-1".to_owned(), "2026-11-22T09:00:00Z".to_owned()));
        let taken = Standing { status: NumberStatus::Assigned, assigned, ..READY };
        says(&taken, "assigned to u-1 since 2026-11-22T09:00:00Z");
        says(
            &Standing { another_tag_since: at(), ..taken.clone() },
            "another environment's tag stands on it since 2026-11-22T10:00:00Z: adopt it here, or have it released there; besides, it is assigned to u-1",
        );
        says(
            &Standing { missing_since: at(), ..taken },
            "gone at Twilio since 2026-11-22T10:00:00Z; it returns when a look finds it there again; besides, it is assigned to u-1",
        );
        says(&Standing { missing_since: at(), ..READY }, "gone at Twilio since 2026-11-22T10:00:00Z");
        says(&Standing { capable: false, ..READY }, "lacks a capability");
        says(&Standing { webhook_status: WebhookStatus::Drifted, ..READY }, "repaired on the next look");
        says(&Standing { webhook_status: WebhookStatus::Pending, ..READY }, "not confirmed yet");
        says(&Standing { webhook_status: WebhookStatus::Failed, ..READY }, "PUBLIC_APP_URL");
        says(&Standing { status: NumberStatus::Released, left_at: at(), ..READY }, "given back to Twilio at 2026");
        let held = |reason| Standing {
            status: NumberStatus::Quarantined,
            quarantine_reason: Some(reason),
            quarantined_until: at(),
            ..READY
        };
        says(&held(QuarantineReason::Released), "rests until 2026-11-22T10:00:00Z after its last user released it");
        says(&held(QuarantineReason::UnknownItem), "a purchase that this ledger does not know");
        says(&held(QuarantineReason::TagConflict), "another environment's tag");
        says(&held(QuarantineReason::Contested), "set its webhooks back three times");
        says(&held(QuarantineReason::Adopting), "takes it in");
        says(&held(QuarantineReason::Leaving), "being released to Twilio");
        let lost = Standing { missing_since: at(), ..held(QuarantineReason::Released) };
        let told = why_not(&lost).unwrap();
        assert!(
            told.starts_with("gone at Twilio since ") && told.contains("; besides: rests until "),
            "the worst first: {told}"
        );
    }
}
