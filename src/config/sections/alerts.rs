//! `[alerts]`: who is told when something is wrong, and of what. Passwords and keys are secrets, see `secrets/alerts.rs`.
//!
//! How to get it wrong: showing an address. Whoever knows where a webhook or a sign of life goes may send there.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de};
use url::Url;

use crate::config::web_address::PrivateUrl;
use crate::domain::PhoneNumber;

/// Who is told when something is wrong, and of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Whether Slack is told; where is the secret `ALERT_SLACK_URL`.
    pub slack: bool,
    /// Whether PagerDuty is told; with the secret `ALERT_PAGERDUTY_KEY`.
    pub pagerduty: bool,
    /// Where PagerDuty takes events.
    pub pagerduty_url: Url,
    /// Asked once a minute while all is well, so that somebody notices when it is not.
    pub heartbeat_url: Option<PrivateUrl>,
    /// A pool with fewer than this share of its threshold is low.
    pub low_fraction: f64,
    /// How long it must last, to be told and to be over.
    pub for_secs: u64,
    /// How often an open alert is told again; 0 = never.
    pub repeat_hours: u64,
    /// With less money at Twilio somebody is told; unset = nobody asks for the balance.
    pub balance_min: Option<Amount>,
    /// Whether somebody is told each Monday what became of the week.
    pub weekly_report: bool,
    /// How long a number may wait for Twilio to attach it.
    pub attach_stuck_minutes: u64,
    /// How long a number may wait for the carriers.
    pub registration_stuck_hours: u64,
    /// By mail.
    pub email: EmailConfig,
    /// By a signed POST.
    pub webhook: WebhookConfig,
    /// By text messages.
    pub sms: SmsConfig,
}

/// `[alerts.email]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailConfig {
    /// The mail server, with its user.
    pub smtp_url: Option<PrivateUrl>,
    /// From whom.
    pub from: Option<String>,
    /// To whom.
    pub to: Vec<String>,
}

/// `[alerts.webhook]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where.
    pub url: Option<PrivateUrl>,
}

/// `[alerts.sms]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsConfig {
    /// To whom.
    pub to: Vec<PhoneNumber>,
    /// From which number or name.
    pub from: Option<String>,
    /// How many messages in a day.
    pub per_day_max: u32,
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self { to: Vec::new(), from: None, per_day_max: 10 }
    }
}

impl AlertsConfig {
    /// `for_secs`
    #[must_use]
    pub fn lasts(&self) -> Duration {
        Duration::from_secs(self.for_secs)
    }

    /// `repeat_hours`; `None` = never.
    #[must_use]
    pub fn repeats(&self) -> Option<Duration> {
        (self.repeat_hours > 0).then(|| Duration::from_secs(self.repeat_hours * 3600))
    }

    /// Where PagerDuty takes events of whoever does not say otherwise.
    pub(in crate::config) const PAGERDUTY: &'static str = "https://events.pagerduty.com/v2/enqueue";
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            slack: false,
            pagerduty: false,
            pagerduty_url: Url::parse(Self::PAGERDUTY).expect("the literal above is a URL; a test loads the defaults"),
            heartbeat_url: None,
            low_fraction: 0.5,
            for_secs: 120,
            repeat_hours: 24,
            balance_min: None,
            weekly_report: false,
            attach_stuck_minutes: 30,
            registration_stuck_hours: 24,
            email: EmailConfig::default(),
            webhook: WebhookConfig::default(),
            sms: SmsConfig::default(),
        }
    }
}

/// An amount of money, not negative, in whichever currency the account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Amount(pub Decimal);

impl<'de> Deserialize<'de> for Amount {
    /// From text or from a number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Whole(i64),
            Fraction(f64),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Whole(whole) => whole.to_string(),
            Written::Fraction(fraction) => fraction.to_string(),
        };
        let amount: Decimal = text.trim().parse().map_err(|_| de::Error::custom("no amount"))?;
        if amount.is_sign_negative() { Err(de::Error::custom("negative")) } else { Ok(Self(amount)) }
    }
}
