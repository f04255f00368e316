//! Whether a large pool is slower than a small one: two databases, two daemons, in turns.

use std::time::Duration;

use postgres_fixture::Cluster;

use crate::Plan;
use crate::load::{Bound, Sample, middle, sign_up};
use crate::report::{Report, millis};
use crate::stage::Stage;

const SMALL: u64 = 20_000;
const LARGE: u64 = 1_000_000;
/// Short, because the small pool lasts no longer; hence more rounds.
const COUNT: u64 = 15_000;
const MORE_ROUNDS: usize = 2;
const CONNECTIONS: [usize; 2] = [1, 64];

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stages = [SMALL, LARGE].map(|rows| {
        let stage = Stage::new(cluster, Duration::ZERO);
        stage.stock(rows);
        sign_up(stage.daemon.address, 64, Bound { time: Duration::from_millis(500), count: 5_000 });
        (stage, rows)
    });
    let mut samples: Vec<[Vec<Sample>; 2]> = vec![Default::default(); CONNECTIONS.len()];
    for round in 0..plan.rounds + MORE_ROUNDS {
        for (at, connections) in CONNECTIONS.iter().enumerate() {
            for turn in 0..2 {
                let which = (turn + round) % 2;
                let (stage, rows) = &stages[which];
                stage.stock(*rows);
                let bound = Bound { time: plan.time, count: COUNT };
                samples[at][which].push(sign_up(stage.daemon.address, *connections, bound));
            }
        }
    }
    println!("\nmedian latency, {SMALL} numbers in stock and {LARGE}");
    println!("{:>12} {:>12} {:>12} {:>9}", "connections", "small", "large", "change");
    for (connections, [small, large]) in CONNECTIONS.iter().zip(&samples) {
        let (small, large) = (middle(small).median, middle(large).median);
        let change = large.as_secs_f64() / small.as_secs_f64() - 1.0;
        println!("{connections:>12} {:>12} {:>12} {:>8.1}%", millis(small), millis(large), change * 100.0);
        report.target(
            &format!("{connections} connections: a million in stock changes the median by less than 20 %"),
            format!("{:+.1} %", change * 100.0),
            change < 0.2,
        );
    }
}
