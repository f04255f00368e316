//! What the channels of alerts need that must never be printed.
//!
//! How to get it wrong: trimming what signs. Whoever verifies has the very bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::address::{Address, HEARTBEAT, SLACK, SMTP, WEBHOOK, address};
use super::source::{Secret, Vault};
use crate::config::problem::Origin;

/// Secrets that may sign at a time, while they are rotated.
const SIGNING_MAX: usize = 5;
const SIGNING_PREFIX: &str = "whsec_";
const SIGNING_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const PAGERDUTY_CHARACTERS: usize = 32;

/// What the channels of alerts need that must never be printed.
#[derive(Clone)]
pub struct AlertSecrets {
    /// `alerts.email.smtp_url`, given as a secret, perhaps with the password in it.
    pub smtp_url: Option<Url>,
    /// `ALERT_SMTP_PASSWORD`
    pub smtp_password: Option<SecretString>,
    /// `ALERT_WEBHOOK_SECRET`: each `whsec_` and base64; the first one is the newest.
    pub webhook_secrets: Vec<SecretString>,
    /// `alerts.webhook.url`, given as a secret.
    pub webhook_url: Option<Url>,
    /// `ALERT_SLACK_URL`
    pub slack_url: Option<Url>,
    /// `ALERT_PAGERDUTY_KEY`
    pub pagerduty_key: Option<SecretString>,
    /// `alerts.heartbeat_url`, given as a secret.
    pub heartbeat_url: Option<Url>,
    /// Where each was given: the password, the signing secrets, the webhook's address, the heartbeat's, the mail server's.
    pub(in crate::config) origins: [Origin; 5],
}

impl AlertSecrets {
    pub(super) fn unset() -> Self {
        Self {
            smtp_url: None,
            smtp_password: None,
            webhook_secrets: Vec::new(),
            webhook_url: None,
            slack_url: None,
            pagerduty_key: None,
            heartbeat_url: None,
            origins: [const { Origin::Default }; 5],
        }
    }

    pub(super) fn read(vault: &mut Vault<'_>) -> Self {
        let password = vault.find("ALERT_SMTP_PASSWORD").ok().flatten();
        let signing = vault.find("ALERT_WEBHOOK_SECRET").ok().flatten();
        let webhook_secrets = signing.as_ref().map(|secret| signing_secrets(vault, secret)).unwrap_or_default();
        let mut given = |which: &Address| address(vault, which);
        let (webhook_url, webhook_origin) = given(&WEBHOOK);
        let (slack_url, _) = given(&SLACK);
        let (heartbeat_url, heartbeat_origin) = given(&HEARTBEAT);
        let (smtp_url, smtp_origin) = given(&SMTP);
        let pagerduty_key = pagerduty_key(vault);
        let origin = |secret: &Option<Secret>| secret.as_ref().map_or(Origin::Default, |secret| secret.origin.clone());
        let origins = [origin(&password), origin(&signing), webhook_origin, heartbeat_origin, smtp_origin];
        let smtp_password = password.map(|secret| secret.text);
        Self { smtp_url, smtp_password, webhook_secrets, webhook_url, slack_url, pagerduty_key, heartbeat_url, origins }
    }

    /// Whether each is the same as in `other`, by the name of its variable.
    pub(in crate::config) fn compared(&self, other: &Self) -> [(&'static str, bool); 7] {
        let all_same = |one: &[SecretString], two: &[SecretString]| {
            one.iter().map(ExposeSecret::expose_secret).eq(two.iter().map(ExposeSecret::expose_secret))
        };
        [
            ("ALERT_SMTP_URL", self.smtp_url == other.smtp_url),
            ("ALERT_SMTP_PASSWORD", same_or_none(&self.smtp_password, &other.smtp_password)),
            ("ALERT_WEBHOOK_SECRET", all_same(&self.webhook_secrets, &other.webhook_secrets)),
            ("ALERT_WEBHOOK_URL", self.webhook_url == other.webhook_url),
            ("ALERT_SLACK_URL", self.slack_url == other.slack_url),
            ("ALERT_PAGERDUTY_KEY", same_or_none(&self.pagerduty_key, &other.pagerduty_key)),
            ("ALERT_HEARTBEAT_URL", self.heartbeat_url == other.heartbeat_url),
        ]
    }

    /// Whether each is given, by the name of its variable.
    pub(in crate::config) fn given(&self) -> [(&'static str, bool); 7] {
        [
            ("ALERT_SMTP_URL", self.smtp_url.is_some()),
            ("ALERT_SMTP_PASSWORD", self.smtp_password.is_some()),
            ("ALERT_WEBHOOK_SECRET", !self.webhook_secrets.is_empty()),
            ("ALERT_WEBHOOK_URL", self.webhook_url.is_some()),
            ("ALERT_SLACK_URL", self.slack_url.is_some()),
            ("ALERT_PAGERDUTY_KEY", self.pagerduty_key.is_some()),
            ("ALERT_HEARTBEAT_URL", self.heartbeat_url.is_some()),
        ]
    }
}

fn same_or_none(one: &Option<SecretString>, two: &Option<SecretString>) -> bool {
    one.as_ref().map(ExposeSecret::expose_secret) == two.as_ref().map(ExposeSecret::expose_secret)
}

/// The secrets of the list, each with its prefix.
fn signing_secrets(vault: &mut Vault<'_>, secret: &Secret) -> Vec<SecretString> {
    let text = secret.text.expose_secret();
    let all: Vec<&str> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    if !all.iter().all(|one| signs(one)) {
        let what = "holds something that is no signing secret";
        vault.refuse(secret, what, "give whsec_ and the base64 of 24 to 64 bytes, as from: openssl rand -base64 32");
        return Vec::new();
    }
    if all.len() > SIGNING_MAX {
        vault.refuse(secret, "holds more than 5 secrets", "remove those that nobody verifies with any more");
    }
    all.into_iter().map(SecretString::from).collect()
}

fn signs(text: &str) -> bool {
    let bytes = text.strip_prefix(SIGNING_PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok());
    bytes.is_some_and(|bytes| SIGNING_BYTES.contains(&bytes.len()))
}

fn pagerduty_key(vault: &mut Vault<'_>) -> Option<SecretString> {
    let secret = vault.find("ALERT_PAGERDUTY_KEY").ok().flatten()?;
    let text = secret.text.expose_secret();
    if text.len() != PAGERDUTY_CHARACTERS || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let remedy = "give the integration key of a service, 32 letters and digits";
        vault.refuse(&secret, "is no integration key of PagerDuty's", remedy);
        return None;
    }
    Some(secret.text)
}
