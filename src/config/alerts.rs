//! Who is told, as it follows from `[alerts]` and its secrets together.
//!
//! Invariant: a channel is there whole or not at all; what is half configured does not start.
//! How to get it wrong: a fingerprint that shows its address. It stands in the database.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::loader::Loader;
use super::problem::{Origin, Problem};
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

fn fingerprint(text: &str) -> String {
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
        let url = &email.smtp_url.as_ref()?.0;
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
        let password = self.secrets.alerts.smtp_password.clone().filter(|_| !user.is_empty());
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

    /// What `[alerts]` and its secrets must say together.
    pub(super) fn check_alerts(&self, loader: &Loader, problems: &mut Vec<Problem>) {
        let (alerts, secrets) = (&self.alerts, &self.secrets.alerts);
        let [password_at, signing_at, webhook_at, heartbeat_at] = &secrets.origins;
        let is_sound = |key: &str| !problems.iter().any(|problem| problem.key == key);
        let mut found = Vec::new();
        let mut refuse = |keys: [&str; 2], origin: Origin, what: &str, remedy: &str| {
            if keys.iter().all(|key| is_sound(key)) {
                found.push(Problem::new(keys[0], origin, what, remedy));
            }
        };
        for (key, name, plain, secret, origin) in [
            ("alerts.webhook.url", "ALERT_WEBHOOK_URL", &alerts.webhook.url, &secrets.webhook_url, webhook_at),
            (
                "alerts.heartbeat_url",
                "ALERT_HEARTBEAT_URL",
                &alerts.heartbeat_url,
                &secrets.heartbeat_url,
                heartbeat_at,
            ),
        ] {
            if let (Some(plain), Some(secret)) = (plain, secret)
                && plain.0 != *secret
            {
                refuse(
                    [name, key],
                    origin.clone(),
                    &format!("and {key} are both set, and differ"),
                    "unset one of them",
                );
            }
        }
        let smtp = ["alerts.email.smtp_url", "ALERT_SMTP_PASSWORD"];
        let has_user = alerts.email.smtp_url.as_ref().map(|url| !url.0.username().is_empty());
        match (has_user, secrets.smtp_password.is_some()) {
            (Some(true), false) => {
                refuse(smtp, loader.origin_of(smtp[0]), "names a user without a password", "give ALERT_SMTP_PASSWORD")
            }
            (Some(false), true) => refuse(
                [smtp[1], smtp[0]],
                password_at.clone(),
                "is of no user",
                "name the user in alerts.email.smtp_url: smtps://user@host",
            ),
            (None, true) => refuse(
                [smtp[1], smtp[0]],
                password_at.clone(),
                "is of no mail server",
                "give alerts.email.smtp_url, or take it away",
            ),
            (Some(true), true) | (Some(false) | None, false) => {}
        }
        let has_webhook = alerts.webhook.url.is_some() || secrets.webhook_url.is_some();
        match (has_webhook, !secrets.webhook_secrets.is_empty()) {
            (true, false) => refuse(
                ["alerts.webhook.url", "ALERT_WEBHOOK_SECRET"],
                loader.origin_of("alerts.webhook.url"),
                "is given, but nothing signs what is sent there",
                "give ALERT_WEBHOOK_SECRET: whsec_ and the base64 of 32 random bytes",
            ),
            (false, true) => refuse(
                ["ALERT_WEBHOOK_SECRET", "alerts.webhook.url"],
                signing_at.clone(),
                "signs nothing",
                "give alerts.webhook.url, or take it away",
            ),
            (true, true) | (false, false) => {}
        }
        for (key, is_on, secret, has_secret) in [
            ("alerts.slack", alerts.slack, "ALERT_SLACK_URL", secrets.slack_url.is_some()),
            ("alerts.pagerduty", alerts.pagerduty, "ALERT_PAGERDUTY_KEY", secrets.pagerduty_key.is_some()),
        ] {
            if is_on && !has_secret {
                refuse(
                    [key, secret],
                    loader.origin_of(key),
                    "is true, but nothing says where or with which key",
                    &format!("give {secret}"),
                );
            }
        }
        problems.extend(found);
    }
}

fn is_here(url: &Url) -> bool {
    // A scheme that the URL's rules do not know: its host is text.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address: Option<std::net::IpAddr> = host.parse().ok();
    address.map_or_else(|| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}
