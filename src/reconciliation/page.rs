//! What all numbers of one page of Twilio's list have in common, while what differs is attended to.
//!
//! Invariant: after the first failure nothing new begins, and what was under way ends and is told.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::known::{Differences, Shall};
use super::suspicion::Word;
use super::trouble::{Trouble, refuses_the_account};
use crate::db::numbers::KnownNumber;
use crate::purchaser::Buyer;
use crate::twilio::{IncomingNumber, TwilioError};

/// Updates of one page that may fail for want of an answer before the comparison breaks off.
const UNANSWERED_MAX: u32 = 5;

/// What all numbers of a page have in common.
pub(super) struct Page<'a> {
    pub(super) buyer: &'a Buyer,
    pub(super) shall: Shall,
    /// This instance is configured with others, so it repairs nothing.
    pub(super) skewed: bool,
    /// `reconcile.repair_assigned`.
    pub(super) repair_assigned: bool,
    /// By whose word what does not take its webhooks is given up.
    pub(super) word: Word,
    pub(super) unanswered: AtomicU32,
    pub(super) broken: AtomicBool,
}

impl Page<'_> {
    /// Whether the number lost something that this instance would have to write down. One that is configured otherwise than
    /// the installation judges no capabilities.
    pub(super) fn is_loss(&self, differs: Differences, known: &KnownNumber, number: &IncomingNumber) -> bool {
        Differences { fitness: differs.fitness && !self.skewed, ..differs }.is_loss(known, number)
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
