//! What was done for those who wait, as their signups are told it.

use std::collections::BTreeMap;
use std::time::Instant;

use super::shortfall::Shortfall;
use crate::db::stock::Observation;
use crate::domain::CountryCode;

/// What an emergency run did.
#[derive(Debug, Clone)]
pub struct EmergencyReport {
    /// Whoever joined the waitlist later was not counted.
    pub begun: Instant,
    /// How many were bought.
    pub bought: u32,
    /// Why the waitlist could not be served in full, by the country that somebody waits for.
    pub short: BTreeMap<CountryCode, Shortfall>,
    /// Where numbers are bought, for whoever takes any country and for whoever insists on this one.
    pub pool_country: CountryCode,
    /// Numbers on their way at the end, whoever buys them: the waitlist may be served yet.
    pub on_their_way: u32,
}

impl EmergencyReport {
    /// One that did nothing yet.
    pub(super) fn new(pool_country: CountryCode) -> Self {
        Self { begun: Instant::now(), bought: 0, short: BTreeMap::new(), pool_country, on_their_way: 0 }
    }

    /// Says to those who insist on another country that nothing is bought there for them.
    pub(super) fn tell_other_countries(&mut self, seen: &Observation) {
        let pool = self.pool_country;
        for wanted in seen.needs.keys().flatten().copied().filter(|country| *country != pool) {
            self.short.insert(wanted, Shortfall::OtherCountry { wanted, pool });
        }
    }
}
