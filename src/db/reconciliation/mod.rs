//! Comparing with Twilio: what the database knows of the numbers that Twilio lists, and what a comparison may change.
//!
//! Invariants: a statement that makes a number assignable says in itself under which webhooks it was confirmed, and does
//! nothing when the installation wants others by now; a number that is held or leaving is changed by none of these.
//! How to get it wrong: deciding on a row that was read before Twilio was asked. Look-ups come after the page.

mod change;
mod failures;
mod held;
mod intake;
mod look;
mod missing;
mod runs;
mod tagged;
mod told;

pub use change::{Standing, number_confirm_webhooks, number_mark_drifted, number_set_capable, number_turned_up};
pub use failures::{FailedWebhooks, number_fail_webhooks, number_tried_in_vain, numbers_failed_accept};
pub use held::{Held, numbers_held_long};
pub use intake::{Holder, Newcomer, number_holding, number_let_go, number_take_in};
pub use look::{KnownItem, KnownNumber, Listed, Looked, listed_look};
pub use missing::{
    Gone, Live, Unread, numbers_highest, numbers_live, numbers_live_count, numbers_mark_missing, rows_unread,
};
pub use runs::{Occasion, reconciliation_begin, reconciliation_end, reconciliation_unreadable_accepted};
pub use tagged::{TagHold, number_hold_tag_conflict};
pub use told::{Told, numbers_told};
