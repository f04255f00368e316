//! `[webhooks]`: what every number of ours carries at Twilio, but for those of a pool that has `webhooks` of its own.
//!
//! How to get it wrong: letting `public_app_url` carry a path. The paths are appended to the origin, and what was lost
//! on the way would only be noticed by calls that nobody answers.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::section::{Checks, Section};
use crate::config::web_address::{fault_of, has_bare_authority};
use crate::domain::{Webhooks, is_sid};

/// What every number of ours carries at Twilio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// The https origin that webhooks are built on; `PUBLIC_APP_URL`. A loaded [`Config`](crate::config::Config) has one.
    pub public_app_url: Option<Url>,
    /// Where Twilio asks what to do with a call.
    pub voice_path: String,
    /// Where Twilio delivers a message.
    pub sms_path: String,
    /// Where Twilio reports how a call went.
    pub status_path: String,
    /// Whom Twilio asks when `voice_path` fails. Unset, or empty = nobody: what a former app left there is cleared.
    pub voice_fallback_path: Option<String>,
    /// The same when `sms_path` fails.
    pub sms_fallback_path: Option<String>,
    /// A TwiML application that answers calls in place of the URLs. Unset, or empty = none.
    pub voice_application_sid: Option<String>,
    /// A TwiML application that gets messages in place of the URLs. Unset, or empty = none.
    pub sms_application_sid: Option<String>,
    /// A SIP trunk that takes calls in place of the URLs. Unset, or empty = none.
    pub trunk_sid: Option<String>,
}

impl WebhooksConfig {
    /// The longest a path may be.
    pub const PATH_BYTES_MAX: usize = 1024;

    /// The webhooks that a number must carry.
    ///
    /// # Panics
    ///
    /// Without `public_app_url`, which no loaded configuration lacks. To go on would wire numbers to nowhere.
    #[must_use]
    pub fn webhooks(&self) -> Webhooks {
        let origin = self.origin();
        let fallback =
            |path: &Option<String>| path.as_ref().filter(|path| !path.is_empty()).map(|path| format!("{origin}{path}"));
        Webhooks {
            voice_url: format!("{origin}{}", self.voice_path),
            sms_url: format!("{origin}{}", self.sms_path),
            status_callback: format!("{origin}{}", self.status_path),
            voice_fallback_url: fallback(&self.voice_fallback_path).unwrap_or_default(),
            sms_fallback_url: fallback(&self.sms_fallback_path).unwrap_or_default(),
            ..self.without_urls()
        }
    }

    /// What stands in for the URLs, alone: of it, `public_app_url` says nothing.
    #[must_use]
    pub fn without_urls(&self) -> Webhooks {
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        Webhooks {
            voice_application_sid: given(&self.voice_application_sid),
            sms_application_sid: given(&self.sms_application_sid),
            trunk_sid: given(&self.trunk_sid),
            ..Webhooks::default()
        }
    }

    /// Scheme, host and port, without a slash at the end.
    ///
    /// # Panics
    ///
    /// Without `public_app_url`, as [`webhooks`](Self::webhooks).
    #[must_use]
    pub fn origin(&self) -> String {
        let url = self.public_app_url.as_ref().expect("Config::load refuses a configuration without PUBLIC_APP_URL");
        url.origin().ascii_serialization()
    }
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            public_app_url: None,
            voice_path: "/twilio/voice".to_owned(),
            sms_path: "/twilio/sms".to_owned(),
            status_path: "/twilio/status".to_owned(),
            voice_fallback_path: None,
            sms_fallback_path: None,
            voice_application_sid: None,
            sms_application_sid: None,
            trunk_sid: None,
        }
    }
}

impl Section for WebhooksConfig {
    const NAME: &'static str = "webhooks";
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("public_app_url", "an https origin such as https://app.example.com"),
        ("voice_fallback_path", "a path such as /twilio/voice-fallback"),
        ("sms_fallback_path", "a path such as /twilio/sms-fallback"),
        ("voice_application_sid", "AP and 32 hexadecimal digits"),
        ("sms_application_sid", "AP and 32 hexadecimal digits"),
        ("trunk_sid", "TK and 32 hexadecimal digits"),
    ];

    fn check(&self, checks: &mut Checks<'_>) {
        if let Some(url) = &self.public_app_url {
            check_origin(checks, "", url);
        }
        for (key, path) in
            [("voice_path", &self.voice_path), ("sms_path", &self.sms_path), ("status_path", &self.status_path)]
        {
            check_path(checks, key, path);
        }
        check_options(checks, "", &Options::of(self));
    }
}

/// `table` = what stands before the key in its section.
pub(super) fn check_origin(checks: &mut Checks<'_>, table: &str, url: &Url) {
    let key = format!("{table}public_app_url");
    if let Some(fault) = fault_of(url) {
        checks.refuse(&key, fault, "give an https origin; http is for tests on this machine");
    } else if url.path() != "/" || !has_bare_authority(url) {
        let at = |key: &str| checks.at(&format!("{table}{key}"));
        let paths = format!("{}, {} and {}", at("voice_path"), at("sms_path"), at("status_path"));
        let remedy = format!("give the origin alone, such as https://app.example.com, and the paths in {paths}");
        checks.refuse(&key, "carries more than scheme, host and port", remedy);
    }
}

/// What there may be beside the URLs, of all or of one pool.
pub(super) struct Options<'a> {
    pub(super) voice_fallback_path: Option<&'a str>,
    pub(super) sms_fallback_path: Option<&'a str>,
    pub(super) voice_application_sid: Option<&'a str>,
    pub(super) sms_application_sid: Option<&'a str>,
    pub(super) trunk_sid: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn of(webhooks: &'a WebhooksConfig) -> Self {
        Self {
            voice_fallback_path: webhooks.voice_fallback_path.as_deref(),
            sms_fallback_path: webhooks.sms_fallback_path.as_deref(),
            voice_application_sid: webhooks.voice_application_sid.as_deref(),
            sms_application_sid: webhooks.sms_application_sid.as_deref(),
            trunk_sid: webhooks.trunk_sid.as_deref(),
        }
    }
}

/// `table` as above. What is empty is said to be none.
pub(super) fn check_options(checks: &mut Checks<'_>, table: &str, options: &Options<'_>) {
    let given = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
    for (key, path) in
        [("voice_fallback_path", options.voice_fallback_path), ("sms_fallback_path", options.sms_fallback_path)]
    {
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            check_path(checks, &format!("{table}{key}"), path);
        }
    }
    for (key, prefix, sid) in [
        ("voice_application_sid", "AP", options.voice_application_sid),
        ("sms_application_sid", "AP", options.sms_application_sid),
        ("trunk_sid", "TK", options.trunk_sid),
    ] {
        if sid.is_some_and(|sid| !sid.is_empty() && !is_sid(prefix, sid)) {
            let what = format!("is not {prefix} and 32 hexadecimal digits");
            checks.refuse(&format!("{table}{key}"), what, "copy it from Twilio's console");
        }
    }
    if given(options.trunk_sid) && given(options.voice_application_sid) {
        let [trunk, application] = ["trunk_sid", "voice_application_sid"].map(|key| format!("{table}{key}"));
        let what =
            format!("is set together with {}, and Twilio takes calls by one of them alone", checks.at(&application));
        let remedy = format!("remove {} or {}", checks.at(&trunk), checks.at(&application));
        checks.refuse_together(&[&trunk, &application], what, remedy);
    }
}

pub(super) fn check_path(checks: &mut Checks<'_>, key: &str, path: &str) {
    if !path.starts_with('/') {
        checks.refuse(key, "does not start with /", "begin it with /, such as /twilio/voice");
    } else if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>".contains(&byte)) {
        checks.refuse(key, "holds a character that no URL path has", "percent-encode it");
    } else if path.len() > WebhooksConfig::PATH_BYTES_MAX {
        checks.refuse(key, "is longer than 1024 bytes", "shorten it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_the_origin_and_the_paths() {
        for (url, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://app.example.com/", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("https://app.example.com:8443/", "https://app.example.com:8443"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            let config = WebhooksConfig { public_app_url: Some(Url::parse(url).unwrap()), ..WebhooksConfig::default() };
            assert_eq!(config.origin(), origin);
            assert_eq!(config.webhooks().voice_url, format!("{origin}/twilio/voice"));
            assert_eq!(config.webhooks().sms_url, format!("{origin}/twilio/sms"));
            assert_eq!(config.webhooks().status_callback, format!("{origin}/twilio/status"));
            assert_eq!(config.webhooks().voice_fallback_url, "");
            let config = WebhooksConfig {
                sms_fallback_path: Some("/b".to_owned()),
                voice_fallback_path: Some(String::new()),
                ..config
            };
            assert_eq!(config.webhooks().sms_fallback_url, format!("{origin}/b"));
            assert_eq!(config.webhooks().voice_fallback_url, "");
        }
    }
}
