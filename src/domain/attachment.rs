//! What a number is attached to at Twilio: a messaging service, a customer profile, trust products.
//!
//! Joining one is an act at somebody's API like a purchase, and written down as carefully: an attachment goes from intended to
//! sent to attached, or is refused, in conflict, or has left.
//! Invariant: the database allows the steps of [`AttachmentState::may_become`] and no others.
//! How to get it wrong: taking "refused" for one thing. A service that is full refuses every number, and another takes them all.

use std::fmt;

use super::number::{is_sid, stored_enum};
use super::papers::{InvalidPaperSid, paper_sids};
use super::region::text_value;

paper_sids! {
    /// Twilio's identity of a messaging service: `MG` and 32 hexadecimal digits.
    MessagingServiceSid = "MG";
    /// Twilio's identity of a customer profile or a trust product: `BU` and 32 hexadecimal digits.
    TrustSid = "BU";
    /// Twilio's identity of a number's assignment to a profile or a product: `RA` and 32 hexadecimal digits.
    AssignmentSid = "RA";
}

/// What a number is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A messaging service, whose campaign lets the number text.
    MessagingService,
    /// The customer profile of the business.
    CustomerProfile,
    /// A trust product, such as SHAKEN/STIR; it wants the profile first.
    TrustProduct,
}

stored_enum!(AttachmentKind {
    MessagingService = "messaging_service",
    CustomerProfile = "customer_profile",
    TrustProduct = "trust_product",
});

impl AttachmentKind {
    /// The key of a pool that names what its numbers are attached to of this kind.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::MessagingService => "messaging_services",
            Self::CustomerProfile => "customer_profile",
            Self::TrustProduct => "trust_products",
        }
    }
}

/// How far an attachment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// It shall be; Twilio was not asked.
    Intended,
    /// Twilio was asked, and has not answered as far as anybody knows.
    Sent,
    /// Twilio has it.
    Attached,
    /// Twilio does not take it.
    Refused,
    /// The number is in a messaging service of somebody else's, which is left alone.
    Conflict,
    /// It was, or was meant to be, and is not any more.
    Left,
}

stored_enum!(AttachmentState {
    Intended = "intended",
    Sent = "sent",
    Attached = "attached",
    Refused = "refused",
    Conflict = "conflict",
    Left = "left",
});

impl AttachmentState {
    /// Whether it may become `next`: Twilio is asked only for what is intended or was sent, and what is attached ends by leaving.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        let steps: &[Self] = match self {
            Self::Intended => &[Self::Sent, Self::Attached, Self::Refused, Self::Left],
            Self::Sent => &[Self::Attached, Self::Refused, Self::Conflict, Self::Left],
            Self::Attached => &[Self::Left],
            Self::Refused | Self::Conflict | Self::Left => &[Self::Intended, Self::Attached, Self::Left],
        };
        self == next || steps.contains(&next)
    }

    /// Whether Twilio is still to be asked, or to answer.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Sent)
    }
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusedFor {
    /// This number will do nowhere, such as one without SMS.
    Number,
    /// This target takes no number, because it is full or there is none: another may.
    Target,
}

stored_enum!(RefusedFor { Number = "number", Target = "target" });

/// How a number's attachments stand against what its pool wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttachmentStatus {
    /// Nothing lacks that the pool wants.
    Attached,
    /// Something lacks, and is on its way or will be.
    Pending,
    /// Something lacks, and does not come before somebody sees to it.
    Failed,
}

stored_enum!(AttachmentStatus { Attached = "attached", Pending = "pending", Failed = "failed" });

/// A messaging service, a profile or a product, with what it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    kind: AttachmentKind,
    sid: String,
}

impl Target {
    /// A messaging service.
    #[must_use]
    pub fn service(sid: &MessagingServiceSid) -> Self {
        Self { kind: AttachmentKind::MessagingService, sid: sid.as_str().to_owned() }
    }

    /// A customer profile.
    #[must_use]
    pub fn profile(sid: &TrustSid) -> Self {
        Self { kind: AttachmentKind::CustomerProfile, sid: sid.as_str().to_owned() }
    }

    /// A trust product.
    #[must_use]
    pub fn product(sid: &TrustSid) -> Self {
        Self { kind: AttachmentKind::TrustProduct, sid: sid.as_str().to_owned() }
    }

    /// What stands in a row.
    ///
    /// # Errors
    /// When no target of this kind has such a SID.
    pub fn parse(kind: AttachmentKind, sid: &str) -> Result<Self, InvalidPaperSid> {
        Ok(match kind {
            AttachmentKind::MessagingService => Self::service(&sid.parse()?),
            AttachmentKind::CustomerProfile => Self::profile(&sid.parse()?),
            AttachmentKind::TrustProduct => Self::product(&sid.parse()?),
        })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> AttachmentKind {
        self.kind
    }

    /// Twilio's identity of it.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.sid
    }
}

/// An attachment as far as it decides anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// To what.
    pub target: Target,
    /// How far.
    pub state: AttachmentState,
    /// What its refusal is about, if it is refused or in conflict.
    pub refused_for: Option<RefusedFor>,
}

impl Attachment {
    /// Whether it does not come before somebody sees to it, whatever else is tried.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        match self.state {
            AttachmentState::Conflict => true,
            AttachmentState::Refused => self.refused_for == Some(RefusedFor::Number),
            AttachmentState::Intended | AttachmentState::Sent | AttachmentState::Attached | AttachmentState::Left => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_the_letters_of_its_sid() {
        let hex = "0123456789abcdef0123456789abcdef";
        for (kind, letters) in AttachmentKind::ALL.iter().zip(["MG", "BU", "BU"]) {
            let target = Target::parse(*kind, &format!("{letters}{hex}")).unwrap();
            assert_eq!((target.kind(), target.sid().len()), (*kind, 34));
            let other = if letters == "MG" { "BU" } else { "MG" };
            let error = Target::parse(*kind, &format!("{other}{hex}")).unwrap_err();
            assert_eq!(error.to_string(), format!("must be {letters} and 32 hexadecimal digits"));
        }
    }

    #[test]
    fn twilio_is_asked_only_for_what_was_intended_and_what_is_attached_ends_by_leaving() {
        use AttachmentState::{Attached, Conflict, Intended, Left, Refused, Sent};
        let before = |next: AttachmentState| -> Vec<AttachmentState> {
            AttachmentState::ALL.iter().copied().filter(|state| *state != next && state.may_become(next)).collect()
        };
        assert_eq!(before(Sent), [Intended]);
        assert_eq!(before(Intended), [Refused, Conflict, Left]);
        assert_eq!(before(Conflict), [Sent]);
        assert_eq!(before(Attached), [Intended, Sent, Refused, Conflict, Left]);
        let after: Vec<_> = AttachmentState::ALL.iter().filter(|next| Attached.may_become(**next)).collect();
        assert_eq!(after, [&Attached, &Left]);
    }
}
