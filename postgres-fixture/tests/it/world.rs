//! What the tests look at from outside: processes and folders.

use std::{
    fs,
    path::{Path, PathBuf},
    process, thread,
    time::{Duration, Instant},
};

const GONE_LIMIT: Duration = Duration::from_secs(30);

/// The postmaster's process id, as PostgreSQL itself wrote it down.
pub fn postmaster_id(cluster_dir: &Path) -> u32 {
    let text = fs::read_to_string(cluster_dir.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().trim().parse().unwrap()
}

/// Whether a process runs; one that has ended but is not reaped does not.
pub fn process_runs(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    !matches!(state, None | Some("Z" | "X"))
}

/// Processes that name the folder in their command line.
pub fn processes_of(cluster_dir: &Path) -> Vec<u32> {
    let needle = cluster_dir.to_str().unwrap();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(needle)
        })
        .collect()
}

/// Waits until nothing is left of a cluster.
pub fn assert_gone_soon(cluster_dir: &Path) {
    let deadline = Instant::now() + GONE_LIMIT;
    loop {
        let left = processes_of(cluster_dir);
        if left.is_empty() && !cluster_dir.exists() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "left over: processes {left:?}, {cluster_dir:?} exists: {}",
            cluster_dir.exists()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// A folder name that is free, below the temporary folder.
pub fn free_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fixture-test-{name}-{}", process::id()))
}

/// Waits until `done`, at most a minute: only a bound, never a measure.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "it never came to pass: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
