//! The operator's connection string, completed with our time limits, and what it says of them.
//!
//! How to get it wrong: overriding what the operator wrote.

use std::time::Duration;

use secrecy::SecretString;

/// Sent to libpq with every connection, unless the URL says otherwise. Seconds, but `tcp_user_timeout` milliseconds.
const PARAMETERS: &[(&str, &str)] = &[
    ("connect_timeout", "2"),
    ("keepalives", "1"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "2000"),
    ("application_name", "callbunker"),
];

/// TCP user timeouts that tell sockets apart begin at the operator's and are one of so many.
pub(super) const MARKS: u32 = 500;

/// A connection string with a time limit for everything.
pub(super) struct CompleteUrl(String);

impl CompleteUrl {
    pub(super) fn new(url: &str) -> Self {
        Self(with_parameters(url))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_secret(self) -> SecretString {
        SecretString::from(self.0)
    }

    pub(super) fn is_uri(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    /// When an attempt is over at the latest: libpq waits so long for each address of a host, and most names have two at most.
    pub(super) fn patience(&self) -> Duration {
        match self.number("connect_timeout") {
            None | Some(0) => Duration::from_secs(12),
            Some(secs) => Duration::from_secs(u64::from(secs.clamp(2, 60)) * 2 + 2),
        }
    }

    /// The user timeout that marks count from; 0 = the operator wants none.
    pub(super) fn mark_base(&self) -> u32 {
        // 0 is the system's own time, which is no mark: a day comes near it.
        self.number("tcp_user_timeout")
            .map(|base| if base == 0 { 86_400_000 } else { base })
            .filter(|base| *base < i32::MAX.unsigned_abs() - MARKS)
            .unwrap_or(0)
    }

    fn number(&self, key: &str) -> Option<u32> {
        let (_, value) = self.0.rsplit_once(&format!("{key}="))?;
        value.trim_start_matches('\'').split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

fn with_parameters(url: &str) -> String {
    let scheme = ["postgres://", "postgresql://"].into_iter().find(|scheme| url.starts_with(scheme));
    let is_uri = scheme.is_some();
    // A login may hold a `?`.
    let after_the_login = scheme.map_or(0, |scheme| {
        let login = url[scheme.len()..].find(['@', '/']).unwrap_or_default();
        scheme.len() + login
    });
    let mut complete = url.to_owned();
    for (key, value) in PARAMETERS {
        if url.contains(&format!("{key}=")) {
            continue;
        }
        let separator = match (is_uri, complete[after_the_login..].contains('?')) {
            (true, true) if complete.ends_with(['?', '&']) => "",
            (true, true) => "&",
            (true, false) => "?",
            (false, _) => " ",
        };
        complete.push_str(&format!("{separator}{key}={value}"));
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_added_to_either_form_of_url_and_never_override_the_operators() {
        let uri = with_parameters("postgres://u@h1,h2/db?target_session_attrs=read-write");
        assert!(uri.starts_with("postgres://u@h1,h2/db?target_session_attrs=read-write&connect_timeout=2&"), "{uri}");
        assert!(with_parameters("postgres://h/db").starts_with("postgres://h/db?connect_timeout=2&"));
        for (url, expected) in [
            ("postgres://u:p?w@h/db", "postgres://u:p?w@h/db?connect_timeout=2&"),
            ("postgres://h/db?", "postgres://h/db?connect_timeout=2&"),
            ("postgres://h?sslmode=allow&", "postgres://h?sslmode=allow&connect_timeout=2&"),
        ] {
            assert!(with_parameters(url).starts_with(expected), "{}", with_parameters(url));
        }
        let pairs = with_parameters("host=h dbname=d tcp_user_timeout=9000");
        assert!(pairs.contains(" keepalives_idle=10") && pairs.contains("tcp_user_timeout=9000"), "{pairs}");
        assert!(!pairs.contains("tcp_user_timeout=2000"), "{pairs}");
    }
}
