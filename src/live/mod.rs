//! Live events: what changes while somebody watches, on whatever instance it happened.
//!
//! ```text
//! a statement that changes something ─▶ bell `here` ─▶ teller: one NOTIFY for many rings, at most 4 a second
//! PostgreSQL ─▶ listener ─▶ bell `heard` ─▶ looker: one look for all viewers of this instance ─▶ broadcast ─▶ streams
//! ```
//!
//! Invariants: nobody looks while nobody watches; one look serves all viewers; a viewer that does not keep up is dropped,
//! and its browser connects again; no signup waits for any of this; no key keeps the viewers of another one out.
//! How to get it wrong: notifying inside the transaction of a signup, where commits would wait for each other; or a
//! buffer per viewer that grows.

mod attention;
mod feed;
mod hub;
mod notices;
mod snapshot;
mod stream;
mod viewer_slots;

pub(crate) use feed::Live;
pub(crate) use hub::run;
pub(crate) use stream::endpoint;
