//! Runs statements on blocking threads, at most one per pooled connection, and answers in time whatever PostgreSQL does.
//!
//! Invariants: a caller of [`Db::run`] has its answer within [`ANSWER_WITHIN`], whatever the server does; when nobody waits
//! for a statement any more its connection is cut, so that thread and place come back also from a server that stands
//! still; a lost connection is never handed out again.
//! How to get it wrong: taking an answer "unavailable" for "nothing happened". The statement may still commit.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection as _;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::away::unreached;
use super::changes::ChangeBell;
use super::connect::DatabaseUrl;
use super::connection::Connection;
use super::doubt::understood;
use super::errand::{Deadline, Errand};
use super::error::{DbError, first_line, is_time_limit};
use super::room::Room;
use super::session::{Session, SessionManager};
use super::standbys::{Standbys, reading};
use super::work::{Work, told};
use crate::domain::Away;
use crate::telemetry::{DatabaseFault, Telemetry};

/// Connections of one instance, besides the purchase lock's own.
const CONNECTIONS_MAX: u32 = 8;
/// How many of them whoever calls [`Db::run`] may use at a time: one is the [`Clerk`](super::clerk::Clerk)'s.
const PLACES: usize = CONNECTIONS_MAX as usize - 1;
/// How many of them patient work may use at a time, so that a wave of purchases leaves signups theirs.
const PATIENT_MAX: usize = 5;
/// How long a request waits in all, for a connection and for the statement.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(1700);
/// What takes longer may have been asked of a server that stands still or was left behind: where there are other hosts, they are looked at.
pub(super) const SUSPECT_AFTER: Duration = Duration::from_millis(600);
/// How long work that nobody waits for at a browser waits for a connection: settling a purchase, say.
const PATIENT_ACQUIRE: Duration = Duration::from_secs(10);
/// How long such work may take in all. Its statements end far earlier; a server that stands still ends nothing.
const PATIENT_WITHIN: Duration = Duration::from_secs(60);
/// A session that lay idle for longer, or since another one was lost, is asked whether it still lives before it is used,
const TRUSTED_IDLE: Duration = Duration::from_secs(10);
/// and must say so in so long.
const LIFE_WITHIN: Duration = Duration::from_millis(400);
/// What is known besides of an answer that never came.
const NO_STANDBY_THERE: &str = ": commits wait for a synchronous standby, and none is there";
/// Sessions that were lost unseen, one after the other, before the caller is told: all that there were, and a new one.
const LOST_MAX: u32 = CONNECTIONS_MAX + 1;

/// The door to PostgreSQL. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Db {
    pool: r2d2::Pool<SessionManager>,
    manager: SessionManager,
    places: Arc<Semaphore>,
    patient: Arc<Semaphore>,
    runtime: tokio::runtime::Handle,
    acquire_timeout: Duration,
    changes: ChangeBell,
    room: Room,
    standbys: Standbys,
    telemetry: Telemetry,
    log: slog::Logger,
}

/// The session of somebody who keeps it from one piece of work to the next: what PostgreSQL's process knows of the tables, and the
/// caches of the machine, are warm then.
pub(super) type Kept = Option<r2d2::PooledConnection<SessionManager>>;

/// Sends r2d2's complaints to our log.
#[derive(Debug)]
struct PoolLog(slog::Logger);

impl<E: std::error::Error> r2d2::HandleError<E> for PoolLog {
    fn handle_error(&self, error: E) {
        slog::debug!(self.0, "no connection to PostgreSQL yet"; "error" => first_line(&error.to_string()));
    }
}

impl Db {
    /// A pool that connects as it is used; nothing is tried yet. `runtime` lends the blocking threads.
    #[must_use]
    pub fn new(
        url: DatabaseUrl,
        acquire_timeout: Duration,
        runtime: tokio::runtime::Handle,
        telemetry: Telemetry,
        log: slog::Logger,
    ) -> Self {
        let manager = SessionManager::new(url);
        let pool = r2d2::Pool::builder()
            .max_size(CONNECTIONS_MAX)
            .min_idle(Some(1))
            .connection_timeout(acquire_timeout)
            .error_handler(Box::new(PoolLog(log.clone())))
            .build_unchecked(manager.clone());
        let places = Arc::new(Semaphore::new(PLACES));
        let patient = Arc::new(Semaphore::new(PATIENT_MAX));
        let changes = ChangeBell::default();
        let (room, standbys) = (Room::default(), Standbys::default());
        Self { pool, manager, places, patient, runtime, acquire_timeout, changes, room, standbys, telemetry, log }
    }

    /// Rung whenever a statement changed something that people watch.
    #[must_use]
    pub fn changes(&self) -> &ChangeBell {
        &self.changes
    }

    /// Why the database is away for whoever had this error, as far as it is known.
    #[must_use]
    pub fn why_away(&self, error: &DbError) -> Away {
        match error {
            DbError::Frozen => Away::Frozen,
            DbError::NoRoom(_) => Away::NoRoom,
            DbError::NoStandby => Away::NoStandby,
            DbError::Unavailable(_) if self.waits_for_a_standby() => Away::NoStandby,
            // One writer in the way of another says nothing of the way to the server.
            DbError::Collided(_) => Away::Other,
            DbError::Unavailable(_)
            | DbError::Unfit(_)
            | DbError::Constraint(_)
            | DbError::Corrupt { .. }
            | DbError::Statement { .. }
            | DbError::Panicked(_) => self.manager.why_away(),
        }
    }

    /// Whether commits wait for a synchronous standby that is away: whoever would write is refused until one is there.
    #[must_use]
    pub fn waits_for_a_standby(&self) -> bool {
        self.standbys.are_away()
    }

    /// For whoever looks whether it is.
    pub(super) fn standbys(&self) -> &Standbys {
        &self.standbys
    }

    /// Where it leads.
    pub(super) fn url(&self) -> &DatabaseUrl {
        self.manager.url()
    }

    pub(super) fn log(&self) -> &slog::Logger {
        &self.log
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Where its faults are counted.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Runs `work` for somebody who waits: answers within two seconds in all, come what may.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when no connection or no answer came in time; else what `work` returned.
    pub async fn run<T, F>(&self, name: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (work, done) = told(work);
        self.within(ANSWER_WITHIN, name, self.acquire_timeout, work).await?;
        Ok(done.take())
    }

    /// The same for somebody who waits less long than that.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn run_within<T, F>(&self, limit: Duration, name: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let limit = limit.min(ANSWER_WITHIN);
        let (work, done) = told(work);
        self.within(limit, name, self.acquire_timeout.min(limit), work).await?;
        Ok(done.take())
    }

    /// Runs `work` to its end, as long as PostgreSQL's own statement timeout lets it, a minute at most. For the money path,
    /// where an answer that comes late is better than none. A standby that commits wait for is waited for as a connection is.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn run_patiently<T, F>(&self, name: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (work, done) = told(work);
        self.patiently(PATIENT_ACQUIRE, name, work).await?;
        Ok(done.take())
    }

    /// The same for what only looks: it waits for no standby.
    ///
    /// # Errors
    /// As [`Db::run`].
    pub async fn look_patiently<T, F>(&self, name: &'static str, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (work, done) = told(work);
        self.patiently(Duration::ZERO, name, work).await?;
        Ok(done.take())
    }

    async fn patiently(&self, for_a_standby: Duration, name: &'static str, work: Work) -> Result<(), DbError> {
        // A task of its own: a caller that awaits one piece of work while it does not poll another would else wait for a
        // turn that only that poll gives back.
        let db = self.clone();
        let task = self.runtime.spawn(async move {
            db.standbys.wait(for_a_standby).await;
            let _turn = db.patient.acquire().await.expect("the semaphore is never closed");
            db.within(patient_within(), name, PATIENT_ACQUIRE, work).await
        });
        task.await.unwrap_or(Err(DbError::Panicked(name)))
    }

    /// Runs `work`, and gives it up when `limit` is over, whether or not the caller is still there.
    async fn within(&self, limit: Duration, name: &'static str, acquire: Duration, work: Work) -> Result<(), DbError> {
        let (errand, until) = (Errand::default(), Instant::now() + limit);
        let _deadline = Deadline { errand: errand.clone(), until, runtime: self.runtime.clone() };
        let mut work = pin!(self.start(name, acquire, errand.clone(), work));
        if limit > SUSPECT_AFTER {
            if let Ok(outcome) = timeout(SUSPECT_AFTER, &mut work).await {
                return outcome;
            }
            self.look_beside();
        }
        if limit > ANSWER_WITHIN {
            if let Ok(outcome) = timeout(ANSWER_WITHIN - SUSPECT_AFTER, &mut work).await {
                return outcome;
            }
            // What takes long may wait for a standby, and whoever starts says nothing else meanwhile.
            self.standbys.are_doubted();
        }
        match timeout(until.saturating_duration_since(Instant::now()), work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => {
                errand.give_up();
                self.telemetry.database_failed(DatabaseFault::AnswerTimeout);
                // No NoStandby: it may stand there, and wait on.
                let why = if self.waits_for_a_standby() { NO_STANDBY_THERE } else { "" };
                Err(DbError::Unavailable(format!("{name} got no answer in time{why}")))
            }
        }
    }

    async fn start(&self, name: &'static str, acquire: Duration, errand: Errand, work: Work) -> Result<(), DbError> {
        self.may_try(name)?;
        let asked = Instant::now();
        let place = match timeout(acquire, Arc::clone(&self.places).acquire_owned()).await {
            Ok(place) => place.expect("the semaphore is never closed"),
            Err(_elapsed) => {
                self.telemetry.database_failed(DatabaseFault::AcquireTimeout);
                return Err(DbError::Unavailable("every connection is busy".to_owned()));
            }
        };
        let db = self.clone();
        let patience = acquire.saturating_sub(asked.elapsed()).max(Duration::from_millis(50));
        let task = self.runtime.spawn_blocking(move || {
            let _place = place;
            let outcome = db.on_a_session(&mut Kept::None, patience, &errand, work);
            if outcome.is_ok() {
                db.changes.done(name);
            }
            outcome
        });
        let done = task.await.map_err(|panicked| panicked.to_string());
        self.noted(name, done)
    }
}

impl Db {
    pub(super) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    /// Something takes long. Whoever finds that another server took this one's place ends the sessions here, and the wait with them.
    pub(super) fn look_beside(&self) {
        if self.url().may_look_beside() {
            let url = self.url().clone();
            self.runtime.spawn_blocking(move || url.look_around());
        }
    }

    /// How long somebody who waits lets us wait for a connection.
    pub(super) fn patience(&self) -> Duration {
        self.acquire_timeout
    }

    /// Refuses what would be refused for want of a standby, as a statement of its label was a moment ago.
    pub(super) fn may_try(&self, name: &str) -> Result<(), DbError> {
        if !self.standbys.refuse(name) {
            return Ok(());
        }
        self.telemetry.database_failed(DatabaseFault::Unavailable);
        Err(DbError::NoStandby)
    }

    /// Counts what went wrong; of a panic, `done` has its words.
    pub(super) fn noted<T>(&self, name: &'static str, done: Result<Result<T, DbError>, String>) -> Result<T, DbError> {
        match done {
            Ok(outcome) => {
                if matches!(outcome, Err(DbError::NoRoom(_))) {
                    self.room.was_lacking();
                }
                if matches!(outcome, Err(DbError::NoStandby)) {
                    self.standbys.have_refused(name);
                }
                outcome.as_ref().err().and_then(fault).iter().for_each(|fault| self.telemetry.database_failed(*fault));
                outcome
            }
            Err(words) => {
                self.telemetry.database_failed(DatabaseFault::Panic);
                slog::error!(self.log, "a statement panicked"; "statement" => name, "error" => words);
                Err(DbError::Panicked(name))
            }
        }
    }

    /// On the one that was `kept`, if it may still be used, where one is left that may be used again.
    pub(super) fn on_a_session<T>(
        &self,
        kept: &mut Kept,
        patience: Duration,
        errand: &Errand,
        work: impl FnOnce(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut session = self.living_session(kept.take(), patience, errand)?;
        let outcome = match self.standbys.are_away() {
            true => reading(&mut session.link, work),
            false => work(&mut session.link),
        };
        session.last_used = Instant::now();
        let outcome = match outcome {
            Err(error) => Err(understood(&mut session.link, error)),
            done => done,
        };
        errand.is_done();
        let is_away = matches!(&outcome, Err(DbError::Unavailable(why)) if !is_time_limit(why));
        let is_cut = session.link.wire().is_cut();
        if is_cut {
            self.standbys.are_doubted();
        }
        if is_away || is_cut {
            self.manager.lost(&mut session);
        }
        *kept = self.manager.usable(session);
        outcome
    }

    /// A session that is known to live, or that was made just now.
    fn living_session(
        &self,
        kept: Kept,
        patience: Duration,
        errand: &Errand,
    ) -> Result<r2d2::PooledConnection<SessionManager>, DbError> {
        let until = Instant::now() + patience;
        let mut kept = kept.and_then(|session| self.manager.usable(session));
        for _lost in 0..LOST_MAX {
            let mut session = match kept.take() {
                Some(session) => session,
                None => {
                    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(50));
                    self.pool.get_timeout(left).map_err(|error| unreached(&error.to_string()))?
                }
            };
            if !errand.goes_on_over(session.link.wire()) {
                return Err(DbError::Unavailable("nobody waits for it any more".to_owned()));
            }
            let is_trusted = session.last_used.elapsed() < TRUSTED_IDLE && self.manager.has_worked_since(&session);
            if is_trusted || self.lives(&mut session) {
                return Ok(session);
            }
            match session.link.wire().is_cut() {
                true => self.manager.was_silent(&mut session),
                false => self.manager.lost(&mut session),
            }
        }
        Err(DbError::Unavailable("one connection after the other was lost".to_owned()))
    }

    fn lives(&self, session: &mut Session) -> bool {
        let question = Errand::default();
        question.goes_on_over(session.link.wire());
        let until = Instant::now() + LIFE_WITHIN;
        // Dropped at once: it does its work when the time is over.
        drop(Deadline { errand: question.clone(), until, runtime: self.runtime.clone() });
        let lives = session.link.ping().is_ok();
        question.is_done();
        lives && !session.link.wire().is_cut()
    }
}

fn patient_within() -> Duration {
    fail::fail_point!("patient_within", |secs| Duration::from_secs(
        secs.and_then(|secs| secs.parse().ok()).unwrap_or(1)
    ));
    PATIENT_WITHIN
}

/// What is worth counting; a writer who was second is no fault.
fn fault(error: &DbError) -> Option<DatabaseFault> {
    match error {
        DbError::Unavailable(_) | DbError::Frozen | DbError::NoRoom(_) | DbError::NoStandby => {
            Some(DatabaseFault::Unavailable)
        }
        DbError::Statement { .. } | DbError::Corrupt { .. } | DbError::Collided(_) => Some(DatabaseFault::Statement),
        DbError::Panicked(_) => Some(DatabaseFault::Panic),
        DbError::Constraint(_) | DbError::Unfit(_) => None,
    }
}
