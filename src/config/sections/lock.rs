//! `[lock]`: the advisory lock that keeps purchases one at a time, across instances.

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// The advisory lock that keeps purchases one at a time, across instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockConfig {
    /// The key; the earlier Python service takes the same lock, so both can run during a move.
    pub advisory_key: i64,
}

impl Default for LockConfig {
    fn default() -> Self {
        Self { advisory_key: 12345 }
    }
}

impl Section for LockConfig {
    const NAME: &'static str = "lock";
    const RANGES: &'static [Range] = &[range("advisory_key", i64::MIN, i64::MAX, "(a 64-bit integer)")];
}
