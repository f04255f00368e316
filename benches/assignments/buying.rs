//! How soon numbers are bought, in units of the latency of Twilio's calls: for signups that wait, and by hand.

use std::time::{Duration, Instant};

use postgres_fixture::Cluster;
use tokio::task::JoinSet;

use crate::Plan;
use crate::client::Client;
use crate::daemon::{ADMIN_KEY, SIGNUP_KEY};
use crate::load::median;
use crate::report::Report;
use crate::stage::Stage;

/// Of each call.
const LATENCY: Duration = Duration::from_millis(200);
const SIGNUPS: usize = 100;
const BY_HAND: usize = 50;

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let signups: Vec<Outcome> = (0..plan.rounds).map(|_| run(cluster, sign_up_at_once)).collect();
    let by_hand: Vec<Outcome> = (0..plan.rounds).map(|_| run(cluster, buy_by_hand)).collect();
    println!("\nbuying, L = {} ms for each of Twilio's calls, median of {} rounds", LATENCY.as_millis(), plan.rounds);
    println!("{:>34} {:>8} {:>14} {:>9}", "", "time", "bought", "searches");
    for (what, outcomes, wanted, within) in [
        ("100 signups at once, an empty pool", &signups, SIGNUPS, 12.0),
        ("50 numbers by hand", &by_hand, BY_HAND, 16.0),
    ] {
        let time = median(outcomes.iter().map(|outcome| outcome.time));
        let bought: Vec<usize> = outcomes.iter().map(|outcome| outcome.bought).collect();
        let searches = outcomes.iter().map(|outcome| outcome.searches).max().unwrap_or_default();
        println!("{what:>34} {time:>6.1} L {:>14} {searches:>9}", format!("{bought:?}"));
        report.target(&format!("{what}: within {within} L"), format!("{time:.1} L"), time <= within);
        let exact = bought.iter().all(|count| *count == wanted);
        report.target(&format!("{what}: exactly {wanted} bought"), format!("{bought:?}"), exact);
    }
}

struct Outcome {
    /// In latencies.
    time: f64,
    bought: usize,
    searches: u64,
}

fn run<F: Future<Output = ()>>(cluster: &Cluster, act: impl FnOnce(std::net::SocketAddr) -> F) -> Outcome {
    let stage = Stage::new(cluster, LATENCY);
    // What a start does by itself is over.
    std::thread::sleep(LATENCY * 2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let began = Instant::now();
    runtime.block_on(act(stage.daemon.address));
    let time = began.elapsed().as_secs_f64() / LATENCY.as_secs_f64();
    // Whatever is bought in excess comes a moment later.
    std::thread::sleep(LATENCY * 4);
    let truth = stage.twilio.truth();
    Outcome { time, bought: truth.purchases.len(), searches: truth.requests_of(twilio_simulator::On::Search) }
}

async fn sign_up_at_once(address: std::net::SocketAddr) {
    let mut signups = JoinSet::new();
    for user in 0..SIGNUPS {
        signups.spawn(async move {
            let mut client = Client::connect(address).await.expect("the daemon accepts");
            let body = format!(r#"{{"user_id":"u-{user}"}}"#);
            client.post("/signup/api/assign", SIGNUP_KEY, &body).await.expect("an answer")
        });
    }
    let statuses = signups.join_all().await;
    assert!(statuses.iter().all(|status| *status == 200), "signups were turned away: {statuses:?}");
}

async fn buy_by_hand(address: std::net::SocketAddr) {
    let mut client = Client::connect(address).await.expect("the daemon accepts");
    let body = format!(r#"{{"count":{BY_HAND}}}"#);
    let status = client.post("/admin/phones/api/purchase", ADMIN_KEY, &body).await.expect("an answer");
    assert!(status == 200 || status == 201, "the purchase ended with {status}");
}
