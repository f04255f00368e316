//! Assignments a second at several numbers of connections, beside pgbench, and the daemon's memory afterwards.

use std::time::Duration;

use postgres_fixture::Cluster;

use crate::load::{Bound, Sample, median, middle, sign_up};
use crate::report::{Report, millis};
use crate::stage::Stage;
use crate::{Plan, pgbench};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const CLIENTS: [usize; 5] = [1, 4, 8, 16, 64];
/// Assignments a second that the stock of one measurement must last for.
const RATE_MAX: u64 = 50_000;

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stage = Stage::new(cluster, Duration::ZERO);
    let count = RATE_MAX * plan.time.as_secs();
    let stock = count + count / 10;
    // pgbench ends by time alone; it is far slower than the bound.
    let bound = Bound { time: plan.time, count };
    stage.stock(stock);
    sign_up(stage.daemon.address, 64, Bound { time: Duration::from_millis(500), count: 10_000 });
    let mut ours: Vec<Vec<Sample>> = vec![Vec::new(); CONNECTIONS.len()];
    let mut theirs: Vec<Vec<f64>> = vec![Vec::new(); CLIENTS.len()];
    for _round in 0..plan.rounds {
        for at in 0..CONNECTIONS.len().max(CLIENTS.len()) {
            if let Some(connections) = CONNECTIONS.get(at) {
                stage.stock(stock);
                ours[at].push(sign_up(stage.daemon.address, *connections, bound));
            }
            if let Some(clients) = CLIENTS.get(at) {
                stage.stock(stock);
                theirs[at].push(pgbench::assign(cluster, &stage.database, *clients, plan.time));
            }
        }
    }
    let ours: Vec<Sample> = ours.iter().map(|samples| middle(samples)).collect();
    let theirs: Vec<f64> = theirs.iter().map(|rates| median(rates.iter().copied())).collect();
    let (alone, best) = (theirs[0], theirs.iter().copied().fold(0.0, f64::max));

    println!("\nassignments over HTTP, durable commits, median of {} rounds", plan.rounds);
    println!(
        "{:>12} {:>10} {:>12} {:>12} {:>20} {:>9}",
        "connections", "a second", "median", "p99", "÷ pgbench's best", "failures"
    );
    for (connections, sample) in CONNECTIONS.iter().zip(&ours) {
        println!(
            "{connections:>12} {:>10.0} {:>12} {:>12} {:>20.2} {:>9}",
            sample.per_second,
            millis(sample.median),
            millis(sample.p99),
            sample.per_second / best,
            sample.failures
        );
    }
    println!("\nthe same by pgbench, one row for one user in one statement");
    println!("{:>12} {:>10}", "clients", "a second");
    for (clients, rate) in CLIENTS.iter().zip(&theirs) {
        println!("{clients:>12} {rate:>10.0}");
    }
    let memory = stage.daemon.memory();
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "\nthe daemon's memory after it: {:.1} MB resident, {:.1} MB at most",
        megabytes(memory.resident),
        megabytes(memory.peak)
    );

    let ratio = ours[2].per_second / best;
    report.target("64 connections: at least 2 × pgbench's best", format!("{ratio:.2} ×"), ratio >= 2.0);
    let ratio = ours[0].per_second / alone;
    report.target("1 connection: at least 0.6 × pgbench with 1 client", format!("{ratio:.2} ×"), ratio >= 0.6);
    report.target("64 connections: p99 under 40 ms", millis(ours[2].p99), ours[2].p99 < Duration::from_millis(40));
    let resident = megabytes(memory.resident);
    report.target("resident memory under 40 MB", format!("{resident:.1} MB"), resident < 40.0);
    let failures: u64 = ours.iter().map(|sample| sample.failures).sum();
    report.target("every signup served", format!("{failures} not"), failures == 0);
}
