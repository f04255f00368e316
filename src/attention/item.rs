//! One thing that waits for a person or hurts signups now, as everybody tells it.
//!
//! Invariants: a kind keeps its name, because monitoring and scripts ask for it; each item says what to do.
//! How to get it wrong: a time in a sentence. Pages show times in the reader's zone, so they stand beside it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::domain::PoolName;

/// How bad it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = AttentionSeverity)]
pub(crate) enum Severity {
    /// Users or signups are hurt now.
    Critical,
    /// Somebody should act before that happens.
    Warning,
    /// Good to know.
    Notice,
}

impl Severity {
    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// What it is, in the order in which equally bad ones are told.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttentionKind)]
pub(crate) enum Kind {
    /// PostgreSQL does not answer.
    DatabaseAway,
    /// This instance is configured with other webhooks than the installation.
    ConfigSkew,
    /// A part of this process is away or stuck.
    PartStuck,
    /// Nothing is available.
    PoolEmpty,
    /// Signups were refused.
    SignupsRefused,
    /// Signups wait for a number.
    SignupsWaiting,
    /// All buying is halted.
    Halted,
    /// Buying for one pool is halted, because it lacks something.
    PoolHalted,
    /// Automatic buying is paused.
    Paused,
    /// Users have numbers that are not at Twilio any more.
    MissingOfUsers,
    /// Users have numbers that carry another environment's tag.
    AnotherTag,
    /// Somebody else sets the webhooks of idle numbers back again and again.
    Contested,
    /// Numbers are out of stock until an operator decides.
    ToDecide,
    /// Numbers belong to a pool that the configuration does not name.
    PoolUnconfigured,
    /// Fewer are available than the pool's `threshold_low`.
    PoolLow,
    /// A cap keeps a pool below its threshold.
    CapBinds,
    /// A boost will lack numbers when it begins.
    BoostUnreachable,
    /// More are owned than the pool's `owned_max`.
    OwnedMaxExceeded,
    /// Numbers in the pool whose webhooks Twilio refuses.
    WebhooksFailed,
    /// Numbers in the pool whose webhooks are not confirmed.
    WebhooksPending,
    /// Numbers that Twilio does not take into what their pool wants.
    AttachmentsFailed,
    /// Numbers in a messaging service that is not their pool's.
    AttachmentsConflict,
    /// Attachments that have waited for Twilio for long.
    AttachmentsStuck,
    /// Numbers that the carriers do not take, or know no more.
    RegistrationsFailed,
    /// Numbers that have waited for the carriers for long.
    RegistrationsStuck,
    /// Events that nothing shows to be Twilio's.
    EventsRejected,
    /// Messaging services, profiles or products that take no number.
    ServicesFull,
    /// Purchases whose outcome is unknown for long.
    UnsettledLong,
    /// Numbers that have been on their way back to Twilio for long.
    ReleaseStuck,
    /// Whoever has the purchase lock gives no sign of life.
    HolderFrozen,
    /// The last comparison with Twilio asks for an operator.
    ComparisonProblem,
    /// A look at Twilio says that a purchase could not succeed.
    TwilioCheckFailed,
}

impl Kind {
    /// The name in the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseAway => "database_away",
            Self::ConfigSkew => "config_skew",
            Self::PartStuck => "part_stuck",
            Self::PoolEmpty => "pool_empty",
            Self::SignupsRefused => "signups_refused",
            Self::SignupsWaiting => "signups_waiting",
            Self::Halted => "halted",
            Self::PoolHalted => "pool_halted",
            Self::Paused => "paused",
            Self::MissingOfUsers => "missing_of_users",
            Self::AnotherTag => "another_tag",
            Self::Contested => "contested",
            Self::ToDecide => "to_decide",
            Self::PoolUnconfigured => "pool_unconfigured",
            Self::PoolLow => "pool_low",
            Self::CapBinds => "cap_binds",
            Self::BoostUnreachable => "boost_unreachable",
            Self::OwnedMaxExceeded => "owned_max_exceeded",
            Self::WebhooksFailed => "webhooks_failed",
            Self::WebhooksPending => "webhooks_pending",
            Self::AttachmentsFailed => "attachments_failed",
            Self::AttachmentsConflict => "attachments_conflict",
            Self::AttachmentsStuck => "attachments_stuck",
            Self::RegistrationsFailed => "registrations_failed",
            Self::RegistrationsStuck => "registrations_stuck",
            Self::EventsRejected => "events_rejected",
            Self::ServicesFull => "services_full",
            Self::UnsettledLong => "unsettled_long",
            Self::ReleaseStuck => "release_stuck",
            Self::HolderFrozen => "holder_frozen",
            Self::ComparisonProblem => "comparison_problem",
            Self::TwilioCheckFailed => "twilio_check_failed",
        }
    }
}

/// Where an item leads on the dashboard: a list, a place of the page, or the question of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Such as `/admin/phones/dashboard/acts/resume`.
    pub(crate) path: Cow<'static, str>,
    /// What it says.
    pub(crate) text: Cow<'static, str>,
}

/// What comes next by itself, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    /// Such as `next try`.
    pub(crate) what: &'static str,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is.
    pub(crate) kind: Kind,
    /// The pool that it is about; `None` = all of them, or none.
    pub(crate) pool: Option<PoolName>,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// One sentence.
    pub(crate) summary: String,
    /// Why, and whatever else is known; empty when there is nothing more.
    pub(crate) detail: String,
    /// Since when, if anybody wrote that down.
    pub(crate) since: Option<DateTime<Utc>>,
    /// How many numbers, signups or purchases.
    pub(crate) count: Option<u32>,
    /// What to do.
    pub(crate) todo: String,
    /// What comes by itself.
    pub(crate) next: Option<Next>,
    /// Where that is done.
    pub(crate) link: Option<Link>,
    /// Somebody else's page about it.
    pub(crate) url: Option<String>,
}

impl Item {
    /// One without the rest.
    pub(super) fn new(kind: Kind, severity: Severity, summary: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            kind,
            pool: None,
            severity,
            summary: summary.into(),
            detail: String::new(),
            since: None,
            count: None,
            todo: todo.into(),
            next: None,
            link: None,
            url: None,
        }
    }

    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    pub(super) fn since(self, since: Option<DateTime<Utc>>) -> Self {
        Self { since, ..self }
    }

    pub(super) fn count(self, count: i64) -> Self {
        Self { count: Some(u32::try_from(count.max(0)).unwrap_or(u32::MAX)), ..self }
    }

    pub(super) fn next(self, what: &'static str, at: Option<DateTime<Utc>>) -> Self {
        Self { next: at.map(|at| Next { what, at }), ..self }
    }

    pub(super) fn link(self, text: impl Into<Cow<'static, str>>, path: impl Into<Cow<'static, str>>) -> Self {
        Self { link: Some(Link { path: path.into(), text: text.into() }), ..self }
    }

    pub(super) fn of(self, pool: &PoolName) -> Self {
        Self { pool: Some(pool.clone()), ..self }
    }
}
