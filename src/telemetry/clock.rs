//! The time, as a gauge has it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the epoch.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
