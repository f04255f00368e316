//! Whether several pools make a signup slower: a database and a daemon for each number of pools, in turns, with signups that go
//! to all of them alike; beside plain tables, as the rates of one pool are.
//!
//! How to get it wrong: letting one of the pools run dry. Its signups would measure purchases.

use std::time::Duration;

use postgres_fixture::Cluster;

use crate::cpu::Cpu;
use crate::load::{Bound, Sample, median, middle, sign_up_at};
use crate::pgbench::{PLAIN, Rate};
use crate::report::{Report, millis};
use crate::stage::Stage;
use crate::{Plan, pgbench};

/// The first is what the others are held against.
const POOLS: [usize; 3] = [1, 3, 50];
const CONNECTIONS: [usize; 3] = [1, 64, 256];
/// Signups of one load at most.
const COUNT: u64 = 30_000;
/// Of the rate of one pool, and of its median and its CPU time. Sixty-four signups at once are one look into the stock of one
/// pool, and up to fifty looks where they go to fifty: ten microseconds each, which is a fifth of what the batch costs.
const LEAST: f64 = 0.8;
const MOST: f64 = 1.3;
/// CPU time of daemon and PostgreSQL for a thousand signups, in seconds, as with one pool.
const CPU_MOST: [f64; 3] = [0.45, 0.1, 0.1];
/// Of what plain tables give at their best, as with one pool.
const OF_PLAIN: [f64; 3] = [0.6, 2.5, 3.0];
const MEMORY_MOST: f64 = 30.0;
/// The daemon looks every five seconds whether a crowd has gone.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(8);

/// What the rounds came to with so many pools, at one number of connections.
#[derive(Default)]
struct Rounds {
    samples: Vec<Sample>,
    /// CPU time of daemon and PostgreSQL for a thousand signups, in seconds.
    cpu: Vec<f64>,
}

/// The middle of them.
struct Middle {
    sample: Sample,
    cpu: f64,
}

impl Rounds {
    fn middle(&self) -> Middle {
        Middle { sample: middle(&self.samples), cpu: median(self.cpu.iter().copied()) }
    }
}

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stages = POOLS.map(|count| Stage::with_pools(cluster, Duration::ZERO, count));
    let plain = pgbench::plain(cluster);
    // With something to spare: whoever is faster asks a pool more often.
    let stock = COUNT + COUNT / 10;
    for stage in &stages {
        stage.stock(stock);
        let warm_up = Bound { time: Duration::from_millis(500), count: 5_000 };
        sign_up_at(stage.daemon.address, 64, warm_up, &stage.pools);
    }
    let mut rounds: [[Rounds; POOLS.len()]; CONNECTIONS.len()] = Default::default();
    let mut plains: [Vec<Rate>; CONNECTIONS.len()] = Default::default();
    for round in 0..plan.rounds {
        for (at, connections) in CONNECTIONS.into_iter().enumerate() {
            for turn in 0..POOLS.len() {
                let which = (turn + round) % POOLS.len();
                rounds[at][which].push(plan, cluster, &stages[which], connections, stock);
            }
            pgbench::stock_plain(&plain, COUNT * 2);
            plains[at].push(pgbench::assign(cluster, &plain, &PLAIN, connections, plan.time));
        }
    }
    let middles = rounds.map(|of_pools| of_pools.map(|rounds| rounds.middle()));
    let plains = plains.map(|rates| pgbench::middle(&rates).per_second);
    print(&middles, &plains, plan.rounds);
    judge(&stages, &middles, &plains, report);
}

impl Rounds {
    /// One load more.
    fn push(&mut self, plan: &Plan, cluster: &Cluster, stage: &Stage, connections: usize, stock: u64) {
        stage.stock(stock);
        let bound = Bound { time: plan.time, count: COUNT };
        let before = (Cpu::of(stage.daemon.process()), Cpu::of_postgres(cluster));
        let sample = sign_up_at(stage.daemon.address, connections, bound, &stage.pools);
        let after = (Cpu::of(stage.daemon.process()), Cpu::of_postgres(cluster));
        let used = after.0.since(before.0) + after.1.since(before.1);
        self.cpu.push(used.as_secs_f64() / (sample.served as f64 / 1000.0).max(0.001));
        self.samples.push(sample);
    }
}

fn print(middles: &[[Middle; POOLS.len()]], plains: &[f64], rounds: usize) {
    println!("\nassignments over HTTP to several pools alike, median of {rounds} rounds, in turns; beside one pool");
    println!(
        "{:>12} {:>6} {:>9} {:>9} {:>9} {:>15} {:>14} {:>8} {:>8} {:>8}",
        "connections", "pools", "a second", "median", "p99", "CPU for 1,000", "÷ plain tables", "rate", "median", "CPU"
    );
    for ((connections, of_pools), plain) in CONNECTIONS.iter().zip(middles).zip(plains) {
        for (count, of) in POOLS.iter().zip(of_pools) {
            let beside = Beside::of(&of_pools[0], of);
            println!(
                "{connections:>12} {count:>6} {:>9.0} {:>9} {:>9} {:>13.3} s {:>14.2} {:>8.2} {:>8.2} {:>8.2}",
                of.sample.per_second,
                millis(of.sample.median),
                millis(of.sample.p99),
                of.cpu,
                of.sample.per_second / plain,
                beside.rate,
                beside.median,
                beside.cpu
            );
        }
    }
}

/// Several pools as parts of one.
struct Beside {
    rate: f64,
    median: f64,
    cpu: f64,
}

impl Beside {
    fn of(one: &Middle, several: &Middle) -> Self {
        Self {
            rate: several.sample.per_second / one.sample.per_second,
            median: several.sample.median.as_secs_f64() / one.sample.median.as_secs_f64(),
            cpu: several.cpu / one.cpu,
        }
    }
}

fn judge(stages: &[Stage; POOLS.len()], middles: &[[Middle; POOLS.len()]], plains: &[f64], report: &mut Report) {
    let best = plains.iter().copied().fold(0.0, f64::max);
    for (at, (connections, of_pools)) in CONNECTIONS.iter().zip(middles).enumerate() {
        for (count, of) in POOLS.iter().zip(of_pools).skip(1) {
            let beside = Beside::of(&of_pools[0], of);
            let target = |what: &str| format!("{count} pools at {connections}: {what}");
            let mut add =
                |what: &str, figure: f64, is_met| report.target(&target(what), format!("{figure:.2} ×"), is_met);
            add(&format!("rate at least {LEAST} of one pool's"), beside.rate, beside.rate >= LEAST);
            add(&format!("median at most {MOST} of it"), beside.median, beside.median <= MOST);
            add(&format!("CPU at most {MOST} of it"), beside.cpu, beside.cpu <= MOST);
            // A single connection is held against a single client, as in the rates of one pool.
            let plain = if *connections == 1 { plains[at] } else { best };
            let (of_plain, least) = (of.sample.per_second / plain, OF_PLAIN[at]);
            add(&format!("at least {least} of plain tables"), of_plain, of_plain >= least);
            let cpu_most = CPU_MOST[at];
            report.target(
                &target(&format!("CPU for a thousand at most {cpu_most} s")),
                format!("{:.2} s", of.cpu),
                of.cpu <= cpu_most,
            );
        }
    }
    // What the last crowd left goes back to the system a few seconds after it has gone, and the turns end with any of them.
    std::thread::sleep(GIVEN_BACK_WITHIN);
    for (stage, count) in stages.iter().zip(POOLS) {
        let megabytes = stage.daemon.memory().resident as f64 / 1e6;
        let target = format!("{count} pools: at most {MEMORY_MOST} MB resident");
        report.target(&target, format!("{megabytes:.1} MB"), megabytes <= MEMORY_MOST);
    }
    let failures: u64 = middles.iter().flatten().map(|of| of.sample.failures).sum();
    report.target("every signup served, whatever its pool", format!("{failures} not"), failures == 0);
}
