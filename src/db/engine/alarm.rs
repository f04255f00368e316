//! Ends the wait for a server that stands still: its kernel acknowledges, and nobody ever answers.
//!
//! Invariants: an [`Alarm`] cuts its connections unless it is dropped in time; a [`Watch`] lets a statement work for as
//! long as it needs, and cuts its connection when the server has said nothing over another one for a while.
//! It says when a commit waits for a synchronous standby that is away: nothing else would, and only its return ends that.
//! How to get it wrong: an alarm over work that may be long. An index on a large table takes minutes, and a server that
//! builds one answers others at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer};

use super::away::no_connection;
use super::connect::DatabaseUrl;
use super::error::DbError;
use super::link::Link;
use super::wire::Wire;

/// Cuts connections unless it is dropped in time.
pub(super) struct Alarm {
    _off: mpsc::Sender<()>,
}

impl Alarm {
    pub(super) fn set(wires: Vec<Arc<Wire>>, within: Duration) -> Self {
        let (off, is_off) = mpsc::channel::<()>();
        // Without a thread whoever waits is merely patient.
        let _ = thread::Builder::new().name("callbunker-alarm".to_owned()).spawn(move || {
            if is_off.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Timeout) {
                wires.iter().for_each(|wire| wire.cut());
            }
        });
        Self { _off: off }
    }
}

/// How often the server is asked whether it lives.
const ASKED_EVERY: Duration = Duration::from_millis(250);
/// A server that says nothing for so long stands still.
const SILENT_FOR: Duration = Duration::from_secs(10);
/// What was seen so long ago is of the statement that has just ended.
const JUST_NOW: Duration = Duration::from_secs(1);
/// A commit that waits for a standby for longer waits for one that is away.
const AWAY_FOR: Duration = Duration::from_secs(2);

/// Looks after a connection whose statements may take as long as they need, over another one.
pub(super) struct Watch(Arc<SignsOfLife>);

struct SignsOfLife {
    is_over: AtomicBool,
    /// When the server was last seen alive, and when it last made the watched connection stand in line for a lock.
    at: Mutex<(Instant, Option<Instant>)>,
}

impl Watch {
    /// Whoever's commit waits for a synchronous standby that is away does so in silence: `no_standby` says it, once each time. Where another
    /// server has taken this one's place meanwhile, the wait is over.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the server gives no second connection, or no thread can be started.
    pub(super) fn over(
        url: &DatabaseUrl,
        link: &mut Link,
        no_standby: impl Fn() + Send + 'static,
    ) -> Result<Self, DbError> {
        let pid: i32 = {
            let _alarm = Alarm::set(vec![Arc::clone(link.wire())], SILENT_FOR);
            diesel::select(sql::<Integer>("pg_backend_pid()")).get_result(&mut **link)?
        };
        let mut other = connected(url)?;
        let seen = Arc::new(SignsOfLife { is_over: AtomicBool::new(false), at: Mutex::new((Instant::now(), None)) });
        let (wire, url, asker) = (Arc::clone(link.wire()), url.clone(), Arc::clone(&seen));
        let others = Arc::new(Mutex::new(Arc::clone(other.wire())));
        let others_wire = Arc::clone(&others);
        let started = thread::Builder::new().name("callbunker-ask".to_owned()).spawn(move || {
            let mut standby = WaitForAStandby::default();
            while !asker.is_over() {
                match waits(&mut other, pid) {
                    Ok(Waits { a_lock, a_standby }) => {
                        asker.alive(a_lock);
                        if standby.seen(a_standby, Instant::now()) {
                            no_standby();
                        }
                        if standby.is_away() {
                            url.look_around();
                        }
                    }
                    Err(_lost) => {
                        if let Ok(again) = connected(&url) {
                            *others_wire.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(again.wire());
                            other = again;
                        }
                    }
                }
                thread::sleep(ASKED_EVERY);
            }
        });
        let watched = Arc::clone(&seen);
        let started = started.and_then(|_asker| {
            thread::Builder::new().name("callbunker-watch".to_owned()).spawn(move || {
                while !watched.is_over() {
                    if watched.at().0.elapsed() > SILENT_FOR {
                        wire.cut();
                        others.lock().unwrap_or_else(PoisonError::into_inner).cut();
                    }
                    thread::sleep(ASKED_EVERY);
                }
            })
        });
        let watch = Self(seen);
        match started {
            Ok(_watcher) => Ok(watch),
            Err(error) => Err(DbError::Unavailable(format!("the system starts no more threads: {error}"))),
        }
    }

    /// Whether the watched connection stood in line for a lock until just now.
    pub(super) fn stood_in_line(&self) -> bool {
        self.0.at().1.is_some_and(|at| at.elapsed() < JUST_NOW)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

impl SignsOfLife {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn alive(&self, stands_in_line: bool) {
        let now = Instant::now();
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        *at = (now, if stands_in_line { Some(now) } else { at.1 });
    }

    fn at(&self) -> (Instant, Option<Instant>) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a statement may wait for as long as it likes.
#[derive(QueryableByName)]
struct Waits {
    #[diesel(sql_type = Bool)]
    a_lock: bool,
    #[diesel(sql_type = Bool)]
    a_standby: bool,
}

fn waits(link: &mut Link, pid: i32) -> QueryResult<Waits> {
    sql_query(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted) AS a_lock,
                EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep') AS a_standby",
    )
    .bind::<Integer, _>(pid)
    .get_result(&mut **link)
}

/// Since when a commit waits for a standby, and whether that was said.
#[derive(Default)]
struct WaitForAStandby(Option<(Instant, bool)>);

impl WaitForAStandby {
    /// Whether it was said.
    fn is_away(&self) -> bool {
        self.0.is_some_and(|(_, is_said)| is_said)
    }

    /// Whether it is time to say it.
    fn seen(&mut self, waits: bool, now: Instant) -> bool {
        self.0 = waits.then(|| self.0.unwrap_or((now, false)));
        match &mut self.0 {
            Some((since, is_said)) if !*is_said && now.duration_since(*since) >= AWAY_FOR => {
                *is_said = true;
                true
            }
            _ => false,
        }
    }
}

fn connected(url: &DatabaseUrl) -> Result<Link, DbError> {
    url.connect().map_err(|error| no_connection(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_a_standby_is_said_once_and_what_every_commit_takes_never() {
        let (mut standby, began) = (WaitForAStandby::default(), Instant::now());
        let mut seen = |waits, millis| standby.seen(waits, began + Duration::from_millis(millis));
        assert!(!seen(true, 0) && !seen(true, 1999) && !seen(false, 2000) && !seen(true, 2100));
        assert!(!seen(true, 4000) && seen(true, 4100) && !seen(true, 9000));
        assert!(!seen(false, 9500) && !seen(true, 10_000) && seen(true, 12_000));
    }
}
