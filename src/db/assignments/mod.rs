//! Who has which number.
//!
//! The way of an assignment: [`claim`] hands out stock ([`statements`]), [`restore`] gives back what still rests for its user; [`live`] answers
//! who has what and ends it; [`history`] tells what was, and [`list`] shows both to people.
//! Invariant: a user's number and a number's user are unique by index, not by look.

mod claim;
mod history;
mod list;
mod live;
mod restore;
mod row;
mod statements;

pub(in crate::db) use claim::assignments_claim_waiting;
pub use claim::{
    Asking, AskingFor, CLAIM_MAX, Codes, assignments_claim, assignments_claim_any, assignments_claim_apart,
    assignments_claim_each, assignments_claim_near,
};
pub use history::{Pace, Paces, assignments_latest, assignments_of_user, paces_read};
pub use list::{AssignmentFilter, assignments_count, assignments_list, users_like};
pub use live::{Release, assignment_of, assignment_release, assignments_held};
pub use restore::{Returning, assignments_restore};
pub use row::{Assignment, AssignmentRecord};
