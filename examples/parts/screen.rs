//! What both say, in the same words.
//!
//! How to get it wrong: printing while the terminal is closed and dying of it; a line that cannot be shown is given up.

use std::env;
use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::api::Counts;
use super::daemon::Daemon;

pub fn say(line: impl Display) {
    let mut out = std::io::stdout();
    // A closed terminal is on its way to us as SIGHUP.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// As seen from where the user stands.
pub fn short(path: &Path) -> String {
    let here = env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).display().to_string()
}

pub fn step(what: &str, begun: Instant) {
    say(format!("{:>6.1} s  {what}", begun.elapsed().as_secs_f64()));
}

/// What a shell sources: these variables, and the program itself on the PATH.
pub fn environment(what: &str, variables: &[(String, String)], program: &Path) -> String {
    let mut text = format!("# {what}: source it.\n");
    for (name, value) in variables {
        writeln!(text, "export {name}={}", quoted(value)).expect("a String takes every write");
    }
    let folder = program.parent().unwrap_or(Path::new("."));
    writeln!(text, "export PATH={}:\"$PATH\"", quoted(&folder.display().to_string())).expect("the same");
    text
}

/// As a shell reads it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

pub fn news(text: impl Display) {
    say(format!("\n{text}"));
}

pub fn daemon_died(id: u32, status: ExitStatus, restart_after: Duration) {
    let how = match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(0)) => "was stopped, in order".to_owned(),
        (None, code) => format!("ended with {}", code.unwrap_or_default()),
    };
    news(format!("callbunker (process {id}) {how}; it is started again in {} s.", restart_after.as_secs()));
}

pub fn daemon_is_back(daemon: &Daemon, counts: Option<&Counts>, begun: Instant) {
    let (id, took) = (daemon.id(), begun.elapsed().as_secs_f64());
    let pool = counts.map_or_else(String::new, |counts| {
        format!(" {} numbers available, {} assigned.", counts.available, counts.assigned)
    });
    say(format!("callbunker is back as process {id}, {took:.1} s after its start.{pool}"));
}
