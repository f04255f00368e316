//! The one place that talks to Twilio, and the only one that says ureq.
//!
//! Architecture invariant: every call has a total deadline and a typed outcome, whose variants are decisions; no call
//! retries by itself (callers of a GET may, with [`BackOff`]). There is no trait with a second, mocked, implementation: tests
//! and the demo run this very client against the simulator. Twilio's codes are spelled in [`codes`] only.
//! How to get it wrong: taking an error for "it did not happen". Only [`TwilioError::NotSent`] and a documented refusal
//! mean that.

mod answers;
mod back_off;
mod capabilities;
mod client;
mod codes;
mod error;
mod in_a_row;
mod lenient;
mod list;
mod looks;
mod monitor;
mod number;
mod page;
mod pages;
mod reach;
mod refusal;
mod remedy;
mod search;
mod services;
mod settings;
mod sinks;
mod targets;
mod texts;
mod traffic;
mod transport;
mod trust;
mod usage;
mod way_out;
mod webhooks;

pub(crate) use answers::{Balance, Price};
pub(crate) use back_off::BackOff;
pub(crate) use client::{Gone, Twilio};
pub(crate) use codes::meaning;
pub(crate) use error::{TwilioError, hide_numbers};
pub(crate) use list::{ListPage, Unreadable};
pub(crate) use looks::{Account, Bundle, is_never_regulated};
pub(crate) use monitor::JournalEntry;
pub(crate) use number::IncomingNumber;
pub(crate) use page::PageLinks;
pub(crate) use pages::Pages;
pub(crate) use refusal::Verdict;
#[cfg(test)]
pub(crate) use refusal::{About, Refusal};
pub(crate) use search::{Candidate, Found};
#[cfg(test)]
pub(crate) use services::CampaignError;
pub(crate) use services::{Campaign, Service};
pub(crate) use settings::{Credentials, TwilioSettings};
pub(crate) use sinks::Sink;
pub(crate) use traffic::TrafficPage;
pub(crate) use transport::Answered;
pub(crate) use trust::{Assignment, TrustBundle, TrustKind};
pub(crate) use way_out::WayOut;
