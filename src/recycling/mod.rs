//! Which numbers nobody uses: walks over the account's calls and messages, beside what the application tells.
//!
//! ```text
//! sweep_cron ─▶ walk over calls, then messages ─ page by page ─▶ last_uses, sweeps     (one instance at a time; any may go on)
//! ```
//!
//! Invariants: Twilio is asked page after page, never two at once, and not at all while it refuses the account; a walk that dies is gone on
//! with where it was; one that could not read everything proves nothing.
//! How to get it wrong: standing in anybody's way. Whoever dies here costs a day's figures, no number.

mod actor;
mod recycler;
mod sweep;

pub(crate) use actor::RecyclerActor;
pub(crate) use recycler::Recycler;
