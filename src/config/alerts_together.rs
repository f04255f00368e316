//! What `[alerts]` and its secrets must say together.
//!
//! How to get it wrong: missing in the file what is given as a secret.

use secrecy::ExposeSecret as _;
use url::Url;

use super::alerts::percent_decoded;
use super::loader::Loader;
use super::problem::{Origin, Problem};
use super::root::Config;
use super::secrets::AlertSecrets;
use super::sections::AlertsConfig;

const SMTP_URL: &str = "alerts.email.smtp_url";
const SMTP_SECRET: &str = "ALERT_SMTP_URL";
const SMTP_PASSWORD: &str = "ALERT_SMTP_PASSWORD";

impl Config {
    /// Finds what contradicts itself.
    pub(super) fn check_alerts(&self, loader: &Loader, problems: &mut Vec<Problem>) {
        let (alerts, secrets) = (&self.alerts, &self.secrets.alerts);
        let mut checks = Together {
            alerts,
            secrets,
            signs_notices: self.has_notice_url(),
            loader,
            problems: problems.as_slice(),
            found: Vec::new(),
        };
        checks.addresses();
        checks.mail();
        checks.login();
        checks.webhook();
        checks.switches();
        let found = checks.found;
        problems.extend(found);
    }
}

struct Together<'a> {
    alerts: &'a AlertsConfig,
    secrets: &'a AlertSecrets,
    /// Whether there is something else to sign.
    signs_notices: bool,
    loader: &'a Loader,
    /// What was found before: nothing is said of a key that is wrong by itself.
    problems: &'a [Problem],
    found: Vec<Problem>,
}

impl<'a> Together<'a> {
    fn refuse(&mut self, keys: &[&str], origin: Origin, what: &str, remedy: &str) {
        let is_sound = |key: &&str| !self.problems.iter().any(|problem| problem.key == *key);
        if keys.iter().all(is_sound) {
            self.found.push(Problem::new(keys[0], origin, what, remedy));
        }
    }

    /// An address that is given in two ways.
    fn addresses(&mut self) {
        let [_, _, webhook_at, heartbeat_at, smtp_at] = self.secrets.origins.clone();
        let (alerts, secrets) = (self.alerts, self.secrets);
        for (key, name, plain, secret, origin) in [
            ("alerts.webhook.url", "ALERT_WEBHOOK_URL", &alerts.webhook.url, &secrets.webhook_url, webhook_at),
            (
                "alerts.heartbeat_url",
                "ALERT_HEARTBEAT_URL",
                &alerts.heartbeat_url,
                &secrets.heartbeat_url,
                heartbeat_at,
            ),
            (SMTP_URL, SMTP_SECRET, &alerts.email.smtp_url, &secrets.smtp_url, smtp_at),
        ] {
            if let (Some(plain), Some(secret)) = (plain, secret)
                && plain.0 != *secret
            {
                self.refuse(&[name, key], origin, &format!("and {key} are both set, and differ"), "unset one of them");
            }
        }
    }

    /// The mail server, wherever it is given, and what it is called there.
    fn smtp(&self) -> Option<(&'a Url, &'static str)> {
        let secret = self.secrets.smtp_url.as_ref().map(|url| (url, SMTP_SECRET));
        secret.or_else(|| self.alerts.email.smtp_url.as_ref().map(|url| (&url.0, SMTP_URL)))
    }

    /// All of mail or nothing.
    fn mail(&mut self) {
        let email = &self.alerts.email;
        let given = [self.smtp().is_some(), email.from.is_some(), !email.to.is_empty()];
        let keys = [SMTP_URL, "alerts.email.from", "alerts.email.to"];
        if !given.contains(&true) {
            return;
        }
        if let Some(missing) = given.iter().position(|given| !given) {
            let mut sound = vec![keys[missing], SMTP_SECRET];
            sound.extend(keys.iter().filter(|key| **key != keys[missing]));
            let origin = self.loader.origin_of(keys[missing]);
            self.refuse(&sound, origin, "is missing, though the rest of alerts.email is given", "give all three");
        }
    }

    /// A user has a password, and a password a user.
    fn login(&mut self) {
        let password_at = self.secrets.origins[0].clone();
        let given = self.secrets.smtp_password.as_ref().map(|password| password.expose_secret().to_owned());
        let Some((url, name)) = self.smtp() else {
            if given.is_some() {
                let (what, remedy) = ("is of no mail server", "give alerts.email.smtp_url, or take it away");
                self.refuse(&[SMTP_PASSWORD, SMTP_URL, SMTP_SECRET], password_at, what, remedy);
            }
            return;
        };
        let (has_user, inside) = (!url.username().is_empty(), url.password().map(percent_decoded));
        let url_at = match name {
            SMTP_SECRET => self.secrets.origins[4].clone(),
            _ => self.loader.origin_of(SMTP_URL),
        };
        match (has_user, inside, given) {
            (true, None, None) => {
                self.refuse(
                    &[name, SMTP_PASSWORD],
                    url_at,
                    "names a user without a password",
                    "give ALERT_SMTP_PASSWORD",
                );
            }
            (true, Some(inside), Some(given)) if inside != given => {
                let what = "and the password in ALERT_SMTP_URL are both set, and differ";
                self.refuse(&[SMTP_PASSWORD, name], password_at, what, "unset one of them");
            }
            (false, Some(_), _) => {
                self.refuse(
                    &[name, SMTP_PASSWORD],
                    url_at,
                    "holds a password of no user",
                    "give smtps://user:password@host",
                );
            }
            (false, None, Some(_)) => {
                let remedy = "name the user in alerts.email.smtp_url: smtps://user@host";
                self.refuse(&[SMTP_PASSWORD, name], password_at, "is of no user", remedy);
            }
            (true, _, _) | (false, None, None) => {}
        }
    }

    /// A webhook is signed, and what signs has a webhook.
    fn webhook(&mut self) {
        let signing_at = self.secrets.origins[1].clone();
        let (url, secret) = ("alerts.webhook.url", "ALERT_WEBHOOK_SECRET");
        let has_webhook = self.alerts.webhook.url.is_some() || self.secrets.webhook_url.is_some();
        match (has_webhook, !self.secrets.webhook_secrets.is_empty()) {
            (true, false) => self.refuse(
                &[url, secret],
                self.loader.origin_of(url),
                "is given, but nothing signs what is sent there",
                "give ALERT_WEBHOOK_SECRET: whsec_ and the base64 of 32 random bytes",
            ),
            (false, true) if !self.signs_notices => {
                let remedy = "give alerts.webhook.url or recycling.notice_url, or take it away";
                self.refuse(&[secret, url], signing_at, "signs nothing", remedy);
            }
            (_, true) | (false, false) => {}
        }
    }

    /// What is switched on has its secret.
    fn switches(&mut self) {
        let (alerts, secrets) = (self.alerts, self.secrets);
        for (key, is_on, secret, has_secret) in [
            ("alerts.slack", alerts.slack, "ALERT_SLACK_URL", secrets.slack_url.is_some()),
            ("alerts.pagerduty", alerts.pagerduty, "ALERT_PAGERDUTY_KEY", secrets.pagerduty_key.is_some()),
        ] {
            if is_on && !has_secret {
                let (origin, remedy) = (self.loader.origin_of(key), format!("give {secret}"));
                self.refuse(&[key, secret], origin, "is true, but nothing says where or with which key", &remedy);
            }
        }
    }
}
