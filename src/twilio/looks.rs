//! What is only looked at: the account itself, its papers, and what a country wants shown.
//!
//! Invariant: these are GETs, and none of their answers decides about a purchase.
//! How to get it wrong: logging the account's answer. Twilio tells the auth token in it, so only what is wanted is read.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::settings::regulated_as;
use crate::domain::{AddressSid, BundleSid, CountryCode, Kind, is_sid};
use crate::telemetry::Operation;

/// The account, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Account {
    /// `active`, `suspended` or `closed`.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) status: String,
    /// `Full` or `Trial`.
    #[serde(rename = "type", default, deserialize_with = "lenient::words")]
    pub(crate) kind: String,
}

/// An address of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Address {
    /// Two capital letters.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) iso_country: String,
}

/// A regulatory bundle of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Bundle {
    /// `twilio-approved`, or what keeps it from being that.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) status: String,
    /// When it ends; `None` = never, as far as is known.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub(crate) valid_until: Option<DateTime<Utc>>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) regulation_sid: String,
}

impl Bundle {
    /// What it is for, if Twilio says so: `RN…`.
    pub(crate) fn regulation(&self) -> Option<&str> {
        Some(self.regulation_sid.as_str()).filter(|sid| is_sid("RN", sid))
    }
}

/// What one country wants shown by one kind of end user for one type of number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Regulation {
    #[serde(default, deserialize_with = "lenient::words")]
    iso_country: String,
    #[serde(default, deserialize_with = "lenient::words")]
    number_type: String,
    #[serde(default)]
    requirements: Value,
}

#[derive(Deserialize)]
struct Regulations {
    results: Vec<Value>,
}

#[derive(Deserialize)]
struct Owned {
    incoming_phone_numbers: Vec<serde::de::IgnoredAny>,
}

impl Regulation {
    /// Whether it is about numbers of this kind.
    pub(crate) fn is_of(&self, kind: Kind) -> bool {
        // Seen with and without the hyphen.
        let plain = |name: &str| name.replace('-', "").to_lowercase();
        self.iso_country.eq_ignore_ascii_case(kind.country.as_str())
            && plain(&self.number_type) == plain(regulated_as(kind.number_type))
    }

    /// What it is about, in Twilio's words; `None` = Twilio does not say.
    pub(crate) fn words(&self) -> Option<String> {
        let is_told = !self.iso_country.is_empty() && !self.number_type.is_empty();
        is_told.then(|| format!("{} {}", self.iso_country, self.number_type))
    }

    /// Whether something must be shown at all.
    fn asks(&self) -> bool {
        let some = |name: &str| self.requirements[name].as_array().is_some_and(|list| !list.is_empty());
        some("end_user") || some("supporting_document")
    }
}

impl Twilio {
    /// Whether Twilio lets us in as any buyer must be let in; whether the account has a number.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn owns_any(&self) -> Result<bool, TwilioError> {
        let owned = self.transport.get::<Owned>(Operation::Probe, self.settings.first_number()).await?;
        Ok(!owned.body.incoming_phone_numbers.is_empty())
    }

    /// The account. A standard API key may not read it.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn account(&self) -> Result<Account, TwilioError> {
        Ok(self.transport.get(Operation::Account, self.settings.account()).await?.body)
    }

    /// An address of the account; `None` = it has no such one.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn address(&self, sid: &AddressSid) -> Result<Option<Address>, TwilioError> {
        let url = self.settings.url(&["Addresses", &format!("{}.json", sid.as_str())]);
        there(self.transport.get(Operation::Address, url).await.map(|answered| answered.body))
    }

    /// Whether the account has this TwiML application.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn has_application(&self, sid: &str) -> Result<bool, TwilioError> {
        let url = self.settings.url(&["Applications", &format!("{sid}.json")]);
        let found = self.transport.get::<serde::de::IgnoredAny>(Operation::Application, url).await;
        Ok(there(found)?.is_some())
    }

    /// A bundle of the account; `None` = it has no such one.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn bundle(&self, sid: &BundleSid) -> Result<Option<Bundle>, TwilioError> {
        let url = self.settings.bundle(sid.as_str());
        there(self.transport.get(Operation::Bundle, url).await.map(|answered| answered.body))
    }

    /// A regulation; `None` = there is no such one.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn regulation(&self, sid: &str) -> Result<Option<Regulation>, TwilioError> {
        let url = self.settings.regulation(sid);
        there(self.transport.get(Operation::Regulation, url).await.map(|answered| answered.body))
    }

    /// Whether numbers of this kind are regulated, so that a purchase must show a bundle.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn is_regulated(&self, kind: Kind) -> Result<bool, TwilioError> {
        let url = self.settings.regulations(kind);
        let found = self.transport.get::<Regulations>(Operation::Regulation, url).await?.body.results;
        let read = found.into_iter().filter_map(|row| serde_json::from_value::<Regulation>(row).ok());
        Ok(read.filter(|regulation| regulation.is_of(kind)).any(|regulation| regulation.asks()))
    }

    /// Where this client's API is.
    pub(crate) fn api_host(&self) -> &str {
        self.settings.api_base_url.host_str().unwrap_or_default()
    }

    /// Whether it signs in with an API key instead of the account's token.
    pub(crate) fn uses_a_key(&self) -> bool {
        self.settings.credentials.user != self.settings.credentials.account_sid
    }
}

fn there<T>(answer: Result<T, TwilioError>) -> Result<Option<T>, TwilioError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(failure) => failure.not_there().map(|_request_id| None),
    }
}

/// Whether Twilio says of a country once and for all that its numbers are bought without a bundle.
pub(crate) fn is_never_regulated(country: CountryCode) -> bool {
    country == CountryCode::US
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::NumberType;

    #[test]
    fn a_regulation_is_of_one_kind_however_its_type_is_spelled() {
        let kind = |number_type| Kind { country: "DE".parse().unwrap(), number_type };
        for spelled in ["toll-free", "tollfree", "Toll-Free"] {
            let regulation: Regulation = serde_json::from_value(
                serde_json::json!({"iso_country": "DE", "number_type": spelled, "requirements": {"end_user": [{}]}}),
            )
            .unwrap();
            assert!(regulation.is_of(kind(NumberType::TollFree)) && !regulation.is_of(kind(NumberType::Local)));
            assert!(regulation.asks());
        }
        let silent: Regulation = serde_json::from_value(serde_json::json!({"requirements": null})).unwrap();
        assert!(!silent.asks() && !silent.is_of(kind(NumberType::Local)));
        let half: Regulation =
            serde_json::from_value(serde_json::json!({"iso_country": "DE", "number_type": null})).unwrap();
        assert_eq!(
            (silent.words(), half.words()),
            (None, None),
            "of what says nothing, nothing is held against a bundle"
        );
    }

    #[test]
    fn of_the_account_nothing_is_read_but_how_it_stands() {
        let told = r#"{"auth_token":"hunter2","status":"active","type":"Full","friendly_name":"x"}"#;
        let account: Account = serde_json::from_str(told).unwrap();
        assert!(!format!("{account:?}").contains("hunter2"));
        assert_eq!((account.status.as_str(), account.kind.as_str()), ("active", "Full"));
    }
}
