//! Who has which number.
//!
//! The way of an assignment: [`claim`] hands out stock, or gives back what still rests for its user; [`history`] answers
//! who has what and ends it.
//! Invariant: a user's number and a number's user are unique by index, not by look.

mod claim;
mod history;
mod row;

pub(super) use claim::FIT;
pub use claim::{CLAIM_MAX, assignments_claim, assignments_claim_in, assignments_restore};
pub use history::{AssignmentLine, Release, assignment_release, assignments_held, assignments_list};
pub use row::{Assignment, Region, Source};
