//! The blocking client behind an asynchronous face: one method per call that callbunker makes.
//!
//! Invariants: one total deadline per call; no redirects, no proxy from the environment, no status turned into an error
//! that drops the body; a create names its `PhoneNumber`, never an `AreaCode`, because only the former may be repeated.
//! How to get it wrong: counting a reset on a reused connection as "not sent". The request may have arrived.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use ureq::http;
use url::Url;

use super::error::{Failure, Refusal};
use super::reach::{MarkingConnector, MarkingResolver, is_not_connected};
use super::wire::{Candidate, ErrorAnswer, IncomingNumber, NumberPage, SearchAnswer};
use crate::domain::{AreaCode, Capability, CountryCode, NumberSid, PhoneNumber, Tag, Webhooks};

/// Answers are small; a list of a thousand numbers is about 1.5 MB.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Twilio's largest page.
const PAGE_SIZE: usize = 1000;

/// Finding and reaching Twilio takes at most so long, each; a request that was not sent may be repeated at will.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);

/// An answer, and what its headers say.
#[derive(Debug, Clone)]
pub struct Answered<T> {
    /// The body.
    pub body: T,
    /// Twilio's id of the request.
    pub request_id: Option<String>,
    /// Twilio's clock when it answered (`Date`); ours, when it did not say.
    pub at: DateTime<Utc>,
}

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
    /// `twilio.request_timeout_ms`: the total deadline of one call.
    pub request_timeout: Duration,
    /// Who we are.
    pub credentials: Credentials,
}

/// The client. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub struct Twilio {
    agent: ureq::Agent,
    settings: Arc<TwilioSettings>,
    authorization: Arc<SecretString>,
    runtime: tokio::runtime::Handle,
}

impl Twilio {
    /// A client that has not connected yet; `runtime` lends the blocking threads.
    #[must_use]
    pub fn new(settings: TwilioSettings, runtime: tokio::runtime::Handle) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(settings.request_timeout))
            .timeout_resolve(Some(settings.request_timeout.min(CONNECT_WITHIN)))
            .timeout_connect(Some(settings.request_timeout.min(CONNECT_WITHIN)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections_per_host(16)
            .max_idle_connections(32)
            .user_agent(concat!("callbunker/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = ureq::Agent::with_parts(config, MarkingConnector::default(), MarkingResolver::default());
        let pair = format!("{}:{}", settings.credentials.user, settings.credentials.secret.expose_secret());
        let authorization = Arc::new(SecretString::from(format!("Basic {}", base64(pair.as_bytes()))));
        Self { agent, settings: Arc::new(settings), authorization, runtime }
    }

    /// The account that pays.
    #[must_use]
    pub fn account_sid(&self) -> &str {
        &self.settings.credentials.account_sid
    }

    /// Searches local numbers that are for sale, about 30 at a time; the same query gives the same rows.
    ///
    /// # Errors
    /// See [`Failure`]; a search changes nothing and may be repeated.
    pub async fn search(
        &self,
        country: CountryCode,
        area_code: Option<AreaCode>,
        wanted: &[Capability],
    ) -> Result<Vec<Candidate>, Failure> {
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
            query.append_pair("Beta", "false").append_pair("PageSize", "100");
        }
        let answer: SearchAnswer = self.call(http::Method::GET, url, None).await?.body;
        Ok(answer.candidates(country, wanted))
    }

    /// Buys this very number, with our tag and webhooks, in one call.
    ///
    /// # Errors
    /// See [`Failure`]. After [`Failure::Unknown`] the number may be ours: look before anything else is done.
    pub async fn create(
        &self,
        number: &PhoneNumber,
        tag: &Tag,
        webhooks: &Webhooks,
    ) -> Result<Answered<IncomingNumber>, Failure> {
        let url = self.url(&["IncomingPhoneNumbers.json"]);
        let tag = tag.to_string();
        let mut form = vec![("PhoneNumber", number.as_str()), ("FriendlyName", tag.as_str())];
        form.extend(webhook_parameters(webhooks));
        self.call(http::Method::POST, url, Some(form_body(&form))).await
    }

    /// Asks Twilio's list for this number of our account. `None` = not ours, as far as the list shows now.
    ///
    /// # Errors
    /// See [`Failure`]; a look changes nothing.
    pub async fn find(&self, number: &PhoneNumber) -> Result<Option<Answered<IncomingNumber>>, Failure> {
        let mut url = self.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PhoneNumber", number.as_str());
        let page = self.call::<NumberPage>(http::Method::GET, url, None).await?;
        let (request_id, at) = (page.request_id, page.at);
        // The filter matches parts of numbers, so equality is ours to check.
        let found = page.body.numbers().find(|found| found.phone_number == *number);
        Ok(found.map(|body| Answered { body, request_id, at }))
    }

    /// Fetches a number by its SID; `None` = Twilio answers 404.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn fetch(&self, sid: &NumberSid) -> Result<Option<IncomingNumber>, Failure> {
        let url = self.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        match self.call(http::Method::GET, url, None).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Sets a number's webhooks; `None` = Twilio answers 404. Repeating it is harmless.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn set_webhooks(&self, sid: &NumberSid, webhooks: &Webhooks) -> Result<Option<IncomingNumber>, Failure> {
        let url = self.url(&["IncomingPhoneNumbers", &format!("{}.json", sid.as_str())]);
        let body = form_body(&webhook_parameters(webhooks));
        match self.call(http::Method::POST, url, Some(body)).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// One page of the account's numbers: the first, or the one that the page before named. Answers the next page's
    /// address, if there is one.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_page(&self, next: Option<&str>) -> Result<(Vec<IncomingNumber>, Option<String>), Failure> {
        let url = match next {
            Some(uri) => self.next_page(uri)?,
            None => {
                let mut url = self.url(&["IncomingPhoneNumbers.json"]);
                url.query_pairs_mut().append_pair("PageSize", &PAGE_SIZE.to_string());
                url
            }
        };
        let mut page = self.call::<NumberPage>(http::Method::GET, url, None).await?.body;
        let next = page.next_page_uri.take().filter(|uri| !uri.is_empty());
        Ok((page.numbers().collect(), next))
    }

    /// Asks for one row of the owned numbers, only to see whether Twilio accepts us.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn probe(&self) -> Result<(), Failure> {
        let mut url = self.url(&["IncomingPhoneNumbers.json"]);
        url.query_pairs_mut().append_pair("PageSize", "1");
        self.call::<serde::de::IgnoredAny>(http::Method::GET, url, None).await.map(|_answer| ())
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.settings.api_base_url.clone();
        url.path_segments_mut()
            .expect("the configuration admits http and https URLs only, and they have paths")
            .pop_if_empty()
            .extend(["2010-04-01", "Accounts", self.account_sid()])
            .extend(segments);
        url
    }

    /// Follows Twilio's relative link on the configured host, and refuses any other.
    fn next_page(&self, uri: &str) -> Result<Url, Failure> {
        let base = &self.settings.api_base_url;
        base.join(uri).ok().filter(|next| next.origin() == base.origin()).ok_or_else(|| Failure::Unknown {
            message: "Twilio's list names a next page on another host".to_owned(),
            status: None,
            request_id: None,
        })
    }

    async fn call<T: serde::de::DeserializeOwned + Send + 'static>(
        &self,
        method: http::Method,
        url: Url,
        form: Option<String>,
    ) -> Result<Answered<T>, Failure> {
        let (agent, authorization) = (self.agent.clone(), Arc::clone(&self.authorization));
        let done = self.runtime.spawn_blocking(move || call(&agent, &authorization, &method, &url, form));
        done.await.unwrap_or_else(|panicked| {
            Err(Failure::Unknown { message: panicked.to_string(), status: None, request_id: None })
        })
    }
}

fn webhook_parameters(webhooks: &Webhooks) -> [(&'static str, &str); 6] {
    [
        ("VoiceUrl", &webhooks.voice_url),
        ("VoiceMethod", "POST"),
        ("SmsUrl", &webhooks.sms_url),
        ("SmsMethod", "POST"),
        ("StatusCallback", &webhooks.status_callback),
        ("StatusCallbackMethod", "POST"),
    ]
}

fn form_body(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn call<T: serde::de::DeserializeOwned>(
    agent: &ureq::Agent,
    authorization: &SecretString,
    method: &http::Method,
    url: &Url,
    form: Option<String>,
) -> Result<Answered<T>, Failure> {
    let mut request = http::Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(http::header::AUTHORIZATION, authorization.expose_secret())
        .header(http::header::ACCEPT, "application/json");
    if form.is_some() {
        request = request.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let invalid = |error: http::Error| Failure::NotSent(format!("the request could not be written: {error}"));
    let answered = match form {
        Some(form) => agent.run(request.body(form).map_err(invalid)?),
        None => agent.run(request.body(()).map_err(invalid)?),
    };
    let mut response = answered.map_err(|error| unanswered(&error))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("Twilio-Request-Id");
    let date = header("Date").and_then(|value| DateTime::parse_from_rfc2822(&value).ok());
    let at = date.map_or_else(Utc::now, |date| date.to_utc());
    let retry_after = header("Retry-After").and_then(|value| value.parse().ok()).map(Duration::from_secs);
    let unknown = |message: String| Failure::Unknown { message, status: Some(status), request_id: request_id.clone() };
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_vec()
        .map_err(|error| unknown(format!("status {status}, but the answer broke off: {error}")))?;
    match status {
        200..=299 => match serde_json::from_slice(&body) {
            Ok(body) => Ok(Answered { body, request_id, at }),
            Err(error) => Err(unknown(format!("status {status}, but the answer cannot be read: {error}"))),
        },
        // 408: Twilio waited for a request that it may have had.
        400..=499 if status != 408 => {
            let told = serde_json::from_slice::<ErrorAnswer>(&body).ok();
            let (code, message) = told.map_or((None, String::new()), |told| (told.code, told.message));
            Err(Failure::Refused(Refusal { status, code, message, retry_after, request_id }))
        }
        _ => Err(unknown(format!("status {status}"))),
    }
}

/// Before the connection stood, Twilio was not asked; after that, nobody knows.
fn unanswered(error: &ureq::Error) -> Failure {
    let message = error.to_string();
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::NotSent(message),
        error if is_not_connected(error) => Failure::NotSent(message),
        _ => Failure::Unknown { message, status: None, request_id: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Twilio {
        let settings = TwilioSettings {
            api_base_url: base.parse().unwrap(),
            request_timeout: Duration::from_secs(1),
            credentials: Credentials {
                account_sid: "AC1".to_owned(),
                user: "AC1".to_owned(),
                secret: "s".to_owned().into(),
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Twilio::new(settings, runtime.handle().clone())
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
    fn what_fails_before_a_connection_stands_was_not_sent() {
        for base in ["http://127.0.0.1:1", "http://does-not-exist.invalid", "https://127.0.0.1:1"] {
            let twilio = client(base);
            let error = twilio.agent.get(format!("{base}/")).call().unwrap_err();
            assert!(matches!(unanswered(&error), Failure::NotSent(_)), "{base}: {error:?}");
        }
    }

    #[test]
    fn what_fails_after_a_connection_stood_is_unknown() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let closing = std::thread::spawn(move || drop(listener.accept().unwrap()));
        let error = client(&base).agent.get(format!("{base}/")).call().unwrap_err();
        closing.join().unwrap();
        assert!(matches!(unanswered(&error), Failure::Unknown { .. }), "{error:?}");
    }

    #[test]
    fn a_next_page_on_another_host_is_refused() {
        let client = client("https://api.twilio.com");
        assert!(client.next_page("/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?Page=1").is_ok());
        assert!(client.next_page("https://evil.example/x").is_err());
        assert!(client.next_page("//evil.example/x").is_err());
    }
}
