//! The purchase lock: at most one run buys at a time, across all instances and the earlier service.
//!
//! The lock is an argument: buying takes a `&PurchaseLock`, which only this file can make. It is a transaction-level
//! advisory lock in a transaction that does nothing else, on a connection that the guard owns: it survives no process,
//! leaks through no pool, and shares its key space with the earlier service's `pg_try_advisory_lock(12345)`.
//! How to get it wrong: believing that it is still held. Its connection can die unseen, so each intent checks its run
//! in the database again (`purchases::items::intend`), and the lock alone guards nothing.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::sql_types::{Bool, Integer};

use super::away::no_connection;
use super::connect::DatabaseUrl;
use super::errand::{Deadline, Errand};
use super::error::DbError;
use super::link::Link;

/// How long one try may take, its connection included.
const TRY_WITHIN: Duration = Duration::from_secs(12);
/// How long giving back may take before the connection is cut, which gives back as well.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// What the connection that has the lock, or tries it, is called in `pg_stat_activity`.
pub(in crate::db) const LOCK_NAME: &str = "callbunker purchase lock";

/// The advisory key and where the database is: what it takes to try the lock.
#[derive(Clone)]
pub struct PurchaseLocks {
    url: DatabaseUrl,
    advisory_key: i64,
    runtime: tokio::runtime::Handle,
}

/// Proof that this process held the purchase lock a moment ago. Dropping it closes the connection, and so the lock.
pub struct PurchaseLock {
    connection: Option<Link>,
    backend_pid: i32,
    runtime: tokio::runtime::Handle,
}

impl PurchaseLocks {
    /// `advisory_key` is `lock.advisory_key`; `runtime` lends the blocking threads.
    #[must_use]
    pub fn new(url: DatabaseUrl, advisory_key: i64, runtime: tokio::runtime::Handle) -> Self {
        Self { url, advisory_key, runtime }
    }

    /// `lock.advisory_key`.
    #[must_use]
    pub fn advisory_key(&self) -> i64 {
        self.advisory_key
    }

    /// Somebody who tries the lock, perhaps again and again over one connection.
    #[must_use]
    pub fn seeker(&self) -> LockSeeker {
        LockSeeker { locks: self.clone(), idle: None }
    }
}

/// Tries the lock. Dropping it closes its connection.
pub struct LockSeeker {
    locks: PurchaseLocks,
    idle: Option<Link>,
}

impl LockSeeker {
    /// Takes the lock, or says `None` at once when somebody else holds it.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when PostgreSQL cannot be reached.
    pub async fn try_now(&mut self) -> Result<Option<PurchaseLock>, DbError> {
        let (url, key, idle) = (self.locks.url.clone(), self.locks.advisory_key, self.idle.take());
        let errand = Errand::default();
        let runtime = self.locks.runtime.clone();
        let _deadline = Deadline { errand: errand.clone(), until: Instant::now() + TRY_WITHIN, runtime };
        let attempt = {
            let errand = errand.clone();
            self.locks.runtime.spawn_blocking(move || {
                let tried = begin_and_try(&url, key, idle, &errand);
                errand.is_done();
                tried
            })
        };
        let Ok(attempt) = tokio::time::timeout(TRY_WITHIN, attempt).await else {
            errand.give_up();
            return Err(DbError::Unavailable("the purchase lock got no answer in time".to_owned()));
        };
        match attempt.map_err(|_panicked| DbError::Panicked("purchase_lock_try"))?? {
            Tried::Held(connection, backend_pid) => {
                let runtime = self.locks.runtime.clone();
                Ok(Some(PurchaseLock { connection: Some(connection), backend_pid, runtime }))
            }
            Tried::Busy(connection) => {
                self.idle = Some(connection);
                Ok(None)
            }
        }
    }
}

enum Tried {
    /// With the process id of its backend.
    Held(Link, i32),
    Busy(Link),
}

fn begin_and_try(url: &DatabaseUrl, key: i64, idle: Option<Link>, errand: &Errand) -> Result<Tried, DbError> {
    let mut connection = match idle {
        Some(connection) => connection,
        None => url.connect().map_err(|error| no_connection(&error))?,
    };
    if !errand.goes_on_over(connection.wire()) {
        return Err(DbError::Unavailable("nobody waits for the purchase lock any more".to_owned()));
    }
    // READ COMMITTED: an idle transaction that holds no snapshot keeps back neither vacuum nor index builds.
    // Server-side keepalives: else a host that vanished would keep the lock for hours. The name comes before the lock:
    // whoever has the lock can be told from the earlier service from the first moment on.
    connection.batch_execute(&format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;
         SET LOCAL application_name = '{LOCK_NAME}';
         SET LOCAL idle_in_transaction_session_timeout = 0;
         SET LOCAL tcp_keepalives_idle = 10;
         SET LOCAL tcp_keepalives_interval = 5;
         SET LOCAL tcp_keepalives_count = 3;"
    ))?;
    let (version, backend_pid): (i32, i32) = diesel::select((
        sql::<Integer>("current_setting('server_version_num')::int"),
        sql::<Integer>("pg_backend_pid()"),
    ))
    .get_result(&mut *connection)?;
    if version >= 170_000 {
        connection.batch_execute("SET LOCAL transaction_timeout = 0")?;
    }
    let held: bool =
        diesel::select(sql::<Bool>(&format!("pg_try_advisory_xact_lock({key})"))).get_result(&mut *connection)?;
    if held {
        // A prepared statement's portal lives on, with its snapshot, until a simple statement takes its place.
        connection.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0")?;
        return Ok(Tried::Held(connection, backend_pid));
    }
    connection.batch_execute("ROLLBACK")?;
    Ok(Tried::Busy(connection))
}

impl PurchaseLock {
    /// Which of PostgreSQL's processes has it.
    pub(crate) fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// Gives the lock back and waits until PostgreSQL knows it.
    pub async fn release(mut self) {
        if let Some(mut connection) = self.connection.take() {
            let wire = std::sync::Arc::clone(connection.wire());
            // A failure means that the connection is gone, and the lock with it.
            let released = self.runtime.spawn_blocking(move || connection.batch_execute("ROLLBACK"));
            if tokio::time::timeout(RELEASE_WITHIN, released).await.is_err() {
                wire.cut();
            }
        }
    }
}

impl Drop for PurchaseLock {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Closing writes to a socket; a blocking thread does it.
            self.runtime.spawn_blocking(move || drop(connection));
        }
    }
}
