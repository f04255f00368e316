//! What was done for those who wait, as their signups are told it.

use std::collections::BTreeMap;
use std::time::Instant;

use super::shortfall::Shortfall;
use crate::domain::PoolName;

/// What an emergency run did.
#[derive(Debug, Clone)]
pub struct EmergencyReport {
    /// Whoever joined the waitlist later was not counted.
    pub begun: Instant,
    /// For each pool that it looked after.
    pub pools: BTreeMap<PoolName, PoolReport>,
}

/// What it did for those who wait at one pool.
#[derive(Debug, Clone, Default)]
pub struct PoolReport {
    /// How many were bought.
    pub bought: u32,
    /// Why they could not be served in full.
    pub short: Option<Shortfall>,
    /// The same for people.
    pub told: Option<String>,
    /// Numbers on their way at the end, whoever buys them: they may be served yet.
    pub on_their_way: u32,
    /// Numbers that the carriers do not know yet: nothing is bought in their place, and they serve whoever asks when they are known.
    pub registering: u32,
}

impl EmergencyReport {
    /// One that did nothing yet.
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), pools: BTreeMap::new() }
    }
}
