//! What a number's history says of its use: who was told, what was taken, and whose word keeps it.
//!
//! How to get it wrong: saying that a number was not used. It is known only that no use was seen.

use crate::domain::NumberEventKind;

/// A line; `said` is the note's detail.
pub(super) fn told(event: NumberEventKind, said: Option<&str>, by: &str) -> String {
    match event {
        NumberEventKind::Notice => match said {
            Some(until) => format!("it was told that nobody uses it; whoever does has until {until} to say so"),
            None => "it was told that nobody uses it".to_owned(),
        },
        NumberEventKind::Recycled => match said {
            Some(last) => {
                format!("taken from its user, whose last known use was {last}; it rests, and they may have it back")
            }
            None => "taken from its user, who did not use it; it rests, and they may have it back".to_owned(),
        },
        NumberEventKind::RecyclingEnded => format!("it stays with its user: {}", why(said)),
        NumberEventKind::Protected => format!("{by} protects it: it is neither recycled nor given back to Twilio"),
        _ => format!("{by} protects it no more"),
    }
}

/// Why a notice came to nothing.
fn why(said: Option<&str>) -> &str {
    match said {
        Some("used") => "a call or a message was seen",
        Some("touched") => "the application told of a use",
        Some("protected") => "an operator protects it",
        Some("released") => "its user gave it back",
        Some("reassigned") => "somebody else has it by now",
        Some("mode") => "recycling is switched off",
        Some("no_data") => "for a week nobody knew whether it was used",
        Some("told_nobody") => "nobody took the notice",
        _ => "what was told came to nothing",
    }
}
