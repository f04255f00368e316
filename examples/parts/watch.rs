//! The time between the invitation and Ctrl-C: whatever dies is started again, as systemd would.
//!
//! Invariant: a daemon that dies over and over ends the program instead of filling the terminal.
//! How to get it wrong: starting again what refused its configuration (exit 64). No restart cures that.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use postgres_fixture::Cluster;

use super::api::Api;
use super::daemon::Daemon;
use super::signals::Signals;
use super::{Ended, database, screen};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// `RestartSec=` of systemd/callbunker.service.
const RESTART_AFTER: Duration = Duration::from_secs(2);
const RESTARTS_MAX: usize = 10;
const RESTARTS_WINDOW: Duration = Duration::from_secs(60);
const BAD_CONFIGURATION: i32 = 64;

/// Until somebody asks for the end, which is `Err(None)`, or it cannot go on.
pub fn until_stopped(daemon: &mut Daemon, cluster: &Cluster, api: &Api, signals: &mut Signals) -> Result<(), Ended> {
    let mut restarts: VecDeque<Instant> = VecDeque::new();
    loop {
        signals.wait(LOOK_EVERY)?;
        if database::revive(cluster)? {
            screen::news("PostgreSQL was gone and runs again, with everything that was acknowledged.");
        }
        let id = daemon.id();
        let Some(status) = daemon.ended()? else { continue };
        admit(&mut restarts, status)?;
        screen::daemon_died(id, status, RESTART_AFTER);
        signals.wait(RESTART_AFTER)?;
        let begun = Instant::now();
        daemon.start(signals)?;
        screen::daemon_is_back(daemon, api.counts().as_ref(), begun);
    }
}

/// Whether one more restart makes sense.
fn admit(restarts: &mut VecDeque<Instant>, status: ExitStatus) -> Result<(), Ended> {
    if status.code() == Some(BAD_CONFIGURATION) {
        return Err(Some(format!("callbunker refused its configuration ({status}), which no restart cures")));
    }
    restarts.push_back(Instant::now());
    while restarts.front().is_some_and(|oldest| oldest.elapsed() > RESTARTS_WINDOW) {
        restarts.pop_front();
    }
    if restarts.len() > RESTARTS_MAX {
        let window = RESTARTS_WINDOW.as_secs();
        return Err(Some(format!("callbunker died {} times within {window} s; please report it", restarts.len())));
    }
    Ok(())
}
