//! How a connection to PostgreSQL is made.
//!
//! Invariants: a socket that went dark is noticed within seconds (`tcp_user_timeout`, keepalives), and one whose server
//! stands still can be cut ([`Wire`]); every session works in the schema `callbunker`, on a server that takes writes; a
//! commit is durable when it is acknowledged; making a connection ends in time, whatever stands still.
//! Of several hosts the last good one is tried first, and none waits for another to give up: each is tried in a thread of
//! its own, and again while another one is still silent, so that a standby is found as soon as it is promoted.
//! How to get it wrong: trusting the role's settings. `synchronous_commit = off` would break I4, and a snapshot that is
//! older than a lock would count caps from before it; both are set here.

use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool};
use diesel::{Connection as _, ConnectionError, RunQueryDsl as _};
use secrecy::{ExposeSecret, SecretString};

use super::error::first_line;
use super::hosts::{Host, hosts, parameter};
use super::server::{Server, Servers};
use super::wire::{self, Wire};

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
/// What we gave up, the server gives up too. PostgreSQL has this since 14, and not on every system.
const GIVE_UP_WITH_US: &str = "SET client_connection_check_interval = '1s'";
const TIMELINE: &str = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint";

/// The next host is tried when the one before has not answered for so long,
const NEXT_HOST_AFTER: Duration = Duration::from_millis(300);
/// and one that refused is asked again after so long, while another is still silent.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// TCP user timeouts that tell sockets apart begin at the operator's and are one of so many.
const MARKS: u32 = 500;

/// Where PostgreSQL is: a `postgres://` URL or libpq's `key=value` form, several hosts included. All clones know which
/// host was good last, and which connections are open.
#[derive(Clone)]
pub struct DatabaseUrl(Arc<Place>);

struct Place {
    url: SecretString,
    hosts: Vec<Host>,
    is_uri: bool,
    /// The user timeout that marks count from; 0 = the operator wants none.
    mark_base: u32,
    /// When an attempt is over at the latest.
    patience: Duration,
    marks: AtomicU32,
    last_good: AtomicUsize,
    servers: Mutex<Servers>,
    /// One at a time, so that the new socket is the one that was not there before. Nobody stands in line for it for longer
    /// than his attempt may take.
    local: parking_lot::Mutex<()>,
}

/// An open connection and the means to cut it.
pub(super) struct Link {
    // Closed first.
    connection: PgConnection,
    wire: Arc<Wire>,
}

impl Link {
    /// Its socket.
    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }
}

impl Deref for Link {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Settings {
    Ours,
    None,
}

/// One host, and how far the attempt at it is.
struct Attempt {
    due: Instant,
    pending: Option<Pending>,
    refused: Option<ConnectionError>,
}

/// What an attempt can be cut by: the mark of its socket, and the socket once the host has taken the connection.
#[derive(Clone)]
struct Pending {
    mark: u32,
    wire: Arc<OnceLock<Arc<Wire>>>,
}

impl DatabaseUrl {
    /// Completes the operator's URL with our time limits.
    #[must_use]
    pub fn new(url: &SecretString) -> Self {
        let complete = with_parameters(url.expose_secret());
        let number = |key: &str| {
            let (_, value) = complete.rsplit_once(&format!("{key}="))?;
            value.trim_start_matches('\'').split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok()
        };
        // libpq waits so long for each address of a host, and most names have two at most.
        let patience = match number("connect_timeout") {
            None | Some(0) => Duration::from_secs(12),
            Some(secs) => Duration::from_secs(u64::from(secs.clamp(2, 60)) * 2 + 2),
        };
        Self(Arc::new(Place {
            hosts: hosts(&complete),
            is_uri: complete.starts_with("postgres://") || complete.starts_with("postgresql://"),
            // 0 is the system's own time, which is no mark: a day comes near it.
            mark_base: number("tcp_user_timeout")
                .map(|base| if base == 0 { 86_400_000 } else { base })
                .filter(|base| *base < i32::MAX.unsigned_abs() - MARKS)
                .unwrap_or(0),
            patience,
            url: SecretString::from(complete),
            marks: AtomicU32::new(0),
            last_good: AtomicUsize::new(0),
            servers: Mutex::default(),
            local: parking_lot::Mutex::default(),
        }))
    }

    /// Opens one session, on whichever host takes writes.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached, takes no writes or refuses the credentials.
    pub(super) fn connect(&self) -> Result<Link, ConnectionError> {
        self.connect_as(Settings::Ours)
    }

    /// Opens a connection without our settings, for whoever examines what stands there: a pool that shares its sessions
    /// would hand them on to strangers.
    ///
    /// # Errors
    /// As [`DatabaseUrl::connect`].
    pub(super) fn connect_plainly(&self) -> Result<Link, ConnectionError> {
        self.connect_as(Settings::None)
    }

    fn connect_as(&self, settings: Settings) -> Result<Link, ConnectionError> {
        let place = &self.0;
        let (done, outcomes) = mpsc::channel();
        let (began, count) = (Instant::now(), place.hosts.len());
        let first = place.last_good.load(Ordering::Relaxed);
        let mut attempts: Vec<Attempt> = (0..count)
            .map(|index| {
                let turn = u32::try_from((index + count - first) % count).unwrap_or(0);
                Attempt { due: began + NEXT_HOST_AFTER * turn, pending: None, refused: None }
            })
            .collect();
        let deadline = began + place.patience;
        loop {
            let now = Instant::now();
            for (index, attempt) in attempts.iter_mut().enumerate() {
                if attempt.pending.is_none() && attempt.due <= now {
                    attempt.pending = Some(self.begin(index, settings, deadline, &done)?);
                }
            }
            if now >= deadline {
                attempts.iter().filter_map(|attempt| attempt.pending.as_ref()).for_each(|pending| place.cut(pending));
                return Err(silent());
            }
            let due = attempts.iter().filter(|attempt| attempt.pending.is_none()).map(|attempt| attempt.due).min();
            let Ok((index, outcome)) = outcomes.recv_timeout(due.unwrap_or(deadline).min(deadline) - now) else {
                continue;
            };
            match outcome {
                Ok(link) => {
                    place.last_good.store(index, Ordering::Relaxed);
                    return Ok(link);
                }
                Err(error) => {
                    let now = Instant::now();
                    attempts[index] = Attempt { due: now + AGAIN_AFTER, pending: None, refused: Some(error) };
                    let untried =
                        attempts.iter_mut().filter(|attempt| attempt.pending.is_none() && attempt.refused.is_none());
                    untried.for_each(|attempt| attempt.due = now);
                    if attempts.iter().all(|attempt| attempt.pending.is_none() && attempt.refused.is_some()) {
                        return Err(all_refused(attempts));
                    }
                }
            }
        }
    }

    /// Tries one host in a thread of its own; returns what it can be cut by.
    fn begin(
        &self,
        index: usize,
        settings: Settings,
        deadline: Instant,
        done: &mpsc::Sender<(usize, Result<Link, ConnectionError>)>,
    ) -> Result<Pending, ConnectionError> {
        let pending = Pending { mark: self.0.next_mark(), wire: Arc::default() };
        let (url, done, ours) = (self.clone(), done.clone(), pending.clone());
        let started = std::thread::Builder::new().name("callbunker-connect".to_owned()).spawn(move || {
            // Whoever asked may have found another host meanwhile; then this connection is closed.
            let _ = done.send((index, url.0.open(index, &ours, settings, deadline)));
        });
        match started {
            Ok(_thread) => Ok(pending),
            Err(error) => Err(ConnectionError::BadConnection(format!("the system starts no more threads: {error}"))),
        }
    }
}

impl Place {
    fn next_mark(&self) -> u32 {
        match self.mark_base {
            0 => 0,
            base => base + self.marks.fetch_add(1, Ordering::Relaxed) % MARKS,
        }
    }

    fn open(
        &self,
        index: usize,
        pending: &Pending,
        settings: Settings,
        deadline: Instant,
    ) -> Result<Link, ConnectionError> {
        let (host, mark) = (&self.hosts[index], pending.mark);
        let mut url = format!("{}{}", self.url.expose_secret(), host.only);
        if mark > 0 {
            // The last one counts.
            url.push_str(&parameter(self.is_uri, "tcp_user_timeout", &mark.to_string()));
        }
        let alone = match host.is_local {
            true => Some(self.local.try_lock_until(deadline).ok_or_else(silent)?),
            false => None,
        };
        let before = if host.is_local { wire::local() } else { HashSet::new() };
        let mut connection = PgConnection::establish(&url).map_err(without_the_string)?;
        let wire = if host.is_local { wire::new_local(&before) } else { None }.or_else(|| self.marked(mark));
        drop(alone);
        let wire = Arc::new(wire.unwrap_or_else(Wire::unknown));
        let _ = pending.wire.set(Arc::clone(&wire));
        if Instant::now() >= deadline {
            return Err(silent());
        }
        let refused = ConnectionError::CouldntSetupConfiguration;
        // In one transaction where there are no settings: a pool may divide even one statement among its sessions.
        let before = if settings == Settings::Ours { SESSION } else { "BEGIN" };
        connection.batch_execute(before).map_err(refused)?;
        if diesel::select(sql::<Bool>("pg_is_in_recovery()")).get_result(&mut connection).map_err(refused)? {
            return Err(ConnectionError::BadConnection("it is a standby, which takes no writes".to_owned()));
        }
        if settings == Settings::Ours && connection.batch_execute(GIVE_UP_WITH_US).is_err() {
            // Then nothing that we gave up stands in line for a lock for long.
            let _ = connection.batch_execute("SET lock_timeout = '2s'");
        }
        let began = "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";
        let began: i64 = diesel::select(sql::<BigInt>(began)).get_result(&mut connection).map_err(refused)?;
        // Not every provider tells.
        let timeline: i64 = diesel::select(sql::<BigInt>(TIMELINE)).get_result(&mut connection).unwrap_or(0);
        if settings == Settings::None {
            connection.batch_execute("ROLLBACK").map_err(refused)?;
        }
        let is_welcome = self.servers().admit(Server { began, timeline }, &wire);
        match is_welcome {
            true => Ok(Link { connection, wire }),
            false => Err(ConnectionError::BadConnection(
                "it is the former primary, which another server has replaced; end it or make it a standby".to_owned(),
            )),
        }
    }

    fn marked(&self, mark: u32) -> Option<Wire> {
        let taken = self.servers().sockets();
        wire::marked(mark, &taken).filter(|_| mark > 0)
    }

    /// Ends an attempt that takes too long.
    fn cut(&self, pending: &Pending) {
        match pending.wire.get() {
            Some(wire) => wire.cut(),
            None => self.marked(pending.mark).iter().for_each(Wire::cut),
        }
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn silent() -> ConnectionError {
    ConnectionError::BadConnection("no host finished a connection in time".to_owned())
}

/// What all hosts said, the only one's word as it is.
fn all_refused(attempts: Vec<Attempt>) -> ConnectionError {
    let mut refusals: Vec<ConnectionError> = attempts.into_iter().filter_map(|attempt| attempt.refused).collect();
    if refusals.len() < 2 {
        return refusals.pop().unwrap_or_else(silent);
    }
    let words: Vec<String> = refusals.iter().map(|error| first_line(&error.to_string())).collect();
    ConnectionError::BadConnection(words.join("; "))
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
    #[test]
    fn nobody_stands_in_line_for_a_local_server_that_stands_still_after_his_time_is_over() {
        let folder = std::env::temp_dir().join(format!("callbunker-local-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let tried = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&tried);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().flatten() {
                seen.fetch_add(1, Ordering::Relaxed);
                kept.push(stream);
            }
        });
        let url = DatabaseUrl::new(&SecretString::from(format!("host={} dbname=d user=u", folder.display())));
        std::thread::scope(|scope| {
            for _caller in 0..8 {
                scope.spawn(|| assert!(url.connect().is_err()));
            }
        });
        // The one that was at it when the time was over may still be.
        let when_all_were_told = tried.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(5));
        assert!(tried.load(Ordering::Relaxed) <= when_all_were_told + 1, "attempts that nobody waits for");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
