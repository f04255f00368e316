//! Ways to tell somebody, and how far a message has come on one.

use crate::domain::number::stored_enum;

/// A way to tell somebody.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AlertChannel {
    /// Mail.
    Email,
    /// A signed POST.
    Webhook,
    /// An incoming webhook of Slack's.
    Slack,
    /// Text messages.
    Sms,
    /// PagerDuty's events.
    Pagerduty,
}

stored_enum!(AlertChannel {
    Email = "email",
    Webhook = "webhook",
    Slack = "slack",
    Sms = "sms",
    Pagerduty = "pagerduty",
});

impl AlertChannel {
    /// Whether one message tells all that comes within a while; else each notification is a message of its own.
    #[must_use]
    pub fn gathers(self) -> bool {
        matches!(self, Self::Email | Self::Slack | Self::Sms)
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It is to be sent, or to be tried again.
    Waiting,
    /// It was taken.
    Sent,
    /// The far side wants none, ever.
    Refused,
    /// It was tried for three days.
    GivenUp,
}

stored_enum!(MessageState { Waiting = "waiting", Sent = "sent", Refused = "refused", GivenUp = "given_up" });
