//! A number of the account, as Twilio shows it.
//!
//! Invariants: only what says which number it is (SID and E.164) must be there; whatever could answer calls and messages
//! in our webhooks' stead is part of what "configured" means.
//! How to get it wrong: requiring a field. A null in it would make a number that is paid for disappear.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::capabilities::Capabilities;
use super::lenient;
use crate::domain::{Capability, NumberSid, NumberType, PhoneNumber};

/// A number of the account: Twilio's IncomingPhoneNumber resource, as far as we care.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IncomingNumber {
    /// Its identity, never given twice.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// Ours carry the tag.
    #[serde(default, deserialize_with = "lenient::words")]
    pub friendly_name: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_url: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sms_url: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status_callback: String,
    /// `GET` or `POST`; empty = Twilio's default, `POST`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_method: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sms_method: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status_callback_method: String,
    /// A TwiML application, which beats `voice_url`. Empty = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_application_sid: String,
    /// A TwiML application, which beats `sms_url`. Empty = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sms_application_sid: String,
    /// A SIP trunk, which beats `voice_url` and the voice application. Empty = none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub trunk_sid: String,
    /// Whom Twilio asks when `voice_url` fails: somebody else's would answer our users. Empty = nobody.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_fallback_url: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_fallback_method: String,
    /// As `voice_fallback_url`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sms_fallback_url: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sms_fallback_method: String,
    /// `fax` keeps calls from `voice_url`. Empty = Twilio's default, `voice`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub voice_receive_mode: String,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Which of Twilio's stocks it is of, in Twilio's word. Empty = it says none.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub number_type: String,
    /// When it was bought, as far as Twilio says (RFC 2822 on the wire).
    #[serde(default, deserialize_with = "lenient::instant")]
    pub date_created: Option<DateTime<Utc>>,
}

impl IncomingNumber {
    /// Which type it is of, as far as anybody says.
    #[must_use]
    pub fn told_type(&self) -> Option<NumberType> {
        NumberType::told(&self.phone_number, &self.number_type)
    }

    /// Which type it is of; where nobody says, as the numbering plan has it.
    #[must_use]
    pub fn type_or_guess(&self) -> NumberType {
        NumberType::of(&self.phone_number, &self.number_type)
    }

    /// Whether it says anything of what it can do.
    #[must_use]
    pub fn tells_capabilities(&self) -> bool {
        self.capabilities != Capabilities::default()
    }

    /// Whether it can do all of `wanted`; `None` = it keeps silent about some of them, and says of none that it cannot.
    #[must_use]
    pub fn fitness(&self, wanted: &[Capability]) -> Option<bool> {
        let mut fitness = Some(true);
        for capability in wanted {
            match self.capabilities.told(*capability) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => fitness = None,
            }
        }
        fitness
    }

    /// Whether it keeps silent about some of `wanted`, and says of none that it cannot.
    #[must_use]
    pub fn leaves_open(&self, wanted: &[Capability]) -> bool {
        self.fitness(wanted).is_none()
    }

    /// Whether it says of some of `wanted` that it cannot.
    #[must_use]
    pub fn lacks(&self, wanted: &[Capability]) -> bool {
        self.fitness(wanted) == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_number_is_read_with_nulls_empty_strings_and_unknown_fields() {
        let number: IncomingNumber = serde_json::from_str(
            r#"{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"+14155550101","friendly_name":null,
                "voice_url":"","sms_url":null,"date_created":"Thu, 30 Jul 2015 23:19:04 +0000","trunk_sid":null,"new":1}"#,
        )
        .unwrap();
        assert_eq!(number.date_created, Some("2015-07-30T23:19:04Z".parse().unwrap()));
        assert_eq!((number.fitness(&[Capability::Voice]), number.fitness(&[])), (None, Some(true)));
        assert_eq!((number.voice_url.as_str(), number.status_callback.as_str()), ("", ""));
    }

    #[test]
    fn its_type_is_twilios_word_and_else_the_plans() {
        let typed = |number: &str, word: serde_json::Value| {
            let all = serde_json::json!({
                "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": number, "type": word,
            });
            serde_json::from_value::<IncomingNumber>(all).unwrap()
        };
        let silent = typed("+447400123456", serde_json::Value::Null);
        assert_eq!((silent.told_type(), silent.type_or_guess()), (None, NumberType::Mobile));
        let told = typed("+447400123456", "national".into());
        assert_eq!((told.told_type(), told.type_or_guess()), (Some(NumberType::National), NumberType::National));
        assert_eq!(typed("+18335550100", "local".into()).told_type(), Some(NumberType::TollFree));
    }

    #[test]
    fn an_odd_value_costs_no_more_than_itself() {
        for (field, value) in [
            ("date_created", serde_json::json!(null)),
            ("date_created", serde_json::json!("soon")),
            ("capabilities", serde_json::json!("voice")),
            ("type", serde_json::json!(null)),
            ("type", serde_json::json!({"of": "place"})),
            ("friendly_name", serde_json::json!(42)),
            ("voice_url", serde_json::json!(["https://a.example"])),
        ] {
            let mut all =
                serde_json::json!({"sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101"});
            all[field] = value.clone();
            let read = serde_json::from_value::<IncomingNumber>(all);
            assert!(read.is_ok(), "{field} {value}: {read:?}");
        }
    }
}
