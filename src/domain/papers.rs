//! What a pool shows Twilio with a purchase: an address, a regulatory bundle, an identity.
//!
//! How to get it wrong: taking any SID for any of them. Twilio refuses a wrong one only when a number is bought, so each has a
//! type of its own.

use std::fmt;

use super::number::is_sid;
use super::region::text_value;

/// The text is not a SID of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {0} and 32 hexadecimal digits")]
pub struct InvalidPaperSid(pub(super) &'static str);

/// One type for each kind of SID.
macro_rules! paper_sids {
    ($($(#[$doc:meta])* $type:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(String);

        impl $type {
            /// The SID.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidPaperSid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if is_sid($prefix, text) { Ok(Self(text.to_owned())) } else { Err(InvalidPaperSid($prefix)) }
            }
        }

        text_value!($type);
    )*};
}

pub(super) use paper_sids;

paper_sids! {
    /// Twilio's identity of an address: `AD` and 32 hexadecimal digits.
    AddressSid = "AD";
    /// Twilio's identity of a regulatory bundle: `BU` and 32 hexadecimal digits.
    BundleSid = "BU";
    /// Twilio's identity of an identity's papers: `RI` and 32 hexadecimal digits.
    IdentitySid = "RI";
}

/// What a pool shows with each purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Papers {
    /// `AddressSid`; without one, numbers that need an address are no candidates.
    pub address: Option<AddressSid>,
    /// `BundleSid`.
    pub bundle: Option<BundleSid>,
    /// `IdentitySid`.
    pub identity: Option<IdentitySid>,
}

impl Papers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sid_has_the_letters_of_its_kind() {
        let digits = "0123456789abcdef0123456789ABCDEF";
        assert!(format!("AD{digits}").parse::<AddressSid>().is_ok());
        assert!(format!("BU{digits}").parse::<BundleSid>().is_ok());
        assert!(format!("RI{digits}").parse::<IdentitySid>().is_ok());
        for bad in [format!("BU{digits}"), format!("AD{}", &digits[1..]), format!("AD{digits}0"), format!("ad{digits}")]
        {
            let error = bad.parse::<AddressSid>().unwrap_err();
            assert_eq!(error.to_string(), "must be AD and 32 hexadecimal digits", "{bad}");
        }
    }

    #[test]
    fn one_paper_is_not_nothing() {
        assert!(Papers::default().is_empty());
        let bundle = format!("BU{}", "0".repeat(32)).parse().unwrap();
        assert!(!Papers { bundle: Some(bundle), ..Papers::default() }.is_empty());
    }
}
