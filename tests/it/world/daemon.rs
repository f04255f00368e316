//! The real binary as a child: started with an environment, asked over HTTP, stopped or killed by its process id.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::world::{ADMIN_KEY, SIGNUP_KEY, children};

pub struct Daemon {
    child: Child,
    pub url: String,
    log: Arc<Mutex<Vec<String>>>,
    log_stalls: Arc<AtomicBool>,
    agent: ureq::Agent,
    failpoints: PathBuf,
}

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Reply {
    /// The body of a 200, or a panic that shows what came instead.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// Checks a problem's status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.body
    }
}

fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .max_idle_connections_per_host(64)
        .proxy(None)
        .build()
        .new_agent()
}

impl Daemon {
    /// Starts the binary, waits until it is ready, and lets its first comparison with Twilio pass, so that from here on
    /// nobody but the test sets off calls.
    pub fn start(settings: &BTreeMap<String, String>) -> Self {
        let mut daemon = Self::spawn(settings);
        daemon.wait_until_it_serves();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !daemon.has_compared() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }

    /// Whether a comparison with Twilio has ended, broken off, or was not due.
    pub fn has_compared(&self) -> bool {
        self.has_logged("comparison with Twilio") || self.has_logged("were compared")
    }

    /// Starts the binary without waiting.
    pub fn spawn(settings: &BTreeMap<String, String>) -> Self {
        Self::spawn_with_failpoints(settings, "")
    }

    /// The same with failpoints in force from its first step on.
    pub fn spawn_with_failpoints(settings: &BTreeMap<String, String>, lines: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
        command.arg("serve");
        Self::spawn_as(command, settings, lines, Stdio::null())
    }

    /// The same of another program, such as an earlier version.
    pub fn spawn_program(program: &Path, settings: &BTreeMap<String, String>) -> Self {
        let mut command = Command::new(program);
        command.arg("serve");
        Self::spawn_as(command, settings, "", Stdio::null())
    }

    /// The same with a socket that is handed over as systemd does it: descriptor 3, `LISTEN_FDS` as given, and `LISTEN_PID`.
    pub fn spawn_on(socket: impl Into<OwnedFd>, count: &str, settings: &BTreeMap<String, String>) -> Self {
        // What a child inherits begins as its standard input here; anything else would take unsafe code.
        let script =
            r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=$1; export LISTEN_PID LISTEN_FDS; exec "$0" serve"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_callbunker"), count]);
        Self::spawn_as(command, settings, "", Stdio::from(socket.into()))
    }

    fn spawn_as(mut command: Command, settings: &BTreeMap<String, String>, lines: &str, stdin: Stdio) -> Self {
        let failpoints =
            std::env::temp_dir().join(format!("callbunker-failpoints-{}-{}", std::process::id(), unique()));
        std::fs::write(&failpoints, lines).expect("the failpoints' file");
        command
            .env_clear()
            .env("CALLBUNKER_FAILPOINTS_FILE", &failpoints)
            .env("RUST_BACKTRACE", "0")
            .envs(settings)
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = children::start(command).expect("the daemon starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().expect("its stderr is a pipe")).lines();
        let log_stalls = Arc::new(AtomicBool::new(false));
        let (kept, stalls) = (Arc::clone(&log), Arc::clone(&log_stalls));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                while stalls.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, url: String::new(), log, log_stalls, agent: client(), failpoints }
    }

    pub fn wait_until_it_serves(&mut self) {
        assert!(self.serves_or_ends(), "the daemon does not serve:\n{}", self.log_text());
    }

    /// Waits until it serves (true) or has ended before it did.
    pub fn serves_or_ends(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let serves = self.log_lines().into_iter().find(|line| line["msg"] == "callbunker serves");
            if let Some(line) = serves {
                self.url = line["url"].as_str().expect("its url").to_owned();
                return true;
            }
            if self.child.try_wait().expect("its state").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "the daemon does not serve:\n{}", self.log_text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many threads it has now.
    pub fn threads(&self) -> usize {
        std::fs::read_dir(self.tasks()).expect("its threads").count()
    }

    /// Where the system shows its threads.
    pub fn tasks(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/task", self.child.id()))
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    /// Nobody reads its log from now on, or somebody reads it again: what is in the pipe, and what comes.
    pub fn stall_log(&self, stalls: bool) {
        self.log_stalls.store(stalls, Ordering::Relaxed);
    }

    pub fn log_text(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The log so far, as JSON.
    pub fn log_lines(&self) -> Vec<Value> {
        self.log.lock().unwrap().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Whether a line with this message is in the log.
    pub fn has_logged(&self, message: &str) -> bool {
        self.log_lines().iter().any(|line| line["msg"].as_str().is_some_and(|text| text.contains(message)))
    }

    /// Sets failpoints, one `name=actions` a line; they are in force when this returns, or the daemon has ended, or stands
    /// still.
    pub fn failpoints(&self, lines: &str) {
        let fresh = self.failpoints.with_extension("new");
        std::fs::write(&fresh, lines).expect("the failpoints' file");
        std::fs::rename(&fresh, &self.failpoints).expect("the failpoints' file");
        let deadline = Instant::now() + Duration::from_secs(120);
        let in_force = || std::fs::read_to_string(self.failpoints.with_extension("in-force"));
        while cfg!(feature = "failpoints") && self.is_running() && in_force().ok().as_deref() != Some(lines) {
            assert!(Instant::now() < deadline, "the failpoints are not in force:\n{}", self.log_text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether its process is there and goes on: it is no corpse, and was not stopped.
    fn is_running(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind its name, which stands in brackets.
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        state.is_some_and(|state| !"ZXxTt".contains(state))
    }

    /// Turns one of them off; whoever pauses there goes on.
    pub fn failpoint_off(&self, name: &str) {
        let lines = std::fs::read_to_string(&self.failpoints).expect("the failpoints' file");
        let rest: Vec<&str> = lines.lines().filter(|line| !line.starts_with(&format!("{name}="))).collect();
        self.failpoints(&rest.join("\n"));
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(pid, signal).expect("the daemon is ours to signal");
    }

    /// The memory that it holds now, in KiB.
    pub fn memory_kib(&self) -> u64 {
        self.memory_line("VmRSS:")
    }

    /// The most memory that it ever held, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        self.memory_line("VmHWM:")
    }

    fn memory_line(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux tells");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// `kill -9`, and its corpse is gone.
    pub fn kill9(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("it is dead");
    }

    /// Waits for the end, at most two minutes.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(Instant::now() < deadline, "the daemon does not end:\n{}", self.log_text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGTERM, then its exit code.
    pub fn stop(mut self) -> Option<i32> {
        // Or it would listen to this client's connections for a while.
        self.agent = client();
        self.signal(Signal::SIGTERM);
        self.wait().code()
    }

    /// Any request.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log_text()))
    }

    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Reply, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request"))?,
            None => self.agent.run(request.body(()).expect("a request"))?,
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let text = response.body_mut().read_to_string()?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Reply { status: response.status().as_u16(), headers, body })
    }

    /// GET with the admin key.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[("X-Admin-API-Key", ADMIN_KEY)], None)
    }

    /// POST with the admin key.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_with(path, body, &[])
    }

    /// POST with the admin key and more headers.
    pub fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, Some(body.to_string().as_bytes()))
    }

    /// POST without a body, as today's cron jobs do.
    pub fn post_empty(&self, path: &str) -> Reply {
        self.send("POST", path, &[("X-Admin-API-Key", ADMIN_KEY)], None)
    }

    pub fn status(&self) -> Value {
        self.get("/admin/phones/api/status").ok()
    }

    /// A signup's request.
    pub fn assign(&self, user_id: &str) -> Reply {
        self.signup("/signup/api/assign", &json!({ "user_id": user_id }))
    }

    pub fn release(&self, user_id: &str) -> Reply {
        self.signup("/signup/api/release", &json!({ "user_id": user_id }))
    }

    /// POST with the signup key.
    pub fn signup(&self, path: &str, body: &Value) -> Reply {
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        self.send("POST", path, &headers, Some(body.to_string().as_bytes()))
    }

    /// Buys by hand.
    pub fn purchase(&self, count: u32) -> Reply {
        self.post("/admin/phones/api/purchase", &json!({ "count": count }))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for extension in ["", "in-force"] {
            let _ = std::fs::remove_file(self.failpoints.with_extension(extension));
        }
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log_text());
        }
    }
}

fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
