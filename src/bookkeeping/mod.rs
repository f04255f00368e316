//! The books: what the numbers cost, day by day, and how that stands beside what Twilio says.
//!
//! ```text
//! numbers ─trigger─▶ charge_clocks ─charge─▶ charges ─▶ report ─▶ the API, pages, metrics
//! pricing ─prices─▶ prices_seen ─▶ their amounts      ▲
//! Twilio's usage records ─usage─▶ usage_seen ─────────┴─ difference ◀─ foreign_numbers, what was taken in, Twilio's journal
//! ```
//!
//! Invariants: nothing here is in the way of a signup or a purchase; whoever dies costs a day's figures, no number; while Twilio
//! refuses the account, nobody asks it: charges go on, amounts and Twilio's word wait.
//! How to get it wrong: a figure that is not known as zero. It would look exact.

mod actor;
mod bookkeeper;
mod charge;
mod difference;
mod idle;
mod idle_read;
mod journal;
mod lines;
mod prices;
mod report;
mod rounds;
mod told;
mod usage;

pub(crate) use actor::{BookkeeperActor, BookkeeperDependencies};
pub(crate) use bookkeeper::Bookkeeper;
pub(crate) use lines::PoolCost;
pub(crate) use report::{CostReport, UsageReport};
