//! `[database]`: how PostgreSQL is used. Where it is, is a secret (`DATABASE_URL`), see `secrets.rs`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How PostgreSQL is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// How long a request waits for a connection.
    pub acquire_timeout_ms: u64,
}

impl DatabaseConfig {
    /// `acquire_timeout_ms`
    #[must_use]
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { acquire_timeout_ms: 1000 }
    }
}

impl Section for DatabaseConfig {
    const NAME: &'static str = "database";
    const RANGES: &'static [Range] = &[range("acquire_timeout_ms", 10, 60_000, "milliseconds")];
}
