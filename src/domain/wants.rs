//! What a pool wants its numbers to be attached to, and what a number lacks of it.
//!
//! Invariant: [`Wants::status_of`] and [`Needs::held_back`] say what the database says of every number (`attachment_status_of` and
//! `numbers_know_what_they_lack` in the migration of attachments); a test compares them over every combination.
//! How to get it wrong: moving a number from one service to another, because the pool's list changed. Each move is a new
//! registration at the carriers, with days of silence.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::attachment::{
    Attachment, AttachmentKind, AttachmentState, AttachmentStatus, MessagingServiceSid, Target, TrustSid,
};
use super::number::stored_enum;
use super::registration::Registration;

/// What a number must be able to do before it is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadyFor {
    /// Take calls: its attachments may come later.
    Voice,
    /// Text: its attachments are there.
    Sms,
}

/// When a number can text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsReadyWhen {
    /// As soon as it is in its messaging service.
    Attached,
    /// When Twilio said that the carriers know it.
    Registered,
}

/// What must be there before a number is handed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Needs {
    /// Its attachments.
    pub attached: bool,
    /// And the carriers' registration; never without the first.
    pub registered: bool,
}

impl Needs {
    /// What `ready_for` and `sms_ready_when` say together.
    #[must_use]
    pub fn of(ready_for: ReadyFor, sms_ready_when: SmsReadyWhen) -> Self {
        let attached = ready_for == ReadyFor::Sms;
        Self { attached, registered: attached && sms_ready_when == SmsReadyWhen::Registered }
    }

    /// What keeps a number from being handed out, beside its webhooks and its place; `None` = nothing. `registration` is that
    /// which counts ([`Standing::counts`](super::registration::RegistrationStanding::counts)).
    #[must_use]
    pub fn held_back(self, status: AttachmentStatus, registration: Option<Registration>) -> Option<HeldBack> {
        if !self.attached {
            return None;
        }
        match (status, registration) {
            (AttachmentStatus::Pending, _) => Some(HeldBack::Attaching),
            (AttachmentStatus::Failed, _) => Some(HeldBack::Unattachable),
            (AttachmentStatus::Attached, _) if !self.registered => None,
            (AttachmentStatus::Attached, Some(Registration::Registered)) => None,
            (AttachmentStatus::Attached, Some(Registration::Failed | Registration::Unregistered)) => {
                Some(HeldBack::RegistrationFailed)
            }
            (AttachmentStatus::Attached, Some(Registration::Pending) | None) => Some(HeldBack::Registering),
        }
    }
}

/// What keeps a number from being handed out, beside its webhooks, its capabilities and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldBack {
    /// It joins what its pool wants.
    Attaching,
    /// The carriers do not know it yet.
    Registering,
    /// It cannot join before somebody sees to it.
    Unattachable,
    /// The carriers do not take it, or know it no more.
    RegistrationFailed,
}

stored_enum!(HeldBack {
    Attaching = "attaching",
    Registering = "registering",
    Unattachable = "unattachable",
    RegistrationFailed = "registration_failed",
});

impl HeldBack {
    /// Whether it passes by itself: such a number is on its way, and is not bought again.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::Attaching | Self::Registering)
    }
}

/// What a pool wants its numbers to be attached to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// Messaging services, tried in this order; one is enough.
    pub services: Vec<MessagingServiceSid>,
    /// The customer profile.
    pub profile: Option<TrustSid>,
    /// Trust products, each of them, after the profile.
    pub products: Vec<TrustSid>,
    /// What must be there before a number is handed out.
    pub needs: Needs,
}

/// What is to be intended for a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intents {
    /// Where it shall go.
    pub targets: Vec<Target>,
    /// Of these kinds no target takes another number.
    pub no_room: BTreeSet<AttachmentKind>,
}

impl Wants {
    /// Everything that is wanted, each kind in its order.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let services = self.services.iter().map(Target::service);
        services.chain(self.profile.iter().map(Target::profile)).chain(self.products.iter().map(Target::product))
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.targets().next().is_none()
    }

    /// How a number's attachments stand against it: the worst of what lacks counts.
    #[must_use]
    pub fn status_of(&self, attachments: &[Attachment]) -> AttachmentStatus {
        let service = (!self.services.is_empty()).then(|| self.service_status(attachments));
        let all_of = self.targets().filter(|target| target.kind() != AttachmentKind::MessagingService);
        let others = all_of.map(|target| match attachments.iter().find(|one| one.target == target) {
            Some(one) if one.state == AttachmentState::Attached => AttachmentStatus::Attached,
            Some(one) if one.has_failed() => AttachmentStatus::Failed,
            Some(_) | None => AttachmentStatus::Pending,
        });
        service.into_iter().chain(others).max().unwrap_or(AttachmentStatus::Attached)
    }

    /// One of the services will do; a number that is in another is stuck there, and one that is on its way goes on.
    fn service_status(&self, attachments: &[Attachment]) -> AttachmentStatus {
        let of_services = || attachments.iter().filter(|one| one.target.kind() == AttachmentKind::MessagingService);
        let there = |one: &Attachment| one.state == AttachmentState::Attached;
        if of_services().any(|one| there(one) && self.wants_service(&one.target)) {
            AttachmentStatus::Attached
        } else if of_services().any(there) {
            AttachmentStatus::Failed
        } else if of_services().any(|one| one.state.is_open()) {
            AttachmentStatus::Pending
        } else if of_services().any(Attachment::has_failed) {
            AttachmentStatus::Failed
        } else {
            AttachmentStatus::Pending
        }
    }

    fn wants_service(&self, target: &Target) -> bool {
        self.services.iter().any(|sid| sid.as_str() == target.sid())
    }

    /// What is to be intended for a number with these attachments, if the targets in `closed` take none: one service, the first
    /// that has room, unless the number is in one, on its way to one, or has failed; and each profile and product that lacks.
    #[must_use]
    pub fn intents(&self, attachments: &[Attachment], closed: &BTreeSet<Target>) -> Intents {
        let mut intents = Intents::default();
        let counts =
            |one: &Attachment| one.state.is_open() || one.state == AttachmentState::Attached || one.has_failed();
        let is_tried = |target: &Target| attachments.iter().any(|one| one.target == *target && counts(one));
        let is_of_services = |one: &Attachment| one.target.kind() == AttachmentKind::MessagingService;
        if !self.services.is_empty() && !attachments.iter().any(|one| is_of_services(one) && counts(one)) {
            match self.services.iter().map(Target::service).find(|target| !closed.contains(target)) {
                Some(first_open) => intents.targets.push(first_open),
                None => _ = intents.no_room.insert(AttachmentKind::MessagingService),
            }
        }
        let others = self.targets().filter(|target| target.kind() != AttachmentKind::MessagingService);
        for target in others.filter(|target| !is_tried(target)) {
            if closed.contains(&target) {
                intents.no_room.insert(target.kind());
            } else {
                intents.targets.push(target);
            }
        }
        intents
    }
}

#[cfg(test)]
mod tests;
