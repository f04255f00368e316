//! Ways to tell somebody: each a plain function from what is to be told to what the far side said of it, within 15 s.
//!
//! ```text
//! parcel ─▶ mail · webhook (signature) · slack · pagerduty · sms ─▶ reply
//!                       └────────┴─ http ─┘
//! ```
//!
//! Invariants: nothing secret in a reply, which is kept and shown; a redirect is a failure; no connection to the database is held while
//! somebody is asked.
//! How to get it wrong: quoting what a far side answers as it comes. It may repeat the very key that it was sent.

mod http;
mod mail;
mod pagerduty;
mod parcel;
mod reply;
mod signature;
mod slack;
mod sms;
mod taken;
mod webhook;

pub(in crate::alerts) use http::{Ask, ask};
pub(in crate::alerts) use parcel::Parcel;
pub(in crate::alerts) use reply::{Failure, Reply, TRY};
pub(in crate::alerts) use taken::Taken;
pub(crate) use webhook::{SignedReply, post_signed};
pub(in crate::alerts) use {
    mail::by_mail, pagerduty::by_pagerduty, slack::by_slack, sms::by_text, webhook::by_webhook,
};
