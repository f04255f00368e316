//! Who is told, as it follows from `[alerts]` and its secrets together.
//!
//! Invariant: a channel is there whole or not at all; what is half configured does not start.
//! How to get it wrong: a fingerprint that shows its address. It stands in the database.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::root::Config;
use crate::domain::PhoneNumber;
use crate::domain::alert::AlertChannel;

/// Everybody who is told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channels {
    /// By mail.
    pub(crate) email: Option<Mail>,
    /// By a signed POST.
    pub(crate) webhook: Option<SignedPost>,
    /// By Slack: the address of an incoming webhook.
    pub(crate) slack: Option<SecretString>,
    /// By text messages.
    pub(crate) sms: Option<Texts>,
    /// By PagerDuty.
    pub(crate) pagerduty: Option<PagerDuty>,
    /// Whom signs of life go to.
    pub(crate) heartbeat: Option<SecretString>,
}

/// Mail.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// `smtp` or `smtps`, the host, and the port if it is another than usual.
    pub(crate) server: MailServer,
    /// Whom the server knows us as, and the password.
    pub(crate) login: Option<(String, SecretString)>,
    /// From whom.
    pub(crate) from: String,
    /// To whom.
    pub(crate) to: Vec<String>,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailServer {
    /// TLS from the first byte; else STARTTLS.
    pub(crate) is_wrapped: bool,
    /// Its name or address.
    pub(crate) host: String,
    /// Unless it is the usual one.
    pub(crate) port: Option<u16>,
    /// On this machine, where STARTTLS may be missing.
    pub(crate) is_here: bool,
}

/// A signed POST.
#[derive(Debug, Clone)]
pub(crate) struct SignedPost {
    /// Where.
    pub(crate) url: SecretString,
    /// Each signs: `whsec_` and base64.
    pub(crate) secrets: Vec<SecretString>,
}

/// Text messages.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    /// To whom.
    pub(crate) to: Vec<PhoneNumber>,
    /// From which number, short code or name.
    pub(crate) from: String,
    /// How many in a day.
    pub(crate) per_day_max: u32,
}

/// PagerDuty.
#[derive(Debug, Clone)]
pub(crate) struct PagerDuty {
    /// Where.
    pub(crate) url: Url,
    /// With which key.
    pub(crate) key: SecretString,
}

impl Channels {
    /// Those there are, each with the fingerprint of its address.
    #[must_use]
    pub(crate) fn in_use(&self) -> Vec<(AlertChannel, String)> {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        let mail = |mail: &Mail| format!("{:?} {} {}", mail.server, mail.from, mail.to.join(" "));
        let numbers = |texts: &Texts| texts.to.iter().map(PhoneNumber::as_str).collect::<Vec<_>>().join(" ");
        let pagerduty = |pagerduty: &PagerDuty| format!("{} {}", pagerduty.url, text(&pagerduty.key));
        [
            (AlertChannel::Email, self.email.as_ref().map(mail)),
            (AlertChannel::Webhook, self.webhook.as_ref().map(|webhook| text(&webhook.url))),
            (AlertChannel::Slack, self.slack.as_ref().map(text)),
            (AlertChannel::Sms, self.sms.as_ref().map(|texts| format!("{} {}", texts.from, numbers(texts)))),
            (AlertChannel::Pagerduty, self.pagerduty.as_ref().map(pagerduty)),
        ]
        .into_iter()
        .filter_map(|(channel, address)| Some((channel, fingerprint(&address?))))
        .collect()
    }
}

pub(super) fn fingerprint(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Config {
    /// Everybody who is told.
    #[must_use]
    pub(crate) fn alert_channels(&self) -> Channels {
        let (alerts, secrets) = (&self.alerts, &self.secrets.alerts);
        let url = |url: &Url| SecretString::from(url.as_str());
        let webhook = secrets.webhook_url.as_ref().or(alerts.webhook.url.as_ref().map(|url| &url.0));
        let heartbeat = secrets.heartbeat_url.as_ref().or(alerts.heartbeat_url.as_ref().map(|url| &url.0));
        Channels {
            email: self.mail(),
            webhook: webhook.map(|to| SignedPost { url: url(to), secrets: secrets.webhook_secrets.clone() }),
            slack: secrets.slack_url.as_ref().filter(|_| alerts.slack).map(url),
            sms: alerts.sms.from.as_ref().filter(|_| !alerts.sms.to.is_empty()).map(|from| Texts {
                to: alerts.sms.to.clone(),
                from: from.clone(),
                per_day_max: alerts.sms.per_day_max,
            }),
            pagerduty: secrets
                .pagerduty_key
                .clone()
                .filter(|_| alerts.pagerduty)
                .map(|key| PagerDuty { url: alerts.pagerduty_url.clone(), key }),
            heartbeat: heartbeat.map(url),
        }
    }

    fn mail(&self) -> Option<Mail> {
        let email = &self.alerts.email;
        let secrets = &self.secrets.alerts;
        let url = secrets.smtp_url.as_ref().or(email.smtp_url.as_ref().map(|url| &url.0))?;
        let user = percent_decoded(url.username());
        let inside = || url.password().map(|password| SecretString::from(percent_decoded(password)));
        let password = secrets.smtp_password.clone().or_else(inside).filter(|_| !user.is_empty());
        Some(Mail {
            server: MailServer {
                is_wrapped: url.scheme() == "smtps",
                host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
                port: url.port(),
                is_here: is_here(url),
            },
            login: password.map(|password| (user, password)),
            from: email.from.clone()?,
            to: email.to.clone(),
        })
    }
}

/// A part of a URL as whoever wrote it meant it.
pub(super) fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_here(url: &Url) -> bool {
    // A scheme that the URL's rules do not know: its host is text.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address: Option<std::net::IpAddr> = host.parse().ok();
    address.map_or_else(|| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}
