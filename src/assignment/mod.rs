//! The assignment desk: one number for each signup, at once.
//!
//! Signups stand at a [`counter`], where a [`clerk`] takes all who came meanwhile at once ([`batch`]) and answers them:
//! one thread to and one from it, and no other in between. Whoever finds no stock joins the waitlist ([`waitlist`], [`waitlist_worker`]) and is served, oldest first, from whatever anybody buys.
//!
//! Architecture invariant: one statement is in flight at a time, because many would only scan each other's locked rows;
//! nobody buys here, the desk only tells the Purchaser that somebody waits.
//! How to get it wrong: answering "empty" after a claim that skipped locked rows. The desk looks again first.

mod ask;
mod batch;
mod clerk;
mod counter;
mod demand;
mod desk;
mod found;
mod handle;
mod refusals;
mod reply;
mod served;
mod waitlist;
mod waitlist_worker;
mod wishes;

pub(crate) use ask::{Ask, NoNumber};
pub(crate) use counter::CounterSlot;
pub(crate) use demand::Demand;
pub(crate) use desk::{Desk, DeskDependencies};
pub(crate) use handle::DeskHandle;
pub(crate) use refusals::Refusals;
