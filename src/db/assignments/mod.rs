//! Who has which number.
//!
//! The way of an assignment: [`claim`] hands out stock, or gives back what still rests for its user; [`history`] answers
//! who has what and ends it; [`list`] shows them to people.
//! Invariant: a user's number and a number's user are unique by index, not by look.

mod claim;
mod history;
mod list;
mod row;

pub use claim::{CLAIM_MAX, assignments_claim, assignments_claim_in, assignments_restore};
pub use history::{
    Pace, Release, assignment_release, assignments_held, assignments_latest, assignments_of_user, pace_read,
};
pub use list::{AssignmentFilter, assignments_count, assignments_list, users_like};
pub use row::{Assignment, AssignmentRecord, Region};
