//! Cleans up when the owner is gone, even after `kill -9`.
//!
//! A small shell process holds the reading end of a pipe from us. The kernel closes the writing end however we end, and
//! then the shell stops the server and removes the folder. An orderly `Drop` takes the same way and waits for it: there
//! is one way down, and every test walks it.
//!
//! Invariants: the writing end is close-on-exec, so no child of the owner keeps it open; the shell leads a process
//! group of its own, so neither Ctrl-C nor the end of the owner's group reaches it; it holds the folder's lock until
//! everything is gone.
//!
//! How one could get it wrong: `PR_SET_PDEATHSIG` instead of the pipe. It fires when the *thread* that started the
//! child ends, which for a test is long before the process does.

use std::{
    fs::File,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{FixtureError, cluster_folder::ClusterFolder, command};

/// More than the script's own limits together.
const FINISH_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// Over one server.
    pub(crate) fn start(home: &ClusterFolder) -> Result<Self, FixtureError> {
        Self::run(concat!(include_str!("folder.sh"), include_str!("watchdog.sh")), home)
    }

    /// Over whatever names the folder on its command line.
    pub(crate) fn over(home: &ClusterFolder) -> Result<Self, FixtureError> {
        Self::run(concat!(include_str!("folder.sh"), include_str!("managed.sh")), home)
    }

    fn run(script: &str, home: &ClusterFolder) -> Result<Self, FixtureError> {
        let doing = "starting the shell that cleans up after PostgreSQL";
        let lock: File = home.lock().try_clone().map_err(FixtureError::io(doing))?;
        let mut shell = Command::new("/bin/sh")
            .args(["-c", script, "postgres-fixture-watchdog"])
            .arg(home.root())
            .arg(if home.keep() { "keep" } else { "remove" })
            .arg(home.link().unwrap_or("".as_ref()))
            .stdin(Stdio::piped())
            .stdout(lock)
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .map_err(FixtureError::io(doing))?;
        let pipe = Mutex::new(shell.stdin.take());
        Ok(Self { shell, pipe })
    }

    /// From now on this process is stopped when we are gone; it takes the place of an earlier one.
    pub(crate) fn guard(&self, process_id: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pipe.as_mut() {
            // It fails only if somebody killed the shell, and then nothing here can bring it back.
            let _ = writeln!(pipe, "{process_id}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let pipe = self.pipe.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(pipe.take());
        let deadline = Instant::now() + FINISH_LIMIT;
        if !matches!(command::wait_until(&mut self.shell, deadline), Ok(Some(_))) {
            let _ = self.shell.kill();
            let _ = self.shell.wait();
        }
    }
}
