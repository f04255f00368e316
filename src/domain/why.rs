//! Why a plan buys what it buys, or nothing: the code for programs, the sentence for people.

use super::number::stored_enum;
use super::pool::PoolName;

/// Why a plan buys what it buys, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Fewer available than `pool.threshold_low`.
    BelowThreshold,
    /// Fewer in all than `pool.total_min`.
    BelowTotalMin,
    /// Signups wait.
    SignupsWaiting,
    /// An operator asked.
    #[serde(rename = "by_hand")]
    Manual,
    /// Enough is there.
    AboveThreshold,
    /// Nobody waits that stock, or numbers on their way, will not serve.
    NobodyWaits,
    /// An operator paused automatic buying.
    Paused,
    /// Twilio refused in a way that more calls only make worse.
    Halted,
    /// `pool.available_max` leaves no room.
    AvailableMax,
    /// The pool's `owned_max`, or `spend.owned_max`, leaves no room.
    OwnedMax,
    /// The hour's or the day's purchases, or those of the pool's day, are used up.
    SpendCap,
}

stored_enum!(Why {
    BelowThreshold = "below_threshold",
    BelowTotalMin = "below_total_min",
    SignupsWaiting = "signups_waiting",
    Manual = "by_hand",
    AboveThreshold = "above_threshold",
    NobodyWaits = "nobody_waits",
    Paused = "paused",
    Halted = "halted",
    AvailableMax = "available_max",
    OwnedMax = "owned_max",
    SpendCap = "spend_cap",
});

impl Why {
    /// The reason for people, without the numbers of the moment.
    #[must_use]
    pub fn sentence(self, pool: &PoolName) -> String {
        in_pool(self.template(), pool)
    }

    /// The same of whatever pool: [`in_pool`] says of which.
    pub(super) fn template(self) -> &'static str {
        match self {
            Self::BelowThreshold => "the stock was below the threshold ({pool}.threshold_low)",
            Self::BelowTotalMin => "the stock and what users have were below the minimum ({pool}.total_min)",
            Self::SignupsWaiting => "signups wait that nothing else will serve",
            Self::Manual => "an operator asks for them",
            Self::AboveThreshold => "enough numbers are available or on their way",
            Self::NobodyWaits => "nobody waits whom stock, or numbers on their way, will not serve",
            Self::Paused => "an operator paused automatic buying; resume ends it",
            Self::Halted => "all buying is halted; the status says why, and a resume or a good probe ends it",
            Self::AvailableMax => {
                "{pool}.available_max leaves no room: so much stock is idle already, counting what misses a capability and purchases not confirmed yet"
            }
            Self::OwnedMax => {
                "{pool}.owned_max or spend.owned_max leaves no room: so many numbers are owned or on their way already, counting purchases not confirmed yet"
            }
            Self::SpendCap => {
                "the purchases of this hour or day are used up; wait, or raise spend.purchases_per_hour_max, spend.purchases_per_day_max or {pool}.purchases_per_day_max"
            }
        }
    }
}

/// A text in which `{pool}` stands for the pool's section, as the configuration spells it.
pub(super) fn in_pool(template: &str, pool: &PoolName) -> String {
    template.replace("{pool}", &pool.path())
}
