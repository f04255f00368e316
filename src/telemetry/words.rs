//! The words that tell series apart.
//!
//! How to get it wrong: a word that comes from outside. Each one is a series for ever, so all are known here.

pub(super) const METHODS: &[&str] = &["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"];
pub(super) const STATUSES: &[&str] = &[
    "200", "201", "202", "204", "303", "304", "400", "401", "403", "404", "405", "408", "409", "413", "415", "422",
    "429", "500", "501", "502", "503",
];
pub(super) const STATES: &[&str] =
    &["available", "unready", "unfit", "assigned", "quarantined", "purchasing", "unsettled", "missing"];
pub(super) const WINDOWS: &[&str] = &["hour", "day"];
pub(super) const TRIGGERS: &[&str] = &["threshold", "warm_start", "cron", "replenish", "manual", "emergency"];
pub(super) const REASONS: &[&str] = &[
    "below_threshold",
    "below_total_min",
    "signups_waiting",
    "above_threshold",
    "paused",
    "halted",
    "available_max",
    "owned_max",
    "spend_cap",
    "locked",
    "no_stock",
    "twilio",
    "twilio_unreachable",
    "outcome_unknown",
    "interrupted",
    "stopping",
    "database_unavailable",
    "unavailable",
];
pub(super) const ORDER_STATES: &[&str] = &["done", "stopped", "interrupted", "halted"];
pub(super) const ITEM_STATES: &[&str] = &["bought", "taken", "not_bought", "unknown"];
pub(super) const REFUSALS: &[&str] =
    &["pool_empty", "area_code_unavailable", "database_unavailable", "unavailable", "internal"];
/// What a comparison with Twilio can find.
pub(super) const FINDINGS: &[&str] = &["adopted", "missing", "webhook_drift", "repaired", "foreign"];

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
        /// Whether Twilio accepts us again.
        Probe = "probe",
    }
}

label! {
    /// How a call to Twilio ended on the wire.
    Wire, WIRES {
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

impl Wire {
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
