//! One request to a far side, and what came of it.
//!
//! Invariants: a total deadline; no redirect, no proxy of the environment; errors name scheme and host, and what an answer says is
//! told without the address's own path, its query and whatever else is secret.
//! How to get it wrong: reading all of an answer. Whoever answers may never end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::Request;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use super::reply::{Failure, Reply, TRY, retry_after};
use crate::config::{Trusted, scheme_and_host};
use crate::domain::{cleaned, user_agent};

const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How much of an answer is told.
const TOLD_CHARACTERS: usize = 160;
/// Parts of an address that are shorter than this say nothing.
const SECRET_CHARACTERS_MIN: usize = 6;
const CONNECT_WITHIN: Duration = Duration::from_secs(8);

/// A request.
pub(in crate::alerts) struct Ask {
    /// Where.
    pub(in crate::alerts) url: SecretString,
    /// Beside what every request has.
    pub(in crate::alerts) headers: Vec<(&'static str, String)>,
    /// JSON; without one it is a GET.
    pub(in crate::alerts) body: Option<String>,
    /// What must not be told, beside the address.
    pub(in crate::alerts) secrets: Vec<SecretString>,
}

impl Ask {
    /// A POST of a JSON document.
    pub(super) fn post(url: &SecretString, body: String) -> Self {
        Self { url: url.clone(), headers: Vec::new(), body: Some(body), secrets: Vec::new() }
    }

    /// A GET.
    pub(in crate::alerts) fn get(url: &SecretString) -> Self {
        Self { url: url.clone(), headers: Vec::new(), body: None, secrets: Vec::new() }
    }
}

/// Asks, on a thread of its own, and believes whoever `trusted` vouch for.
pub(in crate::alerts) async fn ask(trusted: Trusted, request: Ask) -> Reply {
    let done = tokio::task::spawn_blocking(move || ask_here(&trusted, &request)).await;
    done.unwrap_or_else(|_panicked| {
        Reply::Failed(Failure::of_far_side("asking the far side panicked; the log says where"))
    })
}

fn ask_here(trusted: &Trusted, request: &Ask) -> Reply {
    let Ok(url) = Url::parse(request.url.expose_secret()) else {
        return Reply::Failed(Failure::of_far_side("the address cannot be read"));
    };
    let (host, failed) = (scheme_and_host(&url), |error: String| Reply::Failed(Failure::of_far_side(error)));
    let method = if request.body.is_some() { "POST" } else { "GET" };
    let mut building = Request::builder().method(method).uri(url.as_str());
    for (name, value) in &request.headers {
        building = building.header(*name, value);
    }
    let agent = agent(trusted);
    let answered = match &request.body {
        Some(body) => {
            let body = building.header("content-type", "application/json").body(body.clone());
            body.map(|request| agent.run(request))
        }
        None => building.body(()).map(|request| agent.run(request)),
    };
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return failed(unanswered(&error, &host, &url, &request.secrets)),
        Err(_unwritable) => return failed(format!("{host}: the request could not be written")),
    };
    let status = response.status().as_u16();
    let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|value| retry_after(value, Utc::now()));
    if (200..=299).contains(&status) {
        // Whatever it says then, it has it.
        return Reply::of_status(status, String::new(), None);
    }
    let said = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true).read_to_string();
    let said = quoted(&said.unwrap_or_default(), &url, &request.secrets);
    let error = match status {
        300..=399 => {
            format!("{host} answered {status}, and a redirect is not followed; give the address that it leads to")
        }
        _ if said.is_empty() => format!("{host} answered {status}"),
        _ => format!("{host} answered {status}: {said}"),
    };
    Reply::of_status(status, error, retry_after)
}

fn agent(trusted: &Trusted) -> ureq::Agent {
    let roots = trusted.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TRY))
        .timeout_resolve(Some(CONNECT_WITHIN))
        .timeout_connect(Some(CONNECT_WITHIN))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .tls_config(tls)
        .max_idle_connections(0)
        .user_agent(user_agent())
        .build();
    config.into()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "ureq adds kinds when it likes, and few have words of their own")]
fn unanswered(error: &ureq::Error, host: &str, url: &Url, secrets: &[SecretString]) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("{host} gave no answer within {} s", TRY.as_secs()),
        ureq::Error::HostNotFound => format!("{host} is not known to the name servers"),
        _ => format!("{host} was not reached: {}", cleaned(&without(&error.to_string(), url, secrets))),
    }
}

/// What an answer says, as far as it may be told; nothing of a page.
fn quoted(answer: &str, url: &Url, secrets: &[SecretString]) -> String {
    let text = without(answer.trim(), url, secrets);
    if text.starts_with('<') {
        return String::new();
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told: String = line.chars().take(TOLD_CHARACTERS).collect();
    cleaned(&told)
}

/// Without whatever of the address is nobody's business, and without these.
fn without(text: &str, url: &Url, secrets: &[SecretString]) -> String {
    let mut hidden: Vec<String> = secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect();
    hidden.push(url.as_str().to_owned());
    hidden.push(url.path().to_owned());
    hidden.extend(url.query().map(str::to_owned));
    hidden.extend(url.password().map(str::to_owned));
    hidden.extend(url.path_segments().into_iter().flatten().map(str::to_owned));
    hidden.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    hidden.retain(|part| part.len() >= SECRET_CHARACTERS_MIN);
    // The longest first: else a part of it would stay.
    hidden.sort_by_key(|part| std::cmp::Reverse(part.len()));
    hidden.iter().fold(text.to_owned(), |text, part| text.replace(part, "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_far_side_says_is_told_without_what_is_secret() {
        let url: Url = "https://hooks.example.com/services/T0001111/B0002222/xyzzyXYZZY?key=sesame99".parse().unwrap();
        let secrets = [SecretString::from("0123456789abcdef")];
        let said =
            "no service at /services/T0001111/B0002222/xyzzyXYZZY, nor xyzzyXYZZY;\n key sesame99 or 0123456789abcdef";
        assert_eq!(quoted(said, &url, &secrets), "no service at …, nor …; key … or …");
        assert_eq!(quoted("<html>no</html>", &url, &secrets), "");
        assert_eq!(quoted(&"x".repeat(1000), &url, &secrets).chars().count(), TOLD_CHARACTERS);
    }
}
