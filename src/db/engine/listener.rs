//! Hears `NOTIFY callbunker_stock`, so that who waits on this instance is served the moment another one bought, and
//! `NOTIFY callbunker_changes`, so that who watches sees what another one did.
//!
//! Invariants: a connection and a thread of its own, never the pool's; it only rings, it carries no facts; without it
//! the waitlist is still looked at every 250 ms.
//! The same connection watches whether somebody froze the database, because that changes no session that is there: it looks
//! what a new one would get, and makes one where that seems to be read-only. The new one finds out ([`opener`](super::opener)).
//! And it looks whether commits wait for a standby that is away, once a statement was given up ([`standbys`](super::standbys)). While they
//! do, or the server's disk is full, it looks for the server that took this one's place: sessions that are there would never find out.
//! How to get it wrong: relying on it. A notification that falls into a lost connection is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use tokio::sync::Notify;

use super::alarm::Alarm;
use super::connection::Connection;
use super::error::{DbError, FROZEN, first_line};
use super::executor::Db;
use super::freeze::is_frozen;
use super::link::Link;
use super::standbys::Lookout;
use crate::domain::Away;

/// libpq buffers notifications until it is asked; it is asked this often while somebody waits,
const WHILE_WAITING: Duration = Duration::from_millis(20);
/// and this often otherwise, which only keeps the buffer empty.
const OTHERWISE: Duration = Duration::from_millis(100);
const RECONNECT_AFTER: Duration = Duration::from_secs(2);
/// How often it is looked whether somebody froze the database,
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// and how long the server may take to say so.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// What the listener rings, and when it must hurry.
#[derive(Clone, Default)]
pub struct StockBell {
    /// Rung when a number became assignable, here or on another instance.
    pub stock: Arc<Notify>,
    /// Whether somebody waits for a number here.
    pub somebody_waits: Arc<AtomicBool>,
}

/// Starts the listener's thread; it ends with the process.
///
/// # Errors
/// When the system starts no more threads.
pub fn listen(db: Db, bell: StockBell) -> std::io::Result<()> {
    std::thread::Builder::new().name("callbunker-listen".to_owned()).spawn(move || {
        let (url, log) = (db.url(), db.log());
        let (mut is_frozen, mut told) = (false, false);
        loop {
            let connected = url.connect().map_err(|error| first_line(&error.to_string()));
            tell_of_a_freeze(&mut is_frozen, connected.is_ok(), url.why_away(), log);
            match connected
                .and_then(|link| hear(link, &db, &bell, |are_away| tell_of_standbys(&mut told, are_away, log)))
            {
                Ok(Ended::ForANewSession) => continue,
                Err(why) => slog::debug!(log, "not listening to other instances for a moment"; "error" => why),
            }
            std::thread::sleep(RECONNECT_AFTER);
        }
    })?;
    Ok(())
}

/// Why it hears no longer, though the connection is well.
enum Ended {
    /// One is needed that says what new sessions get.
    ForANewSession,
}

/// One line when the database is found frozen, and one when it is not any more.
fn tell_of_a_freeze(is_frozen: &mut bool, is_connected: bool, away: Away, log: &slog::Logger) {
    if away == Away::Frozen && !*is_frozen {
        *is_frozen = true;
        slog::crit!(log, "the database is frozen: nothing is bought or assigned, and nothing written"; "error" => FROZEN);
    } else if is_connected && *is_frozen {
        *is_frozen = false;
        slog::warn!(log, "the database takes writes again");
    }
}

/// One line when commits are found waiting for a standby that is away, and one when they are not any more.
fn tell_of_standbys(told: &mut bool, are_away: bool, log: &slog::Logger) {
    match (std::mem::replace(told, are_away), are_away) {
        (false, true) => {
            slog::crit!(log, "the database waits for its synchronous standby, which is away: nothing is bought or assigned until one is there";
                "error" => DbError::NoStandby.to_string())
        }
        (true, false) => slog::warn!(log, "no commit waits for a standby any more: signups are served again"),
        _ => {}
    }
}

/// Tells every instance, as soon as the transaction commits, that a number may have become assignable.
///
/// # Errors
/// When PostgreSQL fails.
pub(in crate::db) fn stock_notify(conn: &mut Connection) -> Result<(), DbError> {
    Ok(conn.batch_execute("NOTIFY callbunker_stock")?)
}

fn hear(mut connection: Link, db: &Db, bell: &StockBell, mut tell: impl FnMut(bool)) -> Result<Ended, String> {
    let (mut looked, mut lookout) = (Instant::now(), Lookout::new(db.standbys()));
    connection
        .batch_execute("LISTEN callbunker_stock; LISTEN callbunker_changes")
        .map_err(|error| first_line(&error.to_string()))?;
    loop {
        let (mut stock, mut change) = (false, false);
        for notification in connection.notifications_iter() {
            let notification = notification.map_err(|error| first_line(&error.to_string()))?;
            stock |= notification.channel == "callbunker_stock";
            change |= notification.channel == "callbunker_changes";
        }
        if stock {
            bell.stock.notify_one();
        }
        if change {
            db.changes().rings();
        }
        if looked.elapsed() >= LOOKED_EVERY {
            if would_be_frozen(&mut connection) {
                return Ok(Ended::ForANewSession);
            }
            looked = Instant::now();
        }
        if lookout.is_due() {
            let _alarm = Alarm::set(vec![Arc::clone(connection.wire())], TOLD_WITHIN);
            lookout.look(&mut connection).map_err(|error| first_line(&error.to_string()))?;
            tell(db.waits_for_a_standby());
        }
        if db.waits_for_a_standby() || db.is_full() {
            db.url().look_around();
        }
        let hurry = bell.somebody_waits.load(Ordering::Relaxed);
        std::thread::sleep(if hurry { WHILE_WAITING } else { OTHERWISE });
    }
}

/// An engine that cannot say counts as open: every new session looks by itself.
fn would_be_frozen(connection: &mut Link) -> bool {
    let _alarm = Alarm::set(vec![Arc::clone(connection.wire())], TOLD_WITHIN);
    is_frozen(connection).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use postgres_fixture::{Cluster, ClusterOptions};
    use secrecy::SecretString;

    use super::*;
    use crate::db::DatabaseUrl;
    use crate::telemetry::Telemetry;

    /// Only a bound: each of these takes a second or two.
    const WITHIN: Duration = Duration::from_secs(60);

    fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + WITHIN;
        while !holds() {
            assert!(Instant::now() < deadline, "{what}: not within {WITHIN:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Nobody but the listener makes a session here, so nobody else would find out.
    #[test]
    fn a_server_that_lives_on_and_takes_no_writes_is_left_as_soon_as_another_one_took_its_place() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (closes, is_a_standby_awaited) in [("a standby is awaited", true), ("its disk is full", false)] {
            let former = Cluster::start(ClusterOptions::default()).expect("PostgreSQL");
            let database = former.create_database().expect("a database");
            let standby = former.standby().expect("a standby");
            let hosts = format!("127.0.0.1:{},127.0.0.1:{}", former.port(), standby.port());
            let url = DatabaseUrl::new(&SecretString::from(format!(
                "postgres://{}@{hosts}/{}",
                postgres_fixture::OWNER,
                database.name()
            )));
            let log = slog::Logger::root(slog::Discard, slog::o!());
            let (handle, wait) = (runtime.handle().clone(), Duration::from_secs(1));
            let db = Db::new(url, wait, handle, Telemetry::new(&[]), log);
            listen(db.clone(), StockBell::default()).unwrap();
            let heard = |cluster: &Cluster| {
                // What it said last: that it listens, or its question who waits for a standby.
                let sessions = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' OR query LIKE 'SELECT concat_ws%'";
                cluster.psql_as_owner(database.name(), sessions).is_ok_and(|count| count.trim() != "0")
            };
            eventually("it hears the former primary", || heard(&former));
            if is_a_standby_awaited {
                former.psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'").unwrap();
                former.psql("postgres", "SELECT pg_reload_conf()").unwrap();
                let owner = database.owner_url().to_owned();
                thread::spawn(move || {
                    let mut waits = <diesel::PgConnection as diesel::Connection>::establish(&owner).expect("a session");
                    let _ = waits.batch_execute("SET synchronous_commit = on; CREATE TABLE public.waits ()");
                });
                eventually("it knows that commits wait", || {
                    db.standbys().are_doubted();
                    db.waits_for_a_standby()
                });
            } else {
                db.room().was_lacking();
            }
            standby.promote().expect("it is promoted");
            eventually(closes, || heard(&standby));
            assert!(former.is_running() && !db.waits_for_a_standby(), "{closes}");
        }
    }
}
