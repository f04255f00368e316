//! The far side of alerts: whoever is told. A mail server and an HTTP sink in one process, as the simulator is Twilio's.
//!
//! They take what comes, and keep all of it; by order they refuse, stall, or cut the connection. [`FarSide`] is the handle for
//! tests, [`Got`] is what really arrived, [`Answer`] and [`Reception`] are how webhooks and mails are received. `GET /` of the
//! sink is a page for people: the mailbox of what would have been mailed, and what webhooks, Slack and PagerDuty got.
//!
//! ```
//! use far_side::{Answer, FarSide, FarSideOptions, Reception, Stage};
//!
//! let far = FarSide::start(FarSideOptions::default())?;
//! far.answer("/webhook", Answer::Status(500), 1); // the next one; afterwards 200 again
//! far.receive(Some("two@example.com"), Stage::To, Reception::Refuse(550, "no such mailbox".into()), far_side::ALWAYS);
//! assert!(far.got().mails.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Code map: `smtp` and `http` are the network, `rules` is what was ordered, `got` what was kept, `page` what people see of it.
//!
//! Architecture invariant: whatever was answered with "taken" is kept before the answer leaves, so that nobody who was told so
//! can find it missing. How to get it wrong: keeping a mail after its 250.

mod far_side;
mod got;
mod http;
mod page;
mod rules;
mod smtp;

pub use crate::far_side::{FarSide, FarSideOptions};
pub use got::{Got, Mail, Request, Session};
pub use rules::{ALWAYS, Answer, Reception, Stage};
