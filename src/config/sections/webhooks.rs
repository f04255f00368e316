//! `[webhooks]`: what every number of ours carries at Twilio, but for those of a pool that has `webhooks` of its own.
//!
//! How to get it wrong: letting `public_app_url` carry a path. The paths are appended to the origin, and what was lost
//! on the way would only be noticed by calls that nobody answers.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::section::{Checks, Section};
use crate::config::web_address::{fault_of, has_bare_authority};
use crate::domain::Webhooks;

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
        Webhooks {
            voice_url: format!("{origin}{}", self.voice_path),
            sms_url: format!("{origin}{}", self.sms_path),
            status_callback: format!("{origin}{}", self.status_path),
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
        }
    }
}

impl Section for WebhooksConfig {
    const NAME: &'static str = "webhooks";
    const HINTS: &'static [(&'static str, &'static str)] =
        &[("public_app_url", "an https origin such as https://app.example.com")];

    fn check(&self, checks: &mut Checks<'_>) {
        if let Some(url) = &self.public_app_url {
            check_origin(checks, "", url);
        }
        for (key, path) in
            [("voice_path", &self.voice_path), ("sms_path", &self.sms_path), ("status_path", &self.status_path)]
        {
            check_path(checks, key, path);
        }
    }
}

/// `webhooks` of a pool: where its numbers lead. What it leaves out is that of `[webhooks]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolWebhooks {
    /// The https origin.
    pub public_app_url: Option<Url>,
    /// Where Twilio asks what to do with a call.
    pub voice_path: Option<String>,
    /// Where Twilio delivers a message.
    pub sms_path: Option<String>,
    /// Where Twilio reports how a call went.
    pub status_path: Option<String>,
}

impl PoolWebhooks {
    /// Whether it says nothing of its own.
    pub(in crate::config) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of it, with what `[webhooks]` says of the rest.
    #[must_use]
    pub(in crate::config) fn over(&self, all: &WebhooksConfig) -> WebhooksConfig {
        let path = |own: &Option<String>, all: &String| own.as_ref().unwrap_or(all).clone();
        WebhooksConfig {
            public_app_url: self.public_app_url.as_ref().or(all.public_app_url.as_ref()).cloned(),
            voice_path: path(&self.voice_path, &all.voice_path),
            sms_path: path(&self.sms_path, &all.sms_path),
            status_path: path(&self.status_path, &all.status_path),
        }
    }

    pub(super) fn check(&self, checks: &mut Checks<'_>) {
        if let Some(url) = &self.public_app_url {
            check_origin(checks, "webhooks.", url);
        }
        for (key, path) in [
            ("webhooks.voice_path", &self.voice_path),
            ("webhooks.sms_path", &self.sms_path),
            ("webhooks.status_path", &self.status_path),
        ] {
            if let Some(path) = path {
                check_path(checks, key, path);
            }
        }
    }
}

/// `table` = what stands before the key in its section.
fn check_origin(checks: &mut Checks<'_>, table: &str, url: &Url) {
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

fn check_path(checks: &mut Checks<'_>, key: &str, path: &str) {
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
        }
    }

    #[test]
    fn a_pool_leads_elsewhere_only_where_it_says_so() {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        let all = WebhooksConfig { public_app_url: url("https://app.example.com"), ..WebhooksConfig::default() };
        assert_eq!(PoolWebhooks::default().over(&all), all);
        let own = PoolWebhooks { voice_path: Some("/gb/voice".to_owned()), ..PoolWebhooks::default() };
        assert_eq!(own.over(&all), WebhooksConfig { voice_path: "/gb/voice".to_owned(), ..all.clone() });
        let own = PoolWebhooks { public_app_url: url("https://gb.example.com"), ..PoolWebhooks::default() };
        assert_eq!(own.over(&all).webhooks().sms_url, "https://gb.example.com/twilio/sms");
    }
}
