//! How a connection to PostgreSQL is made, and when the pool may trust one it made earlier.
//!
//! Invariants: a socket that went dark is noticed within seconds (`tcp_user_timeout`, keepalives); every session works
//! in the schema `callbunker`; a commit is durable when it is acknowledged.
//! How to get it wrong: trusting the role's settings. `synchronous_commit = off` would break I4, and a snapshot that is
//! older than a lock would count caps from before it; both are set here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::r2d2::R2D2Connection;
use diesel::{Connection as _, ConnectionError};
use secrecy::{ExposeSecret, SecretString};

/// A session that lay idle for longer is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(10);

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

const SESSION: &str = "
    SET search_path = callbunker, pg_temp;
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_read_only = off;
    SET statement_timeout = '10s';
    SET lock_timeout = '8s';
    SET idle_in_transaction_session_timeout = '30s';
    SET TIME ZONE 'UTC';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// Where PostgreSQL is: a `postgres://` URL or libpq's `key=value` form, several hosts included.
#[derive(Clone)]
pub struct DatabaseUrl(Arc<SecretString>);

impl DatabaseUrl {
    /// Completes the operator's URL with our time limits.
    #[must_use]
    pub fn new(url: &SecretString) -> Self {
        Self(Arc::new(SecretString::from(with_parameters(url.expose_secret()))))
    }

    /// Opens one session.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached or refuses the credentials.
    pub(super) fn connect(&self) -> Result<PgConnection, ConnectionError> {
        let mut connection = PgConnection::establish(self.0.expose_secret()).map_err(without_the_string)?;
        connection.batch_execute(SESSION).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
}

/// What libpq says of a server may be told; what it says of the connection string quotes it, and the password with it.
/// The configuration refuses what libpq cannot read, so this is the second door.
fn without_the_string(error: ConnectionError) -> ConnectionError {
    let told = error.to_string();
    let is_of_a_server =
        ["connection to server ", "could not translate host name "].iter().any(|beginning| told.starts_with(beginning))
            && !told.contains("connection option");
    if is_of_a_server {
        return error;
    }
    ConnectionError::BadConnection(
        "the connection string cannot be used; `callbunker check-config` looks at it".to_owned(),
    )
}

fn with_parameters(url: &str) -> String {
    let scheme = ["postgres://", "postgresql://"].into_iter().find(|scheme| url.starts_with(scheme));
    let is_uri = scheme.is_some();
    // A login may hold a `?`.
    let place = scheme.map_or(0, |scheme| {
        let login = url[scheme.len()..].find(['@', '/']).unwrap_or_default();
        scheme.len() + login
    });
    let mut complete = url.to_owned();
    for (key, value) in PARAMETERS {
        if url.contains(&format!("{key}=")) {
            continue;
        }
        let separator = match (is_uri, complete[place..].contains('?')) {
            (true, true) if complete.ends_with(['?', '&']) => "",
            (true, true) => "&",
            (true, false) => "?",
            (false, _) => " ",
        };
        complete.push_str(&format!("{separator}{key}={value}"));
    }
    complete
}

/// One connection of the pool.
pub(super) struct Session {
    pub(super) connection: PgConnection,
    pub(super) last_used: Instant,
    pub(super) broken: bool,
    generation: u64,
}

/// Makes and judges the pool's sessions. When one is lost, all that were made before are suspect: a restart of
/// PostgreSQL then costs one failed statement, not one for each session.
#[derive(Clone)]
pub(super) struct SessionManager {
    url: DatabaseUrl,
    generation: Arc<AtomicU64>,
}

impl SessionManager {
    pub(super) fn new(url: DatabaseUrl) -> Self {
        Self { url, generation: Arc::default() }
    }

    /// A session of this manager was found dead.
    pub(super) fn lost(&self, session: &mut Session) {
        session.broken = true;
        // Only the first of a generation to die ends it; later deaths of the same generation are no news.
        let ended = session.generation;
        let _ = self.generation.compare_exchange(ended, ended + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl r2d2::ManageConnection for SessionManager {
    type Connection = Session;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Session, Self::Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        let connection = self.url.connect().map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Session { connection, last_used: Instant::now(), broken: false, generation })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        if session.generation < self.generation.load(Ordering::Relaxed) {
            let gone = ConnectionError::BadConnection("made before the last loss of PostgreSQL".to_owned());
            return Err(diesel::r2d2::Error::ConnectionError(gone));
        }
        if session.last_used.elapsed() < TRUSTED_IDLE {
            return Ok(());
        }
        session.connection.ping().map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.broken || std::thread::panicking() || session.connection.is_broken()
    }
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

    #[test]
    fn what_libpq_says_of_the_string_itself_is_told_by_nobody() {
        let told = |url: &str| match DatabaseUrl::new(&SecretString::from(url)).connect() {
            Ok(_) => panic!("nothing listens on port 1"),
            Err(error) => error.to_string(),
        };
        for url in [
            "postgresql://u:hunter2%zz@127.0.0.1:1/d",
            "postgresql://u:hunter2 more@127.0.0.1:1/d",
            "postgresql://127.0.0.1:1/d?hunter2=1",
            "postgresql://u:1/hunter2@127.0.0.1/d?port=hunter2",
            "host=127.0.0.1 port=1 password=x hunter2",
            "host=127.0.0.1 port=1 sslmode=hunter2",
            "host=127.0.0.1 port=1 tcp_user_timeout=hunter2",
        ] {
            let told = told(url);
            assert!(!told.contains("hunter2") && told.contains("check-config"), "{url}: {told}");
        }
        let refused = told("postgresql://u:hunter2@127.0.0.1:1/d");
        assert!(refused.contains("127.0.0.1") && !refused.contains("check-config"), "{refused}");
    }
}
