//! Tells systemd that the daemon lives, for as long as it really does: `WatchdogSec=` of `callbunker.service`.
//!
//! Why a thread of its own: what it asks is whether the runtimes move, and one that stands still could not say so.
//! Invariant: no question touches the database, Twilio or a blocking thread. An outage of either gets nobody killed; readiness
//! and the supervisor tell of those.
//! How to get it wrong: feeding it from a timer of the runtime. That goes on while every lane hangs.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use actix::ArbiterHandle;
use tokio::runtime::Handle;

use super::systemd::notify;
use crate::http::Lanes;

/// Questions in the time after which systemd gives the process up.
const ASKED_IN_AN_INTERVAL: u32 = 4;

/// What has to move.
pub(super) struct Watched {
    /// Where everything but connections and actors runs.
    pub(super) runtime: Handle,
    /// Where actors run.
    pub(super) arbiter: ArbiterHandle,
    /// Where connections are served.
    pub(super) lanes: Lanes,
}

/// Feeds systemd's watchdog until the process ends, if the unit has one. Not before the daemon is ready: systemd watches from
/// then on.
///
/// # Errors
/// When the system starts no thread.
pub(super) fn watch(watched: Watched, log: slog::Logger) -> std::io::Result<()> {
    let Some(interval) = sd_notify::watchdog_enabled() else { return Ok(()) };
    let every = interval / ASKED_IN_AN_INTERVAL;
    std::thread::Builder::new().name("callbunker-watchdog".to_owned()).spawn(move || {
        let mut silent: Option<Instant> = None;
        loop {
            let began = Instant::now();
            match watched.who_is_silent(every) {
                None => {
                    silent = None;
                    notify(&log, sd_notify::NotifyState::Watchdog);
                }
                Some(who) => {
                    let since = *silent.get_or_insert(began);
                    slog::crit!(log, "{who} stands still, so systemd is not told that the daemon lives"; "secs" => since.elapsed().as_secs());
                }
            }
            std::thread::sleep(every.saturating_sub(began.elapsed()));
        }
    })?;
    Ok(())
}

impl Watched {
    /// The first that has not answered within the time.
    fn who_is_silent(&self, within: Duration) -> Option<String> {
        let deadline = Instant::now() + within;
        let mut asked: Vec<(String, Receiver<()>)> = Vec::new();
        let mut ask = |who: String, question: &dyn Fn(Sender<()>)| {
            let (answer, answers) = mpsc::channel();
            question(answer);
            asked.push((who, answers));
        };
        ask("the runtime".to_owned(), &|answer| {
            self.runtime.spawn(async move { answer.send(()) });
        });
        ask("the actors' thread".to_owned(), &|answer| {
            self.arbiter.spawn(async move {
                let _ = answer.send(());
            });
        });
        for (number, lane) in self.lanes.handles().enumerate() {
            ask(format!("lane {number} of the connections"), &|answer| {
                lane.spawn(async move { answer.send(()) });
            });
        }
        asked.into_iter().find_map(|(who, answers)| {
            let left = deadline.saturating_duration_since(Instant::now());
            answers.recv_timeout(left).is_err().then_some(who)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stands_still_is_named_and_nobody_else() {
        let system = actix::System::new();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let arbiter = actix::Arbiter::new();
        let watched =
            Watched { runtime: runtime.handle().clone(), arbiter: arbiter.handle(), lanes: Lanes::start(2).unwrap() };
        let patience = Duration::from_secs(20);
        assert_eq!(watched.who_is_silent(patience), None);
        let hold = |spawn: &dyn Fn(Receiver<()>)| {
            let (let_go, held) = mpsc::channel();
            spawn(held);
            let_go
        };
        let lanes: Vec<Handle> = watched.lanes.handles().cloned().collect();
        for (who, spawn) in [
            (
                "the runtime",
                &(|held: Receiver<()>| drop(runtime.spawn(async move { held.recv() }))) as &dyn Fn(Receiver<()>),
            ),
            ("the actors' thread", &|held| {
                arbiter.spawn(async move {
                    let _ = held.recv();
                });
            }),
            ("lane 1 of the connections", &|held| drop(lanes[1].spawn(async move { held.recv() }))),
        ] {
            let let_go = hold(spawn);
            assert_eq!(watched.who_is_silent(Duration::from_millis(300)).as_deref(), Some(who));
            drop(let_go);
            assert_eq!(watched.who_is_silent(patience), None, "{who} moves again");
        }
        drop(system);
    }
}
