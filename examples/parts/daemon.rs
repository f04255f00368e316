//! The daemon as a child process: started, watched, started again, stopped by its process id.
//!
//! Invariants: it gets an environment of our making, so nothing of the caller's configuration leaks in; it leads a
//! process group of its own, so Ctrl-C reaches its parent alone, which stops it in order; when that dies in any way, the
//! kernel kills it; a restart listens where the first start did, even when that was any port.
//! How to get it wrong: a pipe for its log. Nobody would read it after the parent's death, and a full pipe blocks. Or
//! starting it on another thread than the main one: the kernel would kill it when that thread ends.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Ended;
use super::place::reachable;
use super::signals::Signals;

const START_LIMIT: Duration = Duration::from_secs(90);
/// `shutdown.grace_secs` and a little.
const STOP_LIMIT: Duration = Duration::from_secs(35);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOG_LINES_SHOWN: usize = 8;

/// The daemon.
pub struct Daemon {
    program: PathBuf,
    environment: Vec<(String, String)>,
    listen: SocketAddr,
    log: PathBuf,
    child: Option<Child>,
}

impl Daemon {
    /// Not started yet; port 0 of `listen` = any, `log` is appended to.
    pub fn new(program: PathBuf, environment: Vec<(String, String)>, listen: SocketAddr, log: PathBuf) -> Self {
        Self { program, environment, listen, log, child: None }
    }

    /// Starts it and waits until it serves.
    pub fn start(&mut self, signals: &mut Signals) -> Result<(), Ended> {
        let cannot = |error: std::io::Error| format!("{} cannot be started: {error}", self.program.display());
        let log = OpenOptions::new().create(true).append(true).open(&self.log).map_err(cannot)?;
        let earlier = log.metadata().map_err(cannot)?.len();
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env("CALLBUNKER__HTTP__LISTEN", self.listen.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0);
        system_calls::end_with_this_process(&mut command);
        self.child = Some(command.spawn().map_err(cannot)?);
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(address) = self.said_to_serve(earlier) {
                self.listen = address;
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                return Err(Some(format!("callbunker did not start ({status}). It said:\n{}", self.log_end())));
            }
            if Instant::now() >= deadline {
                let limit = START_LIMIT.as_secs();
                return Err(Some(format!("callbunker does not serve after {limit} s. It said:\n{}", self.log_end())));
            }
            signals.wait(LOOK_EVERY)?;
        }
    }

    /// The address in the line that says so, if it stands in the log behind `earlier`.
    fn said_to_serve(&self, earlier: u64) -> Option<SocketAddr> {
        let log = fs::read(&self.log).ok()?;
        let new = String::from_utf8_lossy(log.get(usize::try_from(earlier).ok()?..)?).into_owned();
        // Up to the last line's end: half an address is none.
        let whole = &new[..new.rfind('\n')?];
        let line = whole.lines().find(|line| line.contains("callbunker serves"))?;
        let address = line.split("address: ").nth(1)?.split([',', ' ']).next()?;
        address.parse().ok()
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, Ended> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let ended = child.try_wait().map_err(|error| format!("the daemon's end cannot be read: {error}"))?;
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// The process id; 0 while it does not run.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// What it is started with, but for where it listens.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    pub fn url(&self) -> String {
        format!("http://{}", reachable(self.listen))
    }

    /// SIGTERM, and SIGKILL for a daemon that does not obey in time.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let deadline = Instant::now() + STOP_LIMIT;
        if let Ok(id) = i32::try_from(child.id()) {
            // Not reaped yet, so the id is still its own.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(LOOK_EVERY);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}
