//! The form over the numbers, whether they are ours or ignored.

use super::ways::Field;
use crate::routing::Request;

/// What the list may be narrowed to; the last one is a list of its own.
const STATES: [(&str, &str); 7] = [
    ("available", "available"),
    ("assigned", "assigned"),
    ("quarantined", "resting or on hold"),
    ("held", "on hold"),
    ("missing", "missing"),
    ("released", "given back to Twilio"),
    ("ignored", "ignored"),
];

/// The form over the list.
pub(super) fn fields(request: &Request) -> Vec<Field> {
    vec![
        Field::choice(request, "status", "State", STATES.map(|(value, word)| (value, word.to_owned()))),
        Field::text(request, "area_code", "Area code", "415"),
        Field::text(request, "user", "User begins with", "ann@"),
    ]
}
