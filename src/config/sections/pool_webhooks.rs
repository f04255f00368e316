//! `webhooks` of a pool: where its numbers lead, if that is not where `[webhooks]` says.
//!
//! How to get it wrong: falling back key by key for what is one choice. A pool that has an application would inherit the trunk,
//! too, and Twilio takes calls by one of them alone.

use serde::{Deserialize, Serialize};
use url::Url;

use super::webhooks::{Options, WebhooksConfig, check_options, check_origin, check_path};
use crate::config::section::Checks;
use crate::domain::PoolKey;

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
    /// Whom Twilio asks when `voice_path` fails; empty = nobody, whatever `[webhooks]` says.
    pub voice_fallback_path: Option<String>,
    /// The same when `sms_path` fails.
    pub sms_fallback_path: Option<String>,
    /// A TwiML application that answers calls in place of the URLs; empty = none, whatever `[webhooks]` says.
    pub voice_application_sid: Option<String>,
    /// A TwiML application that gets messages in place of the URLs; empty = none, whatever `[webhooks]` says.
    pub sms_application_sid: Option<String>,
    /// A SIP trunk that takes calls in place of the URLs; empty = none, whatever `[webhooks]` says.
    pub trunk_sid: Option<String>,
}

impl PoolWebhooks {
    /// Whether it says nothing of its own.
    pub(in crate::config) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `key` is one of where numbers lead, and left to `[webhooks]`.
    pub(in crate::config) fn leaves_out(&self, key: PoolKey) -> bool {
        match key {
            PoolKey::VoiceApplication => self.voice_application_sid.is_none(),
            PoolKey::SmsApplication => self.sms_application_sid.is_none(),
            PoolKey::Trunk => self.trunk_sid.is_none(),
            PoolKey::Country
            | PoolKey::NumberType
            | PoolKey::AddressSid
            | PoolKey::BundleSid
            | PoolKey::IdentitySid => false,
        }
    }

    /// All of it, with what `[webhooks]` says of the rest.
    #[must_use]
    pub(crate) fn over(&self, all: &WebhooksConfig) -> WebhooksConfig {
        let path = |own: &Option<String>, all: &String| own.as_ref().unwrap_or(all).clone();
        let option = |own: &Option<String>, all: &Option<String>| own.as_ref().or(all.as_ref()).cloned();
        // They are one choice: a pool that names one of them takes off the other.
        let says_who_takes_calls = self.trunk_sid.is_some() || self.voice_application_sid.is_some();
        let (voice_application_sid, trunk_sid) = if says_who_takes_calls {
            (self.voice_application_sid.clone(), self.trunk_sid.clone())
        } else {
            (all.voice_application_sid.clone(), all.trunk_sid.clone())
        };
        WebhooksConfig {
            public_app_url: self.public_app_url.as_ref().or(all.public_app_url.as_ref()).cloned(),
            voice_path: path(&self.voice_path, &all.voice_path),
            sms_path: path(&self.sms_path, &all.sms_path),
            status_path: path(&self.status_path, &all.status_path),
            voice_fallback_path: option(&self.voice_fallback_path, &all.voice_fallback_path),
            sms_fallback_path: option(&self.sms_fallback_path, &all.sms_fallback_path),
            voice_application_sid,
            sms_application_sid: option(&self.sms_application_sid, &all.sms_application_sid),
            trunk_sid,
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
        let options = Options {
            voice_fallback_path: self.voice_fallback_path.as_deref(),
            sms_fallback_path: self.sms_fallback_path.as_deref(),
            voice_application_sid: self.voice_application_sid.as_deref(),
            sms_application_sid: self.sms_application_sid.as_deref(),
            trunk_sid: self.trunk_sid.as_deref(),
        };
        check_options(checks, "webhooks.", &options);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_leads_elsewhere_only_where_it_says_so() {
        let url = |text: &str| Some(Url::parse(text).unwrap());
        let all = WebhooksConfig { public_app_url: url("https://app.example.com"), ..WebhooksConfig::default() };
        assert_eq!(PoolWebhooks::default().over(&all), all);
        let own = PoolWebhooks { voice_path: Some("/gb/voice".to_owned()), ..PoolWebhooks::default() };
        assert_eq!(own.over(&all), WebhooksConfig { voice_path: "/gb/voice".to_owned(), ..all.clone() });
        let nobody = PoolWebhooks { voice_fallback_path: Some(String::new()), ..PoolWebhooks::default() };
        let asked = WebhooksConfig { voice_fallback_path: Some("/f".to_owned()), ..all.clone() };
        assert_eq!(PoolWebhooks::default().over(&asked).webhooks().voice_fallback_url, "https://app.example.com/f");
        assert_eq!(nobody.over(&asked).webhooks().voice_fallback_url, "");
        let own = PoolWebhooks { public_app_url: url("https://gb.example.com"), ..PoolWebhooks::default() };
        assert_eq!(own.over(&all).webhooks().sms_url, "https://gb.example.com/twilio/sms");
    }

    #[test]
    fn a_pool_that_names_a_trunk_or_an_application_inherits_neither() {
        let sid = |text: &str| Some(text.to_owned());
        let url = Some(Url::parse("https://app.example.com").unwrap());
        let by_trunk = WebhooksConfig { public_app_url: url, trunk_sid: sid("TK1"), ..WebhooksConfig::default() };
        let calls = |own: PoolWebhooks| {
            let webhooks = own.over(&by_trunk).webhooks();
            (webhooks.trunk_sid, webhooks.voice_application_sid)
        };
        assert_eq!(calls(PoolWebhooks::default()), ("TK1".to_owned(), String::new()));
        let by_application = PoolWebhooks { voice_application_sid: sid("AP1"), ..PoolWebhooks::default() };
        assert_eq!(calls(by_application), (String::new(), "AP1".to_owned()));
        let by_url = PoolWebhooks { trunk_sid: sid(""), ..PoolWebhooks::default() };
        assert_eq!(calls(by_url), (String::new(), String::new()));
    }
}
