//! The little that the demo itself asks the daemon: how the pools are.
//!
//! How to get it wrong: a client that follows the proxies of the environment, which would look for 127.0.0.1 elsewhere.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Ended;
use super::daemon::Daemon;
use super::signals::Signals;

const WARM_LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The part of the status that the demo looks at.
#[derive(Deserialize)]
pub struct Status {
    pub available: u32,
    pub assigned: u32,
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
            [] => format!("the three pools are warm: {available}"),
            halted => format!("the other pools are warm: {available}; {}", halted.join(", ")),
        }
    }
}

impl Pool {
    /// `pool.total_min` is 20; the other pools have none, and are filled up to their thresholds.
    fn is_warm(&self) -> bool {
        let is_filled = self.pool != "default" || self.available + self.assigned >= 20;
        is_filled && !self.needs_replenishment && self.purchasing == 0
    }
}

/// The daemon's admin API.
pub struct Api {
    agent: ureq::Agent,
    url: String,
    key: String,
}

impl Api {
    pub fn new(daemon_url: String, key: &str) -> Self {
        let agent =
            ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None).build().new_agent();
        Self { agent, url: format!("{daemon_url}/admin/phones/api/status"), key: key.to_owned() }
    }

    /// The status; `None` while the daemon does not give one.
    pub fn status(&self) -> Option<Status> {
        let mut answer = self.agent.get(&self.url).header("X-Admin-API-Key", &self.key).call().ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }

    pub fn wait_until_warm(&self, daemon: &mut Daemon, signals: &mut Signals) -> Result<Status, Ended> {
        let deadline = Instant::now() + WARM_LIMIT;
        loop {
            let status = self.status();
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
}
