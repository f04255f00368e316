//! Why no connection came about, read off what libpq, the server and our own attempt said.
//!
//! Invariant: what nobody knows is told as no more than that. libpq's words come untranslated, because none of its
//! translations is built in; a server's come in its own language, and what it says in others is no reason that we know.
//! How to get it wrong: taking the first of several hosts for all. What says most stands first in the table.

use diesel::ConnectionError;

use super::error::{DbError, first_line};
use crate::domain::Away;

/// Lower case. What is listed first decides.
const WORDS: &[(&str, Away)] = &[
    ("default_transaction_read_only is on", Away::Frozen),
    ("too many clients", Away::Full),
    ("too many connections", Away::Full),
    ("connection slots", Away::Full),
    ("the database system is starting up", Away::Starting),
    ("the database system is shutting down", Away::Starting),
    ("the database system is in recovery", Away::Starting),
    ("the database system is not yet accepting connections", Away::Starting),
    ("not accepting connections", Away::Starting),
    ("authentication failed", Away::Login),
    ("no password supplied", Away::Login),
    ("no pg_hba.conf entry", Away::Login),
    ("pg_hba.conf rejects", Away::Login),
    ("is not permitted to log in", Away::Login),
    ("permission denied for database", Away::Login),
    ("passwort-authentifizierung", Away::Login),
    ("authentification par mot de passe", Away::Login),
    ("certificate", Away::Certificate),
    ("private key", Away::Certificate),
    ("ssl error", Away::Certificate),
    ("does not support ssl", Away::Certificate),
    ("it is a standby", Away::Standby),
    ("session is read-only", Away::Standby),
    ("server is in hot standby mode", Away::Standby),
    ("it is the former primary", Away::Standby),
    ("connection refused", Away::Refused),
    ("no such file or directory", Away::Refused),
    ("could not translate host name", Away::Name),
    ("no host finished a connection in time", Away::Silent),
    ("timeout expired", Away::Silent),
    ("timed out", Away::Silent),
    ("no route to host", Away::Silent),
    ("network is unreachable", Away::Silent),
];
/// What a server says of a role or a database that it does not have, beside a name in quotes.
const MISSING: &[&str] = &["role \"", "database \""];

/// Why the attempts that failed with these words did.
pub(super) fn why(words: &str) -> Away {
    let words = words.to_lowercase();
    let is_missing = words.contains("\" does not exist") && MISSING.iter().any(|begins| words.contains(begins));
    let known = WORDS.iter().find(|(part, _)| words.contains(part)).map(|(_, away)| *away);
    if is_missing && known != Some(Away::Frozen) { Away::Login } else { known.unwrap_or_default() }
}

/// The error of whoever got no connection.
pub(super) fn no_connection(error: &ConnectionError) -> DbError {
    unreached(&error.to_string())
}

/// The same, of words.
pub(super) fn unreached(words: &str) -> DbError {
    if why(words) == Away::Frozen { DbError::Frozen } else { DbError::Unavailable(first_line(words)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::engine::error::FROZEN;

    #[test]
    fn what_libpq_and_servers_say_has_a_reason() {
        for (words, expected) in [
            ("could not translate host name \"db\" to address: Name or service not known\n", Away::Name),
            (
                "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server running on that host \
                 and accepting TCP/IP connections?",
                Away::Refused,
            ),
            (
                "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server \
                 running locally and accepting connections on that socket?",
                Away::Refused,
            ),
            ("connection to server at \"h\", port 1 failed: SSL error: certificate verify failed", Away::Certificate),
            (
                "connection to server at \"h\" failed: server does not support SSL, but SSL was required",
                Away::Certificate,
            ),
            (
                "connection to server at \"h\" failed: FATAL:  password authentication failed for user \"u\"",
                Away::Login,
            ),
            ("connection to server at \"h\" failed: fe_sendauth: no password supplied", Away::Login),
            ("connection to server at \"h\" failed: FATAL:  role \"certificate\" does not exist", Away::Login),
            ("connection to server at \"h\" failed: FATAL:  database \"x\" does not exist", Away::Login),
            ("connection to server at \"h\" failed: FATAL:  sorry, too many clients already", Away::Full),
            ("connection to server at \"h\" failed: FATAL:  too many connections for role \"u\"", Away::Full),
            ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", Away::Full),
            ("connection to server at \"h\" failed: FATAL:  the database system is starting up", Away::Starting),
            ("it is a standby, which takes no writes", Away::Standby),
            ("connection to server at \"h\" failed: session is read-only", Away::Standby),
            ("no host finished a connection in time", Away::Silent),
            ("connection to server at \"h\" failed: timeout expired", Away::Silent),
            ("timed out waiting for connection: it is a standby, which takes no writes", Away::Standby),
            // A primary that is away, and its standby.
            (
                "connection to server at \"h\" failed: Connection refused; it is a standby, which takes no writes",
                Away::Standby,
            ),
            ("connection to server at \"h\" failed: FATAL:  etwas anderes", Away::Other),
            ("", Away::Other),
            (FROZEN, Away::Frozen),
        ] {
            assert_eq!(why(words), expected, "{words}");
        }
    }

    #[test]
    fn a_frozen_database_is_told_as_that_and_not_as_one_that_is_down() {
        assert!(matches!(unreached(&format!("timed out waiting for connection: {FROZEN}")), DbError::Frozen));
        assert!(
            matches!(unreached("Connection refused\nand more"), DbError::Unavailable(words) if words == "Connection refused")
        );
        assert!(DbError::Frozen.is_unavailable());
        assert!(DbError::Frozen.to_string().contains(FROZEN), "{}", DbError::Frozen);
    }
}
