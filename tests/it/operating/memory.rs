//! What strangers' connections cost while they wait, and that it goes back to the system when they have gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::world::World;
use crate::world::daemon::Daemon;
use crate::world::raw::connect;

const CROWD: usize = 500;
/// Of one stranger; the daemon of the tests is not optimized, its tasks are larger.
const KIB_MAX: u64 = 160;

/// A login form of so many bytes, all but the last of them.
fn form(bytes: usize) -> Vec<u8> {
    let head = "POST /admin/login HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-www-form-urlencoded";
    let mut form = format!("{head}\r\nContent-Length: {bytes}\r\n\r\n").into_bytes();
    form.resize(form.len() + bytes - 1, b'x');
    form
}

/// KiB of memory that each of a crowd costs while it waits; the crowd.
fn crowd(daemon: &Daemon, request: &[u8]) -> (u64, Vec<TcpStream>) {
    let before = daemon.memory_kib();
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| {
            let mut stream = connect(daemon);
            for piece in request.chunks(1000) {
                // Whoever is refused need not take the rest.
                let _ = stream.write_all(piece);
            }
            stream
        })
        .collect();
    sleep(Duration::from_secs(1));
    (daemon.memory_kib().saturating_sub(before) / CROWD as u64, crowd)
}

#[test]
fn a_crowd_of_strangers_costs_little_and_its_memory_goes_back() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let before = daemon.memory_kib();
    // The largest form that is taken, one that is not, the body of a route that takes none, and a long head.
    let mut plain = b"GET /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: 8192\r\n\r\n".to_vec();
    plain.resize(plain.len() + 8191, b'x');
    let mut head = b"GET /healthz HTTP/1.1\r\nHost: t\r\nX: ".to_vec();
    head.resize(30_000, b'x');
    for request in [form(8192), form(60_000), plain, head] {
        let name = String::from_utf8_lossy(&request[..40]).into_owned();
        let (each, mut crowd) = crowd(&daemon, &request);
        println!("{name}: {each} KiB each");
        assert!(each <= KIB_MAX, "{each} KiB for {name}");
        // Nobody is lost on the way: the first of them still gets its answer.
        let _ = crowd[0].write_all(b"x\r\n\r\n");
        assert!(crowd[0].read(&mut [0; 12]).is_ok_and(|read| read == 12), "{name}");
    }
    let full = daemon.memory_kib();
    let begin = Instant::now();
    let goal = before + 16 * 1024;
    while daemon.memory_kib() > goal {
        assert!(begin.elapsed() < Duration::from_secs(60), "{} KiB, {before} before it all", daemon.memory_kib());
        sleep(Duration::from_millis(250));
    }
    println!("{before} KiB at first, {full} with the last crowd, {} after it", daemon.memory_kib());
}
