//! Where commits wait for a standby: what is told because it was read, and what is done while no standby is there.
//!
//! A commit waits for a standby. When its session is ended meanwhile, or the server starts again, it counts on that server, and no standby may
//! have it. Whoever reads it writes nothing, so nothing waits, and what was told would be gone with that server. Therefore such a reader writes a word that nobody reads: its own
//! commit is acknowledged only when a standby has it, and all that came before.
//!
//! Whoever gives such a commit up leaves its session behind: PostgreSQL does not look at its client in that wait. So one that is seen there for longer
//! closes the door to writers: from then on statements are read-only, PostgreSQL itself refuses those that would wait, and the sessions
//! that were left behind are what tells that a standby is back: it ends their wait. [`listener`](super::listener) looks.
//! Invariants: nothing is written where no commit waits for a standby; while none is there an instance leaves no more sessions behind
//! than it had connections twice.
//! How to get it wrong: writing before reading. What was read must have been committed before the word was written. Or refusing readers, too:
//! what only looks waits for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::r2d2::R2D2Connection as _;
use diesel::sql_query;
use diesel::sql_types::Text;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::Connection;
use super::error::{DbError, is_time_limit};

/// A condition that always holds: of rows that are told, by a statement that is no transaction of several. A transaction that may only read
/// cannot know it, and fails: PostgreSQL lets it write the word, and it would wait.
pub(in crate::db) const STANDBYS_HAVE_IT: &str = "(current_setting('synchronous_standby_names') = ''
                 OR CASE WHEN current_setting('transaction_read_only') = 'on' THEN current_setting('callbunker.no_standby_is_there') IS NULL
                         ELSE pg_logical_emit_message(true, 'callbunker', '') IS NOT NULL END)";

/// So long after a statement was given up it is looked whether commits wait,
const DOUBTED_FOR: Duration = Duration::from_secs(5);
/// this often, and as long as they do.
const LOOKED_EVERY: Duration = Duration::from_millis(200);
/// What was refused is refused again for so long without asking, so that a crowd is no load, and no flood in the server's log.
const REFUSED_FOR: Duration = Duration::from_secs(1);
/// Each with what tells it from the same session's next one. One that began a moment ago waits as every commit does.
const WAITING: &str = "SELECT concat_ws(' ', pid, query_start) AS waiting FROM pg_stat_activity
                        WHERE wait_event = 'SyncRep' AND datname = current_database() AND query_start < clock_timestamp() - interval '1500 milliseconds'";

/// The same for whoever tells that there is nothing; what was read is true once this transaction has committed.
///
/// # Errors
/// When PostgreSQL fails.
pub(in crate::db) fn standbys_have_it(conn: &mut Connection) -> Result<(), DbError> {
    sql_query(format!("SELECT 1 WHERE {STANDBYS_HAVE_IT}")).execute(conn)?;
    Ok(())
}

/// Runs what only reads; whatever else it is fails at once.
pub(super) fn reading<T>(
    conn: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    let outcome = conn.build_transaction().read_only().run(work);
    match outcome {
        // The session is well: it is what may not be done that fails.
        Err(DbError::Unavailable(words)) if !is_time_limit(&words) && conn.ping().is_ok() => Err(DbError::NoStandby),
        outcome => outcome,
    }
}

/// Whether a standby is known to be away for which commits wait. Clones are one.
#[derive(Clone)]
pub(in crate::db) struct Standbys {
    are_away: Arc<watch::Sender<bool>>,
    doubted: Arc<Mutex<Option<Instant>>>,
    /// When statements were refused last, by their labels.
    refused: Arc<Mutex<HashMap<&'static str, Instant>>>,
}

impl Default for Standbys {
    fn default() -> Self {
        Self { are_away: Arc::new(watch::Sender::new(false)), doubted: Arc::default(), refused: Arc::default() }
    }
}

impl Standbys {
    /// Whether whoever writes would wait in vain.
    pub(super) fn are_away(&self) -> bool {
        *self.are_away.borrow()
    }

    /// Whether a statement of this label would be refused, as one was a moment ago.
    pub(super) fn refuse(&self, name: &str) -> bool {
        self.are_away() && self.refused().get(name).is_some_and(|at| at.elapsed() < REFUSED_FOR)
    }

    /// A statement of this label was refused.
    pub(super) fn have_refused(&self, name: &'static str) {
        self.refused().insert(name, Instant::now());
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<&'static str, Instant>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement was given up. It may have waited for a standby, or for anything else.
    pub(super) fn are_doubted(&self) {
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Until a standby is there, but for `limit` at most.
    pub(super) async fn wait(&self, limit: Duration) {
        if self.are_away() {
            let mut changes = self.are_away.subscribe();
            // In vain: then whoever waited hears it from PostgreSQL.
            let _ = timeout(limit, changes.wait_for(|are_away| !are_away)).await;
        }
    }

    fn want_a_look(&self) -> bool {
        let doubted = *self.doubted.lock().unwrap_or_else(PoisonError::into_inner);
        self.are_away() || doubted.is_some_and(|at| at.elapsed() < DOUBTED_FOR)
    }

    fn say(&self, are_away: bool) {
        self.are_away.send_if_modified(|known| std::mem::replace(known, are_away) != are_away);
    }
}

/// Looks over one connection whether commits wait for a standby. When it ends nobody knows, and whoever writes tries.
pub(super) struct Lookout<'a> {
    standbys: &'a Standbys,
    looked: Option<Instant>,
    waited: Vec<String>,
}

impl<'a> Lookout<'a> {
    pub(super) fn new(standbys: &'a Standbys) -> Self {
        Self { standbys, looked: None, waited: Vec::new() }
    }

    /// Whether it is time for a look: over a new connection it is, and where somebody waits.
    pub(super) fn is_due(&self) -> bool {
        let wanted = self.standbys.want_a_look() || !self.waited.is_empty();
        self.looked.is_none_or(|at| wanted && at.elapsed() >= LOOKED_EVERY)
    }

    /// Commits that were seen at the look before and wait still wait for a standby that is away.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub(super) fn look(&mut self, conn: &mut Connection) -> Result<(), DbError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            waiting: String,
        }
        let rows: Vec<Row> = sql_query(WAITING).load(conn)?;
        let waiting: Vec<String> = rows.into_iter().map(|row| row.waiting).collect();
        self.standbys.say(waiting.iter().any(|one| self.waited.contains(one)));
        (self.looked, self.waited) = (Some(Instant::now()), waiting);
        Ok(())
    }
}

impl Drop for Lookout<'_> {
    fn drop(&mut self) {
        self.standbys.say(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_has_time_waits_until_a_standby_is_there_and_not_for_ever() {
        let standbys = Standbys::default();
        standbys.wait(Duration::MAX).await;
        standbys.say(true);
        let began = tokio::time::Instant::now();
        standbys.wait(Duration::from_secs(10)).await;
        assert_eq!(began.elapsed().as_secs(), 10);
        let other = standbys.clone();
        let back = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            other.say(false);
        });
        standbys.wait(Duration::MAX).await;
        assert!(began.elapsed().as_secs() == 13 && !standbys.are_away());
        back.await.unwrap();
    }

    #[test]
    fn who_looked_and_sees_nothing_any_more_closes_no_door() {
        let standbys = Standbys::default();
        let lookout = Lookout::new(&standbys);
        assert!(!standbys.want_a_look());
        standbys.are_doubted();
        assert!(standbys.want_a_look());
        standbys.have_refused("one");
        assert!(!standbys.refuse("one"));
        standbys.say(true);
        assert!(standbys.are_away() && standbys.refuse("one") && !standbys.refuse("another"));
        drop(lookout);
        assert!(!standbys.are_away() && !standbys.refuse("one"));
    }
}
