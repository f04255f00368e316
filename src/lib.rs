//! callbunker keeps a warm pool of Twilio numbers and hands one to each signup in milliseconds.
//!
//! Who talks to whom; arrows are calls or messages, and none goes up:
//!
//! ```text
//! main ─▶ cli ─▶ app ─▶ supervisor ─ starts, watches, replaces ─▶ the parts
//!
//!          signup, admin            cron
//!               │                    │
//!             http               schedule        (both also set off a reconciliation: Twilio's list beside
//!            ┌──┴──────────┐         │            the database, judged with the purchaser)
//!            ▼             ▼         ▼
//!       assignment      pool_monitor ─────┐      desk: numbers out     monitor: how many, and why
//!            │             │              │
//!            │  somebody   │  a batch     │  webhooks
//!            │  waits      ▼              │
//!            └────────▶ purchaser         │      one purchase run at a time, over all instances
//!            │             │ │            │
//!            ▼             ▼ ▼            ▼
//!            db ◀──────────┘ └──────▶ twilio     PostgreSQL through diesel; Twilio through ureq
//!            └────────▶ domain ◀────────┘        the words, and plan(), which decides every purchase
//! ```
//!
//! In reading order: [`domain`] (the words), [`db`] (what is kept), [`twilio`] (what is bought), [`purchaser`] (the money
//! path), [`custody`] (numbers taken in and given back; [`http`] and [`pool_monitor`] call it), [`pool_monitor`] (when to
//! buy; it asks for a comparison when Twilio does not know a number),
//! [`reconciliation`] (what Twilio has beside what we know), [`pricing`] (what it costs), [`assignment`] (signups),
//! [`http`] (the outside), [`audit`] (who did what), [`schedule`] and [`supervisor`] (time and life), [`config`] and
//! [`logger`] (what an operator says and reads), [`telemetry`] (what machines watch), [`app`] (how it is put together),
//! [`cli`] (the commands).
//!
//! Invariants: a part knows those below it only; status travels upward by `tokio::sync::watch`, facts by the database;
//! there are no statics, so time, randomness and configuration are arguments.
//! How to get it wrong: a second way to buy. Every purchase goes through [`purchaser`], is sized by [`domain::plan()`] and
//! stands in the ledger before Twilio is asked.

pub mod app;
pub mod assignment;
pub mod audit;
pub mod cli;
pub mod config;
pub mod custody;
pub mod db;
pub mod domain;
#[cfg(feature = "failpoints")]
pub mod failpoints;
pub mod http;
pub mod logger;
pub mod pool_monitor;
pub mod pricing;
pub mod purchaser;
pub mod reconciliation;
pub mod schedule;
#[cfg(test)]
mod source;
pub mod supervisor;
pub mod telemetry;
pub mod twilio;
