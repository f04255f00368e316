//! What is told of a number, before it has the form of an event.
//!
//! Invariant: a notice says when it became true; when it is sent is another matter.
//!
//! How to get it wrong: dating an event by its delivery. Receivers order by its own time.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::number::Sid;

/// The kinds of notices, each of which has a type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    RegistrationPending,
    RegistrationSuccessful,
    RegistrationFailed,
    DeregistrationPending,
    DeregistrationSuccessful,
    DeregistrationFailed,
}

impl NoticeKind {
    /// Under `com.twilio.messaging.compliance.`
    pub(crate) fn event_type(self) -> &'static str {
        match self {
            Self::RegistrationPending => "com.twilio.messaging.compliance.number-registration.pending",
            Self::RegistrationSuccessful => "com.twilio.messaging.compliance.number-registration.successful",
            Self::RegistrationFailed => "com.twilio.messaging.compliance.number-registration.failed",
            Self::DeregistrationPending => "com.twilio.messaging.compliance.number-deregistration.pending",
            Self::DeregistrationSuccessful => "com.twilio.messaging.compliance.number-deregistration.successful",
            Self::DeregistrationFailed => "com.twilio.messaging.compliance.number-deregistration.failed",
        }
    }

    /// What `externalstatus` says.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::RegistrationPending => "pending_registration",
            Self::RegistrationSuccessful => "registered",
            Self::RegistrationFailed | Self::DeregistrationFailed => "failure",
            Self::DeregistrationPending => "pending_deregistration",
            Self::DeregistrationSuccessful => "unregistered",
        }
    }
}

/// One thing that is told of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    pub(crate) phone_number: String,
    pub(crate) phone_number_sid: Sid,
    pub(crate) service_sid: Sid,
    pub(crate) campaign_sid: Sid,
    pub(crate) reason: Option<u32>,
    /// When it became so.
    pub(crate) at: DateTime<Utc>,
}

/// How a notice is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) copies: u32,
    /// How much later.
    pub(crate) late: Duration,
    /// After the next one of the same sink.
    pub(crate) is_behind: bool,
    /// By somebody who does not know the token.
    pub(crate) is_forged: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self { copies: 1, late: Duration::ZERO, is_behind: false, is_forged: false }
    }
}
