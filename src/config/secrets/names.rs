//! Which secrets there are, and how to tell that somebody wrote one where none belongs.

use crate::config::problem::{Origin, Problem};

/// The variables that hold secrets.
pub(crate) const SECRETS: &[&str] = &[
    "DATABASE_URL",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_API_KEY_SID",
    "TWILIO_API_KEY_SECRET",
    "TWILIO_PROXY_URL",
    "EVENTS_PUBLIC_URL",
    "ADMIN_API_KEY",
    "READONLY_API_KEY",
    "SIGNUP_API_KEY",
    "ALERT_SMTP_URL",
    "ALERT_SMTP_PASSWORD",
    "ALERT_WEBHOOK_SECRET",
    "ALERT_WEBHOOK_URL",
    "ALERT_SLACK_URL",
    "ALERT_PAGERDUTY_KEY",
    "ALERT_HEARTBEAT_URL",
    "RECYCLING_NOTICE_URL",
];

/// Other ways to write them, as `section_key`.
const ALIASES: &[(&str, &str)] = &[
    ("database_dsn", "DATABASE_URL"),
    ("database_uri", "DATABASE_URL"),
    ("database_connection_string", "DATABASE_URL"),
    ("database_password", "DATABASE_URL"),
    ("twilio_token", "TWILIO_AUTH_TOKEN"),
    ("twilio_sid", "TWILIO_ACCOUNT_SID"),
    ("twilio_api_key", "TWILIO_API_KEY_SECRET"),
    ("twilio_api_secret", "TWILIO_API_KEY_SECRET"),
    ("twilio_proxy_login", "TWILIO_PROXY_URL"),
    ("twilio_proxy_password", "TWILIO_PROXY_URL"),
    ("admin_key", "ADMIN_API_KEY"),
    ("admin_keys", "ADMIN_API_KEY"),
    ("readonly_key", "READONLY_API_KEY"),
    ("readonly_keys", "READONLY_API_KEY"),
    ("signup_key", "SIGNUP_API_KEY"),
    ("signup_keys", "SIGNUP_API_KEY"),
    ("alerts_email_password", "ALERT_SMTP_PASSWORD"),
    ("alerts_email_smtp_password", "ALERT_SMTP_PASSWORD"),
    ("alerts_smtp_password", "ALERT_SMTP_PASSWORD"),
    ("alerts_webhook_secret", "ALERT_WEBHOOK_SECRET"),
    ("alerts_slack_url", "ALERT_SLACK_URL"),
    ("alerts_pagerduty_key", "ALERT_PAGERDUTY_KEY"),
];

/// The secret that an unknown key seems to hold. Where no variable fits, the answer names none: `""`.
pub(in crate::config) fn secret_meant_by(section: &str, key: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '.'], "_");
    let joined = if key.is_empty() { plain(section) } else { plain(&format!("{section}_{key}")) };
    let last = plain(if key.is_empty() { section } else { key });
    let named = |text: &str| {
        let exact = SECRETS.iter().copied().find(|name| {
            let name = name.to_ascii_lowercase();
            text == name || text == format!("{name}s") || text == format!("{name}_file")
        });
        exact.or_else(|| ALIASES.iter().find(|(alias, _)| text == *alias).map(|(_, name)| *name))
    };
    let smells = || ["password", "passwd", "secret", "token", "api_key", "apikey"].iter().any(|s| last.contains(s));
    named(&joined).or_else(|| named(&last)).or_else(|| smells().then_some(""))
}

/// Says where the secret belongs; never what it was.
pub(in crate::config) fn secret_problem(key: impl Into<String>, origin: Origin, secret: &str) -> Problem {
    let remedy = if secret.is_empty() {
        format!("secrets are given as environment variables, as NAME_FILE=path or as systemd credentials: {}", {
            SECRETS.join(", ")
        })
    } else {
        format!(
            "remove it, and give {secret} in the environment, {secret}_FILE=path, or a systemd credential named {}",
            secret.to_ascii_lowercase()
        )
    };
    Problem::new(key, origin, "is a secret, and secrets do not belong here", remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_however_they_are_written() {
        for (section, key, secret) in [
            ("database", "url", Some("DATABASE_URL")),
            ("database", "password", Some("DATABASE_URL")),
            ("twilio", "auth_token", Some("TWILIO_AUTH_TOKEN")),
            ("twilio", "account-sid", Some("TWILIO_ACCOUNT_SID")),
            ("http", "admin_api_key", Some("ADMIN_API_KEY")),
            ("http", "ADMIN_API_KEY", Some("ADMIN_API_KEY")),
            ("admin_api_keys", "", Some("ADMIN_API_KEY")),
            ("DATABASE_URL", "", Some("DATABASE_URL")),
            ("pool", "session_secret", Some("")),
            ("pool", "threshold", None),
            ("database", "urls_max", None),
        ] {
            assert_eq!(secret_meant_by(section, key), secret, "{section}.{key}");
        }
    }
}
