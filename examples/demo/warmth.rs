//! How the pools are, until they are as full as they get.
//!
//! How to get it wrong: waiting for what nobody fills. A halted pool, or a paused daemon, is as it will be.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::parts::Ended;
use super::parts::api::Api;
use super::parts::daemon::Daemon;
use super::parts::signals::Signals;

const WARM_LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The part of the status that the demo looks at.
#[derive(Deserialize)]
pub struct Status {
    available: u32,
    last_replenishment: Option<Pass>,
    paused: Option<IgnoredAny>,
    halted: Option<IgnoredAny>,
    pools: Vec<Pool>,
}

#[derive(Deserialize)]
struct Pool {
    pool: String,
    available: u32,
    assigned: u32,
    registering: u32,
    threshold: u32,
    purchasing: u32,
    needs_replenishment: bool,
    halted: Option<Halted>,
}

/// What a pool lacks: kept data may come from a demo that took its bundle away.
#[derive(Deserialize)]
struct Halted {
    needs: Option<String>,
}

#[derive(Deserialize)]
struct Pass {
    error: Option<String>,
}

impl Status {
    /// Whether the pools are as full as they get: nobody fills what is halted or paused.
    fn is_settled(&self) -> bool {
        let is_stopped = self.paused.is_some() || self.halted.is_some();
        is_stopped || self.pools.iter().all(|pool| pool.halted.is_some() || pool.is_warm())
    }

    /// That they are warm, or what keeps them from it, in words.
    pub fn warmth(&self) -> String {
        let available = format!("{} numbers available", self.available);
        if self.halted.is_some() {
            return format!("all buying is halted, so no pool is filled: {available}; `callbunker status` says why");
        }
        if self.paused.is_some() {
            return format!("buying is paused, so no pool is filled: {available}; `callbunker resume` ends that");
        }
        let needs = |pool: &Pool| {
            let needs = pool.halted.as_ref()?.needs.as_deref().unwrap_or("something");
            Some(format!("{} is halted and needs {needs}", pool.pool))
        };
        let halted: Vec<String> = self.pools.iter().filter_map(needs).collect();
        match halted.as_slice() {
            [] => format!("the four pools are warm: {available}{}", self.waiting()),
            halted => format!("the other pools are warm: {available}; {}", halted.join(", ")),
        }
    }
}

impl Status {
    /// What waits for the carriers, in words.
    fn waiting(&self) -> String {
        match self.pools.iter().map(|pool| pool.registering).sum::<u32>() {
            0 => String::new(),
            count => format!(", {count} wait for the carriers"),
        }
    }
}

impl Pool {
    /// `pool.total_min` is 20; the other pools have none, and are filled up to their thresholds.
    fn is_warm(&self) -> bool {
        let is_filled = self.pool != "default" || self.available + self.assigned >= 20;
        // What waits for the carriers is stock that comes.
        let has_enough = !self.needs_replenishment || self.available + self.registering >= self.threshold;
        is_filled && has_enough && self.purchasing == 0
    }
}

pub fn wait_until_warm(api: &Api, daemon: &mut Daemon, signals: &mut Signals) -> Result<Status, Ended> {
    let deadline = Instant::now() + WARM_LIMIT;
    loop {
        let status: Option<Status> = api.get("/status");
        match status {
            Some(status) if status.is_settled() => return Ok(status),
            _ => {}
        }
        if let Some(ended) = daemon.ended()? {
            return Err(Some(format!("callbunker ended while it filled its pools ({ended}); its log says why")));
        }
        if Instant::now() >= deadline {
            let error = status.and_then(|status| status.last_replenishment).and_then(|pass| pass.error);
            let error = error.unwrap_or_else(|| "the daemon's log says more".to_owned());
            return Err(Some(format!("the pools are not warm after {} s: {error}", WARM_LIMIT.as_secs())));
        }
        signals.wait(LOOK_EVERY)?;
    }
}
