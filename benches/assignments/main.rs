//! How many assignments a second, how fast and in how much memory, with one pool and with several; how soon an empty pool is filled; what a waiting
//! connection costs; and whether a mail server that is dead makes signups slower.
//!
//! The released daemon, over HTTP on loopback, on a PostgreSQL that waits for the disk at each commit, beside what pgbench
//! gets from plain tables and from the daemon's own. `make bench` runs everything; `cargo bench --bench assignments -- rate --rounds 5` a part.
//! Invariants: daemon and pgbench take turns, so that both meet the same minute; a figure is the median of its rounds;
//! every run ends by count and by time; nothing fails for being slow.
//! How to get it wrong: comparing figures of two runs of this program instead of the ratios within one.

#![allow(unreachable_pub, clippy::disallowed_methods, reason = "a program of its own, not a library")]

mod alerts;
mod buying;
mod client;
mod cpu;
mod daemon;
mod large_pool;
mod load;
mod pgbench;
mod pools;
mod rate;
mod report;
mod stage;
mod waiting;

use std::time::Duration;

use postgres_fixture::{Cluster, ClusterOptions};

use crate::report::Report;

/// As OPERATING recommends it for each database of a million numbers, and there are two of these: what signups read and
/// write of them fits, which it does not in the 128 MB that PostgreSQL takes unasked.
const SHARED_BUFFERS: &str = "1GB";

/// What to run, and how much of it.
pub struct Plan {
    parts: Vec<String>,
    /// Rounds of each measurement.
    pub rounds: usize,
    /// Of one measurement.
    pub time: Duration,
}

impl Plan {
    /// `None` when this is not a benchmark run: `cargo test --benches` starts this program too.
    fn from_args() -> Option<Self> {
        let mut plan = Self { parts: Vec::new(), rounds: 3, time: Duration::from_secs(2) };
        let mut is_benchmark = false;
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || args.next().and_then(|text| text.parse().ok()).expect("a number after the option");
            match arg.as_str() {
                "--bench" => is_benchmark = true,
                "--rounds" => plan.rounds = number(),
                "--seconds" => plan.time = Duration::from_secs(number() as u64),
                "rate" | "pool" | "pools" | "buying" | "waiting" | "alerts" => plan.parts.push(arg),
                other => {
                    panic!("{other:?} is none of rate, pool, pools, buying, waiting, alerts, --rounds N, --seconds N")
                }
            }
        }
        is_benchmark.then_some(plan)
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|known| known == part)
    }
}

fn main() {
    let Some(plan) = Plan::from_args() else { return };
    let settings = vec![("shared_buffers".to_owned(), SHARED_BUFFERS.to_owned())];
    let cluster =
        Cluster::start(ClusterOptions { durable: true, settings, ..ClusterOptions::default() }).expect("a PostgreSQL");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value = cluster.psql("postgres", &format!("SHOW {setting}")).expect("its settings");
        assert_eq!(value, "on", "{setting} must be on, or the figures mean nothing");
    }
    let mut report = Report::default();
    if plan.has("rate") {
        rate::measure(&plan, &cluster, &mut report);
    }
    if plan.has("pool") {
        large_pool::measure(&plan, &cluster, &mut report);
    }
    if plan.has("pools") {
        pools::measure(&plan, &cluster, &mut report);
    }
    if plan.has("buying") {
        buying::measure(&plan, &cluster, &mut report);
    }
    if plan.has("waiting") {
        waiting::measure(&plan, &cluster, &mut report);
    }
    if plan.has("alerts") {
        alerts::measure(&plan, &cluster, &mut report);
    }
    report.print_targets();
}
