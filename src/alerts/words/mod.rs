//! What is told of an alert: in lines, in the subject of a mail, in a text message.
//!
//! How to get it wrong: words of the moment of sending. Each try says the same.

mod lines;
mod mail;
mod short;

pub(crate) use lines::Lines;
pub(crate) use mail::subject;
pub(crate) use short::{mark, short};
