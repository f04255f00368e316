//! What a number's history says of its use: who was told, what was taken, and whose word keeps it.
//!
//! How to get it wrong: saying that a number was not used. It is known only that no use was seen.

use crate::domain::recycling::Ended;

/// The application was told; `until` is when the time to answer is over.
pub(super) fn notice(until: Option<&str>) -> String {
    match until {
        Some(until) => format!("it was told that nobody uses it; whoever does has until {until} to say so"),
        None => "it was told that nobody uses it".to_owned(),
    }
}

/// It was taken; `last` is the last use that was known.
pub(super) fn recycled(last: Option<&str>) -> String {
    match last {
        Some(last) => {
            format!("taken from its user, whose last known use was {last}; it rests, and they may have it back")
        }
        None => "taken from its user, who did not use it; it rests, and they may have it back".to_owned(),
    }
}

/// What was told came to nothing.
pub(super) fn ended(why: Option<&str>) -> String {
    let why = match why.and_then(|why| why.parse().ok()) {
        Some(Ended::Used) => "a call or a message was seen",
        Some(Ended::Touched) => "the application told of a use",
        Some(Ended::Protected) => "an operator protects it",
        Some(Ended::Released) => "its user gave it back",
        Some(Ended::Reassigned) => "somebody else has it by now",
        Some(Ended::Mode) => "recycling is switched off",
        Some(Ended::NoData) => "for a week nobody knew whether it was used",
        Some(Ended::ToldNobody) => "nobody took the notice",
        None => "what was told came to nothing",
    };
    format!("it is not taken: {why}")
}

/// An operator's word.
pub(super) fn protected(by: &str) -> String {
    format!("{by} protects it: it is neither recycled nor given back to Twilio")
}

/// That word taken back.
pub(super) fn unprotected(by: &str) -> String {
    format!("{by} protects it no more")
}
