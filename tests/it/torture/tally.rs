//! What this run survived, for the summary of `make torture`.
//!
//! The counts are appended to the file that `TORTURE_TALLY` names, one word a line; without it nobody counts.

use std::io::Write as _;

fn note(word: &str, count: usize) {
    let Some(path) = std::env::var_os("TORTURE_TALLY") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("the tally's file");
    // One write, so that lines of several threads do not mix.
    file.write_all(format!("{word}\n").repeat(count).as_bytes()).expect("the tally's file");
}

/// A daemon died by SIGKILL and its successor was checked.
pub fn kill() {
    note("kill", 1);
}

/// A fault was scripted and its outcome checked.
pub fn faults(count: usize) {
    note("fault", count);
}

/// A random round ended and was checked.
pub fn round() {
    note("round", 1);
}

/// Something was lost, doubled, forgotten or beyond a cap.
pub fn loss() {
    note("loss", 1);
}

/// Daemons ran against each other.
pub fn instances(count: usize) {
    note("instance", count);
}
