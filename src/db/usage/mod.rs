//! What Twilio says of the account's money, and what the account has beside our numbers.
//!
//! Invariants: a word of Twilio's is overwritten by a later one only; a foreign number is gone when a comparison came to its end
//! without it.
//! How to get it wrong: believing a walk that broke off. Whatever it did not come to would be gone.

mod foreign;
mod records;

pub use foreign::{ForeignRow, ForeignSeen, foreign_gone, foreign_numbers_of, foreign_numbers_seen, sids_known};
pub use records::{UsageRecord, UsageSeen, usage_read, usage_settled, usage_write};
