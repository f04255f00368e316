//! When numbers were used last, and what is known of it: touches, walks over the account's calls and messages, and what these prove.
//!
//! ```text
//! uses_touch ─────────┐                       touch_days ┐
//!                     ▼                                  ├─▶ uses_evidence: whether every use would be known
//! sweep_page_taken ─▶ last_uses (only forward)    sweeps ┘
//! ```
//!
//! Invariants: a use only moves forward; a use counts only for the assignment that it came after; a page's uses and the way to the next page are
//! written together. Neither writes a row that a signup reads.
//! How to get it wrong: locking in another order than that of the numbers' ids. Two that write the same numbers would wait for each other.

mod evidence;
mod inactive;
mod sweep;
mod touch;

pub use evidence::{SweepStanding, sweeps_stand, uses_evidence, uses_forget};
pub use inactive::{InactiveCount, InactiveNumber, inactive_counts, inactive_list};
pub use sweep::{Page, Walk, sweep_again, sweep_begin, sweep_break, sweep_claim, sweep_page_taken, sweep_rest};
pub use touch::{Touched, Whose, uses_touch};
