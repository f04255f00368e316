//! The ledger: one row per number that we ever meant to buy, written before Twilio is asked.
//!
//! Invariants: no create without a committed intent and a committed attempt; every intent is checked against its run,
//! the gate and the caps inside its own transaction, one at a time over all instances (the gate's row lock); settling
//! is idempotent and the only way a purchase becomes a number.
//! How to get it wrong: ending an item because its run is over. Only Twilio's word ends an item that was sent.

mod intend;
mod leftovers;
mod outcome;
mod pace;
mod taken_in;

pub use intend::{Attempt, Intent, Limits, RunOf, items_attempt, items_intend, items_known_numbers, items_withdraw};
pub use leftovers::{Unsettled, item_look_failed, item_not_ours, items_sort_leftovers, items_unsettled};
pub use outcome::{Ending, Reason, Settlement, item_doubt, item_end, item_settle};
pub use pace::{Pace, items_pace};
pub use taken_in::{IntakeOrder, is_being_bought, numbers_being_bought};
pub(in crate::db) use taken_in::{item_revive, item_write};
