//! Twilio's event stream: whose a request is, what its events say, and how the stream comes to us.
//!
//! ```text
//! signature ─ whether Twilio sent this, and this very body       rejected ─ those that it did not: told once a minute
//! former ─ addresses that Twilio had before, and tries for a while
//! read ─ from JSON to what an event says of a number
//! setup ─ the sink and the subscription at Twilio, made once and found again
//! ```
//!
//! Architecture invariant: nothing here writes; what an event means for a number, `db` works out.
//! How to get it wrong: an answer of 4xx where the fault is ours. Twilio never sends such an event again.

mod former;
mod read;
mod rejected;
mod setup;
mod signature;

pub(crate) use former::FormerAddresses;
pub(crate) use read::{events, heard};
pub(crate) use rejected::{Rejected, Rejections};
pub(crate) use setup::{BrokeOff, Lacks, Step, Stream, lacking, set_up};
pub(crate) use signature::{BODY_HASH, SIGNATURE, is_body, is_signed};
