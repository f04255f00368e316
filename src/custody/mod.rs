//! Custody: numbers of the account that become ours without being bought, and numbers of ours that leave for ever.
//!
//! [`look`] tells whose a number is, [`adopt`] takes one number in, [`ignore`] keeps one out, [`import`] moves a whole service in, [`mod@release_to_twilio`] returns a
//! number to Twilio, and [`unfinished`] ends what a crash left half done. Plain functions over the database, Twilio and
//! the configuration; what becomes of the numbers is written by `db::numbers`, and the way back to Twilio by `db::releases`.
//!
//! Architecture invariant: the database says first whose a number is, Twilio is told after; every step can be repeated,
//! and repeating the whole call finishes it. Nothing here buys, so nothing here takes the purchase lock or a spend cap.
//! How to get it wrong: touching a number at Twilio that the database does not call ours yet.

mod adopt;
mod error;
mod fit;
mod ignore;
mod import;
mod keeper;
mod look;
mod move_pool;
mod release_to_twilio;
mod unfinished;

pub(crate) use error::CustodyError;
pub(crate) use import::{ImportReport, ImportRequest, ImportRow};
pub(crate) use keeper::Custody;
pub(crate) use look::{AtTwilio, Seen};
pub(crate) use unfinished::Silence;
