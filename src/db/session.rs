//! The pool's sessions, and when it may trust one that it made earlier.
//!
//! Invariant: a session that was lost or cut is never handed out again, and nor are those that were made before it.
//! How to get it wrong: asking a session whether it lives here, where nobody can cut it; `executor` asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use diesel::ConnectionError;
use diesel::r2d2::R2D2Connection as _;

use super::connect::{DatabaseUrl, Link};

/// One connection of the pool.
pub(super) struct Session {
    pub(super) link: Link,
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
        let link = self.url.connect().map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Session { link, last_used: Instant::now(), broken: false, generation })
    }

    fn is_valid(&self, session: &mut Session) -> Result<(), Self::Error> {
        if session.generation < self.generation.load(Ordering::Relaxed) || session.link.wire().is_cut() {
            let gone = ConnectionError::BadConnection("made before the last loss of PostgreSQL".to_owned());
            return Err(diesel::r2d2::Error::ConnectionError(gone));
        }
        Ok(())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.broken || std::thread::panicking() || session.link.wire().is_cut() || session.link.is_broken()
    }
}
