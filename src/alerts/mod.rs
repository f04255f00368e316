//! Alerts: somebody is told, once, in words that help, whatever dies meanwhile.
//!
//! ```text
//! database, configuration ─▶ facts ─▶ observe ─▶ decide (domain) ─▶ one transaction: alerts, what is told of them, messages
//!        ▲                                                                          │
//!        └─ rounds: every few seconds, or when something changed; one instance      ▼
//! ```
//!
//! Invariants: what is judged is a state, read anew in each round; one instance judges at a time, and nothing of one process only
//! decides; a dead far side, or no channel at all, changes nothing of what is judged.
//! How to get it wrong: telling at the place where something goes wrong. Whoever dies first would be silent for ever.

mod actor;
mod events_refused;
mod judge;
mod judging;
mod observe;
mod seen_at_twilio;
mod weekly;
#[allow(dead_code, unused_imports, reason = "what carries messages says them")]
mod words;

pub(crate) use actor::{AlertsActor, AlertsDependencies};
pub(crate) use judge::Judge;
