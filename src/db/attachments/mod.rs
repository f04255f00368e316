//! What numbers are attached to at Twilio: a ledger, as purchases have one.
//!
//! ```text
//!  attachments_intend            attachment_send             attachment_settle
//!  ─────────────────▶ intended ──────────────────▶ sent ────────────────────▶ attached | refused | conflict
//!       ▲                                         │   ▲ attachment_doubt           │          │
//!       │                                         └───┘ (looked up, then repeated) │          │
//!       └────────────── left ◀──────── attachment_missed, attachments_let_go ──────┘          │
//!       └───────────────────────────────── attachments_intend, again ─────────────────────────┘
//!  attachment_found: Twilio has it, whatever stood here: attached
//! ```
//!
//! Invariants: a call follows a committed attempt; one row for each target of a number, in one messaging service at a time
//! (`attachments_one_service_per_number`); the database allows no other steps (`attachments_move_as_they_may`), and tells by itself
//! what a number lacks of what its pool wants (`attachments_tell_their_numbers`).
//! Whoever changes attachments locks the pool's row, then the number's, then writes (`lock`): the number's lock keeps two
//! attachments of one number from settling side by side, of which neither would see the other.
//! How to get it wrong: repeating a call whose answer was lost before Twilio was asked what it has.

mod again;
mod compared;
mod halt;
mod intend;
mod leave;
mod lock;
mod read;
mod reason;
mod seen;
mod send;
mod settle;
mod targets;

pub use again::{attachments_try_again, pool_attach_again};
pub use compared::{
    AttachedNumber, LackingNumber, ShownNumber, numbers_attached, numbers_shown, targets_compared, users_lacking,
};
pub use halt::{Unattachable, pool_halt_unattachable};
pub(in crate::db) use intend::attachments_intend_of_new;
pub use intend::{Intended, ToAttach, Whose, attachments_intend, numbers_to_attach};
pub(in crate::db) use leave::attachments_let_go;
pub use leave::{LeavingAttachment, attachment_left, attachment_missed, attachment_stays, attachments_leaving};
pub(in crate::db) use lock::{Locked, lock, locked};
pub use read::{AttachmentRow, attachments_of};
pub use reason::AttachmentReason;
pub use seen::{AttachmentsSeen, ClosedTarget, Counted, attachments_seen};
pub use send::{AttachmentAttempt, DueAttachment, SendingAttachment, attachment_send, attachments_due};
pub use settle::{AttachmentEnd, attachment_doubt, attachment_found, attachment_put_off, attachment_settle};
pub(in crate::db) use targets::pool_has_no_room;
pub use targets::{
    Closed, ServicesClosed, WithoutRoom, pools_without_room, services_closed, target_close, target_is_there,
    target_seen, targets_open,
};
