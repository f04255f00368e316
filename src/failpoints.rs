//! Failpoints that a test sets while the real program runs; compiled in only with the feature `failpoints`.
//!
//! The file that `CALLBUNKER_FAILPOINTS_FILE` names is read again whenever it changes: one `name=actions` a line, in the
//! language of the crate `fail` (`panic`, `1*panic->off`, `sleep(200)`, …). A line that is gone turns its point off.

use std::collections::BTreeMap;
use std::time::Duration;

const READ_EVERY: Duration = Duration::from_millis(20);

/// Starts to follow the file, if one is named.
///
/// # Panics
/// When the file holds what is no failpoint: a mistake in a test.
pub fn listen() {
    let Some(path) = std::env::var_os("CALLBUNKER_FAILPOINTS_FILE") else { return };
    let mut in_force: BTreeMap<String, String> = BTreeMap::new();
    apply(&path, &mut in_force);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(READ_EVERY);
            apply(&path, &mut in_force);
        }
    });
}

fn apply(path: &std::ffi::OsStr, in_force: &mut BTreeMap<String, String>) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let wanted: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, actions)| (name.trim().to_owned(), actions.trim().to_owned()))
        .collect();
    for (name, actions) in &wanted {
        if in_force.get(name) != Some(actions) {
            fail::cfg(name.as_str(), actions).expect("the test wrote a failpoint");
        }
    }
    for name in in_force.keys().filter(|name| !wanted.contains_key(*name)) {
        fail::remove(name);
    }
    *in_force = wanted;
}
