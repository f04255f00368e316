//! Whether buying could succeed: a look at Twilio with the configuration in force that costs nothing and changes nothing.
//!
//! ```text
//! `callbunker twilio check` ─▶ run ─▶ credentials, account, balance, then for each pool stock, price, address, bundle,
//! the daemon's checker ──────▶        identity, leads_to, messaging services, trust; events and public_url beside them ─▶ report
//! ```
//!
//! One file for each thing that is looked at. Another one is a file with a `look`, a name in [`CheckName`](report::CheckName), and a line in
//! [`run`](mod@run).
//! Invariants: only GETs, a few of them, in order, each repeated once at most; whatever cannot be looked at is told as such and
//! hides nothing else; `fail` means that a purchase could not succeed, and nothing less.
//! How to get it wrong: a `fail` for what only might go wrong. It wakes people, and scripts end with 1 for it.

mod account;
mod address;
mod balance;
mod bounds;
mod bundle;
mod checker;
mod credentials;
mod events;
mod identity;
mod leads_to;
mod messaging_services;
mod price;
mod public_url;
mod report;
mod run;
mod stock;
mod trust;

pub(crate) use bounds::Bounds;
pub(crate) use checker::{Checked, TwilioChecker};
#[cfg(test)]
pub(crate) use report::CheckName;
pub(crate) use report::{Check, CheckResult, Report};
pub(crate) use run::run;
