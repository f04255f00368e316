//! What a test says of a country's market: what buyers must show, what numbers cost, how many there are.
//!
//! Invariants: what is left out stays; an order is checked as a whole before any of it is carried out.
//!
//! How to get it wrong: a rule for a type that the country lacks. Nothing would ever ask for it.

use serde::{Deserialize, Serialize};

use crate::money::parse_cents;
use crate::stock::kind::NumberKind;
use crate::stock::places;
use crate::stock::rules::AddressRequirement;
use crate::world::World;

/// A change of one type's market in a country, or of all types that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketOrder {
    /// Two capital letters.
    pub country: String,
    /// Left out: all that the country has.
    pub number_type: Option<NumberKind>,
    /// Short for an address of any place and a bundle, or for nothing at all.
    pub regulated: Option<bool>,
    /// Which address buyers must show.
    pub address: Option<AddressRequirement>,
    /// About every n-th number needs it; 1: all.
    pub address_mix: Option<u64>,
    /// Whether buyers must show a bundle.
    pub bundle: Option<bool>,
    /// Whether buyers must show an identity.
    pub identity: Option<bool>,
    /// Such as `"1.15"`.
    pub price: Option<String>,
    /// How many numbers each area code has for sale.
    pub count: Option<u64>,
}

impl MarketOrder {
    /// An order that changes nothing yet.
    pub fn new(country: impl Into<String>) -> Self {
        Self { country: country.into(), ..Self::default() }
    }

    /// Of this type only.
    pub fn number_type(mut self, kind: NumberKind) -> Self {
        self.number_type = Some(kind);
        self
    }

    /// Which address buyers must show.
    pub fn address(mut self, needed: AddressRequirement) -> Self {
        self.address = Some(needed);
        self
    }

    /// About every n-th number needs the address.
    pub fn address_mix(mut self, every: u64) -> Self {
        self.address_mix = Some(every);
        self
    }

    /// Whether buyers must show a bundle.
    pub fn bundle(mut self, is_needed: bool) -> Self {
        self.bundle = Some(is_needed);
        self
    }

    /// Whether buyers must show an identity.
    pub fn identity(mut self, is_needed: bool) -> Self {
        self.identity = Some(is_needed);
        self
    }

    /// Short for an address and a bundle, or for nothing.
    pub fn regulated(mut self, is_regulated: bool) -> Self {
        self.regulated = Some(is_regulated);
        self
    }

    pub(crate) fn apply(self, world: &mut World) -> Result<(), String> {
        let (country, kind) = (self.country.as_str(), self.number_type);
        places::kinds_of(country, kind)?;
        if self.address_mix == Some(0) {
            return Err("address_mix is at least 1, which is every number".into());
        }
        self.price.as_deref().map(parse_cents).transpose()?;
        world.stock.rules.change(country, kind, |rule| {
            if let Some(is_regulated) = self.regulated {
                let address = if is_regulated { AddressRequirement::Any } else { AddressRequirement::None };
                (rule.address, rule.address_mix) = (address, 1);
                (rule.bundle, rule.identity) = (is_regulated, false);
            }
            rule.address = self.address.unwrap_or(rule.address);
            rule.address_mix = self.address_mix.unwrap_or(rule.address_mix);
            rule.bundle = self.bundle.unwrap_or(rule.bundle);
            rule.identity = self.identity.unwrap_or(rule.identity);
        })?;
        if let Some(price) = &self.price {
            world.set_price(country, kind, price)?;
        }
        if let Some(count) = self.count {
            world.stock.set_count_of(country, kind, count)?;
        }
        Ok(())
    }
}
