//! The calls that callbunker makes, one method each.
//!
//! Invariants: a create names its `PhoneNumber`, never an `AreaCode`, because only the former may be repeated; a release
//! names a SID, which Twilio never gives twice, so it may be repeated too; next pages lie on the configured host.
//! How to get it wrong: adding a call that cannot be repeated and has no ledger entry before it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use url::Url;

use super::answers::{Balance, Price, PriceAnswer};
use super::error::{About, TwilioError, Verdict};
use super::in_a_row::InARow;
use super::list::{ListPage, NumberPage};
use super::number::IncomingNumber;
use super::pages::goes_nowhere;
use super::search::{Candidate, SearchAnswer};
use super::transport::{Answered, Transport};
use crate::domain::{AreaCode, Capability, CountryCode, NumberSid, PhoneNumber, Tag, Webhooks};
use crate::telemetry::{Operation, Telemetry};

/// Twilio's largest page.
const PAGE_SIZE: usize = 1000;

/// How to sign in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account, which stands in every path.
    pub account_sid: String,
    /// The AccountSid, or the SID of an API key.
    pub user: String,
    /// The auth token, or the API key's secret.
    pub secret: SecretString,
}

/// Where Twilio is and how long a call may take.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// `twilio.api_base_url`.
    pub api_base_url: Url,
    /// `twilio.pricing_base_url`.
    pub pricing_base_url: Url,
    /// `twilio.request_timeout_ms`: the total deadline of one call.
    pub request_timeout: Duration,
    /// Who we are.
    pub credentials: Credentials,
}

/// The client. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub struct Twilio {
    transport: Transport,
    settings: Arc<TwilioSettings>,
    refused: Arc<InARow>,
}

/// A number that the account no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// This call released it. Twilio's id of the request.
    Now(Option<String>),
    /// It was gone already (404/20404). Twilio's id of the request.
    Already(Option<String>),
}

impl Twilio {
    /// A client that has not connected yet; `runtime` lends the blocking threads.
    #[must_use]
    pub fn new(settings: TwilioSettings, runtime: tokio::runtime::Handle, telemetry: Telemetry) -> Self {
        let Credentials { user, secret, .. } = &settings.credentials;
        let transport = Transport::new(settings.request_timeout, user, secret, runtime, telemetry);
        Self { transport, settings: Arc::new(settings), refused: Arc::default() }
    }

    /// The account that pays.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.settings.credentials.account_sid
    }

    /// Searches local numbers that are for sale, about 30 at a time; the same query gives the same rows.
    ///
    /// # Errors
    /// See [`TwilioError`]; a search changes nothing and may be repeated.
    pub async fn search(
        &self,
        country: CountryCode,
        area_code: Option<AreaCode>,
        wanted: &[Capability],
    ) -> Result<Vec<Candidate>, TwilioError> {
        let mut url = self.url(&["AvailablePhoneNumbers", country.as_str(), "Local.json"]);
        {
            let mut query = url.query_pairs_mut();
            if let Some(area_code) = &area_code {
                query.append_pair("AreaCode", area_code.as_str());
            }
            for capability in wanted {
                let parameter = match capability {
                    Capability::Voice => "VoiceEnabled",
                    Capability::Sms => "SmsEnabled",
                    Capability::Mms => "MmsEnabled",
                    Capability::Fax => "FaxEnabled",
                };
                query.append_pair(parameter, "true");
            }
            // We have no address to show; the rows are looked at all the same.
            query.append_pair("ExcludeAllAddressRequired", "true");
            query.append_pair("Beta", "false").append_pair("PageSize", "100");
        }
        let answer: SearchAnswer = self.transport.get(Operation::Search, url).await?.body;
        Ok(answer.candidates(country, wanted))
    }

    /// Buys this very number, with our tag and webhooks, in one call.
    ///
    /// # Errors
    /// See [`TwilioError`]. After [`TwilioError::Unknown`] the number may be ours: look before anything else is done.
    pub async fn create(
        &self,
        number: &PhoneNumber,
        tag: &Tag,
        webhooks: &Webhooks,
    ) -> Result<Answered<IncomingNumber>, TwilioError> {
        let url = self.url(&["IncomingPhoneNumbers.json"]);
        let tag = tag.to_string();
        let mut form = vec![("PhoneNumber", number.as_str()), ("FriendlyName", tag.as_str())];
        form.extend(webhook_parameters(webhooks));
        let answer = self.transport.post(Operation::Create, url, &form).await;
        self.about(Operation::Create, number.as_str(), answer)
    }

    /// Asks Twilio's list for this number of our account, and of several rows takes the one with `tag`. `None` = not ours,
    /// as far as the list shows now.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. A row that may be the number and cannot be read, or a list that does not
    /// end where it should, says nothing: the outcome is unknown.
    pub async fn find(
        &self,
        number: &PhoneNumber,
        tag: Option<&Tag>,
    ) -> Result<Option<Answered<IncomingNumber>>, TwilioError> {
        let mut url = self.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PhoneNumber", number.as_str());
        let answered = self.transport.get::<NumberPage>(Operation::List, url).await?;
        let (request_id, at) = (answered.request_id, answered.at);
        let mut page = ListPage::from(answered.body);
        // The filter matches parts of numbers, so equality is ours to check.
        if let Some(body) = page.row_of(number, tag) {
            return Ok(Some(Answered { body, request_id, at }));
        }
        if page.may_hide(number) {
            return Err(goes_nowhere("Twilio's list shows the number, perhaps, but its row cannot be read"));
        }
        if page.next.is_some() {
            return Err(goes_nowhere("Twilio's list of one number does not end"));
        }
        Ok(None)
    }

    /// Fetches a number by its SID; `None` = Twilio does not know it (404/20404).
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn fetch(&self, sid: &NumberSid) -> Result<Option<IncomingNumber>, TwilioError> {
        let url = self.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.get(Operation::Fetch, url).await;
        match self.about(Operation::Fetch, sid.as_str(), answer) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) => not_there(failure).map(|_request_id| None),
        }
    }

    /// Sets a number's webhooks; `None` = Twilio does not know it (404/20404). Repeating it is harmless.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn set_webhooks(
        &self,
        sid: &NumberSid,
        webhooks: &Webhooks,
    ) -> Result<Option<IncomingNumber>, TwilioError> {
        self.update(sid, &[webhook_parameters(webhooks).as_slice(), &NOTHING_ELSE].concat()).await
    }

    /// Writes our tag on a number that the account has, and the webhooks too if they are given; `None` = Twilio does
    /// not know it (404/20404). Repeating it is harmless.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn set_tag(
        &self,
        sid: &NumberSid,
        tag: &Tag,
        webhooks: Option<&Webhooks>,
    ) -> Result<Option<IncomingNumber>, TwilioError> {
        let tag = tag.to_string();
        let mut form = vec![("FriendlyName", tag.as_str())];
        if let Some(webhooks) = webhooks {
            form.extend(webhook_parameters(webhooks));
            form.extend(NOTHING_ELSE);
        }
        self.update(sid, &form).await
    }

    async fn update(&self, sid: &NumberSid, form: &[(&str, &str)]) -> Result<Option<IncomingNumber>, TwilioError> {
        let url = self.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.post(Operation::Update, url, form).await;
        match self.about(Operation::Update, sid.as_str(), answer) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(failure) => not_there(failure).map(|_request_id| None),
        }
    }

    /// Gives a number back to Twilio for ever. A 404/20404 means that it is gone, which is what was wanted; repeating it is
    /// harmless, because a SID is never given twice.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn release(&self, sid: &NumberSid) -> Result<Gone, TwilioError> {
        let url = self.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let answer = self.transport.delete(Operation::Delete, url).await;
        match self.about(Operation::Delete, sid.as_str(), answer) {
            Ok(answer) => Ok(Gone::Now(answer.request_id)),
            Err(failure) => not_there(failure).map(Gone::Already),
        }
    }

    /// What a local number costs a month in `country`; `None` = the price list does not say. Account-specific.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub async fn price(&self, country: CountryCode) -> Result<Option<Price>, TwilioError> {
        let mut url = self.settings.pricing_base_url.clone();
        path(&mut url).extend(["v1", "PhoneNumbers", "Countries", country.as_str()]);
        Ok(self.transport.get::<PriceAnswer>(Operation::Pricing, url).await?.body.local())
    }

    /// The account's balance. It may lag, and sub-accounts have none.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub async fn balance(&self) -> Result<Balance, TwilioError> {
        Ok(self.transport.get(Operation::Balance, self.url(&["Balance.json"])).await?.body)
    }

    /// One page of the account's numbers: the first, or the one that the page before named. [`super::Pages`] turns them.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn list_page(&self, next: Option<&str>) -> Result<ListPage, TwilioError> {
        let url = match next {
            Some(uri) => self.next_page(uri)?,
            None => {
                let mut url = self.url(&["IncomingPhoneNumbers.json"]);
                url.query_pairs_mut().append_pair("PageSize", &PAGE_SIZE.to_string());
                url
            }
        };
        Ok(self.transport.get::<NumberPage>(Operation::List, url).await?.body.into())
    }

    /// Asks for one row of the owned numbers, only to see whether Twilio accepts us.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub async fn probe(&self) -> Result<(), TwilioError> {
        let mut url = self.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PageSize", "1");
        self.transport.get::<serde::de::IgnoredAny>(Operation::Probe, url).await.map(|_answer| ())
    }

    /// The outcome of a call about one number, which by itself concerns that number only.
    fn about<T>(&self, operation: Operation, number: &str, outcome: Result<T, TwilioError>) -> Result<T, TwilioError> {
        match outcome {
            Err(TwilioError::Refused(mut refusal)) => {
                if refusal.may_mind_the_number() && !self.refused.refused(operation, number, Instant::now()) {
                    refusal.about = About::Number;
                }
                Err(TwilioError::Refused(refusal))
            }
            Err(failure) => Err(failure),
            Ok(answer) => {
                self.refused.answered(operation);
                Ok(answer)
            }
        }
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.settings.api_base_url.clone();
        path(&mut url).extend(["2010-04-01", "Accounts", self.account_sid()]).extend(segments);
        url
    }

    /// Follows Twilio's relative link on the configured host, below the configured path, and refuses any other.
    fn next_page(&self, uri: &str) -> Result<Url, TwilioError> {
        let base = &self.settings.api_base_url;
        let next = base.join(uri).ok().filter(|next| next.origin() == base.origin());
        let mut next = next.ok_or_else(|| TwilioError::Unknown {
            message: "Twilio's list names a next page on another host".to_owned(),
            status: None,
            request_id: None,
        })?;
        let below = base.path().trim_end_matches('/');
        // Twilio's link begins at its own root, which a gateway may show below a path.
        if !next.path().starts_with(&format!("{below}/")) {
            next.set_path(&format!("{below}{}", next.path()));
        }
        Ok(next)
    }
}

/// Twilio's code of a thing that is not there.
const NOT_THERE: i32 = 20404;

/// Twilio's own word that a SID is not there; its id of the request. A 404 in other words comes from somebody between us
/// and Twilio, or from a wrong address: whoever believed it would take every number for gone.
fn not_there(failure: TwilioError) -> Result<Option<String>, TwilioError> {
    match failure {
        TwilioError::Refused(refusal) if refusal.status == 404 && refusal.code == Some(NOT_THERE) => {
            Ok(refusal.request_id)
        }
        TwilioError::Refused(refusal) if refusal.verdict() == Verdict::NotFound => Err(TwilioError::Unknown {
            message: format!("status 404, but without Twilio's code {NOT_THERE}"),
            status: Some(404),
            request_id: refusal.request_id,
        }),
        failure => Err(failure),
    }
}

/// The path to append to, without a slash at its end.
fn path(url: &mut Url) -> url::PathSegmentsMut<'_> {
    let mut path =
        url.path_segments_mut().expect("the configuration admits http and https URLs only, and they have paths");
    path.pop_if_empty();
    path
}

/// What would beat the URLs is taken off a number; a fresh one has none of it, so a create does not say so: naming an
/// application deletes a trunk at Twilio and the other way round.
const NOTHING_ELSE: [(&str, &str); 3] = [("VoiceApplicationSid", ""), ("SmsApplicationSid", ""), ("TrunkSid", "")];

/// What "configured" means. A number may come back with what a former owner of ours set: fallback URLs of theirs would
/// answer our users, and a receive mode of `fax` keeps calls from us.
fn webhook_parameters(webhooks: &Webhooks) -> [(&'static str, &str); 9] {
    [
        ("VoiceUrl", &webhooks.voice_url),
        ("VoiceMethod", "POST"),
        ("SmsUrl", &webhooks.sms_url),
        ("SmsMethod", "POST"),
        ("StatusCallback", &webhooks.status_callback),
        ("StatusCallbackMethod", "POST"),
        ("VoiceFallbackUrl", ""),
        ("SmsFallbackUrl", ""),
        ("VoiceReceiveMode", "voice"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Twilio {
        let settings = TwilioSettings {
            api_base_url: base.parse().unwrap(),
            pricing_base_url: base.parse().unwrap(),
            request_timeout: Duration::from_secs(1),
            credentials: Credentials {
                account_sid: "AC1".to_owned(),
                user: "AC1".to_owned(),
                secret: "s".to_owned().into(),
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Twilio::new(settings, runtime.handle().clone(), Telemetry::new(&[]))
    }

    #[test]
    fn urls_stand_under_the_account_whatever_the_base_ends_with() {
        for base in ["https://api.twilio.com", "https://api.twilio.com/", "http://127.0.0.1:1/edge/"] {
            let url = client(base).url(&["IncomingPhoneNumbers.json"]);
            assert!(url.path().ends_with("/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json"), "{url}");
            assert!(!url.path().contains("//"), "{url}");
        }
    }

    #[test]
    fn the_next_page_is_where_the_first_one_was() {
        let uri = "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?Page=1&PageToken=PA1";
        for (base, expected) in [
            ("https://api.twilio.com", format!("https://api.twilio.com{uri}")),
            ("http://127.0.0.1:1/edge/", format!("http://127.0.0.1:1/edge{uri}")),
        ] {
            assert_eq!(client(base).next_page(uri).unwrap().as_str(), expected);
            let whole = format!("{}{uri}", base.trim_end_matches('/'));
            assert_eq!(client(base).next_page(&whole).unwrap().as_str(), expected);
        }
        assert!(client("https://api.twilio.com").next_page("https://elsewhere.example/x").is_err());
    }

    #[test]
    fn only_twilios_own_word_says_that_a_number_is_gone() {
        let failed = |status, body: &str| super::super::error::failure_of(status, body.as_bytes(), None, None);
        assert_eq!(not_there(failed(404, r#"{"code":20404,"message":"not found"}"#)).unwrap(), None);
        for body in ["<html>404</html>", "", "{}", r#"{"code":null}"#, r#"{"code":99999,"message":"x"}"#] {
            let failure = not_there(failed(404, body)).unwrap_err();
            assert!(matches!(failure, TwilioError::Unknown { status: Some(404), .. }), "{body}: {failure:?}");
        }
        for (status, code) in [(404, 20003), (403, 20404), (429, 20429)] {
            let failure = not_there(failed(status, &format!(r#"{{"code":{code},"message":"x"}}"#))).unwrap_err();
            assert_eq!(failure.twilio_code(), Some(code), "what Twilio refuses stays a refusal");
        }
    }

    #[test]
    fn a_next_page_on_another_host_is_refused() {
        let client = client("https://api.twilio.com");
        assert!(client.next_page("/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?Page=1").is_ok());
        assert!(client.next_page("https://evil.example/x").is_err());
        assert!(client.next_page("//evil.example/x").is_err());
    }
}
