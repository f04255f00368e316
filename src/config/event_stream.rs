//! What must be given before Twilio can be asked to send its events to us.
//!
//! How to get it wrong: a stream that nobody can verify. Every event would be rejected, and lost.

use url::Url;

use super::problem::{Origin, Problem, Problems};
use super::root::Config;
use super::sources::Sources;
use super::web_address::host_of;

impl Config {
    /// Reads and checks what a stream of events needs beside what a look at Twilio does; where events shall go.
    pub(crate) fn load_for_events(sources: &Sources) -> Result<(Self, Url), Problems> {
        let config = Self::load_for_twilio(sources)?;
        let mut problems = Vec::new();
        let mut lacks = |key: &str, remedy: &str| {
            problems.push(Problem::new(key, Origin::Default, "is missing", remedy));
        };
        let url = config.events_url().cloned();
        if url.is_none() {
            lacks(
                "events.public_url",
                "give the https URL that Twilio's events reach, or EVENTS_PUBLIC_URL as a secret",
            );
        }
        if config.secrets.twilio_auth_token.is_none() {
            let remedy = "give the account's token beside the API key: nothing else tells whether an event is Twilio's";
            lacks("TWILIO_AUTH_TOKEN", remedy);
        }
        match url {
            Some(url) if problems.is_empty() => Ok((config, url)),
            _ => Err(Problems(problems)),
        }
    }
}

/// An address as it may be shown: scheme and host.
#[must_use]
pub(crate) fn scheme_and_host(url: &Url) -> String {
    host_of(url)
}
