//! What is in force of a pool's policy: what is configured, raised by a boost or by foresight.
//!
//! Whoever looks at the database and at the clock tells it here; a reload keeps what was told.
//! Invariants: nothing lowers what is configured, and nothing is raised above `available_max`; caps are as they are.
//! How to get it wrong: planning by what is configured. The pool would be filled by one rule and judged by another.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::raises::Told;
use super::root::Config;
use super::sections::{BoostConfig, ForesightMode};
use crate::domain::{PoolName, PoolPolicy};

impl Config {
    /// What a pool's planning cares about, as it is in force now; `None` when there is no pool of this name.
    #[must_use]
    pub fn policy(&self, name: &PoolName) -> Option<PoolPolicy> {
        self.policy_at(name, Utc::now())
    }

    /// The same at an instant.
    pub(super) fn policy_at(&self, name: &PoolName, now: DateTime<Utc>) -> Option<PoolPolicy> {
        let pool = self.pool(name)?;
        let configured = pool.configured_policy();
        let told = self.raises.0.load();
        let boosts = pool.boosts.iter().filter(|boost| {
            let has_begun = boost.from <= now || told.begun.contains(&(name.clone(), **boost));
            has_begun && now < boost.until
        });
        let foreseen = told.thresholds.get(name).filter(|_| self.foresight_applies_to(name));
        let raised = boosts.map(|boost| boost.threshold_low).chain(foreseen.copied()).max().unwrap_or_default();
        // Above `available_max` each pass would try to buy.
        let threshold_low = configured.threshold_low.max(raised.min(configured.available_max));
        Some(PoolPolicy { threshold_low, ..configured })
    }

    /// Whether foresight may set this pool's threshold. One that never buys by itself stays so.
    #[must_use]
    pub fn foresight_applies_to(&self, name: &PoolName) -> bool {
        self.foresight.mode == ForesightMode::Apply && self.pool(name).is_some_and(|pool| pool.threshold_low > 0)
    }

    /// What foresight set in the database.
    pub fn thresholds_are(&self, thresholds: BTreeMap<PoolName, u32>) {
        self.raises.0.rcu(|told| Told { thresholds: thresholds.clone(), ..Told::clone(told) });
    }

    /// Boosts for which buying has begun.
    pub fn boosts_begun(&self, begun: BTreeSet<(PoolName, BoostConfig)>) {
        self.raises.0.rcu(|told| Told { begun: begun.clone(), ..Told::clone(told) });
    }

    /// Those that were told last.
    #[must_use]
    pub fn boosts_that_began(&self) -> BTreeSet<(PoolName, BoostConfig)> {
        self.raises.0.load().begun.clone()
    }
}
