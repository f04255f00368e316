//! Whether a large pool, or many who have a number, make a signup slower: a database and a daemon for each, in turns.
//!
//! How to get it wrong: comparing a pool that was just filled with one that rested, or figures of different minutes.

use std::time::Duration;

use postgres_fixture::Cluster;

use crate::Plan;
use crate::load::{Bound, Sample, middle, sign_up};
use crate::report::{Report, millis};
use crate::stage::Stage;

/// One pool beside the others.
struct Pool {
    name: &'static str,
    /// In stock at the beginning of each load.
    stock: u64,
    /// Somebody's already.
    assigned: u64,
    /// Loads one after the other, each from a full stock: a small one lasts for so many signups only.
    fills: usize,
    /// As many numbers as that are there for.
    connections_max: usize,
}

/// The first is what the others are held against.
const POOLS: [Pool; 4] = [
    Pool { name: "20,000 in stock", stock: 20_000, assigned: 0, fills: 1, connections_max: 64 },
    Pool { name: "50 in stock", stock: 50, assigned: 0, fills: 12, connections_max: 1 },
    Pool { name: "1,000,000 in stock", stock: 1_000_000, assigned: 0, fills: 1, connections_max: 64 },
    Pool { name: "1,000,000 assigned", stock: 20_000, assigned: 1_000_000, fills: 1, connections_max: 64 },
];
/// Short, because the small pools last no longer; hence more rounds.
const COUNT: u64 = 15_000;
const MORE_ROUNDS: usize = 6;
const CONNECTIONS: [usize; 2] = [1, 64];
/// A median may differ by so much.
const MOST: f64 = 0.1;

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stages: Vec<Stage> = POOLS
        .iter()
        .map(|pool| {
            let stage = Stage::new(cluster, Duration::ZERO);
            stage.assigned(pool.assigned);
            stage.stock(pool.stock.max(5_000));
            sign_up(stage.daemon.address, 64, Bound { time: Duration::from_millis(500), count: 5_000 });
            stage
        })
        .collect();
    let mut samples: Vec<Vec<Vec<Sample>>> = vec![vec![Vec::new(); POOLS.len()]; CONNECTIONS.len()];
    for round in 0..plan.rounds + MORE_ROUNDS {
        for (at, connections) in CONNECTIONS.iter().enumerate() {
            for turn in 0..POOLS.len() {
                let which = (turn + round) % POOLS.len();
                let (pool, stage) = (&POOLS[which], &stages[which]);
                if *connections > pool.connections_max {
                    continue;
                }
                for _fill in 0..pool.fills {
                    stage.stock(pool.stock);
                    let bound = Bound { time: plan.time, count: COUNT.min(pool.stock) };
                    samples[at][which].push(sign_up(stage.daemon.address, *connections, bound));
                }
            }
        }
    }
    println!("\nmedian latency of a signup, beside {}", POOLS[0].name);
    println!("{:>12} {:>20} {:>12} {:>9}", "connections", "pool", "median", "change");
    for (connections, of_pools) in CONNECTIONS.iter().zip(&samples) {
        let first = middle(&of_pools[0]).median;
        println!("{connections:>12} {:>20} {:>12}", POOLS[0].name, millis(first));
        for (pool, samples) in POOLS.iter().zip(of_pools).skip(1).filter(|(_, samples)| !samples.is_empty()) {
            let median = middle(samples).median;
            let change = median.as_secs_f64() / first.as_secs_f64() - 1.0;
            println!("{connections:>12} {:>20} {:>12} {:>8.1}%", pool.name, millis(median), change * 100.0);
            report.target(
                &format!("{connections} connections: {} makes the median no more than 10 % longer", pool.name),
                format!("{:+.1} %", change * 100.0),
                change <= MOST,
            );
        }
    }
}
