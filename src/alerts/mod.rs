//! Alerts: somebody is told, once, in words that help, whatever dies meanwhile.
//!
//! ```text
//! database, configuration ─▶ facts ─▶ observe ─▶ decide (domain) ─▶ one transaction: alerts, what is told of them, messages
//!        ▲                                                                          │
//!        └─ rounds: every few seconds, or when something changed; one instance      ▼
//! every instance: a lane for each channel ── claim ─▶ far side ─▶ settle   (messages wait in the database)
//! ```
//!
//! Invariants: what is judged is a state, read anew in each round; one instance judges at a time, and nothing of one process only
//! decides; a dead far side, or no channel at all, changes nothing of what is judged.
//! How to get it wrong: telling at the place where something goes wrong. Whoever dies first would be silent for ever.

mod actor;
mod channels;
mod courier;
mod events_refused;
mod judge;
mod judging;
mod lane;
mod observe;
mod seen_at_twilio;
mod sign_of_life;
mod test_send;
mod weekly;
mod words;

pub(crate) use actor::{AlertsActor, AlertsDependencies};
pub(crate) use channels::{SignedReply, post_signed};
pub(crate) use courier::Courier;
pub(crate) use judge::Judge;
pub(crate) use test_send::TestSender;
