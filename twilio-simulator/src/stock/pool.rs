//! The numbers of one area that are for sale, generated when somebody looks.
//!
//! Invariants: a number is for sale when it is offered by name or its index is below `limit`, and it is not gone. `low` only
//! ever passes numbers that are gone, so a search stays quick after thousands of purchases.
//!
//! How to get it wrong: taking `limit` for the count of numbers that are left; numbers below it may be gone.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use crate::stock::kind::NumberKind;
use crate::stock::numbering::Numbering;
use crate::stock::places::{Country, Place};

/// What a number can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// Calls.
    #[serde(default)]
    pub voice: bool,
    /// Text messages.
    #[serde(default)]
    pub sms: bool,
    /// Picture messages.
    #[serde(default)]
    pub mms: bool,
    /// Fax.
    #[serde(default)]
    pub fax: bool,
}

impl Default for Capabilities {
    /// What most North American numbers can do: everything but fax.
    fn default() -> Self {
        Self { voice: true, sms: true, mms: true, fax: false }
    }
}

/// One area of one country.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) country: &'static str,
    pub(crate) kind: NumberKind,
    pub(crate) area: String,
    pub(crate) place: Option<&'static Place>,
    pub(crate) capabilities: Capabilities,
    pub(crate) beta: bool,
    numbering: Numbering,
    limit: u64,
    low: u64,
    offered: BTreeSet<u64>,
}

impl Pool {
    pub(crate) fn new(
        country: &Country,
        kind: NumberKind,
        area: &str,
        place: Option<&'static Place>,
        numbering: Numbering,
        limit: u64,
    ) -> Self {
        let capabilities = Capabilities { mms: country.calling_code == "1", ..Capabilities::default() };
        let limit = limit.min(numbering.size());
        let area = area.to_owned();
        Self {
            country: country.code,
            kind,
            area,
            place,
            capabilities,
            beta: false,
            numbering,
            limit,
            low: 0,
            offered: BTreeSet::new(),
        }
    }

    /// The numbers for sale, always in the same order: those offered by name first.
    pub(crate) fn free<'a>(&'a self, gone: &'a HashSet<u64>) -> impl Iterator<Item = u64> + 'a {
        let generated = (self.low..self.limit).map(|index| self.numbering.number(index));
        let generated = generated.filter(|number| !self.offered.contains(number));
        self.offered.iter().copied().chain(generated).filter(|number| !gone.contains(number))
    }

    pub(crate) fn offers(&self, number: u64) -> bool {
        self.offered.contains(&number) || self.numbering.index(number).is_some_and(|index| index < self.limit)
    }

    pub(crate) fn offer(&mut self, number: u64) {
        self.offered.insert(number);
    }

    /// Has exactly `count` numbers for sale from now on.
    pub(crate) fn set_count(&mut self, count: u64, gone: &HashSet<u64>) {
        self.offered.clear();
        self.limit = self.low;
        let mut left = count;
        while left > 0 && self.limit < self.numbering.size() {
            if !gone.contains(&self.numbering.number(self.limit)) {
                left -= 1;
            }
            self.limit += 1;
        }
    }

    /// Moves past the numbers at the front that are gone.
    pub(crate) fn pass_gone(&mut self, gone: &HashSet<u64>) {
        while self.low < self.limit && gone.contains(&self.numbering.number(self.low)) {
            self.low += 1;
        }
    }
}
