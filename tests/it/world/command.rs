//! The commands that call the running daemon, run as a person or a script runs them.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Output, Stdio};

use nix::pty::{Winsize, openpty};
use serde_json::Value;

use crate::world::ADMIN_KEY;
use crate::world::daemon::Daemon;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What a command printed that ended well and had nothing to complain of.
    #[track_caller]
    pub fn table(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// The one document that a command printed.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.table()).expect("one JSON value")
    }

    /// The same without the line that told at once which order was placed.
    #[track_caller]
    pub fn placed(mut self) -> Self {
        let (first, rest) = self.stderr.split_once('\n').unwrap_or_else(|| panic!("no order was placed: {self:?}"));
        let id = first.strip_prefix("callbunker: purchase ").and_then(|words| words.split(' ').next());
        let follows = format!(" is placed; `callbunker purchase --follow {}` looks it up", id.unwrap_or_default());
        assert!(first.ends_with(&follows), "{self:?}");
        self.stderr = rest.to_owned();
        self
    }

    /// The sentence of a command that printed nothing else.
    #[track_caller]
    pub fn sentence(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("callbunker: "), "{self:?}");
        assert!(!self.stderr.contains(ADMIN_KEY), "{self:?}");
        self.stderr
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The program with an environment of its own.
pub fn program(env: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbunker"));
    command.args(arguments).env_clear().envs(env.iter().copied()).stdin(Stdio::null());
    command
}

/// Runs a command with this environment.
pub fn run(env: &[(&str, &str)], arguments: &[&str]) -> Ended {
    program(env, arguments).output().expect("the program starts").into()
}

/// Runs a command against whatever listens at `url`, with the admin key.
pub fn at(url: &str, arguments: &[&str]) -> Ended {
    let env = [("CALLBUNKER_URL", url), ("ADMIN_API_KEY", ADMIN_KEY)];
    run(&env, arguments)
}

/// Runs a command against a daemon, with the admin key.
pub fn callbunker(daemon: &Daemon, arguments: &[&str]) -> Ended {
    at(&daemon.url, arguments)
}

/// A terminal that shows all that a command prints.
pub struct Terminal {
    pub columns: u16,
    /// Beside what is always there.
    pub env: Vec<(&'static str, &'static str)>,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { columns: 100, env: Vec::new() }
    }
}

/// Runs a command whose standard output is this terminal; what it shows comes as `stdout`.
pub fn seen(daemon: &Daemon, arguments: &[&str], terminal: Terminal) -> Ended {
    let size = Winsize { ws_row: 24, ws_col: terminal.columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).expect("a terminal");
    let mut env = vec![("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY), ("TERM", "xterm")];
    env.extend(terminal.env);
    let mut command = program(&env, arguments);
    let child = command.stdout(pair.slave).stderr(Stdio::piped()).spawn().expect("the program starts");
    // The command held the last copy of the screen's side; it now belongs to the child alone.
    drop(command);
    let watching = watch(File::from(pair.master));
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    Ended { stdout: watching.join().expect("the screen's thread"), ..ended }
}

/// Reads all that a terminal shows.
fn watch(mut screen: File) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
        // A terminal whose last program ended answers with an error.
        while let Ok(count @ 1..) = screen.read(&mut chunk) {
            shown.extend_from_slice(&chunk[..count]);
        }
        String::from_utf8_lossy(&shown).into_owned()
    })
}

/// The same by somebody at a terminal, who types `typed`; what the terminal shows comes as `stderr`.
pub fn at_a_terminal(daemon: &Daemon, arguments: &[&str], typed: &str) -> Ended {
    let size = Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).expect("a terminal");
    let screen = terminal.slave.try_clone().expect("its screen");
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY), ("TERM", "xterm")];
    let mut command = program(&env, arguments);
    let child =
        command.stdin(terminal.slave).stderr(screen).stdout(Stdio::piped()).spawn().expect("the program starts");
    // The command held the last copies of the screen's side; it now belongs to the child alone.
    drop(command);
    let mut keyboard = File::from(terminal.master.try_clone().expect("its keyboard"));
    keyboard.write_all(typed.as_bytes()).expect("it is typed");
    let watching = watch(File::from(terminal.master));
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    Ended { stderr: watching.join().expect("the screen's thread"), ..ended }
}
