//! A thread that serves one piece of work after the other, without a way to another thread and back for each.
//!
//! Invariants: a clerk keeps its place as long as it lives, so nobody's crowd keeps it waiting, and its session as long as that
//! is good; whoever waits for its work has an answer as soon as whoever calls [`Db::run`](super::executor::Db::run), because
//! an overseer cuts the connection of work that takes longer.
//! A clerk that does not come back even then is given up with its thread.
//! How to get it wrong: a timer for each piece of work. Setting it wakes another thread, which is what a clerk saves.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::errand::Errand;
use super::error::DbError;
use super::executor::{ANSWER_WITHIN, Db, Kept, SUSPECT_AFTER};
use crate::domain::Away;
use crate::telemetry::DatabaseFault;

/// How often the overseer looks; work may take so much longer than [`ANSWER_WITHIN`].
const OVERSEEN_EVERY: Duration = Duration::from_millis(100);
/// A connection that was cut ends at once; one that cannot be cut does not.
const COMES_BACK_WITHIN: Duration = Duration::from_millis(500);

/// Why a clerk is gone before its time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClerkGone {
    /// Its job panicked outside [`Clerk::run`].
    #[error("it panicked: {0}")]
    Panicked(String),
    /// Its work was given up, and its thread hangs all the same.
    #[error("its connection to PostgreSQL can neither be used nor cut")]
    Hangs,
}

/// What a clerk has in hand.
type InHand = Arc<Mutex<Option<Work>>>;

struct Work {
    began: Instant,
    errand: Errand,
}

/// A thread of its own at the database's door.
pub struct Clerk {
    db: Db,
    in_hand: InHand,
    session: RefCell<Kept>,
}

impl Clerk {
    /// Runs `work` on this thread. A panic in it is an error of this piece of work, and of no other.
    ///
    /// # Errors
    /// As [`Db::run`](super::executor::Db::run).
    pub fn run<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.db.may_try(name)?;
        let errand = Errand::default();
        self.has_in_hand(Some(Work { began: Instant::now(), errand: errand.clone() }));
        let patience = self.db.patience().min(ANSWER_WITHIN);
        let mut kept = self.session.take();
        let done = catch_unwind(AssertUnwindSafe(|| self.db.on_a_session(&mut kept, patience, &errand, work)));
        self.session.replace(kept);
        self.has_in_hand(None);
        let done = done.map_err(|panic| {
            let words = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".to_owned())
        });
        if matches!(done, Ok(Ok(_))) {
            self.db.changes().done(name);
        }
        self.db.noted(name, done)
    }

    /// As [`Db::why_away`](super::executor::Db::why_away).
    #[must_use]
    pub fn why_away(&self, error: &DbError) -> Away {
        self.db.why_away(error)
    }

    fn has_in_hand(&self, work: Option<Work>) {
        *self.in_hand.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }
}

impl Db {
    /// Starts a clerk with `job`, which goes on for as long as there is work; it ends when `job` does.
    ///
    /// # Errors
    /// [`ClerkGone`] says why it ended otherwise. One that hangs keeps its thread until its connection ends.
    pub async fn employ(&self, job: impl FnOnce(&Clerk) + Send + 'static) -> Result<(), ClerkGone> {
        let in_hand = InHand::default();
        let (clerk, overseen) =
            (Clerk { db: self.clone(), in_hand: Arc::clone(&in_hand), session: RefCell::default() }, self.clone());
        let runtime = self.runtime();
        let mut job = runtime.spawn_blocking(move || job(&clerk));
        // A task of its own: the clerk may outlive whoever employed it by one piece of work.
        let overseer = runtime.spawn(async move {
            let mut clock = tokio::time::interval(OVERSEEN_EVERY);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    ended = &mut job => return ended.map_err(|panicked| ClerkGone::Panicked(panicked.to_string())),
                    _ = clock.tick() => oversee(&in_hand, &overseen)?,
                }
            }
        });
        overseer.await.unwrap_or_else(|panicked| Err(ClerkGone::Panicked(panicked.to_string())))
    }
}

/// Gives up what takes too long.
fn oversee(in_hand: &InHand, db: &Db) -> Result<(), ClerkGone> {
    let work = in_hand.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Work { began, errand }) = &*work else { return Ok(()) };
    let so_long = began.elapsed();
    if so_long >= ANSWER_WITHIN + COMES_BACK_WITHIN {
        return Err(ClerkGone::Hangs);
    }
    if so_long >= SUSPECT_AFTER {
        db.look_beside();
    }
    if so_long >= ANSWER_WITHIN && errand.give_up() {
        db.telemetry().database_failed(DatabaseFault::AnswerTimeout);
    }
    Ok(())
}
