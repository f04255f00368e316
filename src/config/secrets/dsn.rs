//! The two ways to say where PostgreSQL is, a URL or `key=value` pairs, and how to show either without its secrets.
//!
//! Invariant: what is shown is built from parts that are known to be harmless, never by cutting the secret out. A part
//! that is not on the list is hidden, and a text that is not understood is hidden whole.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Parameters whose values anybody may see.
pub(super) const HARMLESS: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "passfile",
    "port",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

const HIDDEN: &str = "***";

/// A connection string in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dsn<'a> {
    Url {
        scheme: &'a str,
        user: Option<&'a str>,
        has_password: bool,
        /// Whether the password surely ends where it seems to.
        is_certain: bool,
        /// Hosts and database.
        authority: &'a str,
        parameters: Vec<(&'a str, &'a str)>,
        /// Whether it has a `?`, with or without parameters behind it.
        has_query: bool,
    },
    Pairs(Vec<(String, String)>),
}

/// Reads a connection string as libpq would; `None` when libpq would not.
pub(super) fn parse(text: &str) -> Option<Dsn<'_>> {
    let text = text.trim();
    match ["postgresql://", "postgres://"].into_iter().find(|scheme| text.starts_with(scheme)) {
        Some(scheme) => parse_url(&text[..scheme.len()], &text[scheme.len()..]),
        None => parse_pairs(text).filter(|pairs| !pairs.is_empty()).map(Dsn::Pairs),
    }
}

/// The connection string without its secrets.
pub(in crate::config) fn redacted(text: &str) -> String {
    match parse(text) {
        Some(dsn) => dsn.redacted(),
        None => HIDDEN.to_owned(),
    }
}

/// libpq's rules: a login is there if an `@` comes before any `/`; what follows the place is `?key=value&…`. A second
/// `@` in the place means a password that should have been percent-encoded.
fn parse_url<'a>(scheme: &'a str, rest: &'a str) -> Option<Dsn<'a>> {
    let (login, rest) = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => (Some(&rest[..at]), &rest[at + 1..]),
        _ => (None, rest),
    };
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    let has_query = authority.len() < rest.len();
    if authority.contains('@') {
        return None;
    }
    let (user, has_password) = match login.map(|login| login.split_once(':').ok_or(login)) {
        Some(Ok((user, _))) => (Some(user), true),
        Some(Err(user)) => (Some(user), false),
        None => (None, false),
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('='));
    let parameters = pairs.collect::<Option<Vec<_>>>()?;
    let is_certain = !(has_password && query.contains('@'));
    Some(Dsn::Url { scheme, user, has_password, is_certain, authority, parameters, has_query })
}

/// libpq's rules: spaces around `=` are allowed, values may stand in single quotes, a backslash takes the next
/// character as it is.
fn parse_pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let key = key.trim_end();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        let (value, after) = take_value(value.trim_start())?;
        pairs.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Some(pairs)
}

fn take_value(text: &str) -> Option<(String, &str)> {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '\'' if quoted => return Some((value, &body[index + 1..])),
            space if !quoted && space.is_whitespace() => return Some((value, &body[index..])),
            other => value.push(other),
        }
    }
    if quoted { None } else { Some((value, "")) }
}

fn shown<'a>(key: &str, value: &'a str) -> &'a str {
    let key: Cow<'_, str> = percent_decode_str(key).decode_utf8_lossy();
    if HARMLESS.contains(&key.as_ref()) { value } else { HIDDEN }
}

impl Dsn<'_> {
    fn redacted(&self) -> String {
        match self {
            Self::Url { is_certain: false, .. } => HIDDEN.to_owned(),
            Self::Url { scheme, user, has_password, authority, parameters, .. } => {
                let password = if *has_password { format!(":{HIDDEN}") } else { String::new() };
                let login = user.map(|user| format!("{user}{password}@")).unwrap_or_default();
                let query: Vec<String> =
                    parameters.iter().map(|(key, value)| format!("{key}={}", shown(key, value))).collect();
                let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
                format!("{scheme}{login}{authority}{query}")
            }
            Self::Pairs(pairs) => {
                let quote = |value: &str| {
                    if value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '\'' || c == '\\') {
                        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
                    } else {
                        value.to_owned()
                    }
                };
                let pairs: Vec<String> =
                    pairs.iter().map(|(key, value)| format!("{key}={}", quote(shown(key, value)))).collect();
                pairs.join(" ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_password() {
        for (text, expected) in [
            ("postgresql://app:hunter2@db/callbunker", "postgresql://app:***@db/callbunker"),
            ("postgres://app@db:5432/callbunker", "postgres://app@db:5432/callbunker"),
            ("postgresql:///callbunker", "postgresql:///callbunker"),
            (
                "postgresql://app:hunter2@a:1,b:2/db?target_session_attrs=read-write",
                "postgresql://app:***@a:1,b:2/db?target_session_attrs=read-write",
            ),
            ("postgresql://db/x?user=a&password=hunter2", "postgresql://db/x?user=a&password=***"),
            ("postgresql://db/x?pass%77ord=hunter2", "postgresql://db/x?pass%77ord=***"),
            (
                "postgresql://db/x?sslpassword=hunter2&sslmode=require",
                "postgresql://db/x?sslpassword=***&sslmode=require",
            ),
            ("postgresql://app:hunter2@more@db/x", "***"),
            ("postgresql://app:hun/ter2@db/x", "***"),
            ("postgresql://app:hun?ter2@db/x", "postgresql://app:***@db/x"),
            ("postgresql://app:hun@ter2?a=b@db/x", "***"),
            ("postgresql://db/x?user=app@server&password=hunter2", "postgresql://db/x?user=app@server&password=***"),
            ("host=db user=app password=hunter2 dbname=x", "host=db user=app password=*** dbname=x"),
            ("host = db password = 'hunter2 \\' and more' dbname = x", "host=db password=*** dbname=x"),
            ("password=hunter2\\ more host=db", "password=*** host=db"),
            ("host=/run/postgresql application_name='a b'", "host=/run/postgresql application_name='a b'"),
            ("password='hunter2", "***"),
            ("hunter2", "***"),
            ("mysql://app:hunter2@db/x", "***"),
        ] {
            assert_eq!(redacted(text), expected, "{text}");
        }
    }

    #[test]
    fn what_libpq_reads_is_a_connection_string() {
        for (text, sound) in [
            ("postgresql://app:pw@a,b,c/db?target_session_attrs=read-write&connect_timeout=2", true),
            ("postgres://%2Frun%2Fpostgresql/db", true),
            ("postgresql://db/x?user=app@server", true),
            ("postgresql://app:p@ss@db/x", false),
            ("host=db dbname=x", true),
            ("", false),
            ("db", false),
            ("https://db/x", false),
            ("host=", true),
        ] {
            assert_eq!(parse(text).is_some(), sound, "{text}");
        }
    }
}
