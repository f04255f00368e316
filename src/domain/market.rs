//! One place that Twilio sells numbers from; a search is of one market.
//!
//! How to get it wrong: a market for each area code that somebody wished for. The pool's own wishes (`contains`, what a number
//! must be able to do, whether an address is shown) bind in every one of its searches; only the place changes.

use std::fmt;

use super::number::Capability;
use super::pool::Kind;
use super::region::{AreaCode, text_value};

/// A country's stock of one type, with the wishes that bind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Market {
    /// Country and type.
    pub kind: Kind,
    /// Where in the country.
    pub place: Place,
    /// A pattern that the digits must match.
    pub contains: Option<Contains>,
    /// What each number must be able to do.
    pub capabilities: Vec<Capability>,
    /// Whether the purchase shows an address; else numbers that need one are left out.
    pub shows_address: bool,
}

/// Where in a country.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Place {
    /// Wherever there are any.
    #[default]
    Anywhere,
    /// In an area code.
    Code(AreaCode),
    /// In a state or province.
    Region(RegionName),
    /// In a town, by its name at Twilio.
    Locality {
        /// The town.
        locality: String,
        /// The state or province that it lies in.
        region: Option<RegionName>,
    },
}

/// A state or province as Twilio's search takes it, without its country: two capital letters. Whether there is one of that
/// name, the plan's table of area codes says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionName([u8; 2]);

/// The text is not the name of a state or province.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a state or province of two capital letters, such as CA")]
pub struct InvalidRegionName;

impl RegionName {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of two ASCII letters")
    }
}

impl std::str::FromStr for RegionName {
    type Err = InvalidRegionName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(InvalidRegionName),
        }
    }
}

/// A pattern of digits as Twilio's search takes it: 2 to 16 of `0-9A-Za-z*%`, perhaps with `+` before and `$` after them.
/// `*` is any digit, `%` any digits; letters are those of a telephone's keys.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Contains(String);

/// The text is no pattern of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 2 to 16 characters of 0-9, A-Z, a-z, * and %; the first may be +, the last may be $")]
pub struct InvalidContains;

impl Contains {
    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Contains {
    type Err = InvalidContains;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.strip_prefix('+').unwrap_or(text);
        let inner = inner.strip_suffix('$').unwrap_or(inner);
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'*' || byte == b'%';
        let well_formed = (2..=16).contains(&text.len()) && !inner.is_empty() && inner.bytes().all(is_fine);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidContains) }
    }
}

text_value!(RegionName, Contains);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_provinces_are_two_capital_letters() {
        assert_eq!("NS".parse::<RegionName>().unwrap().as_str(), "NS");
        for bad in ["", "N", "ns", "US-CA", "NS/PE", "N5"] {
            assert_eq!(bad.parse::<RegionName>(), Err(InvalidRegionName), "{bad:?}");
        }
    }

    #[test]
    fn a_pattern_is_what_twilio_searches_by() {
        for good in ["42", "415****", "+1415%", "555$", "+4420*$", "CALLME", "0123456789abcdef"] {
            assert_eq!(good.parse::<Contains>().unwrap().as_str(), good);
        }
        for bad in ["", "4", "+$", "4 1", "41+5", "4$15", "++15", "15$$", "41_5", "41é", "0123456789abcdefg"] {
            assert_eq!(bad.parse::<Contains>(), Err(InvalidContains), "{bad:?}");
        }
    }
}
