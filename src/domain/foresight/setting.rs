//! A question to the past, and its answer: how a pool is run, and what would have happened.
//!
//! How to get it wrong: taking the share that waited for the share that was refused. Most of those who wait are served.

use super::supply::Supply;
use crate::domain::caps::{Cap, CapLimits, PoolPolicy};

/// How a pool is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// How it wants to be.
    pub policy: PoolPolicy,
    /// What bounds its purchases; what other pools buy is not known here.
    pub limits: CapLimits,
    /// How soon and how fast numbers become ready.
    pub supply: Supply,
    /// How long a signup may wait, in milliseconds.
    pub emergency_wait_ms: i64,
}

/// What would have happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// Requests.
    pub signups: u64,
    /// Those that found nothing ready.
    pub waiting: u64,
    /// Those of them that waited too long.
    pub refused: u64,
    /// How long half of those who waited did so at most, in seconds; `None` = nobody waited.
    pub wait_p50_secs: Option<f64>,
    /// And 95 of a hundred of them.
    pub wait_p95_secs: Option<f64>,
    /// Ready numbers, on the average over the time.
    pub stock_mean: f64,
    /// The most that were ready at once.
    pub stock_max: u32,
    /// Numbers that are paid for and nobody's, on the average: ready, or on their way.
    pub idle_mean: f64,
    /// Numbers that were bought after the beginning.
    pub purchases: u64,
    /// How often signups waited whom neither stock nor what was on its way would serve.
    pub emergencies: u64,
    /// The cap that was in the way of most of those who waited; `None` = none was.
    pub bound: Option<Cap>,
}

impl WhatIf {
    /// The share of requests that found nothing ready; of no requests, none.
    #[must_use]
    pub fn share_waiting(&self) -> f64 {
        if self.signups == 0 { 0.0 } else { self.waiting as f64 / self.signups as f64 }
    }
}
