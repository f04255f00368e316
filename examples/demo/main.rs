//! The demo: PostgreSQL, a simulated Twilio and the real daemon in one command, until Ctrl-C. `make demo` runs it.
//!
//! In reading order: [`settings`] (the environment), [`folder`] (where it all lives), [`backdrop`] (PostgreSQL and the
//! simulator), [`daemon`] (the child), [`api`] (what the demo asks it), [`watch`] (what happens until the end),
//! [`signals`], [`screen`] (what a new user reads).
//!
//! Invariants: nothing outlives the demo. An orderly end stops the daemon, then the simulator, then PostgreSQL, and
//! removes the folder; when the demo itself is killed, the kernel kills the daemon (`PR_SET_PDEATHSIG`) and the watchdog
//! of `postgres-fixture` stops PostgreSQL and removes the folder, the daemon's log in it included.
//! How to get it wrong: starting the daemon on another thread than this one. The kernel would kill it when that thread
//! ends.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod api;
mod backdrop;
mod daemon;
mod folder;
mod screen;
mod settings;
mod signals;
mod watch;

use std::process::ExitCode;
use std::time::Instant;

use api::Api;
use backdrop::Backdrop;
use daemon::Daemon;
use folder::Folder;
use settings::Settings;
use signals::Signals;

/// Why the demo ends early, as a sentence that says what to do; `None` = somebody asked it to stop.
type Ended = Option<String>;

fn main() -> ExitCode {
    match run() {
        Ok(()) | Err(None) => ExitCode::SUCCESS,
        Err(Some(why)) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Ended> {
    let settings = Settings::read()?;
    let mut signals = Signals::catch()?;
    let folder = Folder::open(&settings)?;
    let outcome = play(&settings, &mut signals, &folder);
    match &outcome {
        Ok(()) | Err(None) => screen::farewell(&folder),
        Err(Some(_)) => {}
    }
    outcome
}

fn play(settings: &Settings, signals: &mut Signals, folder: &Folder) -> Result<(), Ended> {
    screen::welcome(folder);
    let begun = Instant::now();
    let backdrop = Backdrop::start(folder)?;
    screen::step("PostgreSQL and the simulated Twilio run", begun);
    signals.check()?;

    let begun = Instant::now();
    let mut daemon = Daemon::prepare(settings, folder, &backdrop)?;
    daemon.start(signals)?;
    let api = Api::new(daemon.url(), &folder.kept().admin_key);
    screen::step("callbunker serves", begun);

    let begun = Instant::now();
    let outcome = api.wait_until_warm(&mut daemon, signals).and_then(|status| {
        screen::step(&status.warmth(), begun);
        folder.write_environment(&screen::environment(settings, folder, &backdrop, &daemon))?;
        screen::invite(folder, &backdrop, &daemon);
        watch::until_stopped(&mut daemon, &backdrop, &api, signals)
    });
    screen::stopping(&outcome);
    daemon.stop();
    drop(backdrop);
    outcome
}
