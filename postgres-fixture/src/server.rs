//! The postmaster: one process of PostgreSQL, from its start to its end.
//!
//! Invariants: the postmaster is our direct child and is signalled only before it is reaped, so its id cannot have
//! passed to anybody else; ready means that this very process has said so in `postmaster.pid`.
//!
//! How one could get it wrong: taking a successful connection for readiness. If another server got the port first,
//! that connection reaches the other server.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::process::CommandExt,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    FixtureError,
    cluster_folder::ClusterFolder,
    command,
    installation::Installation,
    options::Settings,
    port::free_port,
    postmaster::{self, signal_process},
    watchdog::Watchdog,
};

/// Crash recovery included.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How long a taken port, or the last backends of a crashed postmaster, are waited for.
const RETRY_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const LOG_LINES_MAX: usize = 20;

#[derive(Debug)]
pub(crate) struct Server {
    postmaster: Child,
    port: u16,
}

enum Ended {
    Ready,
    Early,
}

impl Server {
    /// Starts it on the given port, or on any free one.
    pub(crate) fn start(
        installation: &Installation,
        home: &ClusterFolder,
        settings: &Settings,
        port: Option<u16>,
        watchdog: &Watchdog,
    ) -> Result<Self, FixtureError> {
        let retry_until = Instant::now() + RETRY_LIMIT;
        loop {
            let try_port = port.map_or_else(free_port, Ok)?;
            let log = open_log(home)?;
            let log_begin = log.metadata().map_or(0, |metadata| metadata.len());
            let mut postmaster = spawn(installation, home, settings, try_port, log)?;
            watchdog.guard(postmaster.id());
            match wait_ready(&mut postmaster, home)? {
                Ended::Ready => {
                    return Ok(Self { postmaster, port: try_port });
                }
                Ended::Early => {
                    let log = log_since(home, log_begin);
                    if !is_passing(&log) || Instant::now() >= retry_until {
                        return Err(FixtureError::Server { log });
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.postmaster.try_wait(), Ok(None))
    }

    /// SIGINT ends it cleanly, SIGQUIT at once (the next start recovers from the write-ahead log).
    pub(crate) fn stop(mut self, signal: Signal) -> Result<(), FixtureError> {
        self.thaw();
        self.signal(signal);
        let ended = command::wait_until(&mut self.postmaster, Instant::now() + STOP_LIMIT)?;
        if ended.is_some() {
            return Ok(());
        }
        self.crash();
        Err(FixtureError::Timeout { waiting_for: format!("stopping PostgreSQL with {signal}"), limit: STOP_LIMIT })
    }

    /// SIGKILL to the postmaster and all its processes, as near to pulling the plug as a process can come.
    pub(crate) fn crash(mut self) {
        if self.is_running() {
            postmaster::crash(self.postmaster.id());
        }
        // Nothing survives SIGKILL; the wait only reaps.
        let _ = self.postmaster.wait();
    }

    /// The whole server stands still, its connections stay open and say nothing.
    pub(crate) fn freeze(&mut self) {
        if self.is_running() {
            postmaster::freeze(self.postmaster.id());
        }
    }

    pub(crate) fn thaw(&mut self) {
        if self.is_running() {
            postmaster::thaw(self.postmaster.id());
        }
    }

    fn signal(&mut self, signal: Signal) {
        if self.is_running() {
            signal_process(self.postmaster.id(), signal);
        }
    }
}

fn open_log(home: &ClusterFolder) -> Result<File, FixtureError> {
    let path = home.log();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(FixtureError::io(format!("opening {}", path.display())))
}

fn spawn(
    installation: &Installation,
    home: &ClusterFolder,
    settings: &Settings,
    port: u16,
    log: File,
) -> Result<Child, FixtureError> {
    let doing = "starting postgres";
    let mut command = installation.server("postgres", home.root());
    command.arg("-D").arg(home.data());
    command.args(["-p", &port.to_string()]);
    for (name, value) in &settings.lines {
        command.args(["-c", &format!("{name}={value}")]);
    }
    if let Some(language) = &settings.language {
        command.env("LANGUAGE", language);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(FixtureError::io(doing))?)
        .stderr(log)
        // Ctrl-C is for the owner; the server follows through the watchdog.
        .process_group(0)
        .spawn()
        .map_err(FixtureError::io(doing))
}

fn wait_ready(postmaster: &mut Child, home: &ClusterFolder) -> Result<Ended, FixtureError> {
    let deadline = Instant::now() + START_LIMIT;
    let said = home.data().join("postmaster.pid");
    let id = postmaster.id().to_string();
    loop {
        let text = fs::read_to_string(&said).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        if lines.first() == Some(&id.as_str()) && lines.get(7) == Some(&"ready") {
            return Ok(Ended::Ready);
        }
        if command::wait_until(postmaster, Instant::now())?.is_some() {
            return Ok(Ended::Early);
        }
        if Instant::now() >= deadline {
            signal_process(postmaster.id(), Signal::SIGKILL);
            let _ = postmaster.wait();
            return Err(FixtureError::Timeout { waiting_for: "starting PostgreSQL".to_owned(), limit: START_LIMIT });
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the start failed for a reason that passes by itself.
fn is_passing(log: &str) -> bool {
    log.contains("could not create any TCP/IP sockets") || log.contains("pre-existing shared memory block")
}

fn log_since(home: &ClusterFolder, begin: u64) -> String {
    let bytes = fs::read(home.log()).unwrap_or_default();
    let new = usize::try_from(begin).ok().and_then(|begin| bytes.get(begin..));
    let text = String::from_utf8_lossy(new.unwrap_or_default());
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
}
