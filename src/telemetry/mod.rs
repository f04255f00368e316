//! What happens, counted for machines that watch: one function for each event, one text for `GET /metrics`.
//!
//! Handles are resolved once ([`registry`]), for each pool once ([`pools`]), from the one [`table`]; an event is a few atomic
//! operations, without a lock and without text. Stock, spend, pause and halt are told by whoever has just read them, so a scrape asks nobody.
//!
//! Invariants: this room knows no other but `domain`; it owns its recorder, there is no global one; no label ever holds a
//! user, a number, an id or a path.
//! How to get it wrong: asking the database for a scrape. Ten scrapers would be ten times the load, and none would see
//! anything while the database is away, which is when they look.

mod clock;
mod events;
mod handle;
mod money;
mod pools;
mod process;
mod registry;
pub mod table;
#[cfg(test)]
mod tests;
mod words;

pub use handle::{CONTENT_TYPE, PoolReading, Reading, Telemetry};
pub use money::PoolMoney;
pub use words::{
    AlertOutcome, AttachmentOutcome, DatabaseFault, EventOutcome, Operation, RecyclingOutcome, WireResult,
};
