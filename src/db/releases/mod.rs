//! The ledger of numbers on their way back to Twilio: `intended → sent → released | refused`, or `withdrawn`.
//!
//! Invariants: Twilio is asked only for a number that is `leaving` under an open release whose attempt is committed; a
//! release and its number change in one transaction.
//! How to get it wrong: ending a release on anything but Twilio's clear word.

mod ending;
mod sending;
mod stuck;

pub use ending::{release_doubt, release_hold_tag_conflict, release_refuse, release_settle, release_withdraw};
pub use sending::{Leaving, Sending, Unfinished, release_intend, release_is_done, release_send, releases_unfinished};
pub use stuck::{StuckReleases, releases_stuck};
