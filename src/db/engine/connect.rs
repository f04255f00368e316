//! How a connection to PostgreSQL is made: which host is tried when. [`opener`](super::opener) does one attempt.
//!
//! Invariants: a socket that went dark is noticed within seconds (`tcp_user_timeout`, keepalives), and one whose server
//! stands still can be cut ([`Wire`](super::wire::Wire)); making a connection ends in time, whatever stands still.
//! Of several hosts the last good one is tried first, and none waits for another to give up: each is tried in a thread of
//! its own, and again while another one is still silent, so that a standby is found as soon as it is promoted. Once a session was lost
//! or given up, the others are looked at beside the last good one: a primary that was left behind takes connections and acknowledges nothing.
//! Whoever makes the first one of all looks at all of them, and takes the one that was promoted last.
//! How to get it wrong: asking hosts one after the other. One that stands still would hide a standby that was promoted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use diesel::ConnectionError;
use secrecy::SecretString;

use super::away::why;
use super::error::first_line;
use super::link::Link;
use super::opener::{Opener, Pending, Settings, silent};
use crate::domain::Away;

/// The next host is tried when the one before has not answered for so long,
const NEXT_HOST_AFTER: Duration = Duration::from_millis(300);
/// and one that refused is asked again after so long, while another is still silent.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// For so long after a session was lost the other hosts are looked at,
const LOOKED_FOR: Duration = Duration::from_secs(10);
/// but not more often.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Where PostgreSQL is: a `postgres://` URL or libpq's `key=value` form, several hosts included. All clones know which
/// host was good last, and which connections are open.
#[derive(Clone)]
pub struct DatabaseUrl(Arc<Hosts>);

struct Hosts {
    opener: Opener,
    last_good: AtomicUsize,
    /// Why the last attempt at a session of ours failed; `None` = it did not.
    away: Mutex<Option<Away>>,
    doubt: Mutex<Doubt>,
}

/// Whether the last good host may have been left behind.
#[derive(Default)]
struct Doubt {
    since: Option<Instant>,
    looked: Option<Instant>,
}

impl Doubt {
    fn has_just_looked(&self) -> bool {
        self.looked.is_some_and(|looked| looked.elapsed() < LOOKED_EVERY)
    }
}

/// One host, and how far the attempt at it is.
struct Attempt {
    due: Instant,
    pending: Option<Pending>,
    refused: Option<ConnectionError>,
}

impl DatabaseUrl {
    /// Completes the operator's URL with our time limits.
    #[must_use]
    pub fn new(url: &SecretString) -> Self {
        let (opener, last_good) = (Opener::new(url), AtomicUsize::new(0));
        Self(Arc::new(Hosts { opener, last_good, away: Mutex::default(), doubt: Mutex::default() }))
    }

    /// Opens one session, on whichever host takes writes.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached, takes no writes, is frozen or refuses the credentials.
    pub(super) fn connect(&self) -> Result<Link, ConnectionError> {
        let made = self.connect_as(Settings::Ours);
        let away = made.as_ref().err().map(|error| why(&error.to_string()));
        *self.0.away.lock().unwrap_or_else(PoisonError::into_inner) = away;
        made
    }

    /// Why the last session could not be made; `Other` when it could.
    pub(super) fn why_away(&self) -> Away {
        self.0.away.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or_default()
    }

    /// What to write instead of the addresses, where they are known to be a pooler's.
    #[must_use]
    pub fn direct_instead(&self) -> Option<String> {
        self.0.opener.direct_instead()
    }

    /// Opens a connection without our settings, for whoever examines what stands there: a pool that shares its sessions
    /// would hand them on to strangers. One that is frozen is no hindrance.
    ///
    /// # Errors
    /// As [`DatabaseUrl::connect`].
    pub(super) fn connect_plainly(&self) -> Result<Link, ConnectionError> {
        self.connect_as(Settings::None)
    }

    /// A session was lost, or given up: its server may stand still, or have been left behind.
    pub(super) fn doubt(&self) {
        self.0.doubt.lock().unwrap_or_else(PoisonError::into_inner).since = Some(Instant::now());
    }

    /// Whether there are other hosts, and nobody has just looked at them.
    pub(super) fn may_look_beside(&self) -> bool {
        self.0.opener.count() > 1 && !self.has_just_looked()
    }

    fn has_just_looked(&self) -> bool {
        self.0.doubt.lock().unwrap_or_else(PoisonError::into_inner).has_just_looked()
    }

    /// Looks whether another server has taken the place of the one in use; if so, all sessions of that one are ended. For as long as it takes
    /// connections and acknowledges nothing: nobody opens a session meanwhile who would find out. Does nothing when somebody has just looked.
    pub(super) fn look_around(&self) {
        if self.has_just_looked() {
            return;
        }
        self.doubt();
        // What came of it, `connect` has noted; the session itself nobody needs.
        drop(self.connect());
    }

    /// Whether it is time to look at the other hosts, too.
    fn looks_around(&self) -> bool {
        let mut doubt = self.0.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = doubt.since.is_some_and(|since| since.elapsed() < LOOKED_FOR) && !doubt.has_just_looked();
        if looks {
            doubt.looked = Some(Instant::now());
        }
        looks
    }

    fn connect_as(&self, settings: Settings) -> Result<Link, ConnectionError> {
        let Hosts { opener, last_good, .. } = &*self.0;
        let (done, outcomes) = mpsc::channel();
        let (began, count) = (Instant::now(), opener.count());
        let first = last_good.load(Ordering::Relaxed);
        let turn = |index: usize| began + NEXT_HOST_AFTER * u32::try_from((index + count - first) % count).unwrap_or(0);
        let is_first = count > 1 && !opener.knows_a_server();
        let looks = count > 1 && !is_first && self.looks_around();
        let mut attempts: Vec<Attempt> = (0..count)
            .map(|index| Attempt {
                due: if looks || is_first { began } else { turn(index) },
                pending: None,
                refused: None,
            })
            .collect();
        let deadline = began + opener.patience();
        loop {
            let now = Instant::now();
            let is_refused = attempts[first].refused.is_some();
            for (index, attempt) in attempts.iter_mut().enumerate() {
                if attempt.pending.is_none() && attempt.due <= now {
                    let only_promoted = looks && !is_refused && now < turn(index);
                    attempt.pending = Some(self.begin(index, settings, deadline, only_promoted, &done)?);
                }
            }
            if now >= deadline {
                attempts.iter().filter_map(|attempt| attempt.pending.as_ref()).for_each(|pending| opener.cut(pending));
                return Err(silent());
            }
            let due = attempts.iter().filter(|attempt| attempt.pending.is_none()).map(|attempt| attempt.due).min();
            let Ok((index, outcome)) = outcomes.recv_timeout(due.unwrap_or(deadline).min(deadline) - now) else {
                continue;
            };
            match outcome {
                Ok(link) => {
                    let others = if is_first {
                        attempts.iter().filter(|attempt| attempt.pending.is_some()).count() - 1
                    } else {
                        0
                    };
                    let (index, link) = newest_of((index, link), &outcomes, others);
                    last_good.store(index, Ordering::Relaxed);
                    return Ok(link);
                }
                Err(error) => {
                    let now = Instant::now();
                    attempts[index] = Attempt { due: now + AGAIN_AFTER, pending: None, refused: Some(error) };
                    let untried =
                        attempts.iter_mut().filter(|attempt| attempt.pending.is_none() && attempt.refused.is_none());
                    untried.for_each(|attempt| attempt.due = now);
                    if attempts.iter().all(|attempt| attempt.pending.is_none() && attempt.refused.is_some()) {
                        return Err(all_refused(attempts));
                    }
                }
            }
        }
    }

    /// Tries one host in a thread of its own; returns what it can be cut by. `only_promoted`: if another is in use, only one that was
    /// promoted after it.
    fn begin(
        &self,
        index: usize,
        settings: Settings,
        deadline: Instant,
        only_promoted: bool,
        done: &mpsc::Sender<(usize, Result<Link, ConnectionError>)>,
    ) -> Result<Pending, ConnectionError> {
        let pending = self.0.opener.pending();
        let (url, done, ours) = (self.clone(), done.clone(), pending.clone());
        let started = std::thread::Builder::new().name("callbunker-connect".to_owned()).spawn(move || {
            // Whoever asked may have found another host meanwhile; then this connection is closed.
            let _ = done.send((index, url.0.opener.open(index, &ours, settings, deadline, only_promoted)));
        });
        match started {
            Ok(_thread) => Ok(pending),
            Err(error) => Err(ConnectionError::BadConnection(format!("the system starts no more threads: {error}"))),
        }
    }
}

/// Of all that take writes the one that was promoted last, which cuts the others. Waits for `others`, but not long for those that are silent.
fn newest_of(
    first: (usize, Link),
    outcomes: &mpsc::Receiver<(usize, Result<Link, ConnectionError>)>,
    others: usize,
) -> (usize, Link) {
    let (mut newest, deadline) = (first, Instant::now() + NEXT_HOST_AFTER);
    for _other in 0..others {
        match outcomes.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((index, Ok(link))) if !link.wire().is_cut() => newest = (index, link),
            Ok(_refused) => {}
            Err(_silent) => break,
        }
    }
    newest
}

/// What all hosts said, the only one's word as it is.
fn all_refused(attempts: Vec<Attempt>) -> ConnectionError {
    let mut refusals: Vec<ConnectionError> = attempts.into_iter().filter_map(|attempt| attempt.refused).collect();
    if refusals.len() < 2 {
        return refusals.pop().unwrap_or_else(silent);
    }
    let words: Vec<String> = refusals.iter().map(|error| first_line(&error.to_string())).collect();
    ConnectionError::BadConnection(words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpq_says_of_the_string_itself_is_told_by_nobody() {
        let told = |url: &str| match DatabaseUrl::new(&SecretString::from(url)).connect() {
            Ok(_) => panic!("nothing listens on port 1"),
            Err(error) => error.to_string(),
        };
        for url in [
            "postgresql://u:hunter2%zz@127.0.0.1:1/d",
            "postgresql://u:hunter2 more@127.0.0.1:1/d",
            "postgresql://127.0.0.1:1/d?hunter2=1",
            "postgresql://u:1/hunter2@127.0.0.1/d?port=hunter2",
            "host=127.0.0.1 port=1 password=x hunter2",
            "host=127.0.0.1 port=1 sslmode=hunter2",
            "host=127.0.0.1 port=1 tcp_user_timeout=hunter2",
        ] {
            let told = told(url);
            assert!(!told.contains("hunter2") && told.contains("check-config"), "{url}: {told}");
        }
        let refused = told("postgresql://u:hunter2@127.0.0.1:1/d");
        assert!(refused.contains("127.0.0.1") && !refused.contains("check-config"), "{refused}");
    }

    #[test]
    fn nobody_stands_in_line_for_a_local_server_that_stands_still_after_his_time_is_over() {
        let folder = std::env::temp_dir().join(format!("callbunker-local-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let listener = std::os::unix::net::UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let tried = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&tried);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().flatten() {
                seen.fetch_add(1, Ordering::Relaxed);
                kept.push(stream);
            }
        });
        let url = DatabaseUrl::new(&SecretString::from(format!("host={} dbname=d user=u", folder.display())));
        std::thread::scope(|scope| {
            for _caller in 0..8 {
                scope.spawn(|| assert!(url.connect().is_err()));
            }
        });
        // The one that was at it when the time was over may still be.
        let when_all_were_told = tried.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_secs(5));
        assert!(tried.load(Ordering::Relaxed) <= when_all_were_told + 1, "attempts that nobody waits for");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
