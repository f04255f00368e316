//! What keeps an empty or low pool from being filled, as far as is known.
//!
//! How to get it wrong: telling what went wrong last when something else is in the way now.

use crate::db::attention::Sight;
use crate::db::stock::Observation;
use crate::domain::{Cap, CapLimits, Caps, PoolPolicy, Trigger, Why, explain_reason, plan};

use super::super::facts::Limits;
use super::words::sentence;

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    Halted,
    Paused,
    Cap(Cap),
    /// The policy buys nothing before a signup waits.
    ByConfiguration,
    /// What was tried last brought nothing, or not all.
    Failed {
        why: String,
        error: Option<String>,
    },
}

/// The worst of them; `None` = nothing that is known.
pub(super) fn obstacle(limits: &Limits, sight: &Sight) -> Option<Obstacle> {
    let buying = &sight.observation.buying;
    if buying.halted.is_some() {
        return Some(Obstacle::Halted);
    }
    if buying.paused.is_some() {
        return Some(Obstacle::Paused);
    }
    if let Some(cap) = cap_in_the_way(limits, &sight.observation) {
        return Some(Obstacle::Cap(cap));
    }
    failed(sight).or_else(|| {
        let PoolPolicy { threshold_low, total_min, .. } = limits.policy;
        (threshold_low == 0 && total_min == 0).then_some(Obstacle::ByConfiguration)
    })
}

/// The cap that lets nothing be bought although the pool, or somebody who waits, wants some; whatever else is in the way.
pub(super) fn cap_in_the_way(limits: &Limits, seen: &Observation) -> Option<Cap> {
    let caps =
        Caps { paused: false, halted: false, ..seen.caps(&CapLimits::of_spend(limits.caps.hour, limits.caps.day)) };
    let bound = |trigger: Trigger| {
        let planned = plan(&limits.policy, &caps, &seen.stock, trigger);
        planned.binding_cap.filter(|_| planned.count == 0 && planned.wanted > 0)
    };
    bound(Trigger::Threshold).or_else(|| bound(Trigger::Emergency))
}

/// What was tried last, if it did not bring what was wanted.
fn failed(sight: &Sight) -> Option<Obstacle> {
    let pass = sight.pass.as_ref();
    let order = sight.order.as_ref().filter(|order| !order.is_open() && !order.is_cancelled);
    let order_is_newer =
        order.is_some_and(|order| pass.is_none_or(|pass| order.ended_at.is_some_and(|ended| ended > pass.at)));
    if order_is_newer {
        let error = order?.errors.first()?;
        return Some(Obstacle::Failed { why: "the last order fell short".to_owned(), error: Some(error.clone()) });
    }
    let pass = pass?;
    let is_calm = pass.reason == "locked"
        || matches!(
            pass.reason.parse(),
            Ok(Why::BelowThreshold
                | Why::BelowTotalMin
                | Why::SignupsWaiting
                | Why::AboveThreshold
                | Why::NobodyWaits
                // Over by now, or told above.
                | Why::Paused
                | Why::Halted)
        );
    match (&pass.error, is_calm) {
        (None, true) => None,
        (error, true) => {
            Some(Obstacle::Failed { why: "the last purchase fell short".to_owned(), error: error.clone() })
        }
        (error, false) => Some(Obstacle::Failed { why: explain_reason(&pass.reason), error: error.clone() }),
    }
}

impl Obstacle {
    /// Why, in sentences.
    pub(super) fn why(&self, limits: &Limits) -> String {
        match self {
            Self::Halted => "Why: all buying is halted.".to_owned(),
            Self::Paused => "Why: automatic buying is paused.".to_owned(),
            Self::Cap(cap) => format!("Why: {}", cap_sentence(*cap, limits)),
            Self::ByConfiguration => {
                "Why: pool.threshold_low is 0, so nothing is bought before a signup waits.".to_owned()
            }
            Self::Failed { why, error: None } => format!("Why: {}.", why.trim_end_matches('.')),
            Self::Failed { why, error: Some(error) } => {
                format!("Why: {}. {}", why.trim_end_matches('.'), sentence(error))
            }
        }
    }

    /// Whether signups that wait get nothing, either.
    pub(super) fn binds_emergencies(&self) -> bool {
        match self {
            Self::Halted | Self::Paused => true,
            Self::Cap(cap) => *cap != Cap::AvailableMax,
            Self::ByConfiguration | Self::Failed { .. } => false,
        }
    }
}

/// What a cap that leaves no room says.
pub(super) fn cap_sentence(cap: Cap, limits: &Limits) -> String {
    let PoolPolicy { available_max, owned_max, .. } = limits.policy;
    match cap {
        Cap::PurchasesPerHour => {
            format!("the purchases of this hour are used up (spend.purchases_per_hour_max {}).", limits.caps.hour)
        }
        Cap::PurchasesPerDay => {
            format!("the purchases of this day are used up (spend.purchases_per_day_max {}).", limits.caps.day)
        }
        Cap::AvailableMax => format!("pool.available_max {available_max} leaves no room."),
        Cap::OwnedMax => format!("pool.owned_max {owned_max} leaves no room."),
        Cap::PoolPurchasesPerDay => {
            "the purchases of this day are used up (the pool's purchases_per_day_max).".to_owned()
        }
        Cap::SpendOwnedMax => "spend.owned_max leaves no room.".to_owned(),
    }
}
