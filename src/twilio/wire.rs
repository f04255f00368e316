//! Twilio's answers as types. Unknown fields are ignored, because Twilio adds fields when it likes; both spellings of
//! the capabilities are read, because search and owned numbers differ.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::{Capability, CountryCode, NumberSid, PhoneNumber, Webhooks, cleaned};

/// What a number can do, as Twilio tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Capabilities {
    #[serde(default, alias = "Voice")]
    voice: bool,
    #[serde(default, alias = "SMS")]
    sms: bool,
    #[serde(default, alias = "MMS")]
    mms: bool,
    #[serde(default)]
    fax: bool,
}

impl Capabilities {
    fn has(self, capability: Capability) -> bool {
        match capability {
            Capability::Voice => self.voice,
            Capability::Sms => self.sms,
            Capability::Mms => self.mms,
            Capability::Fax => self.fax,
        }
    }
}

/// A number that a search found. It is not reserved: somebody else may buy it before us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The number.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
}

#[derive(Deserialize)]
pub(super) struct SearchAnswer {
    available_phone_numbers: Vec<SearchRow>,
}

#[derive(Deserialize)]
struct SearchRow {
    phone_number: String,
    #[serde(default, deserialize_with = "null_as_default")]
    capabilities: Capabilities,
}

impl SearchAnswer {
    /// The rows that can do what is wanted; others, and rows without a proper number, are no candidates.
    pub(super) fn candidates(self, country: CountryCode, wanted: &[Capability]) -> Vec<Candidate> {
        self.available_phone_numbers
            .into_iter()
            .filter(|row| wanted.iter().all(|capability| row.capabilities.has(*capability)))
            .filter_map(|row| Some(Candidate { phone_number: row.phone_number.parse().ok()?, country }))
            .collect()
    }
}

/// A number of the account: Twilio's IncomingPhoneNumber resource, as far as we care.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IncomingNumber {
    /// Its identity, never given twice.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// Ours carry the tag.
    #[serde(default, deserialize_with = "null_or_foreign")]
    pub friendly_name: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub voice_url: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sms_url: String,
    /// Empty or null = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status_callback: String,
    /// `GET` or `POST`; empty = Twilio's default, `POST`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub voice_method: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sms_method: String,
    /// As `voice_method`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status_callback_method: String,
    /// A TwiML application, which beats `voice_url`. Empty = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub voice_application_sid: String,
    /// A TwiML application, which beats `sms_url`. Empty = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sms_application_sid: String,
    /// A SIP trunk, which beats `voice_url` and the voice application. Empty = none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub trunk_sid: String,
    /// What it can do.
    #[serde(default, deserialize_with = "null_as_default")]
    pub capabilities: Capabilities,
    /// When it was bought (RFC 2822 on the wire).
    #[serde(deserialize_with = "rfc_2822")]
    pub date_created: DateTime<Utc>,
}

impl IncomingNumber {
    /// Whether calls and messages reach exactly these webhooks, by POST.
    #[must_use]
    pub fn carries(&self, webhooks: &Webhooks) -> bool {
        self.differences(webhooks).next().is_none()
    }

    /// The fields that keep calls and messages from these webhooks, by Twilio's names. A URL alone proves nothing: an
    /// application or a trunk beats it.
    pub fn differences(&self, webhooks: &Webhooks) -> impl Iterator<Item = &'static str> {
        let is_post = |method: &str| method.is_empty() || method.eq_ignore_ascii_case("POST");
        [
            ("voice_url", self.voice_url == webhooks.voice_url),
            ("sms_url", self.sms_url == webhooks.sms_url),
            ("status_callback", self.status_callback == webhooks.status_callback),
            ("voice_method", is_post(&self.voice_method)),
            ("sms_method", is_post(&self.sms_method)),
            ("status_callback_method", is_post(&self.status_callback_method)),
            ("voice_application_sid", self.voice_application_sid.is_empty()),
            ("sms_application_sid", self.sms_application_sid.is_empty()),
            ("trunk_sid", self.trunk_sid.is_empty()),
        ]
        .into_iter()
        .filter_map(|(name, is_right)| (!is_right).then_some(name))
    }

    /// Whether it says anything of what it can do.
    #[must_use]
    pub fn tells_capabilities(&self) -> bool {
        self.capabilities != Capabilities::default()
    }

    /// Whether it can do all of `wanted`.
    #[must_use]
    pub fn can(&self, wanted: &[Capability]) -> bool {
        wanted.iter().all(|capability| self.capabilities.has(*capability))
    }
}

#[derive(Deserialize)]
pub(super) struct NumberPage {
    incoming_phone_numbers: Vec<Row>,
    #[serde(default)]
    pub(super) next_page_uri: Option<String>,
}

/// One odd row (a number that is not E.164, say) must not hide the page's others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Number(Box<IncomingNumber>),
    Other(serde::de::IgnoredAny),
}

impl NumberPage {
    pub(super) fn numbers(self) -> impl Iterator<Item = IncomingNumber> {
        self.incoming_phone_numbers.into_iter().filter_map(|row| match row {
            Row::Number(number) => Some(*number),
            Row::Other(_) => None,
        })
    }
}

/// What a number costs. Amounts are decimal text, as Twilio tells them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Price {
    /// A month, now, for this account.
    pub monthly: Decimal,
    /// ISO 4217, such as `USD`.
    pub unit: String,
}

#[derive(Deserialize)]
pub(super) struct PriceAnswer {
    #[serde(default)]
    phone_number_prices: Vec<PriceRow>,
    #[serde(deserialize_with = "null_or_foreign")]
    price_unit: String,
}

#[derive(Deserialize)]
struct PriceRow {
    number_type: String,
    // Text in Twilio's examples, a number in its types.
    #[serde(default)]
    current_price: Option<Decimal>,
}

impl PriceAnswer {
    pub(super) fn local(self) -> Option<Price> {
        let local = self.phone_number_prices.into_iter().find(|row| row.number_type == "local")?;
        Some(Price { monthly: local.current_price?, unit: self.price_unit.to_uppercase() })
    }
}

/// What the account has left.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Balance {
    /// Decimal text; below zero when something is owed.
    #[serde(rename(deserialize = "balance"))]
    pub amount: Decimal,
    /// ISO 4217, such as `USD`.
    #[serde(deserialize_with = "null_or_foreign")]
    pub currency: String,
}

#[derive(Deserialize)]
pub(super) struct ErrorAnswer {
    pub(super) code: Option<i32>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) message: String,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Words of somebody else, cleaned.
fn null_or_foreign<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    null_as_default::<D, String>(deserializer).map(|text| cleaned(&text))
}

fn rfc_2822<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    DateTime::parse_from_rfc2822(&text).map(|date| date.to_utc()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_capabilities_are_read_and_numbers_without_them_are_no_candidates() {
        let answer: SearchAnswer = serde_json::from_str(
            r#"{"available_phone_numbers":[
                {"phone_number":"+14155550101","capabilities":{"voice":true,"SMS":true,"MMS":false}},
                {"phone_number":"+14155550102","capabilities":{"voice":true,"sms":true,"mms":true,"fax":false}},
                {"phone_number":"+14155550103","capabilities":{"voice":true,"SMS":false}},
                {"phone_number":"none","capabilities":{"voice":true,"SMS":true}}],"uri":"/x"}"#,
        )
        .unwrap();
        let found = answer.candidates(CountryCode::US, &[Capability::Voice, Capability::Sms]);
        let numbers: Vec<&str> = found.iter().map(|candidate| candidate.phone_number.as_str()).collect();
        assert_eq!(numbers, ["+14155550101", "+14155550102"]);
    }

    #[test]
    fn an_owned_number_is_read_with_nulls_empty_strings_and_unknown_fields() {
        let number: IncomingNumber = serde_json::from_str(
            r#"{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"+14155550101","friendly_name":null,
                "voice_url":"","sms_url":null,"date_created":"Thu, 30 Jul 2015 23:19:04 +0000","trunk_sid":null,"new":1}"#,
        )
        .unwrap();
        assert_eq!(number.date_created.to_rfc3339(), "2015-07-30T23:19:04+00:00");
        assert!(!number.can(&[Capability::Voice]));
        assert_eq!((number.voice_url.as_str(), number.status_callback.as_str()), ("", ""));
    }

    #[test]
    fn an_application_a_trunk_or_another_method_beats_the_urls() {
        let number = |more: serde_json::Value| {
            let mut all = serde_json::json!({
                "sid": "PN0123456789abcdef0123456789abcdef", "phone_number": "+14155550101", "voice_url": "https://a.example/v",
                "sms_url": "https://a.example/s", "status_callback": "https://a.example/c",
                "date_created": "Thu, 30 Jul 2015 23:19:04 +0000",
            });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<IncomingNumber>(all).unwrap()
        };
        let wanted = Webhooks {
            voice_url: "https://a.example/v".to_owned(),
            sms_url: "https://a.example/s".to_owned(),
            status_callback: "https://a.example/c".to_owned(),
        };
        assert!(number(serde_json::json!({})).carries(&wanted));
        assert!(
            number(serde_json::json!({"voice_method": "POST", "trunk_sid": "", "sms_application_sid": null}))
                .carries(&wanted)
        );
        for (field, value) in [
            ("voice_method", "GET"),
            ("sms_method", "GET"),
            ("status_callback_method", "GET"),
            ("voice_application_sid", "AP0123456789abcdef0123456789abcdef"),
            ("sms_application_sid", "AP0123456789abcdef0123456789abcdef"),
            ("trunk_sid", "TK0123456789abcdef0123456789abcdef"),
            ("voice_url", "https://b.example/v"),
        ] {
            let odd = number(serde_json::json!({ field: value }));
            assert!(!odd.carries(&wanted), "{field}");
            assert_eq!(odd.differences(&wanted).collect::<Vec<_>>(), [field]);
        }
    }

    #[test]
    fn an_odd_row_does_not_hide_the_others() {
        let page: NumberPage = serde_json::from_str(
            r#"{"incoming_phone_numbers":[{"sid":"PN0123456789abcdef0123456789abcdef","phone_number":"12345",
                 "date_created":"Thu, 30 Jul 2015 23:19:04 +0000"},
                {"sid":"PN1123456789abcdef0123456789abcdef","phone_number":"+14155550101","capabilities":null,
                 "date_created":"Thu, 30 Jul 2015 23:19:04 +0000"}],"next_page_uri":null}"#,
        )
        .unwrap();
        assert_eq!(page.numbers().count(), 1);
    }
}
