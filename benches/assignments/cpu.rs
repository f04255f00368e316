//! CPU time of a process and of all that it started, from `/proc`.
//!
//! How to get it wrong: looking at PostgreSQL's server process alone. A session's time is its own until it ends, and the
//! server's only then. And looking while one ends: it is then in neither, or in both, and a session that filled a table has seconds.

use std::time::Duration;
use std::{fs, thread};

use postgres_fixture::Cluster;

/// So many of the kernel's ticks a second, on every Linux that this runs on.
const TICKS: f64 = 100.0;

/// CPU time since something began.
#[derive(Clone, Copy)]
pub struct Cpu(Duration);

impl Cpu {
    /// Of one process, and of those of its children that ended.
    pub fn of(process: u32) -> Self {
        Self(Duration::from_secs_f64(stat(process).map_or(0.0, |stat| stat.ticks) / TICKS))
    }

    /// Of a cluster's server and all its sessions.
    pub fn of_postgres(cluster: &Cluster) -> Self {
        let file = fs::read_to_string(cluster.dir().join("data/postmaster.pid")).unwrap_or_default();
        let Some(server) = file.lines().next().and_then(|line| line.trim().parse::<u32>().ok()) else {
            panic!("{} has no server's process in it", cluster.dir().display())
        };
        loop {
            let (before, stats, after) = (processes_of(server), processes_of(server), processes_of(server));
            let same = |one: &[Stat], other: &[Stat]| {
                one.iter().map(|stat| stat.process).eq(other.iter().map(|stat| stat.process))
            };
            if same(&before, &stats) && same(&stats, &after) {
                return Self(Duration::from_secs_f64(stats.iter().map(|stat| stat.ticks).sum::<f64>() / TICKS));
            }
            // Somebody comes or goes; who has gone a moment later is counted once.
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What was used in between.
    pub fn since(self, before: Self) -> Duration {
        self.0.saturating_sub(before.0)
    }
}

struct Stat {
    process: u32,
    parent: u32,
    ticks: f64,
}

/// The server's process and its sessions, in the order of their ids.
fn processes_of(server: u32) -> Vec<Stat> {
    let processes =
        fs::read_dir("/proc").expect("a /proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut stats: Vec<Stat> =
        processes.filter_map(stat).filter(|stat| stat.process == server || stat.parent == server).collect();
    stats.sort_by_key(|stat| stat.process);
    stats
}

/// Its own time, and that of its children that ended.
fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold blanks and brackets; what follows the last one does not.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(Stat { process, parent: fields.get(1)?.parse().ok()?, ticks })
}
