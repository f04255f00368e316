//! `[spend]`: how much may be bought in a sliding hour and a sliding day, by all instances together.

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How much may be bought in a sliding hour and a sliding day. Either may be the larger: the tighter one binds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpendConfig {
    /// Purchases in any hour; 0 = none.
    pub purchases_per_hour_max: u32,
    /// Purchases in any day; 0 = none.
    pub purchases_per_day_max: u32,
}

impl Default for SpendConfig {
    fn default() -> Self {
        Self { purchases_per_hour_max: 100, purchases_per_day_max: 300 }
    }
}

impl Section for SpendConfig {
    const NAME: &'static str = "spend";
    const RANGES: &'static [Range] = &[
        range("purchases_per_hour_max", 0, 1_000_000, "purchases"),
        range("purchases_per_day_max", 0, 1_000_000, "purchases"),
    ];
}
