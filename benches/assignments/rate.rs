//! Assignments a second at several numbers of connections, beside pgbench on plain tables and on the daemon's own; what CPU
//! time each signup costs, and the daemon's memory afterwards.

use std::time::Duration;

use postgres_fixture::Cluster;

use crate::cpu::Cpu;
use crate::load::{Bound, Sample, median, middle, sign_up};
use crate::pgbench::{OURS, PLAIN, Rate};
use crate::report::{Report, millis};
use crate::stage::Stage;
use crate::{Plan, pgbench};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// Assignments a second that the stock of one measurement must last for.
const RATE_MAX: u64 = 50_000;
/// Daemon and PostgreSQL for a thousand signups at one connection, in seconds, where pgbench took the other: a slower
/// machine needs more for both.
const ALONE_CPU_MOST: f64 = 0.45;
const ALONE_CPU_PLAIN: f64 = 0.19;

/// What the rounds came to at one number of connections.
#[derive(Default)]
struct Rounds {
    samples: Vec<Sample>,
    daemon_cpu: Vec<f64>,
    postgres_cpu: Vec<f64>,
    plain: Vec<Rate>,
    own: Vec<Rate>,
}

/// The middle of them. CPU in seconds for a thousand signups.
struct Middle {
    sample: Sample,
    daemon_cpu: f64,
    postgres_cpu: f64,
    plain: Rate,
    own: Rate,
}

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stage = Stage::new(cluster, Duration::ZERO);
    let plain = pgbench::plain(cluster);
    let count = RATE_MAX * plan.time.as_secs();
    let stock = count + count / 10;
    // pgbench ends by time alone; it is far slower than the bound.
    let bound = Bound { time: plan.time, count };
    stage.stock(stock);
    sign_up(stage.daemon.address, 64, Bound { time: Duration::from_millis(500), count: 10_000 });
    let mut rounds: [Rounds; CONNECTIONS.len()] = Default::default();
    for _round in 0..plan.rounds {
        for (connections, rounds) in CONNECTIONS.iter().zip(&mut rounds) {
            stage.stock(stock);
            let before = (Cpu::of(stage.daemon.process()), Cpu::of_postgres(cluster));
            let sample = sign_up(stage.daemon.address, *connections, bound);
            let after = (Cpu::of(stage.daemon.process()), Cpu::of_postgres(cluster));
            let thousands = (sample.served as f64 / 1000.0).max(0.001);
            rounds.daemon_cpu.push(after.0.since(before.0).as_secs_f64() / thousands);
            rounds.postgres_cpu.push(after.1.since(before.1).as_secs_f64() / thousands);
            rounds.samples.push(sample);
            pgbench::stock_plain(&plain, stock);
            rounds.plain.push(pgbench::assign(cluster, &plain, &PLAIN, *connections, plan.time));
            stage.stock(stock);
            rounds.own.push(pgbench::assign(cluster, &stage.database, &OURS, *connections, plan.time));
        }
    }
    let middles: Vec<Middle> = rounds
        .iter()
        .map(|rounds| Middle {
            sample: middle(&rounds.samples),
            daemon_cpu: median(rounds.daemon_cpu.iter().copied()),
            postgres_cpu: median(rounds.postgres_cpu.iter().copied()),
            plain: pgbench::middle(&rounds.plain),
            own: pgbench::middle(&rounds.own),
        })
        .collect();
    let best = middles.iter().map(|middle| middle.plain.per_second).fold(0.0, f64::max);
    print(&middles, best, plan.rounds);
    judge(&stage, &middles, best, report);
}

fn print(middles: &[Middle], best: f64, rounds: usize) {
    println!(
        "\nassignments over HTTP, durable commits, median of {rounds} rounds; pgbench with as many clients, in turns"
    );
    println!(
        "{:>12} {:>9} {:>9} {:>9} {:>14} {:>12} {:>13} {:>13}",
        "connections", "a second", "median", "p99", "plain tables", "÷ the same", "÷ their best", "own tables"
    );
    for (connections, of) in CONNECTIONS.iter().zip(middles) {
        println!(
            "{connections:>12} {:>9.0} {:>9} {:>9} {:>14.0} {:>12.2} {:>13.2} {:>13.0}",
            of.sample.per_second,
            millis(of.sample.median),
            millis(of.sample.p99),
            of.plain.per_second,
            of.sample.per_second / of.plain.per_second,
            of.sample.per_second / best,
            of.own.per_second
        );
    }
    println!("\nCPU time for a thousand signups, in seconds");
    println!("{:>12} {:>9} {:>11} {:>9} {:>21}", "connections", "daemon", "PostgreSQL", "both", "pgbench's PostgreSQL");
    for (connections, of) in CONNECTIONS.iter().zip(middles) {
        println!(
            "{connections:>12} {:>9.3} {:>11.3} {:>9.3} {:>21.3}",
            of.daemon_cpu,
            of.postgres_cpu,
            of.daemon_cpu + of.postgres_cpu,
            of.plain.cpu.as_secs_f64() * 1000.0
        );
    }
}

fn judge(stage: &Stage, middles: &[Middle], best: f64, report: &mut Report) {
    let memory = stage.daemon.memory();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "\nthe daemon's memory after it: {:.1} MB resident, {:.1} MB at most",
        megabytes(memory.resident),
        megabytes(memory.peak)
    );
    let [one, _, many, crowd] = middles else { unreachable!("as many as there are numbers of connections") };
    let mut at_least = |target: &str, ratio: f64, least: f64| {
        report.target(&format!("{target}: at least {least} ×"), format!("{ratio:.2} ×"), ratio >= least);
    };
    at_least("1 connection ÷ plain tables with 1 client", one.sample.per_second / one.plain.per_second, 0.6);
    at_least("64 connections ÷ plain tables at their best", many.sample.per_second / best, 2.5);
    at_least("256 connections ÷ plain tables at their best", crowd.sample.per_second / best, 3.0);
    let mut at_most = |target: &str, figure: f64, most: f64, unit: &str| {
        report.target(&format!("{target}: at most {most:.2} {unit}"), format!("{figure:.2} {unit}"), figure <= most);
    };
    at_most("CPU for a thousand signups, 1 connection", one.daemon_cpu + one.postgres_cpu, ALONE_CPU_MOST, "s");
    let beside = (one.daemon_cpu + one.postgres_cpu) / (one.plain.cpu.as_secs_f64() * 1000.0);
    at_most("the same ÷ pgbench's PostgreSQL", beside, ALONE_CPU_MOST / ALONE_CPU_PLAIN, "×");
    at_most("CPU for a thousand signups, 64 connections", many.daemon_cpu + many.postgres_cpu, 0.10, "s");
    at_most("64 connections: p99", many.sample.p99.as_secs_f64() * 1000.0, 12.0, "ms");
    at_most("resident memory", megabytes(memory.resident), 30.0, "MB");
    let failures: u64 = middles.iter().map(|of| of.sample.failures).sum();
    report.target("every signup served", format!("{failures} not"), failures == 0);
}
