//! The little that the daemon itself is asked.
//!
//! How to get it wrong: a client that follows the proxies of the environment, which would look for 127.0.0.1 elsewhere.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The daemon's admin API.
pub struct Api {
    agent: ureq::Agent,
    root: String,
    key: String,
}

/// How many numbers there are.
#[derive(Deserialize)]
pub struct Counts {
    pub available: u32,
    pub assigned: u32,
}

impl Api {
    pub fn new(daemon_url: String, key: &str) -> Self {
        let agent =
            ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(15))).proxy(None).build().new_agent();
        Self { agent, root: format!("{daemon_url}/admin/phones/api"), key: key.to_owned() }
    }

    /// What it answers, such as to `/status`; `None` while the daemon gives no such answer.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        self.ask(path, None)
    }

    /// The same, or what it answers to a POST of these parameters as JSON.
    pub fn ask<T: DeserializeOwned>(&self, path: &str, posted: Option<&str>) -> Option<T> {
        let (url, key) = (format!("{}{path}", self.root), &self.key);
        let answer = match posted {
            None => self.agent.get(&url).header("X-Admin-API-Key", key).call(),
            Some(json) => {
                let request = self.agent.post(&url).header("X-Admin-API-Key", key);
                request.header("Content-Type", "application/json").send(json)
            }
        };
        serde_json::from_str(&answer.ok()?.body_mut().read_to_string().ok()?).ok()
    }

    pub fn counts(&self) -> Option<Counts> {
        self.get("/status")
    }
}
