//! The daemon as a command sees it: one blocking HTTP call after the other.
//!
//! ureq is called here and in `src/twilio/` only. No runtime is started for it.
//! Invariants: the key goes to the given address and nowhere else (no redirects, no proxy from the environment, no user
//! or password in the address); every call has a deadline; path segments are percent-encoded.
//! How to get it wrong: calling a lost answer "not done". Whoever calls must say how to find out.

use std::io::Read as _;
use std::net::ToSocketAddrs as _;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{self, HeaderValue};
use url::Url;

use super::api_request::ApiRequest;
use super::args::Remote;
use super::certificates::{about_certificate, tls_of};
use super::ending::{CommandError, Ending};
use super::refusal::Refusal;
use crate::config::{Problems, Sources, client_key, signup_client_key};
use crate::domain::user_agent;

const URL_DEFAULT: &str = "http://127.0.0.1:8080";
/// An import's or a list's answer at most.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// So much of a long answer is in memory.
const DOWNLOAD_PIECE: usize = 64 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The daemon at one address, with one key.
pub(super) struct Client {
    agent: ureq::Agent,
    base: Url,
    key: HeaderValue,
    for_scripts: bool,
}

/// An answer of the 2xx kind.
pub(super) struct ApiAnswer {
    /// As it came.
    pub text: String,
    /// The same, for tables: they show whatever stands there, also what this command does not know yet.
    pub document: Value,
}

impl ApiAnswer {
    /// The API's own type, for whatever is decided by it.
    ///
    /// # Errors
    /// When the daemon and this command are of two versions that do not understand each other.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        T::deserialize(&self.document).map_err(|error| {
            CommandError::Failed(format!(
                "the daemon's answer is none that this command can read ({error}); upgrade the older of the two"
            ))
        })
    }
}

/// No such answer.
#[derive(Debug)]
pub(super) enum ApiError {
    /// There was no connection: the daemon knows nothing of the call.
    Away(String),
    /// The connection was lost, or the time was up: the call may have taken effect.
    Lost(String),
    /// Another answer.
    Refused(Box<Refusal>),
}

impl Client {
    /// The daemon that `--url` or `CALLBUNKER_URL` names, with the first of the keys in `ADMIN_API_KEY`.
    ///
    /// # Errors
    /// Bad usage.
    pub(super) fn new(remote: &Remote, sources: &Sources) -> Result<Self, CommandError> {
        Self::with(remote, sources, client_key(sources))
    }

    /// The same for what signups may do: a signup key will do where there is no admin key.
    ///
    /// # Errors
    /// Bad usage.
    pub(super) fn for_signups(remote: &Remote, sources: &Sources) -> Result<Self, CommandError> {
        Self::with(remote, sources, signup_client_key(sources))
    }

    fn with(remote: &Remote, sources: &Sources, key: Result<SecretString, Problems>) -> Result<Self, CommandError> {
        let from_env = sources.env.get("CALLBUNKER_URL").map(String::as_str).filter(|url| !url.trim().is_empty());
        let base = base(remote.url.as_deref().or(from_env).unwrap_or(URL_DEFAULT))?;
        let key = key.map_err(|problems| {
            CommandError::Usage(problems.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let config = ureq::Agent::config_builder()
            .tls_config(tls_of(&base, sources)?)
            .timeout_resolve(Some(CONNECT_WITHIN))
            .timeout_connect(Some(CONNECT_WITHIN))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(user_agent())
            .build();
        Ok(Self { agent: config.new_agent(), base, key: key_header(&key)?, for_scripts: remote.json })
    }

    /// The address, for sentences.
    pub(super) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads what is longer than memory should hold, and gives each piece of it to `taken`.
    ///
    /// # Errors
    /// The sentence; what came until then was given.
    pub(super) fn download(&self, call: &ApiRequest<'_>, mut taken: impl FnMut(&[u8]) -> Ending) -> Ending {
        let request = http::Request::builder()
            .method(call.method)
            .uri(self.address(call).as_str())
            .header("X-Admin-API-Key", &self.key)
            .header("Accept", "text/csv, application/problem+json;q=0.5")
            .body(());
        let request = request.map_err(|error| ApiError::Away(format!("the call cannot be written: {error}")))?;
        let mut response = self.run(request, call.within).map_err(|error| self.unanswered(&error, call.within))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().unwrap_or_default();
            let document = serde_json::from_str(&text).unwrap_or_default();
            let refusal = Refusal::new(self.url(), &call.path.join("/"), status, &headers, document);
            return Err(ApiError::Refused(Box::new(refusal)).into());
        }
        let (mut body, mut piece) = (response.into_body().into_reader(), vec![0; DOWNLOAD_PIECE]);
        loop {
            let read = body.read(&mut piece).map_err(|error| {
                let url = self.url();
                CommandError::Unreachable(format!(
                    "the list from {url} broke off ({error}); what was printed is not all of it: try again"
                ))
            })?;
            if read == 0 {
                return Ok(());
            }
            taken(&piece[..read])?;
        }
    }

    /// Calls once.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub(super) fn call(&self, call: &ApiRequest<'_>) -> Result<ApiAnswer, ApiError> {
        let unsendable = |error: &dyn std::fmt::Display| ApiError::Away(format!("the call cannot be written: {error}"));
        let mut request = http::Request::builder()
            .method(call.method)
            .uri(self.address(call).as_str())
            .header("X-Admin-API-Key", &self.key)
            .header("Accept", "application/json");
        for (name, value) in &call.headers {
            request = request.header(*name, *value);
        }
        let response = match &call.body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.run(request.map_err(|error| unsendable(&error))?, call.within)
            }
            None => self.run(request.body(()).map_err(|error| unsendable(&error))?, call.within),
        };
        let mut response = response.map_err(|error| self.unanswered(&error, call.within))?;
        let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| self.unanswered(&error, call.within))?;
        let document = serde_json::from_str(&text).ok();
        match document {
            Some(document) if response.status().is_success() => Ok(ApiAnswer { text: without_its_end(text), document }),
            document => {
                let (url, path) = (self.url(), call.path.join("/"));
                let (status, headers) = (response.status(), response.headers());
                let refusal = Refusal::new(url, &path, status, headers, document.unwrap_or_default());
                Err(ApiError::Refused(Box::new(refusal.for_scripts(self.for_scripts.then_some(without_its_end(text))))))
            }
        }
    }

    /// Calls once, and tells what went wrong as the command's end.
    ///
    /// # Errors
    /// The sentence; a lost answer tells to look at the status.
    pub(super) fn ask(&self, call: &ApiRequest<'_>) -> Result<ApiAnswer, CommandError> {
        self.call(call).map_err(|error| match error {
            ApiError::Lost(sentence) if call.method == "POST" => {
                CommandError::Unreachable(format!("{sentence}; it may have been done: look with `callbunker status`"))
            }
            error @ (ApiError::Away(_) | ApiError::Lost(_) | ApiError::Refused(_)) => error.into(),
        })
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: http::Request<B>,
        within: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        self.agent.run(self.agent.configure_request(request).timeout_global(Some(within)).build())
    }

    fn address(&self, call: &ApiRequest<'_>) -> Url {
        let mut address = self.base.clone();
        let mut path = address.path().trim_end_matches('/').to_owned();
        for segment in &call.path {
            path.push('/');
            path.extend(utf8_percent_encode(segment, ENCODED));
        }
        address.set_path(&path);
        if !call.query.is_empty() {
            address.query_pairs_mut().extend_pairs(&call.query);
        }
        address
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds kinds when it likes; any other may have been sent")]
    fn unanswered(&self, error: &ureq::Error, within: Duration) -> ApiError {
        use ureq::{Error, Timeout};
        let url = self.url();
        let away = |why: String| {
            ApiError::Away(format!("the daemon cannot be reached at {url} ({why}); start it, or give its --url"))
        };
        match error {
            // Only connect() is refused; a connection that stood would be reset.
            Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                away("nothing listens there".to_owned())
            }
            Error::ConnectionFailed | Error::Timeout(Timeout::Connect) => away(error.to_string()),
            Error::HostNotFound | Error::Timeout(Timeout::Resolve) => self.unknown_host(),
            Error::BadUri(_) | Error::Http(_) => away(error.to_string()),
            Error::Timeout(_) => {
                ApiError::Lost(format!("the daemon at {url} did not answer within {} s", within.as_secs()))
            }
            // No request goes out before both have agreed on how to encrypt it.
            error if self.base.scheme() == "https" && error.to_string().contains("InvalidContentType") => {
                ApiError::Away(format!("{url} does not speak TLS; write http:// for https:// in --url"))
            }
            error if self.base.scheme() == "https" && error.to_string().contains("invalid peer certificate") => {
                ApiError::Away(format!(
                    "the certificate of {url} is not to be trusted ({error}); {}",
                    about_certificate(&error.to_string())
                ))
            }
            Error::Protocol(_) if self.base.scheme() == "http" => ApiError::Lost(format!(
                "what answers at {url} does not speak HTTP; if it speaks TLS, write https:// for http:// in --url"
            )),
            Error::Io(_) if !self.is_known() => self.unknown_host(),
            error => ApiError::Lost(format!("the connection to the daemon at {url} was lost ({error})")),
        }
    }

    fn unknown_host(&self) -> ApiError {
        let host = self.base.host_str().unwrap_or_default();
        ApiError::Away(format!("nobody knows a host called {host}; write another in --url (CALLBUNKER_URL)"))
    }

    /// Whether the host's name has an address.
    fn is_known(&self) -> bool {
        let port = self.base.port_or_known_default().unwrap_or_default();
        let host = self.base.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        (host, port).to_socket_addrs().is_ok()
    }
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Away(sentence) => Self::Unreachable(sentence),
            ApiError::Lost(sentence) => Self::Unreachable(format!("{sentence}; try again")),
            ApiError::Refused(refusal) => refusal.failure(refusal.sentence()),
        }
    }
}

/// A document ends its line; whoever prints it does so, too.
fn without_its_end(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    text
}

fn base(text: &str) -> Result<Url, CommandError> {
    let wrong =
        |why: &str| CommandError::Usage(format!("--url (CALLBUNKER_URL) {why}; write it such as {URL_DEFAULT}"));
    if text.trim().starts_with(['"', '\'']) {
        return Err(wrong("stands in quotes"));
    }
    let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err(wrong("is neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds more than an address; the key belongs in ADMIN_API_KEY"));
    }
    Ok(url)
}

fn key_header(key: &SecretString) -> Result<HeaderValue, CommandError> {
    let unsendable = || {
        CommandError::Usage("ADMIN_API_KEY holds characters that no header may hold; give the key as it is".to_owned())
    };
    let mut header = HeaderValue::from_str(key.expose_secret()).map_err(|_| unsendable())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<Client, CommandError> {
        let env = [("ADMIN_API_KEY".into(), "first-key-0123456789, second-key-0123456789".into())];
        Client::new(&Remote { url: Some(url.to_owned()), json: false }, &Sources::new(None, env))
    }

    #[test]
    fn segments_are_encoded_below_the_given_address() {
        for (base, prefix) in [("http://h:1", ""), ("http://h:1/", ""), ("https://h/a/b/", "/a/b")] {
            let client = client(base).unwrap();
            let call =
                ApiRequest::get_api(&["numbers", "+1415/%"]).query("user", Some("a b&c")).query("x", None::<u32>);
            let address = client.address(&call);
            assert_eq!(address.path(), format!("{prefix}/admin/phones/api/numbers/%2B1415%2F%25"));
            assert_eq!(address.query(), Some("user=a+b%26c"));
        }
    }

    #[test]
    fn an_address_is_http_and_nothing_but_an_address() {
        for url in [
            "",
            "'http://h'",
            "127.0.0.1:8080",
            "ftp://h",
            "http://",
            "http://u:p@h",
            "http://h?api_key=k",
            "http://h#f",
        ] {
            assert!(matches!(client(url), Err(CommandError::Usage(text)) if text.contains("--url")), "{url}");
        }
    }

    #[test]
    fn the_first_of_several_keys_is_sent_and_never_shown() {
        let client = client("http://h").unwrap();
        assert_eq!(client.key.to_str().unwrap(), "first-key-0123456789");
        assert_eq!(format!("{:?}", client.key), "Sensitive");
    }
}
