//! The pool's sessions, and when it may trust one that it made earlier.
//!
//! Invariants: a session that was lost or cut is never handed out again; one that was not used since another was lost is
//! asked first; when one that is asked says nothing, all that were made before are given up unasked.
//! How to get it wrong: asking a session whether it lives here, where nobody can cut it; `executor` asks. Or giving up
//! seven sessions because the statement of an eighth took too long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use diesel::ConnectionError;
use diesel::r2d2::R2D2Connection as _;
use r2d2::ManageConnection as _;

use super::connect::DatabaseUrl;
use super::link::Link;
use crate::domain::Away;

/// One connection of the pool.
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) last_used: Instant,
    pub(super) broken: bool,
    generation: u64,
}

/// Makes and judges the pool's sessions. When one is lost, the others are suspect: a restart of PostgreSQL then costs one
/// failed statement, not one for each session.
#[derive(Clone)]
pub(super) struct SessionManager {
    url: DatabaseUrl,
    generation: Arc<AtomicU64>,
    doubted: Arc<Mutex<Option<Instant>>>,
}

impl SessionManager {
    pub(super) fn new(url: DatabaseUrl) -> Self {
        Self { url, generation: Arc::default(), doubted: Arc::default() }
    }

    /// Where they lead.
    pub(super) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Why the last attempt to make one failed.
    pub(super) fn why_away(&self) -> Away {
        self.url.why_away()
    }

    /// A session was lost at work: by its own fault or by the server's, which the others tell when they are asked.
    pub(super) fn lost(&self, session: &mut Session) {
        session.broken = true;
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.url.doubt();
    }

    /// The same session if whoever has it may use it again; what may not goes back to the pool, which closes it.
    pub(super) fn usable(&self, mut session: r2d2::PooledConnection<Self>) -> Option<r2d2::PooledConnection<Self>> {
        (!self.has_broken(&mut session) && self.is_valid(&mut session).is_ok()).then_some(session)
    }

    /// Whether a session has worked since the last one was lost.
    pub(super) fn has_worked_since(&self, session: &Session) -> bool {
        let doubted = *self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        doubted.is_none_or(|doubted| session.last_used > doubted)
    }

    /// A session was asked and said nothing: its server stands still, and would keep whoever asks the next one waiting.
    pub(super) fn was_silent(&self, session: &mut Session) {
        self.lost(session);
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
        let link = self.url.connect().map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Session { link, last_used: Instant::now(), broken: false, generation })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        if session.generation < self.generation.load(Ordering::Relaxed) || session.link.wire().is_cut() {
            let gone = ConnectionError::BadConnection("made before PostgreSQL fell silent".to_owned());
            return Err(diesel::r2d2::Error::ConnectionError(gone));
        }
        Ok(())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.broken || std::thread::panicking() || session.link.wire().is_cut() || session.link.is_broken()
    }
}
