//! Custody: numbers of the account that become ours without being bought, and numbers of ours that leave for ever.
//!
//! [`adopt`] takes one number in, [`ignore`] keeps one out, [`import`] moves a whole service in, [`give_back`] returns a
//! number to Twilio, and [`unfinished`] ends what a crash left half done. Plain functions over the database, Twilio and
//! the configuration; the ledger itself is `db::custody`.
//!
//! Architecture invariant: the database says first whose a number is, Twilio is told after; every step can be repeated,
//! and repeating the whole call finishes it. Nothing here buys, so nothing here takes the purchase lock or a spend cap.
//! How to get it wrong: touching a number at Twilio that the database does not call ours yet.

mod adopt;
mod error;
mod give_back;
mod ignore;
mod import;
mod keeper;
mod unfinished;

pub(crate) use error::CustodyError;
pub(crate) use import::{ImportReport, ImportRequest, ImportRow};
pub(crate) use keeper::Custody;
pub(crate) use unfinished::Silence;
