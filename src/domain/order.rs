//! Orders and their items: what is bought, why, and how far it has come.

use super::number::stored_enum;

/// Why an order exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A signup left fewer available than the threshold.
    Threshold,
    /// The daemon started, or what is owned fell below `pool.total_min`.
    WarmStart,
    /// The schedule, inside or outside (`cron/auto-replenish`).
    Cron,
    /// An operator asked for a replenishment.
    Replenish,
    /// An operator asked for a number of numbers.
    Manual,
    /// Signups wait and the pool is empty.
    Emergency,
    /// Nothing was bought: an operator took a number of the account in.
    Adopt,
    /// Nothing was bought: the earlier service's numbers moved in.
    Import,
}

stored_enum!(Trigger {
    Threshold = "threshold",
    WarmStart = "warm_start",
    Cron = "cron",
    Replenish = "replenish",
    Manual = "manual",
    Emergency = "emergency",
    Adopt = "adopt",
    Import = "import",
});

impl Trigger {
    /// Whether numbers are bought for it; else some that are there already become ours.
    #[must_use]
    pub fn buys(self) -> bool {
        !matches!(self, Self::Adopt | Self::Import)
    }
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Waits for the purchase lock, for the first time or between two slices.
    Queued,
    /// Holds the purchase lock, under one `run_id`.
    Running,
    /// Ran to its end, whatever it bought.
    Done,
    /// Ended early by a decision: shutdown, pause, a cap.
    Stopped,
    /// Ended early by an accident: a crash, a lost lock, no lock in time.
    Interrupted,
    /// Ended early because buying is halted.
    Halted,
}

stored_enum!(OrderState {
    Queued = "queued",
    Running = "running",
    Done = "done",
    Stopped = "stopped",
    Interrupted = "interrupted",
    Halted = "halted",
});

impl OrderState {
    /// Whether nothing more will be bought for it.
    #[must_use]
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// As it is told: between two slices an order that has begun waits for the lock, and to the outside it still runs.
    #[must_use]
    pub fn shown(self, has_begun: bool) -> Self {
        if self == Self::Queued && has_begun { Self::Running } else { self }
    }
}

/// How far one number of an order has come: `intended → (sent, attempt n) → bought | taken | not_bought | unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Written down; Twilio has not been asked.
    Intended,
    /// A create may be on the wire.
    Sent,
    /// Ours, and paid for.
    Bought,
    /// Somebody else's.
    Taken,
    /// Nobody was charged.
    NotBought,
    /// A create was sent and its outcome is not known yet. Counts as stock and against every cap.
    Unknown,
}

stored_enum!(ItemState {
    Intended = "intended",
    Sent = "sent",
    Bought = "bought",
    Taken = "taken",
    NotBought = "not_bought",
    Unknown = "unknown",
});
/// What a refusal of Twilio's says something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concerns {
    /// The one number that was asked for.
    Number,
    /// The order, as it is configured.
    Order,
    /// The account, whatever is asked for.
    Account,
    /// This moment: it was never processed.
    Moment,
    /// The pool, as it is configured: no number of it can be bought.
    Pool,
    /// Nobody knows what: its code is a new one.
    Unclear,
}

stored_enum!(Concerns {
    Number = "number",
    Order = "order",
    Account = "account",
    Moment = "moment",
    Pool = "pool",
    Unclear = "unclear",
});
