//! A pool's name, and what it holds.
//!
//! `[pool]` is the pool called `default`; each `[pools.NAME]` adds one. A name stands in rows, in documents, as a label of
//! metrics and in variables of the environment, so it is short and plain.
//! How to get it wrong: telling the default pool by its key in the file, `pool`. In rows and documents it is `default`; only
//! [`PoolName::path`] knows what an operator writes.

use std::fmt;
use std::sync::Arc;

use super::number::stored_enum;
use super::region::{CountryCode, text_value};

/// The most characters of a name.
const CHARACTERS_MAX: usize = 32;

/// The name of a pool: `default`, or that of a `[pools.NAME]`. A clone costs a counter and no memory.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolName(Arc<str>);

/// The text cannot name a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a letter of a-z and then at most 31 of a-z, 0-9 and _, without two _ side by side and without _ at its end"
)]
pub struct InvalidPoolName;

impl PoolName {
    /// The name of `[pool]`.
    pub const DEFAULT: &'static str = "default";

    /// The pool that is always there.
    #[must_use]
    pub fn default_pool() -> Self {
        Self(Arc::from(Self::DEFAULT))
    }

    /// Whether it is the pool that is always there.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self.0 == *Self::DEFAULT
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its section as the configuration spells it: `pool`, `pools.gb`.
    #[must_use]
    pub fn path(&self) -> String {
        if self.is_default() { "pool".to_owned() } else { format!("pools.{self}") }
    }

    /// A key of this pool as the configuration spells it: `pool.bundle_sid`, `pools.gb.bundle_sid`.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path())
    }
}

impl std::str::FromStr for PoolName {
    type Err = InvalidPoolName;

    /// Two `_` side by side divide the parts of a variable, `CALLBUNKER__POOLS__NAME__KEY`, so no name has them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let well_formed = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.len() <= CHARACTERS_MAX
            && text.bytes().all(is_fine)
            && !text.contains("__")
            && !text.ends_with('_');
        if well_formed { Ok(Self(Arc::from(text))) } else { Err(InvalidPoolName) }
    }
}

text_value!(PoolName);

/// Which of Twilio's stocks of a country is searched, and which of its prices counts.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NumberType {
    /// Of a place.
    #[default]
    Local,
    /// Of a mobile network.
    Mobile,
    /// Whoever calls pays nothing.
    TollFree,
    /// Of a country as a whole.
    National,
}

stored_enum!(NumberType { Local = "local", Mobile = "mobile", TollFree = "toll_free", National = "national" });

impl NumberType {
    /// As people write it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Mobile => "mobile",
            Self::TollFree => "toll-free",
            Self::National => "national",
        }
    }
}

/// What a pool holds: numbers of one country and one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// The country that Twilio sells them in.
    pub country: CountryCode,
    /// Which of its stocks they come from.
    pub number_type: NumberType,
}

impl Kind {
    /// What an order in `country` buys of a pool of this kind: in another country than the pool's, local numbers.
    #[must_use]
    pub fn in_country(self, country: CountryCode) -> Self {
        if country == self.country { self } else { Self { country, number_type: NumberType::Local } }
    }
}

/// As people write it: `GB, toll-free`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.country, self.number_type.words())
    }
}

/// A key of a pool that a refusal of Twilio's can be about: what a halted pool needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PoolKey {
    /// No numbers of this country.
    Country,
    /// No such numbers in this country.
    NumberType,
    /// An address lacks, or does not fit.
    AddressSid,
    /// A bundle lacks, or does not fit.
    BundleSid,
    /// An identity lacks, or does not fit.
    IdentitySid,
    /// The account does not have the application that calls shall lead to,
    VoiceApplication,
    /// that messages shall,
    SmsApplication,
    /// the trunk that takes calls.
    Trunk,
}

stored_enum!(PoolKey {
    Country = "country",
    NumberType = "number_type",
    AddressSid = "address_sid",
    BundleSid = "bundle_sid",
    IdentitySid = "identity_sid",
    VoiceApplication = "webhooks.voice_application_sid",
    SmsApplication = "webhooks.sms_application_sid",
    Trunk = "webhooks.trunk_sid",
});

impl PoolKey {
    /// Whether a key with dots, as a halt says what its pool needs, is one of where the pool's numbers lead.
    #[must_use]
    pub fn is_of_webhooks(needs: &str) -> bool {
        let of_webhooks = [Self::VoiceApplication, Self::SmsApplication, Self::Trunk];
        // With the dot before it: a pool may be called `webhooks`.
        of_webhooks.iter().any(|key| needs == key.as_str() || needs.ends_with(&format!(".{}", key.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_plain_and_fits_into_a_variable() {
        let longest = format!("a{}", "0".repeat(31));
        for good in ["default", "gb", "g", "gb_mobile", "us2", "a_b_c", longest.as_str()] {
            assert_eq!(good.parse::<PoolName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        let too_long = format!("a{}", "0".repeat(32));
        for bad in ["", "_gb", "2nd", "GB", "g b", "gb-mobile", "gb.mobile", "gb__mobile", "gb_", "gé", &too_long] {
            assert_eq!(bad.parse::<PoolName>(), Err(InvalidPoolName), "{bad:?}");
        }
    }

    #[test]
    fn the_default_pool_stands_under_a_name_of_its_own_in_the_file() {
        let default = PoolName::default_pool();
        assert!(default.is_default() && default == "default".parse().unwrap());
        assert_eq!(default.key("bundle_sid"), "pool.bundle_sid");
        let other: PoolName = "gb".parse().unwrap();
        assert!(!other.is_default());
        assert_eq!(other.key(PoolKey::BundleSid.as_str()), "pools.gb.bundle_sid");
        assert!(
            PoolKey::is_of_webhooks(&other.key(PoolKey::Trunk.as_str()))
                && PoolKey::is_of_webhooks("webhooks.trunk_sid")
        );
        assert!(
            !PoolKey::is_of_webhooks("pools.webhooks.bundle_sid") && !PoolKey::is_of_webhooks("webhooks.voice_path")
        );
    }

    #[test]
    fn a_clone_is_the_same_text_in_memory() {
        let name: PoolName = "gb".parse().unwrap();
        assert!(std::ptr::eq(name.as_str(), name.clone().as_str()));
    }

    #[test]
    fn serde_checks_a_name_on_the_way_in() {
        assert_eq!(serde_json::to_string(&PoolName::default_pool()).unwrap(), "\"default\"");
        assert!(serde_json::from_str::<PoolName>("\"gb\"").is_ok());
        assert!(serde_json::from_str::<PoolName>("\"g b\"").is_err());
    }

    #[test]
    fn a_type_is_spelled_in_json_as_it_is_stored() {
        for number_type in NumberType::ALL {
            assert_eq!(serde_json::to_value(number_type).unwrap(), number_type.as_str());
            assert_eq!(number_type.as_str().parse(), Ok(*number_type));
        }
        let kind = Kind { country: "GB".parse().unwrap(), number_type: NumberType::TollFree };
        assert_eq!(kind.to_string(), "GB, toll-free");
        assert_eq!(kind.in_country(kind.country), kind);
        assert_eq!(
            kind.in_country(CountryCode::CA).to_string(),
            "CA, local",
            "no pool of CA says which type is wanted"
        );
    }
}
