//! A phone number, its identity at Twilio, and the states it passes through.

use std::fmt;
use std::str::FromStr;

use super::region::{AreaCode, CountryCode, text_value};

/// A phone number in E.164: `+`, then 7 to 15 digits, the first not 0.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(String);

/// The text is not a phone number in E.164.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a phone number in E.164, such as +14155550100")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// The number with its `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits, all that an `info` line may show of a number.
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The country by the numbering plan; `None` when the plan knows none. For numbers that nobody bought for a country.
    #[must_use]
    pub fn country(&self) -> Option<CountryCode> {
        let parsed = phonenumber::parse(None, &self.0).ok()?;
        let code = parsed.code().value();
        let of_plan = parsed.country().id().map(|id| id.as_ref().to_owned());
        // New area codes are older than the plan's tables know; Twilio sells them in the plan's first country.
        let main = || phonenumber::metadata::DATABASE.region(&code)?.first().map(|id| (*id).to_owned());
        of_plan.or_else(main)?.parse().ok()
    }

    /// The area code, for numbers of the North American plan: those of Puerto Rico and the other islands have one, too, though
    /// Twilio searches by it in the United States and Canada only.
    #[must_use]
    pub fn area_code(&self) -> Option<AreaCode> {
        if !self.0.starts_with("+1") || self.0.len() != 12 {
            return None;
        }
        self.0[2..5].parse().ok()
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhoneNumber)?;
        let well_formed = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidPhoneNumber) }
    }
}

/// Twilio's identity of an incoming phone number: `PN` and 32 hexadecimal digits. Never given twice.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NumberSid(String);

/// The text is not the SID of an incoming phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be the SID of an incoming phone number: PN and 32 hexadecimal digits")]
pub struct InvalidSid;

impl NumberSid {
    /// The SID as Twilio writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NumberSid {
    type Err = InvalidSid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_sid("PN", text) { Ok(Self(text.to_owned())) } else { Err(InvalidSid) }
    }
}

/// Whether the text is a SID that begins with these letters: 32 hexadecimal digits follow them.
pub(crate) fn is_sid(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

text_value!(PhoneNumber, NumberSid);

/// Where a number stands. `Missing` is told, not stored: a number that Twilio no longer lists keeps the state it had,
/// so that it can return to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberStatus {
    /// In the pool.
    Available,
    /// Somebody's.
    Assigned,
    /// Released by its user (or held for an operator), resting before anybody gets it.
    Quarantined,
    /// Ours in the database, gone at Twilio.
    Missing,
    /// Given back to Twilio.
    Released,
}

/// What a list of numbers may be narrowed to: a status, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ListedStatus {
    /// In the pool.
    Available,
    /// Somebody's.
    Assigned,
    /// At rest, on hold or on their way back to Twilio.
    Quarantined,
    /// Gone at Twilio.
    Missing,
    /// Given back to Twilio.
    Released,
    /// On hold until an operator decides: a part of the quarantined.
    Held,
}

/// In which order a list comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ListOrder {
    /// As they came.
    #[default]
    Oldest,
    /// The last one first.
    Newest,
}

/// What a list of assignments may be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum LiveOrEnded {
    /// They go on.
    Live,
    /// They are over.
    Ended,
}

/// What the database stores of it: whether an active number is somebody's, its lease says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoredStatus {
    /// In the pool, or somebody's.
    Active,
    /// At rest, on hold, or on its way back to Twilio.
    Quarantined,
    /// Given back to Twilio.
    Released,
}

impl StoredStatus {
    /// Where the number stands, when it is known whether somebody has it.
    #[must_use]
    pub fn with(self, is_somebodys: bool) -> NumberStatus {
        match (self, is_somebodys) {
            (Self::Active, false) => NumberStatus::Available,
            (Self::Active, true) => NumberStatus::Assigned,
            (Self::Quarantined, _) => NumberStatus::Quarantined,
            (Self::Released, _) => NumberStatus::Released,
        }
    }
}

/// Why a number rests and nobody gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineReason {
    /// Its user gave it back; it returns to the pool after `pool.quarantine_hours`.
    Released,
    /// It carries our tag, but the ledger does not know the item: its user may still be using it. An operator decides.
    UnknownItem,
    /// Another environment's tag stands on it. An operator decides.
    TagConflict,
    /// Somebody else set its webhooks back three times within a day. An operator decides.
    Contested,
    /// An operator takes it in, and Twilio was not told yet.
    Adopting,
    /// It is being given back to Twilio.
    Leaving,
}

/// How a number's webhooks stand against what we want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// Twilio confirmed that they are ours.
    Configured,
    /// Twilio shows others.
    Drifted,
    /// Not confirmed yet.
    Pending,
    /// The last attempt to set them was refused.
    Failed,
}

/// Something a number must be able to do; `pool.capabilities` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Calls.
    Voice,
    /// Text messages.
    Sms,
    /// Messages with media.
    Mms,
    /// Fax.
    Fax,
}

/// `as_str`, `Display` and `FromStr` over the stored spelling of an enum.
macro_rules! stored_enum {
    ($type:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $type {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stored spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    other => Err(format!(concat!("{:?} is not one of", $(" ", $text),*), other)),
                }
            }
        }
    };
}
pub(super) use stored_enum;

stored_enum!(NumberStatus {
    Available = "available",
    Assigned = "assigned",
    Quarantined = "quarantined",
    Missing = "missing",
    Released = "released",
});

stored_enum!(ListedStatus {
    Available = "available",
    Assigned = "assigned",
    Quarantined = "quarantined",
    Missing = "missing",
    Released = "released",
    Held = "held",
});

stored_enum!(LiveOrEnded { Live = "live", Ended = "ended" });

stored_enum!(ListOrder { Oldest = "oldest", Newest = "newest" });

stored_enum!(StoredStatus { Active = "active", Quarantined = "quarantined", Released = "released" });

stored_enum!(QuarantineReason {
    Released = "released",
    UnknownItem = "unknown_item",
    TagConflict = "tag_conflict",
    Contested = "contested",
    Adopting = "adopting",
    Leaving = "leaving",
});

stored_enum!(WebhookStatus {
    Configured = "configured",
    Drifted = "drifted",
    Pending = "pending",
    Failed = "failed",
});

stored_enum!(Capability { Voice = "voice", Sms = "sms", Mms = "mms", Fax = "fax" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_e164() {
        for good in ["+14155550100", "+442071838750", "+1234567"] {
            assert_eq!(good.parse::<PhoneNumber>().unwrap().as_str(), good);
        }
        for bad in ["", "+", "14155550100", "+0415555010", "+1415555010a", "+123456", "+1234567890123456", "+1 415"] {
            assert_eq!(bad.parse::<PhoneNumber>(), Err(InvalidPhoneNumber), "{bad:?}");
        }
    }

    #[test]
    fn the_area_code_is_read_off_north_american_numbers_only() {
        let number: PhoneNumber = "+14155550100".parse().unwrap();
        assert_eq!(number.area_code().unwrap().as_str(), "415");
        let island: PhoneNumber = "+17875550100".parse().unwrap();
        assert_eq!(island.area_code().unwrap().as_str(), "787", "it is of the plan, though of no state");
        let british: PhoneNumber = "+442071838750".parse().unwrap();
        assert_eq!(british.area_code(), None);
        assert_eq!(number.last_four(), "0100");
    }

    #[test]
    fn the_country_is_read_off_the_numbering_plan() {
        for (number, country) in [
            ("+14155550100", Some("US")),
            ("+14165550100", Some("CA")),
            ("+442071838750", Some("GB")),
            ("+4930123456", Some("DE")),
            ("+9991234567", None),
        ] {
            let found = number.parse::<PhoneNumber>().unwrap().country();
            assert_eq!(found.map(|code| code.to_string()).as_deref(), country, "{number}");
        }
    }

    #[test]
    fn sids_are_pn_and_32_hexadecimal_digits() {
        assert!("PN0123456789abcdef0123456789abcdef".parse::<NumberSid>().is_ok());
        assert_eq!("AC0123456789abcdef0123456789abcdef".parse::<NumberSid>(), Err(InvalidSid));
        assert_eq!("PN0123".parse::<NumberSid>(), Err(InvalidSid));
    }
}
