//! Web addresses that may hold a password, and so are taken as secrets.
//!
//! How to get it wrong: a problem that quotes the address.

use secrecy::ExposeSecret;
use url::Url;

use super::source::Vault;
use crate::config::problem::Origin;
use crate::config::sections::{address_fault, events_fault, proxy_fault, smtp_fault};

/// An address that may hold a password, and so comes as a secret.
pub(super) struct Address {
    name: &'static str,
    example: &'static str,
    fault: fn(&Url) -> Option<(&'static str, &'static str)>,
}

pub(super) const EVENTS: Address = Address {
    name: "EVENTS_PUBLIC_URL",
    example: "give an https URL such as https://numbers.example.com/twilio/events",
    fault: events_fault,
};

pub(super) const PROXY: Address = Address {
    name: "TWILIO_PROXY_URL",
    example: "give a URL such as https://user:password@proxy.example.com:3128",
    fault: proxy_fault,
};

pub(super) const WEBHOOK: Address = Address {
    name: "ALERT_WEBHOOK_URL",
    example: "give an https URL such as https://ops.example.com/alerts",
    fault: address_fault,
};

pub(super) const SLACK: Address = Address {
    name: "ALERT_SLACK_URL",
    example: "give the address of an incoming webhook, such as https://hooks.slack.com/services/…",
    fault: address_fault,
};

pub(super) const HEARTBEAT: Address = Address {
    name: "ALERT_HEARTBEAT_URL",
    example: "give an https URL such as https://hc-ping.com/your-check",
    fault: address_fault,
};

pub(super) const SMTP: Address = Address {
    name: "ALERT_SMTP_URL",
    example: "give a URL such as smtps://user:password@mail.example.com",
    fault: smtp_fault,
};

pub(super) const NOTICE: Address = Address {
    name: "RECYCLING_NOTICE_URL",
    example: "give an https URL such as https://app.example.com/numbers/inactive",
    fault: address_fault,
};

/// The address, if it is given and sound, and where it was given.
pub(super) fn address(vault: &mut Vault<'_>, address: &Address) -> (Option<Url>, Origin) {
    let Ok(Some(secret)) = vault.find(address.name) else { return (None, Origin::Default) };
    let Ok(url) = Url::parse(secret.text.expose_secret()) else {
        vault.refuse(&secret, "is not a URL", address.example);
        return (None, Origin::Default);
    };
    match (address.fault)(&url) {
        Some((what, remedy)) => vault.refuse(&secret, what, remedy),
        None => return (Some(url), secret.origin),
    }
    (None, Origin::Default)
}
