//! The demo: PostgreSQL, a simulated Twilio and the real daemon in one command, until Ctrl-C. `make demo` runs it.
//!
//! In reading order: [`settings`] (the environment), [`folder`] (where it all lives), [`backdrop`] (PostgreSQL, the
//! simulator, and what the daemon is told of them), [`texting`] (the pool whose numbers wait for the
//! carriers), [`past`] and [`history`] (a year that lies behind it, if one is asked for), [`telling`] (who is told of trouble), [`warmth`] (until the pools are full), [`screen`] (what a new user
//! reads); [`parts`] is shared with `run`.
//!
//! Invariants: nothing outlives the demo. An orderly end stops the daemon, then the simulator, then PostgreSQL, and
//! removes the folder; when the demo itself is killed, the kernel kills the daemon (`PR_SET_PDEATHSIG`) and the watchdog
//! of `postgres-fixture` stops PostgreSQL and removes the folder, the daemon's log in it included.
//! How to get it wrong: dropping the backdrop before the daemon has stopped, which makes its last lines look like an outage.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod backdrop;
mod folder;
mod history;
#[path = "../parts/mod.rs"]
mod parts;
mod past;
mod screen;
mod settings;
mod telling;
mod texting;
mod warmth;

use std::process::ExitCode;
use std::time::Instant;

use backdrop::Backdrop;
use folder::Folder;
use parts::api::Api;
use parts::screen::step;
use parts::signals::Signals;
use parts::{Ended, watch};
use settings::Settings;
use warmth::wait_until_warm;

fn main() -> ExitCode {
    parts::exit("demo", run())
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
    step("PostgreSQL and the simulated Twilio run", begun);
    signals.check()?;

    let mut daemon = backdrop.daemon(settings, folder);
    if settings.history && !folder.is_old() {
        let begun = Instant::now();
        history::write(&backdrop, settings, &daemon)?;
        step("a year lies behind it", begun);
        signals.check()?;
    }
    let begun = Instant::now();
    daemon.start(signals)?;
    let api = Api::new(daemon.url(), &folder.kept().admin_key);
    step("callbunker serves", begun);
    texting::listen(backdrop.twilio(), settings, &daemon)?;

    let begun = Instant::now();
    let outcome = wait_until_warm(&api, &mut daemon, signals).and_then(|status| {
        step(&status.warmth(), begun);
        folder.write_environment(&screen::environment(settings, &backdrop, &daemon))?;
        screen::invite(folder, &backdrop, &daemon, settings.history);
        texting::approve(backdrop.twilio());
        watch::until_stopped(&mut daemon, backdrop.cluster(), &api, signals)
    });
    screen::stopping(&outcome);
    daemon.stop();
    drop(backdrop);
    outcome
}
