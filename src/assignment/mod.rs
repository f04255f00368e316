//! The assignment desk: one number for each signup, at once.
//!
//! While one statement is in flight the next signups gather and go as one ([`batch`]); whoever finds no stock joins
//! the waitlist ([`waitlist`], [`waitlist_worker`]) and is served, oldest first, from whatever anybody buys.
//!
//! Architecture invariant: one statement is in flight at a time, because many would only scan each other's locked rows;
//! nobody buys here, the desk only tells the Purchaser that somebody waits.
//! How to get it wrong: answering "empty" after a claim that skipped locked rows. The desk looks again first.

mod ask;
mod batch;
mod desk;
mod handle;
mod refusals;
mod reply;
mod served;
mod waitlist;
mod waitlist_worker;

pub(crate) use ask::{Ask, NoNumber};
pub(crate) use desk::{Desk, DeskDependencies};
pub(crate) use handle::DeskHandle;
pub(crate) use refusals::Refusals;
