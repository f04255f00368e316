//! The load: so many keep-alive connections, each with one signup in flight, every user a new one.
//!
//! How to get it wrong: letting the pool run dry in the middle; the rest would measure purchases.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::client::Client;
use crate::daemon::SIGNUP_KEY;

/// When a load ends: at the earlier of both.
#[derive(Clone, Copy)]
pub struct Bound {
    pub time: Duration,
    pub count: u64,
}

/// What one load measured.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    pub per_second: f64,
    pub median: Duration,
    pub p99: Duration,
    pub served: u64,
    /// Answers other than 200, and connections that broke.
    pub failures: u64,
}

/// Signs up new users over `connections` connections.
pub fn sign_up(address: SocketAddr, connections: usize, bound: Bound) -> Sample {
    sign_up_at(address, connections, bound, &[])
}

/// The same at several pools, in turns; at none, nobody names one.
pub fn sign_up_at(address: SocketAddr, connections: usize, bound: Bound, pools: &[String]) -> Sample {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // What a body has to say of its pool.
    let pools: Rc<[String]> = pools.iter().map(|pool| format!(r#","pool":"{pool}""#)).collect();
    LocalSet::new().block_on(&runtime, run(address, connections, bound, &pools))
}

async fn run(address: SocketAddr, connections: usize, bound: Bound, pools: &Rc<[String]>) -> Sample {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(address).await.expect("the daemon accepts"));
    }
    let left = Rc::new(Cell::new(bound.count));
    let began = Instant::now();
    let users: Vec<_> = (0..)
        .zip(clients)
        .map(|(at, client)| {
            let load = Load {
                run,
                connection: at,
                until: began + bound.time,
                left: Rc::clone(&left),
                pools: Rc::clone(pools),
            };
            tokio::task::spawn_local(one(client, load))
        })
        .collect();
    let (mut latencies, mut failures) = (Vec::new(), 0);
    for user in users {
        let (mut some, failed) = user.await.expect("the load does not panic");
        latencies.append(&mut some);
        failures += failed;
    }
    let time = began.elapsed();
    latencies.sort_unstable();
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or_default();
    let served = latencies.len();
    let per_second = served as f64 / time.as_secs_f64();
    Sample { per_second, median: at(0.5), p99: at(0.99), served: served as u64, failures }
}

/// One connection's part.
struct Load {
    run: u64,
    connection: usize,
    until: Instant,
    left: Rc<Cell<u64>>,
    pools: Rc<[String]>,
}

async fn one(mut client: Client, load: Load) -> (Vec<Duration>, u64) {
    use std::fmt::Write as _;
    let Load { run, connection, until, left, pools } = load;
    let mut latencies = Vec::with_capacity(4096);
    let mut body = String::new();
    let mut sent = Instant::now();
    while sent < until && left.get() > 0 {
        left.set(left.get() - 1);
        body.clear();
        let pool = pools.get((connection + latencies.len()) % pools.len().max(1)).map_or("", String::as_str);
        let _ = write!(body, r#"{{"user_id":"u-{run}-{connection}-{}"{pool}}}"#, latencies.len());
        match client.post("/signup/api/assign", SIGNUP_KEY, &body).await {
            Ok(200) => {}
            _ => return (latencies, 1),
        }
        let now = Instant::now();
        latencies.push(now - sent);
        sent = now;
    }
    (latencies, 0)
}

/// The sample of middle throughput, middle median and middle p99; all that were served, all failures.
pub fn middle(samples: &[Sample]) -> Sample {
    Sample {
        per_second: median(samples.iter().map(|sample| sample.per_second)),
        median: Duration::from_secs_f64(median(samples.iter().map(|sample| sample.median.as_secs_f64()))),
        p99: Duration::from_secs_f64(median(samples.iter().map(|sample| sample.p99.as_secs_f64()))),
        served: samples.iter().map(|sample| sample.served).sum(),
        failures: samples.iter().map(|sample| sample.failures).sum(),
    }
}

/// The middle of some figures.
pub fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
