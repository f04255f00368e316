//! Brings the schema up to date, one instance at a time.
//!
//! Invariants: what stands at the URL is examined first, because a session lock would strand in a pool that shares
//! sessions; a schema that is newer than this program is left alone and refused; nothing waits for a table's lock
//! for longer than two seconds, since every query of the running instances queues behind whoever waits; a server that
//! stands still ends the attempt; a lost connection, a lock of somebody else's and want of room are no faults of the schema.
//! Whoever comes second waits for as long as the first one is at it, however long a migration takes.
//! How to get it wrong: waiting in line for the lock once and for all. An open read of a nightly dump is enough to stop
//! every signup until the dump is done.

use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection as _;
use diesel::sql_types::Bool;
use diesel_migrations::MigrationHarness as _;

use super::alarm::Watch;
use super::away::no_connection;
use super::connect::DatabaseUrl;
use super::doubt::{by_the_server, understood};
use super::error::{DbError, first_line};
use super::fitness::examine;
use super::link::Link;
use super::rights::{has_list, has_schema, may_change};
use super::versions::{MIGRATIONS, applied_versions, lacks_nothing, refused, unknown_versions};
use super::words::{Meaning, meaning};

/// The two-key form is a key space of its own, so it never meets `lock.advisory_key`.
const MIGRATION_LOCK: (i32, i32) = (0x6361_6c6c, 1);
/// How long a migration stands in line for a table,
const IN_LINE: Duration = Duration::from_secs(2);
/// how long it leaves the others alone then,
const BETWEEN: Duration = Duration::from_millis(700);
/// and for how long it comes back, each of them.
const PATIENCE: Duration = Duration::from_secs(20);
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(200);
const LOCK_LOOKED_AT_EVERY: Duration = Duration::from_secs(2);
const NO_STANDBY: &str = "the migration is done and waits to be acknowledged: PostgreSQL waits for a standby that synchronous_standby_names \
                          names, and none is there; bring it back, or name one that is there: it goes on by itself then";

/// Runs the migrations that the database lacks, under a lock; returns their names. A commit that waits for a synchronous standby which is
/// away is waited for, since nothing can be taken back by then; `tell` gets a sentence that says so. Where another server takes that one's
/// place meanwhile, the migrations are run there.
///
/// # Errors
/// [`DbError::Unavailable`] when PostgreSQL cannot be reached; [`DbError::Unfit`] when it cannot carry callbunker, or was
/// migrated by a newer one; [`DbError::Collided`] when others kept a lock for too long; [`DbError::Corrupt`] when a
/// migration is refused.
pub fn migrate(url: &DatabaseUrl, tell: impl Fn(&str) + Clone + Send + 'static) -> Result<Vec<String>, DbError> {
    examine(url)?;
    let mut is_second = false;
    loop {
        let (mut link, tell) = (url.connect().map_err(|error| no_connection(&error))?, tell.clone());
        let watch = Watch::over(url, &mut link, move || tell(NO_STANDBY))?;
        let outcome = bring_up(&mut link, &watch).map_err(|error| understood(&mut link, error));
        if outcome.is_ok() || is_second || !link.wire().is_cut() {
            return outcome;
        }
        is_second = true;
    }
}

fn bring_up(link: &mut Link, watch: &Watch) -> Result<Vec<String>, DbError> {
    link.batch_execute(&format!("SET statement_timeout = 0; SET lock_timeout = '{}ms'", IN_LINE.as_millis()))?;
    // PostgreSQL has this since 14: whoever is frozen with the lock in hand keeps nobody else from migrating for ever.
    let _ = link.batch_execute("SET idle_session_timeout = '60s'");
    take_turn(link)?;
    if !has_schema(link)? {
        link.batch_execute("CREATE SCHEMA callbunker")?;
    }
    let is_listed = has_list(link)?;
    let mut patiently = Patiently { link, watch };
    // Diesel's own look makes its table if there is none, which wants the right to create even where it is there: who only
    // serves has none.
    let applied = match is_listed {
        true => patiently.run("the list of migrations", |link| Ok(applied_versions(link)?))?,
        false => Vec::new(),
    };
    unknown_versions(&applied)?;
    if lacks_nothing(&applied)? {
        return Ok(Vec::new());
    }
    may_change(patiently.link)?;
    let pending = patiently.run("the list of migrations", |link| link.pending_migrations(MIGRATIONS))?;
    let mut applied = Vec::new();
    for migration in &pending {
        let what = format!("migration {}", migration.name());
        applied.push(patiently.run(&what, |link| Ok(link.run_migration(&**migration)?.to_string()))?);
    }
    Ok(applied)
}

/// A session lock: the migrations commit one by one. It goes with this connection. One who holds it is waited for while they work.
fn take_turn(link: &mut Link) -> Result<(), DbError> {
    let (space, key) = MIGRATION_LOCK;
    let lock = format!("pg_try_advisory_lock({space}, {key})");
    // What another role does is not shown; its session ends by itself when it does nothing.
    let works = format!(
        "EXISTS (SELECT FROM pg_locks AS held JOIN pg_stat_activity AS holder USING (pid)
                  WHERE held.locktype = 'advisory' AND held.classid = {space} AND held.objid = {key} AND held.objsubid = 2 AND held.granted
                    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND (coalesce(holder.state, 'active') = 'active' OR holder.state_change > clock_timestamp() - interval '{} s'))",
        PATIENCE.as_secs()
    );
    let mut ask = |what: &str| diesel::select(sql::<Bool>(what)).get_result::<bool>(&mut **link);
    let mut until = Instant::now() + PATIENCE;
    while !ask(&lock)? {
        if Instant::now() >= until {
            if !ask(&works)? {
                return Err(DbError::Collided(
                    "another instance began to migrate the database and does nothing any more: end its session, see pg_stat_activity"
                        .to_owned(),
                ));
            }
            until = Instant::now() + LOCK_LOOKED_AT_EVERY;
        }
        thread::sleep(LOCK_TRIED_EVERY);
    }
    Ok(())
}

/// Leaves the others alone and comes back, while a lock of theirs is in the way.
struct Patiently<'a> {
    link: &'a mut Link,
    watch: &'a Watch,
}

impl Patiently<'_> {
    fn run<T>(
        &mut self,
        what: &str,
        mut work: impl FnMut(&mut Link) -> diesel::migration::Result<T>,
    ) -> Result<T, DbError> {
        // For each one anew: those before it may have taken long, and nothing of it is a lock's fault.
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match work(self.link) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let stood_in_line = self.watch.stood_in_line();
            let words = first_line(&error.to_string());
            // It was rolled back.
            if self.link.ping().is_err() {
                return Err(DbError::Unavailable(words));
            }
            match meaning(&words) {
                Some(Meaning::NoRoom) => return Err(DbError::NoRoom(words)),
                Some(Meaning::Condition) => return Err(DbError::Unavailable(words)),
                Some(Meaning::Deadlock | Meaning::TimeLimit) => {}
                // PostgreSQL's words come in many languages; what it was seen at does not.
                None if stood_in_line => {}
                None => return Err(by_the_server(self.link, words).unwrap_or_else(|| refused(&*error))),
            }
            if Instant::now() >= until {
                return Err(DbError::Collided(format!(
                    "{what} needs a table that somebody holds a lock on: a dump or a transaction that was left open, see \
                     pg_stat_activity; PostgreSQL says: {words}"
                )));
            }
            thread::sleep(BETWEEN);
        }
    }
}
