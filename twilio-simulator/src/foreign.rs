//! What somebody else puts into the account, or changes there.
//!
//! Invariant: what is left out of a change stays.
//!
//! How to get it wrong: `""` for "leave it". It clears.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::number::Sid;
use crate::stock::pool::Capabilities;

/// A number of somebody else's in the same account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignNumber {
    /// In E.164.
    pub phone_number: String,
    /// Left out: a fresh one. Of no effect on a number that is there already.
    #[serde(default)]
    pub sid: Option<Sid>,
    /// Left out: the formatted number.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// Left out: null, as for a number that nobody configured.
    #[serde(default)]
    pub voice_url: Option<String>,
    /// Left out: empty.
    #[serde(default)]
    pub sms_url: Option<String>,
    /// Left out: empty.
    #[serde(default)]
    pub status_callback: Option<String>,
    /// Left out: now.
    #[serde(default)]
    pub date_created: Option<DateTime<Utc>>,
    /// Left out: everything but fax.
    #[serde(default)]
    pub capabilities: Option<Capabilities>,
}

impl ForeignNumber {
    /// A number that nobody configured.
    pub fn new(phone_number: impl Into<String>) -> Self {
        Self { phone_number: phone_number.into(), ..Self::default() }
    }

    /// With this SID: `PN` and 32 hexadecimal digits, such as one of an earlier simulator.
    pub fn sid(mut self, sid: impl Into<Sid>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// In the account since this instant.
    pub fn date_created(mut self, date_created: DateTime<Utc>) -> Self {
        self.date_created = Some(date_created);
        self
    }

    /// With this `FriendlyName`.
    pub fn friendly_name(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    /// With this `VoiceUrl`.
    pub fn voice_url(mut self, url: impl Into<String>) -> Self {
        self.voice_url = Some(url.into());
        self
    }

    /// With this `SmsUrl`.
    pub fn sms_url(mut self, url: impl Into<String>) -> Self {
        self.sms_url = Some(url.into());
        self
    }

    /// With this `StatusCallback`.
    pub fn status_callback(mut self, url: impl Into<String>) -> Self {
        self.status_callback = Some(url.into());
        self
    }
}

/// What somebody changes on a number, in the console for example; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// The new `VoiceUrl`.
    #[serde(default)]
    pub voice_url: Option<String>,
    /// The new `VoiceMethod`.
    #[serde(default)]
    pub voice_method: Option<String>,
    /// The new `SmsUrl`.
    #[serde(default)]
    pub sms_url: Option<String>,
    /// The new `SmsMethod`.
    #[serde(default)]
    pub sms_method: Option<String>,
    /// The new `StatusCallback`.
    #[serde(default)]
    pub status_callback: Option<String>,
    /// The new `StatusCallbackMethod`.
    #[serde(default)]
    pub status_callback_method: Option<String>,
    /// The new `VoiceFallbackUrl`.
    #[serde(default)]
    pub voice_fallback_url: Option<String>,
    /// The new `SmsFallbackUrl`.
    #[serde(default)]
    pub sms_fallback_url: Option<String>,
    /// The new `VoiceReceiveMode`: `voice` or `fax`.
    #[serde(default)]
    pub voice_receive_mode: Option<String>,
    /// The new `FriendlyName`.
    #[serde(default)]
    pub friendly_name: Option<String>,
    /// The new `VoiceApplicationSid`.
    #[serde(default)]
    pub voice_application_sid: Option<String>,
    /// The new `SmsApplicationSid`.
    #[serde(default)]
    pub sms_application_sid: Option<String>,
    /// The new `TrunkSid`; `""` removes it.
    #[serde(default)]
    pub trunk_sid: Option<String>,
}
