//! The words that tell series apart.
//!
//! Those of the domain are the domain's own: a new variant does not compile before somebody has said whether it is counted.
//! How to get it wrong: a word that comes from outside. Each one is a series for ever, so all are known here.

use crate::domain::alert::{AlertChannel, AlertKind, AlertSeverity};
use crate::domain::recycling::Swept;
use crate::domain::{AttachmentKind, ItemState, Match, OrderState, Stock, Trigger, Why, obstacles};

pub(super) const METHODS: &[&str] = &["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];
pub(super) const STATUSES: &[&str] = &[
    "200", "201", "202", "204", "303", "304", "400", "401", "403", "404", "405", "408", "409", "413", "415", "422",
    "429", "500", "501", "502", "503",
];
pub(super) const WINDOWS: &[&str] = &["hour", "day"];
/// Numbers that are not at Twilio any more. Each counts among another state, too.
pub(super) const MISSING: &str = "missing";
pub(super) const REFUSALS: &[&str] =
    &["pool_empty", "area_code_unavailable", "country_unavailable", "database_unavailable", "unavailable", "internal"];
/// What a comparison with Twilio can find.
pub(super) const FINDINGS: &[&str] =
    &["adopted", "missing", "webhook_drift", "attachment_drift", "repaired", "foreign"];
/// Stands for all of Twilio's own codes.
pub(super) const TWILIO: &str = "twilio";

pub(super) fn states() -> Vec<&'static str> {
    Stock::default().by_state().into_iter().map(|(state, _)| state).chain([MISSING]).collect()
}

/// How near to a wish a number was.
pub(super) fn matches() -> Vec<&'static str> {
    Match::ALL.iter().map(|matched| matched.as_str()).collect()
}

/// Why orders buy.
pub(super) fn triggers() -> Vec<&'static str> {
    let buys = |trigger: &&Trigger| match trigger {
        Trigger::Threshold
        | Trigger::WarmStart
        | Trigger::Cron
        | Trigger::Replenish
        | Trigger::Manual
        | Trigger::Emergency => true,
        Trigger::Adopt | Trigger::Import => false,
    };
    Trigger::ALL.iter().filter(buys).map(|trigger| trigger.as_str()).collect()
}

/// How orders end.
pub(super) fn order_states() -> Vec<&'static str> {
    let is_an_end = |state: &&OrderState| match state {
        OrderState::Queued | OrderState::Running => false,
        OrderState::Done | OrderState::Stopped | OrderState::Interrupted | OrderState::Halted => true,
    };
    OrderState::ALL.iter().filter(is_an_end).map(|state| state.as_str()).collect()
}

/// What becomes of candidates.
pub(super) fn item_states() -> Vec<&'static str> {
    let is_a_fate = |state: &&ItemState| match state {
        ItemState::Intended | ItemState::Sent => false,
        ItemState::Bought | ItemState::Taken | ItemState::NotBought | ItemState::Unknown => true,
    };
    ItemState::ALL.iter().filter(is_a_fate).map(|state| state.as_str()).collect()
}

/// Why passes bought or did not.
pub(super) fn reasons() -> Vec<&'static str> {
    let ends_a_pass = |why: &&Why| match why {
        Why::BelowThreshold
        | Why::BelowTotalMin
        | Why::SignupsWaiting
        | Why::AboveThreshold
        | Why::Paused
        | Why::Halted
        | Why::AvailableMax
        | Why::OwnedMax
        | Why::SpendCap => true,
        // Of orders by hand, and of rounds for those who wait.
        Why::Manual | Why::NobodyWaits => false,
    };
    let of_plans = Why::ALL.iter().filter(ends_a_pass).map(|why| why.as_str());
    of_plans.chain(obstacles().filter(|obstacle| counted_as(obstacle) == *obstacle)).chain([TWILIO]).collect()
}

/// The reason that a pass's is counted as: Twilio has hundreds of codes; the log and the status have the one.
pub(super) fn counted_as(reason: &str) -> &str {
    if reason == "twilio_unreachable" || !reason.starts_with("twilio_") { reason } else { TWILIO }
}

/// How an attachment stands that is not as it should be.
pub(super) const ATTACHMENT_STATES: &[&str] = &["intended", "sent", "leaving", "refused", "conflict", "elsewhere"];

/// What numbers are attached to.
pub(super) fn attachment_kinds() -> Vec<&'static str> {
    AttachmentKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// What is told.
pub(super) fn alert_kinds() -> Vec<&'static str> {
    AlertKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// How bad that is.
pub(super) fn alert_severities() -> Vec<&'static str> {
    AlertSeverity::ALL.iter().map(|severity| severity.as_str()).collect()
}

/// Ways to tell somebody.
pub(super) fn alert_channels() -> Vec<&'static str> {
    AlertChannel::ALL.iter().map(|channel| channel.as_str()).collect()
}

/// What walks go over.
pub(super) fn swept() -> Vec<&'static str> {
    Swept::ALL.iter().map(|what| what.as_str()).collect()
}

/// How good a look at Twilio finds a thing.
pub(super) const CHECK_RESULTS: &[&str] = &["pass", "warn", "fail"];

macro_rules! label {
    ($(#[$doc:meta])* $type:ident, $all:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_doc])* $variant),* }

        pub(super) const $all: &[&str] = &[$($text),*];

        impl $type {
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

label! {
    /// What Twilio is called for.
    Operation, OPERATIONS {
        /// Candidates.
        Search = "search",
        /// A purchase.
        Create = "create",
        /// Owned numbers, all or one by its E.164.
        List = "list",
        /// An owned number by its SID.
        Fetch = "fetch",
        /// Webhooks or tag.
        Update = "update",
        /// Giving a number back.
        Delete = "delete",
        /// What a number costs.
        Pricing = "pricing",
        /// What the account has left.
        Balance = "balance",
        /// What Twilio counted.
        Usage = "usage",
        /// Whether Twilio accepts us again.
        Probe = "probe",
        /// How the account stands.
        Account = "account",
        /// An address that is shown with purchases.
        Address = "address",
        /// A bundle that is shown with purchases.
        Bundle = "bundle",
        /// An application that numbers lead to.
        Application = "application",
        /// What a country wants shown.
        Regulation = "regulation",
        /// A number that joins a messaging service.
        Attach = "attach",
        /// Whether a number is in a messaging service.
        Member = "member",
        /// The numbers of a messaging service.
        Members = "members",
        /// A number that leaves a messaging service.
        Detach = "detach",
        /// A messaging service.
        Service = "service",
        /// Its campaign.
        Campaign = "campaign",
        /// Numbers of a customer profile or a trust product.
        Assignment = "assignment",
        /// A customer profile or a trust product.
        Trust = "trust",
        /// Where Twilio sends events.
        Sink = "sink",
        /// Which events it sends there.
        Subscription = "subscription",
        /// Who changed a number.
        Journal = "journal",
        /// The account's calls, for whoever looks for numbers that nobody uses.
        Calls = "calls",
        /// And its messages.
        Messages = "messages",
        /// A text message to whoever is told of alerts, or whether one was sent.
        Text = "text",
    }
}

label! {
    /// What an attempt to attach a number came to.
    AttachmentOutcome, ATTACHMENT_OUTCOMES {
        /// It is there.
        Attached = "attached",
        /// Twilio does not take the number.
        Refused = "refused",
        /// The number is in somebody else's messaging service.
        Conflict = "conflict",
        /// The target takes no number: it is full, or unknown to Twilio.
        Closed = "closed",
        /// Nobody wants it any more; Twilio was not asked.
        Left = "left",
        /// Our key may not do it.
        NotAllowed = "not_allowed",
        /// Twilio gave no answer that says: it is looked up and tried again.
        Unclear = "unclear",
    }
}

label! {
    /// What a try to send a message about alerts came to.
    AlertOutcome, ALERT_OUTCOMES {
        /// The far side took it.
        Sent = "sent",
        /// It did not, and is tried again.
        Failed = "failed",
        /// It wants none any more.
        Refused = "refused",
        /// It was tried for three days.
        GivenUp = "given_up",
    }
}

label! {
    /// What became of a notice that a number is not used.
    RecyclingOutcome, RECYCLING_OUTCOMES {
        /// The far side has it.
        Noticed = "noticed",
        /// The number was taken from its user.
        Taken = "taken",
        /// The number stays with its user.
        Ended = "ended",
    }
}

label! {
    /// What became of an event of Twilio's.
    EventOutcome, EVENT_OUTCOMES {
        /// It is the last word of its number.
        Stored = "stored",
        /// It came before, or something later did.
        Repeated = "repeated",
        /// It is about nothing of ours.
        Ignored = "ignored",
        /// Nobody knows whose it is, or it cannot be read: it will not come again.
        Rejected = "rejected",
        /// It could not be written down: it will come again.
        Failed = "failed",
    }
}

label! {
    /// How a call to Twilio ended on the wire.
    WireResult, WIRE_RESULTS {
        /// Done.
        Success = "2xx",
        /// A redirect, which is not followed.
        Redirect = "3xx",
        /// Refused.
        Refused = "4xx",
        /// Failed at Twilio.
        Failed = "5xx",
        /// No whole answer in time.
        Timeout = "timeout",
        /// The connection broke before a whole answer was there.
        Reset = "reset",
        /// The connection never stood.
        NotSent = "not_sent",
    }
}

impl WireResult {
    /// The class of a status.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            0..=299 => Self::Success,
            300..=399 => Self::Redirect,
            400..=499 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

label! {
    /// How work at the database failed.
    DatabaseFault, FAULTS {
        /// Every connection was busy for too long.
        AcquireTimeout = "acquire_timeout",
        /// Whoever waited could wait no longer; the statement may still commit.
        AnswerTimeout = "answer_timeout",
        /// PostgreSQL is away.
        Unavailable = "unavailable",
        /// A statement failed, or a row breaks a rule: a bug, or a hand in the database.
        Statement = "statement",
        /// The code around a statement panicked: a bug.
        Panic = "panic",
    }
}
