//! The one place that talks to Twilio, and the only one that says ureq.
//!
//! Architecture invariant: every call has a total deadline and a typed outcome, whose variants are decisions; no call
//! retries by itself (callers of a GET may, with [`BackOff`]). There is no trait with a second, mocked, implementation: tests and the demo run this very client
//! against the simulator.
//! How to get it wrong: taking an error for "it did not happen". Only [`Failure::NotSent`] and a documented refusal
//! mean that.

mod back_off;
mod capabilities;
mod client;
mod error;
mod in_a_row;
mod lenient;
mod list;
mod number;
mod pages;
mod reach;
mod search;
mod transport;
mod wire;

pub use back_off::BackOff;
pub use client::{Credentials, Gone, Twilio, TwilioSettings};
pub use error::{About, Failure, Refusal, Verdict, hide_numbers};
pub use list::{ListPage, Unreadable};
pub use number::IncomingNumber;
pub use pages::Pages;
pub use search::Candidate;
pub use transport::Answered;
pub use wire::{Balance, Price};
