//! `[spend]`: how much may be bought in a sliding hour and a sliding day, and owned at all, by all instances and pools together.

use serde::{Deserialize, Serialize};

use crate::config::section::{Range, Section, range};

/// How much may be bought in a sliding hour and a sliding day, and owned at all. Either may be the larger: the tighter one binds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpendConfig {
    /// Purchases in any hour; 0 = none.
    pub purchases_per_hour_max: u32,
    /// Purchases in any day; 0 = none.
    pub purchases_per_day_max: u32,
    /// Automatic buying never makes everything owned in all pools larger; unset = only the pools' own `owned_max` bind.
    pub owned_max: Option<u32>,
}

impl Default for SpendConfig {
    fn default() -> Self {
        Self { purchases_per_hour_max: 100, purchases_per_day_max: 300, owned_max: None }
    }
}

impl Section for SpendConfig {
    const NAME: &'static str = "spend";
    const RANGES: &'static [Range] = &[
        range("purchases_per_hour_max", 0, 1_000_000, "purchases"),
        range("purchases_per_day_max", 0, 1_000_000, "purchases"),
        range("owned_max", 0, 1_000_000, "numbers"),
    ];
}
