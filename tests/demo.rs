//! The demo as a new user meets it: its lines are read from the terminal and pasted into a shell.
//!
//! It runs `target/<profile>/examples/demo`, which `cargo test` builds together with this test and with the daemon that
//! the demo looks for beside itself.
//! How to get it wrong: looking for left-over processes by name, where another test's would be found. A process counts
//! as gone when its id, known from the demo or from `/proc`, is gone.

#[path = "demo_docs/lines.rs"]
mod lines;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Only a bound, never a measure: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

struct Demo {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    dir: PathBuf,
}

impl Demo {
    fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        let dir = std::env::temp_dir().join(format!("callbunker-demo-{name}-{}", std::process::id()));
        let mut child = command(&dir, settings).stdout(Stdio::piped()).spawn().expect("the demo starts");
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stdout.take().expect("its stdout is a pipe")).lines();
        let heard = Arc::clone(&said);
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| heard.lock().unwrap().push(line)));
        Self { child, said, dir }
    }

    /// Waits for the first line that holds `text`.
    #[track_caller]
    fn line(&self, text: &str) -> String {
        let mut found = None;
        self.eventually(text, || {
            found = self.said.lock().unwrap().iter().find(|line| line.contains(text)).cloned();
            found.is_some()
        });
        found.expect("just found")
    }

    #[track_caller]
    fn eventually(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            let said = || self.said.lock().unwrap().join("\n");
            assert!(Instant::now() < deadline, "it never came to pass: {what}; the demo said:\n{}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal, and the exit code once everything is gone that this demo had started.
    #[track_caller]
    fn end_by(&mut self, signal: Signal) -> Option<i32> {
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
        status.expect("the demo ended").code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Killed, if a check failed: the kernel and the watchdog end the rest.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the demo said:\n{}", self.said.lock().unwrap().join("\n"));
        }
    }
}

fn command(dir: &Path, settings: &[(&str, &str)]) -> Command {
    let own = std::env::current_exe().expect("this test is a file");
    let profile = own.parent().and_then(Path::parent).expect("target/<profile>/deps/demo-…");
    let program = profile.join("examples/demo");
    assert!(program.is_file(), "{} is missing: run `cargo build --example demo`", program.display());
    let mut command = Command::new(program);
    command.env("DEMO_LISTEN", "127.0.0.1:0").env("DEMO_DIR", dir).env_remove("DEMO_KEEP");
    // Nothing of this may reach the daemon.
    command.env("CALLBUNKER__POOL__TOTAL_MIN", "0").env("http_proxy", "http://127.0.0.1:9");
    command.envs(settings.iter().copied()).stdin(Stdio::null());
    command
}

/// Pastes a line.
#[track_caller]
fn paste(line: &str) -> String {
    let Output { status, stdout, stderr } =
        Command::new("bash").args(["-c", line]).env("no_proxy", "*").output().expect("bash");
    assert!(status.success(), "{line}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn send(id: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(id).expect("a process id")), signal).expect("it is ours to signal");
}

/// Whether the process runs; a zombie whose parent is gone is about to be reaped by init, wherever there is one.
fn lives(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

fn descendants(id: u32) -> Vec<u32> {
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

/// The process id in `… process 123 …`.
fn process_in(line: &str) -> u32 {
    let rest = line.split("process ").nth(1).expect("a process id");
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a process id")
}

#[test]
fn its_lines_work_and_a_killed_daemon_comes_back_and_ctrl_c_leaves_nothing() {
    let mut demo = Demo::start("lines", &[]);
    demo.line("Ctrl-C stops everything");
    let assign = demo.line("/signup/api/assign");
    let given = json(&paste(&assign));
    assert_eq!((&given["user_id"], &given["replayed"]), (&Value::from("u-1"), &Value::from(false)));
    let status = json(&paste(&demo.line("/admin/phones/api/status")));
    assert_eq!((&status["available"], &status["assigned"]), (&Value::from(25), &Value::from(1)));
    let list = paste(&demo.line("/IncomingPhoneNumbers.json"));
    assert_eq!(list.lines().count(), 26, "{list}");
    assert!(list.lines().all(|line| line.contains("https://app.example.com/twilio/voice")), "{list}");
    assert!(list.contains(given["phone_number"].as_str().expect("a number")), "{list}");

    let kill_it = demo.line("kill -9 ");
    paste(&kill_it);
    let back = process_in(&demo.line("callbunker is back as process"));
    assert!(!kill_it.ends_with(&format!(" {back}")), "a new process");
    let again = json(&paste(&assign));
    assert_eq!((&again["phone_number"], &again["replayed"]), (&given["phone_number"], &Value::from(true)));

    assert!(demo.dir.join("daemon.log").is_file());
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
    assert!(!demo.dir.exists());
    demo.line("is gone.");
}

#[test]
fn a_pool_whose_bundle_is_taken_away_says_so_in_a_line_and_goes_on_when_it_is_back() {
    let mut demo = Demo::start("pools", &[]);
    demo.line("Ctrl-C stops everything");
    let (pools, take, give) =
        (demo.line("callbunker pools"), demo.line("\"remove\":true"), demo.line("\"number_type\":\"mobile\""));
    let line = |name: &str| {
        let told = paste(&pools);
        told.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap_or_else(|| panic!("{name}: {told}"))
    };
    for name in ["default", "ca", "gb"] {
        assert!(line(name).trim_end().ends_with("ok"), "{}", line(name));
    }
    paste(&take);
    assert!(json(&paste(&demo.line("gb-1")))["phone_number"].as_str().expect("a number").starts_with("+44"));
    demo.eventually("gb says what it needs", || line("gb").contains("halted: needs pools.gb.bundle_sid"));
    for name in ["default", "ca"] {
        assert!(line(name).trim_end().ends_with("ok"), "{}", line(name));
    }
    paste(&give);
    paste(&demo.line("callbunker resume --pool gb"));
    demo.eventually("gb has what it wants", || line("gb").trim_end().ends_with("ok"));
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn the_lines_of_the_readmes_first_look_do_what_it_says() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let look =
        readme.split("\n## A first look\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("its part");
    let lines: Vec<&str> = look.lines().filter_map(|line| line.strip_prefix("curl ")).collect();
    assert_eq!(lines.len(), 5, "assign, fault, purchase, status, plan: {lines:?}");

    let mut demo = Demo::start("readme", &[]);
    demo.line("Ctrl-C stops everything");
    let settings = format!("source '{}/env'", demo.dir.display());
    let said: Vec<Value> = lines.iter().map(|line| json(&paste(&format!("{settings}\ncurl {line}")))).collect();
    assert_eq!((&said[0]["user_id"], &said[0]["source"]), (&Value::from("u-1"), &Value::from("pool")));
    assert_eq!(said[1]["waiting"], 1);
    assert_eq!(
        (&said[2]["state"], &said[2]["purchased_count"]),
        (&Value::from("done"), &Value::from(1)),
        "{}",
        said[2]
    );
    assert_eq!((&said[3]["available"], &said[3]["unsettled"]), (&Value::from(26), &Value::from(0)));
    assert_eq!(said[4]["would_purchase"], 0, "{}", said[4]);
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn every_line_of_the_documentation_works_in_the_order_in_which_it_stands() {
    let blocks = lines::blocks();
    lines::check_that_nothing_hides(&blocks);
    let mut demo = Demo::start("docs", &[]);
    demo.line("Ctrl-C stops everything");
    let environment = demo.dir.join("env");
    let mode = fs::metadata(&environment).expect("what to source").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut ran = 0;
    for (index, block) in blocks.iter().enumerate() {
        if block.is("sh") && !block.is("no-demo") {
            lines::run(block, blocks.get(index + 1), &demo.dir);
            ran += 1;
        }
    }
    assert!(ran >= 20, "{ran} blocks only");
    assert_eq!(demo.end_by(Signal::SIGINT), Some(0));
    assert!(!environment.exists());
}

#[test]
fn kept_data_go_on_with_the_same_keys_and_numbers_even_after_a_kill() {
    let keep = [("DEMO_KEEP", "1")];
    let mut demo = Demo::start("keep", &keep);
    demo.line("Ctrl-C stops everything and keeps");
    let assign = demo.line("/signup/api/assign");
    let given = json(&paste(&assign));
    assert_eq!(demo.end_by(Signal::SIGTERM), Some(0));

    let mut demo = Demo::start("keep", &[]);
    demo.line("Ctrl-C stops everything and keeps");
    let again = json(&paste(&demo.line("/signup/api/assign")));
    assert_eq!((&again["phone_number"], &again["replayed"]), (&given["phone_number"], &Value::from(true)));
    let list = paste(&demo.line("/IncomingPhoneNumbers.json"));
    assert!(list.lines().count() == 26 && list.contains(given["phone_number"].as_str().unwrap()), "{list}");
    assert_eq!(demo.end_by(Signal::SIGKILL), None);
    assert!(demo.dir.join("demo.json").is_file() && demo.dir.join("env").is_file());
    fs::remove_dir_all(&demo.dir).expect("it was kept");
}

#[test]
fn a_killed_demo_takes_everything_along() {
    let mut demo = Demo::start("killed", &[]);
    demo.line("Ctrl-C stops everything");
    assert_eq!(demo.end_by(Signal::SIGKILL), None);
    demo.eventually("the folder is gone", || !demo.dir.exists());
}

#[test]
fn what_it_cannot_do_is_told_in_a_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let stranger = std::env::temp_dir().join(format!("callbunker-demo-stranger-{}", std::process::id()));
    fs::create_dir_all(stranger.join("data")).expect("a folder");
    for (settings, sentence) in [
        ([("DEMO_LISTEN", address.as_str())], "DEMO_LISTEN=127.0.0.1:8081 make demo"),
        ([("DEMO_LISTEN", "nowhere")], "give one such as 127.0.0.1:8081"),
        ([("DEMO_DIR", "/proc/no-such")], "/proc/no-such"),
    ] {
        let output = command(&stranger.join("demo"), &settings).output().expect("the demo");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.starts_with("demo: ") && told.contains(sentence), "{told}");
    }
    fs::write(stranger.join("precious"), "").expect("a file");
    let output = command(&stranger, &[]).output().expect("the demo");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("it already holds \"precious\""), "{told}");
    assert!(stranger.join("data").is_dir() && stranger.join("precious").is_file());
    fs::remove_dir_all(&stranger).expect("it is ours");
}
