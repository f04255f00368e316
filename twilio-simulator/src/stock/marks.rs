//! Numbers that are not what a search made them look like: gone already, or bound to an address.
//!
//! Invariants: without faults there are none, and nothing here changes any answer. A ghost can never be bought; only a
//! search that a `ghost` fault bends shows it. A number that is bound to an address stays so, and says so in every search.
//!
//! How to get it wrong: forgetting a mark that a later create relies on. Marks end with the stock, not with the fault.

use std::collections::HashSet;

/// How a search is bent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bent {
    /// What it shows is gone, and it shows what an earlier one of the kind has shown.
    pub(crate) ghosts: bool,
    /// What it shows needs an address, whatever it excludes.
    pub(crate) addresses: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Marks {
    ghosts: HashSet<u64>,
    bound: HashSet<u64>,
}

impl Marks {
    pub(crate) fn ghost(&self, number: u64) -> bool {
        self.ghosts.contains(&number)
    }

    pub(crate) fn bound(&self, number: u64) -> bool {
        self.bound.contains(&number)
    }

    /// The numbers that are gone although no buyer took them.
    pub(crate) fn ghosts(&self) -> &HashSet<u64> {
        &self.ghosts
    }

    /// A bent search has shown this number.
    pub(crate) fn note(&mut self, number: u64, bent: Bent) {
        if bent.ghosts {
            self.ghosts.insert(number);
        }
        if bent.addresses {
            self.bound.insert(number);
        }
    }

    /// The number is for sale from now on, to everybody.
    pub(crate) fn forget(&mut self, number: u64) {
        self.ghosts.remove(&number);
        self.bound.remove(&number);
    }
}
