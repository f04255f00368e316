//! The configuration in force as TOML that could be a file again, for `callbunker check-config`. Secrets are comments, and so is
//! what a first start with it would buy.

use std::fmt::Write;

use secrecy::ExposeSecret;

use super::first_start;
use super::root::Config;
use super::secrets::{ApiKey, TwilioCredentials, redacted};
use super::web_address::host_of;

/// The effective configuration as TOML, secrets redacted.
#[must_use]
pub(crate) fn describe_effective(config: &Config) -> String {
    let mut text = toml::to_string(config).expect("sections hold numbers, text and lists; a test serialises them");
    text.push_str("\n# Secrets never stand in this file; what is given for them:\n");
    let secrets = &config.secrets;
    let credentials = match &secrets.twilio_credentials {
        TwilioCredentials::AuthToken(_) => "TWILIO_AUTH_TOKEN: given".to_owned(),
        TwilioCredentials::ApiKey { sid, .. } => format!("TWILIO_API_KEY_SID: {sid}, TWILIO_API_KEY_SECRET: given"),
    };
    for line in [
        format!("DATABASE_URL: {}", redacted(secrets.database_url.expose_secret())),
        format!("TWILIO_ACCOUNT_SID: {}", secrets.twilio_account_sid),
        credentials,
        format!("TWILIO_PROXY_URL: {}", secrets.twilio_proxy_url.as_ref().map_or_else(|| "none".to_owned(), host_of)),
        format!("EVENTS_PUBLIC_URL: {}", secrets.events_public_url.as_ref().map_or_else(|| "none".to_owned(), host_of)),
        format!(
            "RECYCLING_NOTICE_URL: {}",
            secrets.recycling_notice_url.as_ref().map_or_else(|| "none".to_owned(), host_of)
        ),
        format!("ADMIN_API_KEY: {}", keys(&secrets.admin_keys)),
        format!("READONLY_API_KEY: {}", keys(&secrets.readonly_keys)),
        format!("SIGNUP_API_KEY: {}", keys(&secrets.signup_keys)),
    ] {
        writeln!(text, "# {line}").expect("a String takes every write");
    }
    for (name, is_given) in secrets.alerts.given() {
        writeln!(text, "# {name}: {}", if is_given { "given" } else { "none" }).expect("a String takes every write");
    }
    let certificates = config.outbound().trust().words();
    write!(text, "\n# Certificates that may vouch for Twilio: {certificates}\n\n# What it comes to:\n")
        .expect("a String takes every write");
    for line in first_start::lines(config) {
        writeln!(text, "# {line}").expect("a String takes every write");
    }
    text
}

fn keys(keys: &[ApiKey]) -> String {
    let count = match keys.len() {
        0 => "none".to_owned(),
        1 => "1 key".to_owned(),
        count => format!("{count} keys"),
    };
    let names: Vec<&str> = keys.iter().filter_map(|key| Some(key.name.as_ref()?.as_str())).collect();
    if names.is_empty() { count } else { format!("{count}: {}", names.join(", ")) }
}
