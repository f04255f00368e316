//! What whoever sends values says beside them.
//!
//! How to get it wrong: a default that guesses. Without a word, a number without its plus is refused.

use super::zone::Zone;
use crate::domain::region::CountryCode;

/// What was said beside the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// The country of numbers that are written without their plus.
    pub default_country: Option<CountryCode>,
    /// The zone of instants that are written without an offset.
    pub zone: Zone,
    /// User ids mean what they say, to the letter.
    pub as_is: bool,
}
