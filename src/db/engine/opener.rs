//! One attempt at one host: the session, its settings, and the socket that it can be cut by.
//!
//! Invariants: every session works in the schema `callbunker`, on a server that takes writes, and none on one that somebody
//! made read-only (the first that finds it so ends all); a commit is durable when it is acknowledged; an attempt that takes too long can be cut, in whatever step it hangs.
//! How to get it wrong: trusting the role's settings. `synchronous_commit = off` would break I4, and a snapshot that is
//! older than a lock would count caps from before it; both are set here.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Bool};
use diesel::{Connection as _, ConnectionError, RunQueryDsl as _};
use secrecy::{ExposeSecret, SecretString};

use super::complete_url::{CompleteUrl, MARKS};
use super::error::FROZEN;
use super::freeze::{self, Thawed, thawed};
use super::hosts::{Host, hosts, parameter};
use super::link::Link;
use super::server::{Server, Servers};
use super::wire::{self, Wire};
use crate::domain::direct_instead;

/// What is asked takes less time than compiling it would, however many pools it is asked of.
const SESSION: &str = "
    SET search_path = callbunker, pg_temp;
    SET default_transaction_isolation = 'read committed';
    SET statement_timeout = '10s';
    SET lock_timeout = '8s';
    SET idle_in_transaction_session_timeout = '30s';
    SET TIME ZONE 'UTC';
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
";
/// What we gave up, the server gives up too. PostgreSQL has this since 14, and not on every system.
const GIVE_UP_WITH_US: &str = "SET client_connection_check_interval = '1s'";
const BEGAN: &str = "(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";
const TIMELINE: &str = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint";
const CLUSTER: &str = "(SELECT system_identifier FROM pg_control_system())";

/// Which mark comes next. Sockets are the process's, whichever connection string they were opened by: one that gives an attempt up would else
/// cut another one's connection.
static NEXT_MARK: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Settings {
    Ours,
    None,
}

/// Sessions left from a freeze that a pooler may hand out one after the other, each of which is ended.
const LEFT_MAX: u32 = 100;

/// What an attempt can be cut by: the mark of its socket, and the latest socket that the host has taken.
#[derive(Clone)]
pub(super) struct Pending {
    mark: u32,
    wire: Arc<Mutex<Option<Arc<Wire>>>>,
}

impl Pending {
    fn wire(&self) -> MutexGuard<'_, Option<Arc<Wire>>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens connections to the hosts of one connection string.
pub(super) struct Opener {
    url: SecretString,
    hosts: Vec<Host>,
    is_uri: bool,
    /// The user timeout that marks count from; 0 = the operator wants none.
    mark_base: u32,
    /// When an attempt is over at the latest.
    patience: Duration,
    servers: Mutex<Servers>,
    /// One at a time, so that the new socket is the one that was not there before. Nobody stands in line for it for longer
    /// than his attempt may take.
    local: parking_lot::Mutex<()>,
}

impl Opener {
    pub(super) fn new(url: &SecretString) -> Self {
        let complete = CompleteUrl::new(url.expose_secret());
        Self {
            hosts: hosts(complete.as_str()),
            is_uri: complete.is_uri(),
            mark_base: complete.mark_base(),
            patience: complete.patience(),
            url: complete.into_secret(),
            servers: Mutex::default(),
            local: parking_lot::Mutex::default(),
        }
    }

    /// How many hosts there are.
    pub(super) fn count(&self) -> usize {
        self.hosts.len()
    }

    /// Whether a session was made yet.
    pub(super) fn knows_a_server(&self) -> bool {
        self.servers().is_one_known()
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// What to write instead of the addresses, where they are known to be a pooler's.
    pub(super) fn direct_instead(&self) -> Option<String> {
        let words: Vec<String> = self.hosts.iter().filter_map(|host| direct_instead(&host.name, &host.port)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Before an attempt.
    pub(super) fn pending(&self) -> Pending {
        Pending { mark: self.next_mark(), wire: Arc::default() }
    }

    fn next_mark(&self) -> u32 {
        match self.mark_base {
            0 => 0,
            base => base + NEXT_MARK.fetch_add(1, Ordering::Relaxed) % MARKS,
        }
    }

    /// Opens one session on this host. What is left from a freeze that is over is ended, so that nobody gets it again.
    pub(super) fn open(
        &self,
        index: usize,
        pending: &Pending,
        settings: Settings,
        deadline: Instant,
        only_promoted: bool,
    ) -> Result<Link, ConnectionError> {
        for left in 0..=LEFT_MAX {
            let lifts = left == LEFT_MAX;
            if let Some(link) = self.open_once(index, pending, settings, deadline, (lifts, only_promoted))? {
                return Ok(link);
            }
        }
        Err(silent())
    }

    /// `None` = it was left from a freeze, and is ended; with `lifts`, it may write from now on instead.
    fn open_once(
        &self,
        index: usize,
        pending: &Pending,
        settings: Settings,
        deadline: Instant,
        (lifts, only_promoted): (bool, bool),
    ) -> Result<Option<Link>, ConnectionError> {
        let (host, mark) = (&self.hosts[index], pending.mark);
        let url = self.url_of(host, mark);
        let alone = match host.is_local {
            true => Some(self.local.try_lock_until(deadline).ok_or_else(silent)?),
            false => None,
        };
        let before = if host.is_local { wire::local() } else { HashSet::new() };
        let asked = Instant::now();
        let mut connection = PgConnection::establish(&url).map_err(without_the_string)?;
        let wire = if host.is_local { wire::new_local(&before) } else { None }.or_else(|| self.marked(mark));
        drop(alone);
        let wire = Arc::new(wire.unwrap_or_else(Wire::unknown));
        *pending.wire() = Some(Arc::clone(&wire));
        if Instant::now() >= deadline {
            return Err(silent());
        }
        let refused = ConnectionError::CouldntSetupConfiguration;
        // In one transaction where there are no settings: a pool may divide even one statement among its sessions.
        let before = if settings == Settings::Ours { SESSION } else { "BEGIN" };
        connection.batch_execute(before).map_err(refused)?;
        let state = (sql::<Bool>("pg_is_in_recovery()"), sql::<BigInt>(BEGAN));
        let (is_standby, began): (bool, i64) = diesel::select(state).get_result(&mut connection).map_err(refused)?;
        if is_standby {
            return Err(ConnectionError::BadConnection("it is a standby, which takes no writes".to_owned()));
        }
        let thawed =
            if settings == Settings::Ours { thawed(&mut connection).map_err(refused)? } else { Thawed::Writes };
        match thawed {
            Thawed::Frozen => {
                fail::fail_point!("frozen_seen");
                self.servers().cut_all(began);
                return Err(frozen());
            }
            Thawed::Left if lifts => freeze::lift(&mut connection).map_err(refused)?,
            Thawed::Left => {
                freeze::end(connection);
                return Ok(None);
            }
            Thawed::Writes => {}
        }
        if settings == Settings::Ours && connection.batch_execute(GIVE_UP_WITH_US).is_err() {
            // Then nothing that we gave up stands in line for a lock for long.
            let _ = connection.batch_execute("SET lock_timeout = '2s'");
        }
        // Not every provider tells.
        let mut told = |what: &str| diesel::select(sql::<BigInt>(what)).get_result(&mut connection).unwrap_or(0);
        let (timeline, cluster): (i64, i64) = (told(TIMELINE), told(CLUSTER));
        if settings == Settings::None {
            connection.batch_execute("ROLLBACK").map_err(refused)?;
        }
        let is_welcome = {
            let mut servers = self.servers();
            // Somebody found it frozen while we were still at it.
            if settings == Settings::Ours && servers.froze_since(began, asked) {
                return Err(frozen());
            }
            let server = Server { began, timeline, cluster };
            if only_promoted && !servers.was_promoted_since(server) {
                return Err(ConnectionError::BadConnection("it was not promoted after the server in use".to_owned()));
            }
            servers.admit(server, &wire)
        };
        match is_welcome {
            true => Ok(Some(Link::new(connection, wire))),
            false => Err(ConnectionError::BadConnection(
                "it is the former primary, which another server has replaced; end it or make it a standby, or promote it if it is to \
                 serve again"
                    .to_owned(),
            )),
        }
    }

    /// What makes the whole string mean this host alone, and its socket known by this mark. Of each parameter the last one counts.
    fn url_of(&self, host: &Host, mark: u32) -> String {
        let mut url = format!("{}{}", self.url.expose_secret(), host.only);
        // What is asked of the server tells a standby from a frozen one; libpq's look for `read-write` does not. Where only
        // libpq knows the hosts (PGHOST, a service), it must go on to the primary of them, frozen or not.
        let session = if host.name.is_empty() { "primary" } else { "any" };
        url.push_str(&parameter(self.is_uri, "target_session_attrs", session));
        if mark > 0 {
            url.push_str(&parameter(self.is_uri, "tcp_user_timeout", &mark.to_string()));
        }
        url
    }

    fn marked(&self, mark: u32) -> Option<Wire> {
        let taken = self.servers().sockets();
        wire::marked(mark, &taken).filter(|_| mark > 0)
    }

    /// Ends an attempt that takes too long.
    pub(super) fn cut(&self, pending: &Pending) {
        let wire = pending.wire().clone();
        match wire {
            Some(wire) => wire.cut(),
            None => self.marked(pending.mark).iter().for_each(Wire::cut),
        }
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody answered.
pub(super) fn silent() -> ConnectionError {
    ConnectionError::BadConnection("no host finished a connection in time".to_owned())
}

/// Somebody made it read-only.
fn frozen() -> ConnectionError {
    ConnectionError::BadConnection(FROZEN.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_connection_strings_of_one_process_tell_their_sockets_apart() {
        let opener = || Opener::new(&SecretString::from("postgres://127.0.0.1:1/d"));
        let (one, other) = (opener(), opener());
        let marks = [one.pending().mark, other.pending().mark, one.pending().mark];
        assert!(marks[0] != marks[1] && marks[1] != marks[2] && marks[0] != marks[2], "{marks:?}");
    }
}
