//! Which numbers nobody uses, and what is done about it: walks over the account's calls and messages beside what the application tells, then
//! notices, then an end of the lease.
//!
//! ```text
//! sweep_cron ─▶ walk over calls, then messages ─ page by page ─▶ last_uses, sweeps     (one instance at a time; any may go on)
//! mode, POST recycle ─▶ intended ─ notice, signed, four at a time ─▶ noticed ─ take_after, nothing spoke ─▶ taken: the number rests
//! ```
//!
//! Invariants: nothing is taken that the far side was not told of; everything is asked again by the transaction that takes.
//! Twilio is asked page after page, never two at once, and not at all while it refuses the account; a walk that dies is gone on
//! with where it was; one that could not read everything proves nothing.
//! How to get it wrong: standing in anybody's way. Whoever dies here costs a day's figures, no number.

mod actor;
mod count;
mod notice;
mod recycle;
mod recycler;
mod sweep;
mod watch;

pub(crate) use actor::RecyclerActor;
pub(crate) use recycle::notices_of;
pub(crate) use recycler::Recycler;
pub(crate) use watch::SweepWatch;
