//! How one item ended, as far as its order cares.

use super::shortfall::Shortfall;
use crate::twilio::TwilioError;

/// How an item ended, as far as its order cares.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Ours, and in the pool.
    Bought,
    /// Ours, but good for nothing: it lacks a capability that the search had asked for.
    Unfit,
    /// Not to be had: the place is free for another candidate. Twilio's word, when it is worth telling.
    NotThisOne(Option<TwilioError>),
    /// Twilio answered for a number that another environment owns: the place is free, but once is enough.
    NotOurs,
    /// Unknown: the place stays taken.
    Unknown,
    /// The order must end. The place is free, but nobody will use it.
    End(Shortfall),
}
