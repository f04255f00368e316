//! Twilio's answers as types. Unknown fields are ignored, because Twilio adds fields when it likes; both spellings of
//! the capabilities are read, because search and owned numbers differ.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::{Capability, CountryCode, NumberSid, PhoneNumber, Webhooks};

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
    #[serde(default, deserialize_with = "null_as_default")]
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
    /// What it can do.
    #[serde(default, deserialize_with = "null_as_default")]
    pub capabilities: Capabilities,
    /// When it was bought (RFC 2822 on the wire).
    #[serde(deserialize_with = "rfc_2822")]
    pub date_created: DateTime<Utc>,
}

impl IncomingNumber {
    /// Whether it carries exactly these webhooks.
    #[must_use]
    pub fn carries(&self, webhooks: &Webhooks) -> bool {
        self.voice_url == webhooks.voice_url
            && self.sms_url == webhooks.sms_url
            && self.status_callback == webhooks.status_callback
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
