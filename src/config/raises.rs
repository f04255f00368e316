//! What raises thresholds beside the configuration: foresight, and boosts for which buying has begun.
//!
//! How to get it wrong: comparing it. A reload that changes nothing else would seem to change the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::sections::BoostConfig;
use crate::domain::PoolName;

/// What was told of thresholds. Clones are one, and say nothing of whether two configurations are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Raises(pub(super) Arc<ArcSwap<Told>>);

/// What was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// What foresight set, pool by pool.
    pub(super) thresholds: BTreeMap<PoolName, u32>,
    /// Boosts for which numbers are bought already, although they are not there yet.
    pub(super) begun: BTreeSet<(PoolName, BoostConfig)>,
}

impl PartialEq for Raises {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
