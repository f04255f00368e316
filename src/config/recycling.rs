//! Whom notices go to, as it follows from `[recycling]` and its secrets together.
//!
//! How to get it wrong: a notice that nobody signs. Whoever gets it takes numbers for unused by anybody's word.

use secrecy::SecretString;
use url::Url;

use super::alerts::{SignedPost, fingerprint};
use super::loader::Loader;
use super::problem::{Origin, Problem};
use super::root::Config;
use crate::domain::recycling::{RecyclingMode, Rules};

const NOTICE_URL: &str = "recycling.notice_url";
const NOTICE_SECRET: &str = "RECYCLING_NOTICE_URL";

impl Config {
    fn notice_url(&self) -> Option<&Url> {
        self.secrets.recycling_notice_url.as_ref().or(self.recycling.notice_url.as_ref().map(|url| &url.0))
    }

    /// Whether notices can be told.
    pub(super) fn has_notice_url(&self) -> bool {
        self.notice_url().is_some()
    }

    /// Where notices go, and the fingerprint of that.
    #[must_use]
    pub(crate) fn notices(&self) -> Option<(SignedPost, String)> {
        let url = self.notice_url()?;
        let secrets = self.secrets.alerts.webhook_secrets.clone();
        Some((SignedPost { url: SecretString::from(url.as_str()), secrets }, fingerprint(url.as_str())))
    }

    /// How recycling is set.
    #[must_use]
    pub(crate) fn recycling_rules(&self) -> Rules {
        let recycling = &self.recycling;
        Rules { mode: recycling.mode, inactive_days: recycling.inactive_days, per_day_max: recycling.per_day_max }
    }

    /// What `[recycling]` and its secrets must say together.
    pub(super) fn check_recycling(&self, loader: &Loader, problems: &mut Vec<Problem>) {
        let is_sound = |key: &str| !problems.iter().any(|problem| problem.key == key);
        let mut found = Vec::new();
        let mut refuse = |keys: &[&str], origin: Origin, what: &str, remedy: &str| {
            if keys.iter().all(|key| is_sound(key)) {
                found.push(Problem::new(keys[0], origin, what, remedy));
            }
        };
        if let (Some(secret), Some(plain)) = (&self.secrets.recycling_notice_url, &self.recycling.notice_url)
            && *secret != plain.0
        {
            let what = format!("and {NOTICE_URL} are both set, and differ");
            refuse(&[NOTICE_SECRET, NOTICE_URL], self.secrets.recycling_origin.clone(), &what, "unset one of them");
        }
        let address = [NOTICE_URL, NOTICE_SECRET, "ALERT_WEBHOOK_SECRET"];
        if self.has_notice_url() && self.secrets.alerts.webhook_secrets.is_empty() {
            refuse(
                &address,
                loader.origin_of(NOTICE_URL),
                "is given, but nothing signs what is sent there",
                "give ALERT_WEBHOOK_SECRET: whsec_ and the base64 of 32 random bytes",
            );
        }
        if self.recycling.mode != RecyclingMode::Apply {
            problems.extend(found);
            return;
        }
        let mode = "recycling.mode";
        if !self.has_notice_url() {
            refuse(
                &[mode, NOTICE_URL, NOTICE_SECRET],
                loader.origin_of(mode),
                "is apply, but nobody would be told before a number is taken",
                "give recycling.notice_url, or set recycling.mode = \"suggest\"",
            );
        }
        if self.recycling.sweep_cron.is_none() && !self.recycling.by_touch {
            refuse(
                &[mode, "recycling.sweep_cron", "recycling.by_touch"],
                loader.origin_of(mode),
                "is apply, but nothing tells which numbers are used",
                "give recycling.sweep_cron, or tell uses and set recycling.by_touch = true",
            );
        }
        problems.extend(found);
    }
}
