//! What people and programs write for a number, an instant and a user: one reading, for files and for the API alike.
//!
//! Invariants: what is accepted means what it says; what a spreadsheet has destroyed is refused, whatever else is said; a user id is
//! never changed.
//! How to get it wrong: guessing. A wrong guess names somebody else's number, or gives a user a second one.

mod bare;
mod fault;
mod instant;
mod local;
mod number;
mod reading;
mod user;
mod zone;

pub use fault::{Fault, FaultKind, Note, Sender, Written};
pub use instant::instant;
pub use number::{known_country, phone_number};
pub use reading::Reading;
pub use user::{is_doubtful, user_id};
pub use zone::{InvalidZone, Zone};
