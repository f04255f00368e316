//! Registration: what Twilio tells the carriers of a number, and how that ends.
//!
//! Invariants: only local numbers of the United States are registered, and only if their service's campaign was approved when that began; each
//! step emits its event. A turn that another one has overtaken ends nowhere. What really holds is the state here; an event
//! may be late, doubled, out of order, lost or forged, and says nothing new then.
//!
//! How to get it wrong: believing an event that was forged. `Forged` leaves the number pending, whatever was sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Member;
use super::rules::RegistrationOutcome;
use crate::agenda::Due;
use crate::events::{Manner, Notice, NoticeKind};
use crate::number::Sid;
use crate::stock::kind::NumberKind;
use crate::world::World;

const LATE_MS: u64 = 1_000;
/// What Twilio's examples of failures say.
const REASON: u32 = 30126;
/// The campaign has the one number that it may have.
const CAMPAIGN_FULL: u32 = 30125;

/// What the carriers know of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// They were told.
    Pending,
    /// They know it: it may text.
    Registered,
    /// They refused.
    Failed,
    /// They were told to forget it; until they have, it may join no other service.
    Deregistering,
    /// They have forgotten it.
    Unregistered,
}

/// One number's registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// `PN…`
    pub phone_number_sid: Sid,
    /// In E.164.
    pub phone_number: String,
    /// `MG…`, also while it is being forgotten.
    pub service_sid: Sid,
    /// `QE…`
    pub campaign_sid: Sid,
    /// How it stands.
    pub state: RegistrationState,
    /// Why it failed.
    pub reason: Option<u32>,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    #[serde(skip)]
    turn: u64,
    /// An event that waits for a later one to overtake it.
    #[serde(skip)]
    held: Option<Notice>,
}

impl World {
    /// Begins the registration of a member, if its service's campaign is approved and it is a number that needs one.
    pub(super) fn begin_registration(&mut self, number: &str) {
        let Some(service) = self.messaging.service_of(number).and_then(|sid| self.messaging.service(sid)) else {
            return;
        };
        let Some(member) = service.members.iter().find(|member| member.sid == number) else { return };
        let campaign = service.campaign.as_ref().filter(|_| service.is_verified());
        let (Some(campaign), true) = (campaign, self.needs_registration(member)) else { return };
        let (service_sid, campaign_sid, max) = (service.sid.clone(), campaign.sid.clone(), campaign.numbers_max);
        let phone_number = member.phone_number.clone();
        let others = self.messaging.registrations.values().filter(|other| {
            let counts = matches!(other.state, RegistrationState::Pending | RegistrationState::Registered);
            counts && other.service_sid == service_sid && other.phone_number_sid != number
        });
        let is_over = max.is_some_and(|max| others.count() >= max);
        let rule = self.messaging.rules.of(&service_sid, &phone_number);
        let turn = self.messaging.turn();
        let registration = Registration {
            phone_number_sid: number.to_owned(),
            phone_number,
            service_sid,
            campaign_sid,
            state: RegistrationState::Pending,
            reason: is_over.then_some(CAMPAIGN_FULL),
            since: Utc::now(),
            turn,
            held: None,
        };
        let notice = registration.notice(NoticeKind::RegistrationPending);
        let is_held = rule.outcome == RegistrationOutcome::Reordered && !is_over;
        let held = is_held.then(|| notice.clone());
        self.messaging.registrations.insert(number.to_owned(), Registration { held, ..registration });
        if !is_held {
            self.emit(notice, Manner::default());
        }
        if rule.outcome != RegistrationOutcome::Silent || is_over {
            self.agenda.after(rule.after(), Due::Register { number: number.to_owned(), turn });
        }
    }

    fn needs_registration(&self, member: &Member) -> bool {
        let is_local = self.owned.by_sid(&member.sid).is_some_and(|number| number.kind == NumberKind::Local);
        is_local && member.country_code == "US"
    }

    /// A number left its service: the carriers are told to forget it.
    pub(super) fn end_registration(&mut self, service: &str, number: &str) {
        let turn = self.messaging.turn();
        let is_known =
            |of: &&mut Registration| of.service_sid == service && of.state != RegistrationState::Unregistered;
        let Some(registration) = self.messaging.registrations.get_mut(number).filter(is_known) else { return };
        registration.change(RegistrationState::Deregistering, None);
        (registration.turn, registration.held) = (turn, None);
        let notice = registration.notice(NoticeKind::DeregistrationPending);
        let rule = self.messaging.rules.of(&registration.service_sid, &registration.phone_number);
        self.emit(notice, Manner::default());
        if rule.outcome != RegistrationOutcome::Silent {
            self.agenda.after(rule.after(), Due::Register { number: number.to_owned(), turn });
        }
    }

    /// The time of a registration's end has come.
    pub(crate) fn registration_due(&mut self, number: &str, turn: u64) {
        let messaging = &mut self.messaging;
        let registration = messaging.registrations.get_mut(number).filter(|registration| registration.turn == turn);
        let Some(registration) = registration else { return };
        let rule = messaging.rules.of(&registration.service_sid, &registration.phone_number);
        let reason = registration
            .reason
            .or((rule.outcome == RegistrationOutcome::Failed).then_some(rule.reason.unwrap_or(REASON)));
        let mut manner = Manner::default();
        let mut kind = NoticeKind::RegistrationSuccessful;
        if registration.state == RegistrationState::Deregistering {
            kind = NoticeKind::DeregistrationSuccessful;
            if rule.outcome == RegistrationOutcome::Failed {
                kind = NoticeKind::DeregistrationFailed;
                registration.reason = reason;
            } else {
                registration.change(RegistrationState::Unregistered, None);
            }
        } else if reason.is_some() {
            registration.change(RegistrationState::Failed, reason);
            kind = NoticeKind::RegistrationFailed;
        } else if rule.outcome == RegistrationOutcome::Forged {
            manner.is_forged = true;
        } else {
            registration.change(RegistrationState::Registered, None);
        }
        match rule.outcome {
            RegistrationOutcome::Delayed => manner.late = Duration::from_millis(rule.late_ms.unwrap_or(LATE_MS)),
            RegistrationOutcome::Twice => manner.copies = 2,
            RegistrationOutcome::Registered
            | RegistrationOutcome::Failed
            | RegistrationOutcome::Silent
            | RegistrationOutcome::Reordered
            | RegistrationOutcome::Forged => {}
        }
        let held = registration.held.take();
        let notice = registration.notice(kind);
        self.emit(notice, manner);
        if let Some(held) = held {
            self.emit(held, Manner { is_behind: true, ..Manner::default() });
        }
    }
}

impl Registration {
    fn change(&mut self, state: RegistrationState, reason: Option<u32>) {
        (self.state, self.reason, self.since) = (state, reason, Utc::now());
    }

    /// What is told of it now.
    fn notice(&self, kind: NoticeKind) -> Notice {
        let is_failure = matches!(kind, NoticeKind::RegistrationFailed | NoticeKind::DeregistrationFailed);
        Notice {
            kind,
            phone_number: self.phone_number.clone(),
            phone_number_sid: self.phone_number_sid.clone(),
            service_sid: self.service_sid.clone(),
            campaign_sid: self.campaign_sid.clone(),
            reason: self.reason.filter(|_| is_failure),
            at: Utc::now(),
        }
    }
}
