//! `[alerts]` as a section: what its keys must say, and say together.
//!
//! How to get it wrong: a messaging service as the sender of texts. It may send from a number of a pool, which is a user's tomorrow.

use std::collections::BTreeSet;

use url::Url;

use super::alerts::{AlertsConfig, EmailConfig, SmsConfig};
use crate::config::section::{Checks, Range, Section, range};
use crate::config::web_address::fault_of;
use crate::domain::PhoneNumber;

const MAILBOXES_MAX: usize = 20;
const NUMBERS_MAX: usize = 10;

impl Section for AlertsConfig {
    const NAME: &'static str = "alerts";
    const RANGES: &'static [Range] = &[
        range("for_secs", 1, 3600, "seconds"),
        range("repeat_hours", 0, 720, "hours"),
        range("attach_stuck_minutes", 1, 1440, "minutes"),
        range("registration_stuck_hours", 1, 720, "hours"),
        range("sms.per_day_max", 1, 1000, "messages"),
    ];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("pagerduty_url", "a URL such as https://events.pagerduty.com/v2/enqueue"),
        ("heartbeat_url", "a URL such as https://hc-ping.com/your-check"),
        ("low_fraction", "a number above 0 and up to 1, such as 0.5"),
        ("balance_min", "an amount such as \"20.00\""),
        ("email.smtp_url", "a URL such as smtps://user@mail.example.com"),
        ("email.from", "an address such as callbunker@example.com"),
        ("email.to", "a list of addresses such as ops@example.com"),
        ("webhook.url", "a URL such as https://ops.example.com/alerts"),
        ("sms.to", "a list of numbers such as +14155550100"),
        ("sms.from", "a number such as +14155550100, a short code, or a name of up to 11 letters"),
    ];

    fn tables() -> Vec<(&'static str, &'static [&'static str])> {
        vec![("email", &["smtp_url", "from", "to"]), ("webhook", &["url"]), ("sms", &["to", "from", "per_day_max"])]
    }

    fn check(&self, checks: &mut Checks<'_>) {
        if !(self.low_fraction > 0.0 && self.low_fraction <= 1.0) {
            checks.refuse("low_fraction", "is not above 0 and up to 1", "give a share of the threshold such as 0.5");
        }
        check_webs(self, checks);
        check_email(&self.email, checks);
        check_sms(&self.sms, checks);
    }
}

/// What is wrong with an address that something is sent to, and what to do.
pub(in crate::config) fn address_fault(url: &Url) -> Option<(&'static str, &'static str)> {
    match fault_of(url) {
        Some(fault) => Some((fault, "give an https URL; http is for something on this machine")),
        None if url.fragment().is_some() => {
            Some(("carries a fragment, which nobody is sent", "remove what stands behind #"))
        }
        None => None,
    }
}

/// Where something is sent by HTTP.
fn check_webs(alerts: &AlertsConfig, checks: &mut Checks<'_>) {
    for (key, secret, url) in [
        ("webhook.url", "ALERT_WEBHOOK_URL", alerts.webhook.url.as_ref().map(|url| &url.0)),
        ("heartbeat_url", "ALERT_HEARTBEAT_URL", alerts.heartbeat_url.as_ref().map(|url| &url.0)),
        ("pagerduty_url", "", Some(&alerts.pagerduty_url)),
    ] {
        let Some(url) = url else { continue };
        if url.password().is_some() {
            let remedy = if secret.is_empty() {
                "remove it; the key is ALERT_PAGERDUTY_KEY".to_owned()
            } else {
                format!("remove it, and give the whole address as {secret}")
            };
            checks.refuse(key, "holds a password, and secrets do not belong here", remedy);
        } else if let Some((what, remedy)) = address_fault(url) {
            checks.refuse(key, what, remedy);
        }
    }
}

/// The mail server and the mailboxes; that all of them are given is looked at where the secrets are.
fn check_email(email: &EmailConfig, checks: &mut Checks<'_>) {
    let smtp = email.smtp_url.as_ref().map(|url| &url.0);
    if smtp.is_some_and(|url| url.password().is_some()) {
        let remedy = "remove it, and give it as ALERT_SMTP_PASSWORD, or the whole URL as ALERT_SMTP_URL";
        checks.refuse("email.smtp_url", "holds a password, and secrets do not belong here", remedy);
    } else if let Some((what, remedy)) = smtp.and_then(smtp_fault) {
        checks.refuse("email.smtp_url", what, remedy);
    }
    let fault = |mailbox: &String| !is_mailbox(mailbox);
    if email.from.as_ref().is_some_and(fault) {
        checks.refuse("email.from", "is no mailbox", "give an address such as callbunker@example.com");
    }
    if email.to.iter().any(fault) {
        checks.refuse("email.to", "names something that is no mailbox", "give addresses such as ops@example.com");
    } else if email.to.iter().map(|mailbox| mailbox.to_lowercase()).collect::<BTreeSet<_>>().len() < email.to.len() {
        checks.refuse("email.to", "names a mailbox twice", "remove the duplicate");
    } else if email.to.len() > MAILBOXES_MAX {
        checks.refuse("email.to", "names more than 20 mailboxes", "give a list's address in their place");
    }
}

/// What is wrong with the URL of a mail server, and what to do.
pub(in crate::config) fn smtp_fault(url: &Url) -> Option<(&'static str, &'static str)> {
    let form = "give smtps://user@host, or smtp://user@host for STARTTLS";
    if !matches!(url.scheme(), "smtp" | "smtps") {
        Some(("is neither smtps nor smtp", form))
    } else if url.host_str().is_none_or(str::is_empty) {
        Some(("names no host", form))
    } else if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        Some(("carries a path, a query or a fragment", "give scheme, user, host and port only"))
    } else {
        None
    }
}

fn is_mailbox(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}

/// Whose texts go to whom.
fn check_sms(sms: &SmsConfig, checks: &mut Checks<'_>) {
    let keys = ["sms.to", "sms.from"];
    let is_sound = keys.iter().all(|key| (checks.is_sound)(&checks.at(key)));
    match (&sms.from, sms.to.is_empty()) {
        (None, false) if is_sound => {
            checks.refuse("sms.from", "is missing, though alerts.sms.to is given", "say from which number or name");
        }
        (Some(_), true) if is_sound => {
            checks.refuse("sms.to", "is missing, though alerts.sms.from is given", "say to which numbers");
        }
        (None | Some(_), true | false) => {}
    }
    if sms.to.iter().collect::<BTreeSet<_>>().len() < sms.to.len() {
        checks.refuse("sms.to", "names a number twice", "remove the duplicate");
    } else if sms.to.len() > NUMBERS_MAX {
        checks.refuse("sms.to", "names more than 10 numbers", "name those who must be woken");
    }
    let Some(from) = &sms.from else { return };
    if from.starts_with("MG") {
        let what = "is a messaging service, and it may send from a number of a pool";
        checks.refuse("sms.from", what, "give a number of its own, a short code, or a name");
    } else if !is_sender(from) {
        checks.refuse(
            "sms.from",
            "is no sender of texts",
            "give a number such as +14155550100, a short code of 5 or 6 digits, or a name of up to 11 letters and digits",
        );
    } else if sms.to.iter().any(|number| number.as_str() == from) {
        checks.refuse_together(&["sms.from", "sms.to"], "is among alerts.sms.to", "give another number");
    }
}

fn is_sender(text: &str) -> bool {
    let is_short_code = matches!(text.len(), 5..=6) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    text.parse::<PhoneNumber>().is_ok() || is_short_code || is_name
}
