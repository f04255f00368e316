//! What all numbers of one page of Twilio's list have in common, while what differs is attended to.
//!
//! Invariant: after the first failure nothing new begins, and what was under way ends and is told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::known::Shall;
use super::suspicion::Word;
use super::trouble::{Trouble, refuses_the_account};
use crate::domain::{InstanceName, PoolName};
use crate::purchaser::Buyer;
use crate::twilio::TwilioError;

/// Updates of one page that may fail for want of an answer before the comparison breaks off.
const UNANSWERED_MAX: u32 = 5;

/// What all numbers of a page have in common.
pub(super) struct Page<'a> {
    pub(super) buyer: &'a Buyer,
    /// Whose tag ours carry.
    pub(super) instance: InstanceName,
    /// What the numbers of each pool shall be, of all that were ever configured.
    pub(super) shall: BTreeMap<PoolName, Shall>,
    /// `reconcile.repair_assigned`.
    pub(super) repair_assigned: bool,
    /// By whose word what does not take its webhooks is given up.
    pub(super) word: Word,
    pub(super) unanswered: AtomicU32,
    pub(super) broken: AtomicBool,
}

impl Page<'_> {
    /// What a number of `pool` shall be; `None` = nobody ever configured it.
    pub(super) fn shall_of(&self, pool: &PoolName) -> Option<&Shall> {
        self.shall.get(pool)
    }

    /// Whether the comparison may go on after an update that failed: a single number that Twilio minds keeps no other
    /// from its turn, but a Twilio that answers nothing does.
    pub(super) fn bear(&self, failure: TwilioError) -> Result<TwilioError, Trouble> {
        if refuses_the_account(&failure) {
            return Err(failure.into());
        }
        let is_silent = failure.is_passing() && !failure.is_unreadable();
        let unanswered = is_silent && self.unanswered.fetch_add(1, Ordering::Relaxed) >= UNANSWERED_MAX;
        if unanswered {
            self.broken.store(true, Ordering::Relaxed);
            return Err(failure.into());
        }
        Ok(failure)
    }
}
