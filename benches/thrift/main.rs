//! How thrifty the advice is: five kinds of traffic, four weeks to learn from and one held out, on which the advice meets today's
//! fixed threshold and a clairvoyant who knows the week that comes.
//!
//! `make thrift` prints the table, and ends with 1 when the advice misses what it promises. No database, no clock but for the last
//! line, the same figures on every machine; `cargo test` runs two kinds of traffic, smaller.
//! Invariants: advice sees what lies before it only; all three are the pool's real policy, replayed with the same demand.
//! How to get it wrong: judging by the weeks that the advice was made from. Anything is good at yesterday.

#![allow(unreachable_pub, reason = "a program of its own, not a library")]

mod judge;
mod shapes;
mod week;

use std::process::ExitCode;
use std::time::Instant;

use callbunker::domain::foresight::{Supply, needs};
use callbunker::domain::{CapLimits, UNBOUND};

use crate::judge::{Row, failures, table};
use crate::shapes::Shape;

/// What the advice is asked for: one in a thousand may wait.
pub const SHARE: f64 = 0.001;

/// What `--bench` runs.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let is_benchmark = args.iter().any(|arg| arg == "--bench");
    // `cargo test NAME` starts this program, too, and means another test; so does a list of tests.
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let is_meant = names.is_empty() || names.iter().any(|name| "thrift".contains(name.as_str()));
    if !is_benchmark && (!is_meant || args.iter().any(|arg| arg == "--list")) {
        return ExitCode::SUCCESS;
    }
    let (shapes, seeds, part): (&[Shape], Vec<u64>, f64) = if is_benchmark {
        (&Shape::ALL, SEEDS.collect(), 1.0)
    } else {
        (&[Shape::Steady, Shape::Silence], vec![1, 2], 0.2)
    };
    let rows: Vec<Row> = shapes.iter().map(|shape| judge::row(*shape, &seeds, part)).collect();
    println!("{}", table(&rows));
    if is_benchmark {
        time_a_million();
    }
    let mut failures = failures(&rows);
    failures.extend(judge::not_in_the_readme(&rows, is_benchmark));
    for failure in &failures {
        println!("{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long a replay of a million requests in four weeks takes, at best of five times.
fn time_a_million() {
    let mut asked = Shape::Daily.requests(1, 1_000_000.0 / (28.0 * 86_400.0) / Shape::Daily.per_second());
    asked.truncate(1_000_000);
    let (supply, limits) = (Supply { lead_ms: 120_000, per_second: 13.0 }, CapLimits::of_spend(UNBOUND, UNBOUND));
    let time = || {
        let begun = Instant::now();
        let stock = needs(&asked, &supply, &limits).stock_for(SHARE);
        (begun.elapsed(), stock)
    };
    let (best, stock) = (0..5).map(|_| time()).min().expect("five times are some");
    println!("{} requests replayed in {} ms: a stock of {stock}", asked.len(), best.as_millis());
}
