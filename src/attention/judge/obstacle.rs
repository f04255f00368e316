//! What keeps an empty or low pool from being filled, as far as is known.
//!
//! How to get it wrong: telling what went wrong last when something else is in the way now.

use crate::db::attention::PoolSight;
use crate::domain::{Cap, CapLimits, Caps, PoolName, PoolPolicy, Trigger, Why, explain_reason, plan};

use super::super::facts::Limits;
use super::one_pool::OnePool;
use super::words::sentence;

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    Halted,
    /// The pool alone, which lacks this key.
    PoolHalted {
        needs: String,
    },
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
pub(super) fn obstacle(pool: OnePool<'_>, sight: &PoolSight) -> Option<Obstacle> {
    let buying = &pool.seen.buying;
    if buying.halted.is_some() {
        return Some(Obstacle::Halted);
    }
    if let Some(halt) = &pool.seen.pool_halt {
        return Some(Obstacle::PoolHalted { needs: halt.needs.clone() });
    }
    if buying.paused.is_some() {
        return Some(Obstacle::Paused);
    }
    if let Some(cap) = cap_in_the_way(pool) {
        return Some(Obstacle::Cap(cap));
    }
    failed(pool.name, sight).or_else(|| {
        let PoolPolicy { threshold_low, total_min, .. } = pool.limits.policy;
        (threshold_low == 0 && total_min == 0).then_some(Obstacle::ByConfiguration)
    })
}

/// The cap that lets nothing be bought although the pool, or somebody who waits, wants some; whatever else is in the way.
pub(super) fn cap_in_the_way(OnePool { limits, seen, .. }: OnePool<'_>) -> Option<Cap> {
    let caps = Caps { paused: false, halted: false, ..seen.caps(&limits.caps) };
    let bound = |trigger: Trigger| {
        let planned = plan(&limits.policy, &caps, &seen.stock, trigger);
        planned.binding_cap.filter(|_| planned.count == 0 && planned.wanted > 0)
    };
    bound(Trigger::Threshold).or_else(|| bound(Trigger::Emergency))
}

/// What was tried last, if it did not bring what was wanted.
fn failed(pool: &PoolName, sight: &PoolSight) -> Option<Obstacle> {
    let pass = sight.pass.as_ref();
    let order = sight.order.as_ref().filter(|order| !order.is_open() && !order.is_cancelled);
    let order_is_newer =
        order.is_some_and(|order| pass.is_none_or(|pass| order.ended_at.is_some_and(|ended| ended > pass.at)));
    if order_is_newer {
        let error = order?.errors.first()?;
        return Some(Obstacle::Failed { why: "the last order fell short".to_owned(), error: Some(error.clone()) });
    }
    // A pause or a halt is over by now, or told above.
    let pass = pass.filter(|pass| !matches!(pass.reason.parse(), Ok(Why::Paused | Why::Halted)))?;
    let is_calm = pass.reason == "locked"
        || matches!(
            pass.reason.parse(),
            Ok(Why::BelowThreshold | Why::BelowTotalMin | Why::SignupsWaiting | Why::AboveThreshold | Why::NobodyWaits)
        );
    match (&pass.error, is_calm) {
        (None, true) => None,
        (error, true) => {
            Some(Obstacle::Failed { why: "the last purchase fell short".to_owned(), error: error.clone() })
        }
        (error, false) => {
            let why = explain_reason(pool, &pass.reason, error.as_deref());
            Some(Obstacle::Failed { why, error: error.clone() })
        }
    }
}

impl Obstacle {
    /// Why, in sentences.
    pub(super) fn why(&self, pool: OnePool<'_>, limits: &Limits) -> String {
        match self {
            Self::Halted => "Why: all buying is halted.".to_owned(),
            Self::PoolHalted { needs } => format!("Why: it is halted, because {needs} lacks or does not fit."),
            Self::Paused => "Why: automatic buying is paused.".to_owned(),
            Self::Cap(cap) => format!("Why: {}", cap_sentence(*cap, pool, limits)),
            Self::ByConfiguration => {
                format!("Why: {} is 0, so nothing is bought before a signup waits.", pool.key("threshold_low"))
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
            Self::Halted | Self::PoolHalted { .. } | Self::Paused => true,
            Self::Cap(cap) => *cap != Cap::AvailableMax,
            Self::ByConfiguration | Self::Failed { .. } => false,
        }
    }
}

/// What a cap that leaves no room says.
pub(super) fn cap_sentence(cap: Cap, pool: OnePool<'_>, limits: &Limits) -> String {
    let PoolPolicy { available_max, owned_max, .. } = pool.limits.policy;
    let CapLimits { pool_per_day_max, owned_all_max, .. } = pool.limits.caps;
    match cap {
        Cap::PurchasesPerHour => {
            format!("the purchases of this hour are used up (spend.purchases_per_hour_max {}).", limits.caps.hour)
        }
        Cap::PurchasesPerDay => {
            format!("the purchases of this day are used up (spend.purchases_per_day_max {}).", limits.caps.day)
        }
        Cap::PoolPurchasesPerDay => {
            let (key, most) = (pool.key("purchases_per_day_max"), pool_per_day_max.unwrap_or_default());
            format!("the purchases of this pool in a day are used up ({key} {most}).")
        }
        Cap::AvailableMax => format!("{} {available_max} leaves no room.", pool.key("available_max")),
        Cap::OwnedMax => format!("{} {owned_max} leaves no room.", pool.key("owned_max")),
        Cap::SpendOwnedMax => format!("spend.owned_max {} leaves no room.", owned_all_max.unwrap_or_default()),
    }
}
