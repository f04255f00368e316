//! Where a number lives: its country and, in the North American plan, its area code.

use std::fmt;
use std::str::FromStr;

/// A country as ISO 3166-1 alpha-2 writes it: two capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode([u8; 2]);

/// The text is not a country code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a country code of two capital letters, such as US")]
pub struct InvalidCountryCode;

impl CountryCode {
    /// The United States.
    pub const US: Self = Self(*b"US");
    /// Canada, the other country whose numbers Twilio sells by area code.
    pub const CA: Self = Self(*b"CA");

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of two ASCII letters")
    }

    /// Whether Twilio searches this country by area code: US and CA only
    /// (the `AreaCode` parameter of `AvailablePhoneNumbers`).
    #[must_use]
    pub fn has_area_codes(self) -> bool {
        self == Self::US || self == Self::CA
    }
}

impl FromStr for CountryCode {
    type Err = InvalidCountryCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(InvalidCountryCode),
        }
    }
}

/// An area code of the North American numbering plan: three digits, the first 2 to 9.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AreaCode([u8; 3]);

/// The text is not an area code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an area code of three digits, the first 2 to 9, such as 415")]
pub struct InvalidAreaCode;

impl AreaCode {
    /// The code of these three digits; for tables.
    pub(super) const fn of(digits: [u8; 3]) -> Self {
        Self(digits)
    }

    /// The three digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made of three ASCII digits")
    }

    pub(super) fn digits(self) -> [u8; 3] {
        self.0
    }
}

impl FromStr for AreaCode {
    type Err = InvalidAreaCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a @ b'2'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => Ok(Self([*a, *b, *c])),
            _ => Err(InvalidAreaCode),
        }
    }
}

/// `Display`, `Debug` and serde as the plain text, checked on the way in.
macro_rules! text_value {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
pub(super) use text_value;

text_value!(CountryCode, AreaCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_codes_have_three_digits_and_start_at_two() {
        assert_eq!("415".parse::<AreaCode>().unwrap().as_str(), "415");
        for bad in ["", "41", "4155", "115", "015", "4a5", "٤١٥"] {
            assert_eq!(bad.parse::<AreaCode>(), Err(InvalidAreaCode), "{bad:?}");
        }
    }

    #[test]
    fn countries_are_two_capital_letters() {
        assert_eq!("GB".parse::<CountryCode>().unwrap().as_str(), "GB");
        for bad in ["", "U", "us", "USA", "U1", "ÜS"] {
            assert_eq!(bad.parse::<CountryCode>(), Err(InvalidCountryCode), "{bad:?}");
        }
    }

    #[test]
    fn serde_checks_on_the_way_in() {
        assert!(serde_json::from_str::<AreaCode>("\"415\"").is_ok());
        let error = serde_json::from_str::<AreaCode>("\"15\"").unwrap_err();
        assert!(error.to_string().contains("three digits"), "{error}");
    }
}
