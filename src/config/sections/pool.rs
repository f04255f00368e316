//! `[pool]`: how many numbers, which ones, and how long they rest.
//!
//! How to get it wrong: letting `threshold_low` or `total_min` lie above `available_max`. The pool could then never
//! be full, and every pass would try to buy.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::section::{Checks, Range, Section, range};
use crate::domain::{AreaCode, Capability, CountryCode, Kind, NumberType, PoolPolicy};

/// How many numbers, which ones, and how long they rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Replenish when fewer are available; 0 = never by itself.
    pub threshold_low: u32,
    /// Bought at a time.
    pub replenishment_batch_size: u32,
    /// Fill up to this many, available and assigned; 0 = off.
    pub total_min: u32,
    /// Automatic buying never makes idle stock larger.
    pub available_max: u32,
    /// Where to buy.
    pub country: CountryCode,
    /// Area codes that are tried in turn, before any.
    pub area_codes: Vec<AreaCode>,
    /// Automatic buying never makes everything owned larger; 0 = no automatic buying.
    pub owned_max: u32,
    /// What a number must be able to do.
    pub capabilities: Vec<Capability>,
    /// How long a released number rests before it can be assigned again.
    pub quarantine_hours: u64,
}

impl PoolConfig {
    /// The most area codes that `area_codes` may name; each may cost a search per batch.
    pub const AREA_CODES_MAX: usize = 100;

    /// What planning cares about.
    #[must_use]
    pub fn policy(&self) -> PoolPolicy {
        PoolPolicy {
            threshold_low: self.threshold_low,
            replenishment_batch_size: self.replenishment_batch_size,
            total_min: self.total_min,
            available_max: self.available_max,
            owned_max: self.owned_max,
        }
    }

    /// What the pool holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind { country: self.country, number_type: NumberType::Local }
    }

    /// `quarantine_hours`
    #[must_use]
    pub fn quarantine(&self) -> Duration {
        Duration::from_secs(self.quarantine_hours * 3600)
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            threshold_low: 10,
            replenishment_batch_size: 10,
            total_min: 20,
            available_max: 50,
            country: CountryCode::US,
            area_codes: Vec::new(),
            owned_max: 1000,
            capabilities: vec![Capability::Voice, Capability::Sms],
            quarantine_hours: 720,
        }
    }
}

impl Section for PoolConfig {
    const NAME: &'static str = "pool";
    const RANGES: &'static [Range] = &[
        range("threshold_low", 0, 100_000, "numbers"),
        range("replenishment_batch_size", 1, 100, "numbers"),
        range("total_min", 0, 100_000, "numbers"),
        range("available_max", 0, 100_000, "numbers"),
        range("owned_max", 0, 1_000_000, "numbers"),
        range("quarantine_hours", 0, 87_600, "hours"),
    ];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("country", "a country code of two capital letters, such as US"),
        ("area_codes", "a list of area codes, each three digits in quotes, such as [\"415\", \"628\"]"),
        ("capabilities", "a list of voice, sms, mms and fax"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        for (key, value) in [("threshold_low", self.threshold_low), ("total_min", self.total_min)] {
            if value > self.available_max {
                checks.refuse_together(
                    &[key, "available_max"],
                    format!("is {value}, above pool.available_max, which is {}", self.available_max),
                    format!("lower pool.{key} or raise pool.available_max, else the pool is never full"),
                );
            }
        }
        if !self.area_codes.is_empty() && !self.country.has_area_codes() {
            checks.refuse_together(
                &["area_codes", "country"],
                format!("is set, but Twilio has no area codes in {}", self.country),
                "remove pool.area_codes, or set pool.country to US or CA",
            );
        }
        for code in self.area_codes.iter().filter(|code| self.country.has_area_codes() && !code.is_geographic()) {
            let problem = format!("names {code}, which is no place's code (toll-free, personal or premium)");
            checks.refuse("area_codes", problem, "remove it: the pool buys local numbers");
        }
        for code in &self.area_codes {
            if let Some(country) = code.other_country().filter(|_| self.country.has_area_codes()) {
                checks.refuse("area_codes", format!("names {code}, which is {country}'s"), "remove it");
            }
        }
        if self.area_codes.len() > Self::AREA_CODES_MAX {
            checks.refuse("area_codes", "names more than 100 area codes", "keep those that matter most");
        }
        if has_duplicates(&self.area_codes) {
            checks.refuse("area_codes", "names an area code twice", "remove the duplicate");
        }
        if self.capabilities.is_empty() {
            checks.refuse("capabilities", "is empty", "name at least one of voice, sms, mms and fax");
        }
        if has_duplicates(&self.capabilities) {
            checks.refuse("capabilities", "names a capability twice", "remove the duplicate");
        }
    }
}

fn has_duplicates<T: Ord>(items: &[T]) -> bool {
    items.iter().collect::<BTreeSet<_>>().len() < items.len()
}
