//! What a buyer must show, by country and type.
//!
//! Invariants: a rule asks the same of a number whenever it is looked at; what a search says of a row is what a create asks.
//! Twilio tells only the address in a search: a row that needs none may still need a bundle or an identity.
//!
//! How to get it wrong: deciding by a row's position which of a mixed country's numbers need an address. Rows move up when
//! one is bought.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::kind::NumberKind;
use super::places::{self, COUNTRIES};
use crate::seed::mix;

/// Which address a number needs, as searches and numbers say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressRequirement {
    /// None.
    #[default]
    None,
    /// Any.
    Any,
    /// One in the number's country and, where its area has a place, in that place.
    Local,
    /// One in another country.
    Foreign,
}

impl AddressRequirement {
    /// This one, or else the other.
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }

    /// As the API writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Any => "any",
            Self::Local => "local",
            Self::Foreign => "foreign",
        }
    }
}

/// What buyers of one country and type must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) address: AddressRequirement,
    /// About every n-th number needs the address; 1: all.
    pub(crate) address_mix: u64,
    pub(crate) bundle: bool,
    pub(crate) identity: bool,
}

impl Rule {
    const NOTHING: Self = Self { address: AddressRequirement::None, address_mix: 1, bundle: false, identity: false };

    /// Which address this number needs.
    pub(crate) fn address_of(&self, number: u64) -> AddressRequirement {
        if mix(number, self.address_mix).is_multiple_of(self.address_mix.max(1)) {
            self.address
        } else {
            AddressRequirement::None
        }
    }

    /// Which address every number needs; none if some need none.
    pub(crate) fn address_of_all(&self) -> AddressRequirement {
        if self.address_mix <= 1 { self.address } else { AddressRequirement::None }
    }
}

/// The rules of all countries.
#[derive(Debug)]
pub(crate) struct Rules(HashMap<(&'static str, NumberKind), Rule>);

impl Rules {
    pub(crate) fn new() -> Self {
        let all = COUNTRIES.iter().flat_map(|country| country.kinds.iter().map(|kind| (country.code, *kind)));
        Self(all.map(|(code, kind)| ((code, kind), usual(code, kind))).collect())
    }

    pub(crate) fn of(&self, code: &str, kind: NumberKind) -> Rule {
        self.0.get(&(code, kind)).copied().unwrap_or(Rule::NOTHING)
    }

    /// Changes the rule of one type of a country, or of all that it has.
    pub(crate) fn change(
        &mut self,
        code: &str,
        kind: Option<NumberKind>,
        mut change: impl FnMut(&mut Rule),
    ) -> Result<(), String> {
        for (code, kind) in places::kinds_of(code, kind)? {
            change(self.0.entry((code, kind)).or_insert(Rule::NOTHING));
        }
        Ok(())
    }
}

/// What a country asks unless a test says otherwise.
fn usual(code: &str, kind: NumberKind) -> Rule {
    let rule = |address, bundle| Rule { address, bundle, ..Rule::NOTHING };
    match (code, kind) {
        ("GB" | "AU", NumberKind::Mobile) => rule(AddressRequirement::None, true),
        ("GB", NumberKind::Local) | ("DE", NumberKind::Mobile | NumberKind::National) => {
            rule(AddressRequirement::Any, true)
        }
        ("DE", NumberKind::Local) => rule(AddressRequirement::Local, true),
        ("CA", NumberKind::Local) => Rule { address: AddressRequirement::Any, address_mix: 2, ..Rule::NOTHING },
        _ => Rule::NOTHING,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_numbers_of_a_mixed_country_need_an_address_and_keep_needing_it() {
        let mut rules = Rules::new();
        let canada = rules.of("CA", NumberKind::Local);
        let needing = |rule: Rule| {
            let all =
                (14_165_550_000..14_165_551_000).filter(|number| rule.address_of(*number) == AddressRequirement::Any);
            all.count()
        };
        assert!((400..600).contains(&needing(canada)), "{}", needing(canada));
        assert_eq!(needing(canada), needing(canada));
        assert_eq!(
            (canada.address_of_all(), needing(rules.of("US", NumberKind::Local))),
            (AddressRequirement::None, 0)
        );
        rules.change("CA", None, |rule| rule.address_mix = 1).unwrap();
        assert_eq!(needing(rules.of("CA", NumberKind::Local)), 1_000);
    }

    #[test]
    fn a_rule_is_of_a_type_that_the_country_has() {
        let mut rules = Rules::new();
        rules.change("US", Some(NumberKind::TollFree), |rule| rule.identity = true).unwrap();
        assert!(rules.of("US", NumberKind::TollFree).identity && !rules.of("US", NumberKind::Local).identity);
        assert!(rules.change("US", Some(NumberKind::Mobile), |_| ()).is_err());
        assert!(rules.change("ZZ", None, |_| ()).is_err());
    }
}
