//! One request and its answer: authorization, a total deadline, and what each way of failing means.
//!
//! Invariants: one total deadline per call; no redirects, no proxy but the configured one, no status turned into an error
//! that drops the body; no text of Twilio's leaves here, or [`failure_of`], uncleaned.
//! How to get it wrong: counting a reset on a reused connection as "not sent". The request may have arrived.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use ureq::http;
use url::Url;

use super::error::{TwilioError, failure_of};
use super::reach::{MarkingConnector, MarkingResolver, not_connected};
use super::remedy::remedy;
use super::settings::{Credentials, TwilioSettings};
use super::way_out::WayOut;
use crate::domain::{cleaned, user_agent};
use crate::telemetry::{Operation, Telemetry, WireResult};

/// Answers are small; a list of a thousand numbers is about 1.5 MB.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Finding and reaching Twilio takes at most so long, each; a request that was not sent may be repeated at will.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);

/// An answer, and what its headers say.
#[derive(Debug, Clone)]
pub struct Answered<T> {
    /// The body.
    pub body: T,
    /// Twilio's id of the request.
    pub request_id: Option<String>,
    /// Twilio's clock when it answered (`Date`), if it said so.
    pub at: Option<DateTime<Utc>>,
}

/// Bytes that a connection has room for, as long as it is open, in use or not: ureq's own are 128 KiB each way. A head must fit;
/// bodies come in pieces.
const READ_AT_ONCE: usize = 32 * 1024;
const WRITE_AT_ONCE: usize = 16 * 1024;

/// Carries requests on blocking threads. Cheap to clone; all clones share connections.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) agent: ureq::Agent,
    authorization: Arc<SecretString>,
    way: Arc<WayOut>,
    runtime: tokio::runtime::Handle,
    telemetry: Telemetry,
}

impl Transport {
    /// Signs in as the settings say; `runtime` lends the blocking threads.
    pub(super) fn new(settings: &TwilioSettings, runtime: tokio::runtime::Handle, telemetry: Telemetry) -> Self {
        let (timeout, way) = (settings.request_timeout, Arc::new(settings.way_out.clone()));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_resolve(Some(timeout.min(CONNECT_WITHIN)))
            .timeout_connect(Some(timeout.min(CONNECT_WITHIN)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(way.proxy())
            .tls_config(way.tls())
            .max_idle_connections_per_host(16)
            .max_idle_connections(32)
            .input_buffer_size(READ_AT_ONCE)
            .output_buffer_size(WRITE_AT_ONCE)
            .user_agent(user_agent())
            .build();
        let agent = ureq::Agent::with_parts(config, MarkingConnector::default(), MarkingResolver::default());
        let Credentials { user, secret, .. } = &settings.credentials;
        let pair = format!("{user}:{}", secret.expose_secret());
        let authorization = Arc::new(SecretString::from(format!("Basic {}", base64(pair.as_bytes()))));
        Self { agent, authorization, way, runtime, telemetry }
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
        url: Url,
    ) -> Result<Answered<T>, TwilioError> {
        read(self.call(operation, http::Method::GET, url, None).await?)
    }

    pub(super) async fn post<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
        url: Url,
        form: &[(&str, &str)],
    ) -> Result<Answered<T>, TwilioError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        read(self.call(operation, http::Method::POST, url, Some(body)).await?)
    }

    /// The answer to a DELETE has no body.
    pub(super) async fn delete(&self, operation: Operation, url: Url) -> Result<Answered<()>, TwilioError> {
        let answered = self.call(operation, http::Method::DELETE, url, None).await?;
        Ok(Answered { body: (), request_id: answered.request_id, at: answered.at })
    }

    async fn call(
        &self,
        operation: Operation,
        method: http::Method,
        url: Url,
        form: Option<String>,
    ) -> Result<Answered<(u16, Vec<u8>)>, TwilioError> {
        let (agent, authorization, way) = (self.agent.clone(), Arc::clone(&self.authorization), Arc::clone(&self.way));
        let telemetry = self.telemetry.clone();
        let done = self.runtime.spawn_blocking(move || {
            let (began, mut wire) = (Instant::now(), WireResult::NotSent);
            let outcome = call(&agent, &authorization, &way, &method, &url, form, &mut wire);
            telemetry.twilio_called(operation, wire, began.elapsed());
            outcome
        });
        done.await.unwrap_or_else(|panicked| {
            Err(TwilioError::Unknown { message: panicked.to_string(), status: None, request_id: None })
        })
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn call(
    agent: &ureq::Agent,
    authorization: &SecretString,
    way: &WayOut,
    method: &http::Method,
    url: &Url,
    form: Option<String>,
    wire: &mut WireResult,
) -> Result<Answered<(u16, Vec<u8>)>, TwilioError> {
    let mut request = http::Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(http::header::AUTHORIZATION, authorization.expose_secret())
        .header(http::header::ACCEPT, "application/json");
    if form.is_some() {
        request = request.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let invalid = |error: http::Error| TwilioError::NotSent(format!("the request could not be written: {error}"));
    let answered = match form {
        Some(form) => agent.run(request.body(form).map_err(invalid)?),
        None => agent.run(request.body(()).map_err(invalid)?),
    };
    let mut response = answered.map_err(|error| {
        let failure = unanswered(&error, url.host_str().unwrap_or_default(), way);
        if !matches!(failure, TwilioError::NotSent(_)) {
            *wire = broken(&error);
        }
        failure
    })?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request_id = header("Twilio-Request-Id").map(|id| cleaned(&id));
    let date = header("Date").and_then(|value| DateTime::parse_from_rfc2822(&value).ok());
    let at = date.map(|date| date.to_utc());
    let retry_after = header("Retry-After").and_then(|value| value.parse().ok()).map(Duration::from_secs);
    let unknown =
        |message: String| TwilioError::Unknown { message, status: Some(status), request_id: request_id.clone() };
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(|error| {
        *wire = broken(&error);
        unknown(cleaned(&format!("status {status}, but the answer broke off: {error}")))
    })?;
    *wire = WireResult::of_status(status);
    match status {
        200..=299 => Ok(Answered { body: (status, body), request_id, at }),
        _ => Err(failure_of(status, &body, retry_after, request_id)),
    }
}

fn read<T: serde::de::DeserializeOwned>(answered: Answered<(u16, Vec<u8>)>) -> Result<Answered<T>, TwilioError> {
    let Answered { body: (status, bytes), request_id, at } = answered;
    match serde_json::from_slice(&bytes) {
        Ok(body) => Ok(Answered { body, request_id, at }),
        Err(error) => Err(TwilioError::Unknown {
            // It quotes what it could not read, however long that is.
            message: cleaned(&format!("status {status}, but the answer cannot be read: {error}")),
            status: Some(status),
            request_id,
        }),
    }
}

/// Why there is no whole answer, once the connection stood.
#[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds kinds when it likes, and only a time-out is told apart")]
fn broken(error: &ureq::Error) -> WireResult {
    match error {
        ureq::Error::Timeout(_) => WireResult::Timeout,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => WireResult::Timeout,
        _ => WireResult::Reset,
    }
}

/// Before the connection stood, Twilio was not asked, and something may be done here; after that, nobody knows.
#[expect(clippy::wildcard_enum_match_arm, reason = "a kind of error that ureq adds leaves the outcome unknown")]
pub(super) fn unanswered(error: &ureq::Error, host: &str, way: &WayOut) -> TwilioError {
    if let Some(failed) = not_connected(error) {
        let message = cleaned(&failed.first().1.to_string());
        let remedy = remedy(failed, host, way).map(|words| format!("; {words}")).unwrap_or_default();
        return TwilioError::NotSent(message + &remedy);
    }
    let message = cleaned(&error.to_string());
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => TwilioError::NotSent(message),
        _ => TwilioError::Unknown { message, status: None, request_id: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> ureq::Agent {
        agent_by(WayOut::default())
    }

    fn agent_by(way_out: WayOut) -> ureq::Agent {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let credentials =
            Credentials { account_sid: "AC1".to_owned(), user: "AC1".to_owned(), secret: "s".to_owned().into() };
        let settings = TwilioSettings {
            api_base_url: "http://127.0.0.1:1".parse().unwrap(),
            base_urls: std::collections::BTreeMap::new(),
            request_timeout: Duration::from_secs(1),
            credentials,
            way_out,
        };
        Transport::new(&settings, runtime.handle().clone(), Telemetry::new(&[])).agent
    }

    #[test]
    fn what_fails_before_a_connection_stands_was_not_sent() {
        for base in ["http://127.0.0.1:1", "http://does-not-exist.invalid", "https://127.0.0.1:1"] {
            let error = agent().get(format!("{base}/")).call().unwrap_err();
            assert!(
                matches!(unanswered(&error, "a.example", &WayOut::default()), TwilioError::NotSent(_)),
                "{base}: {error:?}"
            );
        }
    }

    #[test]
    fn what_fails_after_a_connection_stood_is_unknown() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let closing = std::thread::spawn(move || drop(listener.accept().unwrap()));
        let error = agent().get(format!("{base}/")).call().unwrap_err();
        closing.join().unwrap();
        assert!(
            matches!(unanswered(&error, "a.example", &WayOut::default()), TwilioError::Unknown { .. }),
            "{error:?}"
        );
    }

    /// A proxy that serves one client: takes the CONNECT, says this, and reads on until it has seen `until`.
    fn proxy(says: &'static str, until: &'static str) -> (WayOut, std::thread::JoinHandle<String>) {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let (mut heard, mut piece) = (Vec::new(), [0; 1024]);
            let mut hear = |client: &mut std::net::TcpStream, until: &str| {
                while !String::from_utf8_lossy(&heard).ends_with(until) {
                    match client.read(&mut piece).unwrap_or(0) {
                        0 => break,
                        count => heard.extend_from_slice(&piece[..count]),
                    }
                }
            };
            hear(&mut client, "\r\n\r\n");
            client.write_all(says.as_bytes()).unwrap();
            if !until.is_empty() {
                hear(&mut client, until);
            }
            drop(client);
            String::from_utf8(heard).unwrap()
        });
        (WayOut { proxy: Some(url.parse().unwrap()), ..WayOut::default() }, served)
    }

    #[test]
    fn what_a_proxy_refuses_or_loses_before_its_tunnel_stands_was_not_sent_and_after_that_nobody_knows() {
        for (says, until, was_sent) in [
            ("HTTP/1.1 407 No\r\n\r\n", "", false),
            ("HTTP/1.1 502 No\r\n\r\n", "", false),
            ("nonsense", "", false),
            ("", "", false),
            ("HTTP/1.1 200 OK\r\n\r\n", "a=1", true),
        ] {
            let (way, served) = proxy(says, until);
            let error = agent_by(way.clone()).post("http://twilio.invalid/x").send("a=1").unwrap_err();
            let heard = served.join().unwrap();
            assert!(heard.starts_with("CONNECT twilio.invalid:80 HTTP/1.1\r\n"), "{heard}");
            assert_eq!(heard.contains("POST"), was_sent, "{says}: {heard}");
            let failure = unanswered(&error, "twilio.invalid", &way);
            assert_eq!(!matches!(failure, TwilioError::NotSent(_)), was_sent, "{says}: {failure:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted_at_length() {
        let body = format!(r#"{{"balance":"{}","currency":"USD"}}"#, "\\u0000".repeat(100_000)).into_bytes();
        let answered = Answered { body: (200, body), request_id: None, at: None };
        let failure = read::<crate::twilio::Balance>(answered).unwrap_err().in_full();
        assert!(failure.contains("cannot be read"), "{failure}");
        assert!(failure.chars().count() < 600 && !failure.contains('\0'), "{failure}");
    }
}
