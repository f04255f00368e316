//! What a connection costs while it waits: memory of the daemon for each, and what is left when they have gone.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use postgres_fixture::Cluster;

use crate::Plan;
use crate::report::Report;
use crate::stage::Stage;

/// Fewer than the descriptors that a shell usually allows.
const CONNECTIONS: usize = 900;
/// They have all been read by then.
const SETTLED: Duration = Duration::from_secs(2);
/// The crowd's memory should be back by then.
const GONE: Duration = Duration::from_secs(20);

pub fn measure(_plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let stage = Stage::new(cluster, Duration::ZERO);
    let daemon = &stage.daemon;
    sleep(SETTLED);
    let at_rest = daemon.memory().resident;
    println!("\nmemory for each of {CONNECTIONS} connections that wait");
    let mut most = 0.0f64;
    for (name, request) in [
        ("silent", Vec::new()),
        ("half a form of 8 KiB", half_a_form()),
        ("a head of 30 KiB without its end", half_a_head()),
    ] {
        let before = daemon.memory().resident;
        let crowd: Vec<TcpStream> = (0..CONNECTIONS).map(|_| begin(daemon.address, &request)).collect();
        sleep(SETTLED);
        let each = daemon.memory().resident.saturating_sub(before) as f64 / CONNECTIONS as f64 / 1024.0;
        println!("{name:>40}: {each:>6.1} KiB");
        most = most.max(each);
        drop(crowd);
        let began = Instant::now();
        while daemon.memory().resident > at_rest + at_rest / 4 && began.elapsed() < GONE {
            sleep(Duration::from_millis(100));
        }
    }
    let left = daemon.memory().resident.saturating_sub(at_rest) as f64 / 1e6;
    report.target("a waiting connection: under 80 KiB", format!("{most:.1} KiB"), most < 80.0);
    report.target("left of it when they have gone: under 15 MB", format!("{left:.1} MB"), left < 15.0);
}

fn begin(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the daemon listens");
    stream.write_all(request).expect("the daemon takes it");
    stream
}

fn half_a_form() -> Vec<u8> {
    let head = "POST /admin/login HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let mut form = format!("{head}Content-Length: 8192\r\n\r\n").into_bytes();
    form.resize(form.len() + 8191, b'x');
    form
}

fn half_a_head() -> Vec<u8> {
    let mut head = b"GET /healthz HTTP/1.1\r\nHost: t\r\nX: ".to_vec();
    head.resize(30 * 1024, b'x');
    head
}
