//! Notices that a number is not used, and what becomes of them: each is its own outbox.
//!
//! ```text
//! recycling_intend ─▶ intended ── recycling_claim, recycling_noticed ─▶ noticed ── recycling_take ─▶ taken
//!                        │  ▲ recycling_failed: later                      │
//!                        └──┴────── recycling_take, number_protect ────────┴─▶ ended
//! ```
//!
//! Invariants: a number is taken only by [`recycling_take`], which asks everything again under the locks of whatever it asks; what was told, and
//! what was taken, stays written.
//! How to get it wrong: taking by what was read before the number was locked. A touch may have come in between.

mod intend;
mod open;
mod outbox;
mod take;

pub(in crate::db) use intend::recyclings_end_protected;
pub use intend::{Notices, recycling_intend, recyclings_suggest};
pub use open::{OpenNotice, recycling_open};
pub use outbox::{
    ClaimedNotice, recycling_claim, recycling_failed, recycling_gone, recycling_noticed, recyclings_stand,
};
pub use take::{Taken, recycling_take, recyclings_to_look_at};
