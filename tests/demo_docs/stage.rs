//! A program of `examples/` on its stage: started, listened to, ended with everything that it had started.
//!
//! It is `target/<profile>/examples/NAME`, which `cargo test` builds together with the tests and with the daemon that the
//! program looks for beside itself.
//! How to get it wrong: looking for left-over processes by name, where another test's would be found. A process counts
//! as gone when its id, known from the program or from `/proc`, is gone.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Only a bound, never a measure: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, as long as this lives, and its folder.
pub(crate) struct Stage {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    pub(crate) dir: PathBuf,
}

impl Stage {
    /// Starts it; `dir` is where it lives.
    pub(crate) fn start(mut command: Command, dir: PathBuf) -> Self {
        // This test's thread has it until it ends, which may be by `kill -9`.
        system_calls::end_with_this_process(&mut command);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stdout.take().expect("its stdout is a pipe")).lines();
        let heard = Arc::clone(&said);
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| heard.lock().unwrap().push(line)));
        Self { child, said, dir }
    }

    /// Waits for the first line that holds `text`.
    #[track_caller]
    pub(crate) fn line(&self, text: &str) -> String {
        let mut found = None;
        self.eventually(text, || {
            found = self.said.lock().unwrap().iter().find(|line| line.contains(text)).cloned();
            found.is_some()
        });
        found.expect("just found")
    }

    #[track_caller]
    pub(crate) fn eventually(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            let said = || self.said.lock().unwrap().join("\n");
            assert!(Instant::now() < deadline, "it never came to pass: {what}; it said:\n{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal, and the exit code once everything is gone that this program had started.
    #[track_caller]
    pub(crate) fn end_by(&mut self, signal: Signal) -> Option<i32> {
        let family = descendants(self.child.id());
        assert!(family.len() > 3, "the daemon, PostgreSQL and the watchdog: {family:?}");
        send(self.child.id(), signal);
        let mut status = None;
        let child = &mut self.child;
        let deadline = Instant::now() + PATIENCE;
        while status.is_none() && Instant::now() < deadline {
            status = child.try_wait().expect("its state");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.eventually("all its processes are gone", || family.iter().all(|id| !lives(*id)));
        status.expect("it ended").code()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Killed, if a check failed: the kernel and the watchdog end the rest.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("it said:\n{}", self.said.lock().unwrap().join("\n"));
        }
    }
}

/// The program of this name.
pub(crate) fn example(name: &str) -> Command {
    let own = std::env::current_exe().expect("this test is a file");
    let profile = own.parent().and_then(Path::parent).expect("target/<profile>/deps/…");
    let program = profile.join("examples").join(name);
    assert!(program.is_file(), "{} is missing: run `cargo build --example {name}`", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Pastes a line.
#[track_caller]
pub(crate) fn paste(line: &str) -> String {
    let Output { status, stdout, stderr } =
        Command::new("bash").args(["-c", line]).env("no_proxy", "*").output().expect("bash");
    assert!(status.success(), "{line}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) fn send(id: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(id).expect("a process id")), signal).expect("it is ours to signal");
}

/// Whether the process runs; a zombie whose parent is gone is about to be reaped by init, wherever there is one.
pub(crate) fn lives(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

pub(crate) fn descendants(id: u32) -> Vec<u32> {
    let mut all = Vec::new();
    let mut parents = vec![id];
    while let Some(parent) = parents.pop() {
        for task in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            parents.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        if parent != id {
            all.push(parent);
        }
    }
    all
}
