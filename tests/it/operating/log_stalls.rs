//! A reader of the log that stands still: nobody waits for it, and in the end it has what mattered and knows what it missed.

use std::io::{Read as _, Write as _};
use std::thread;

use serde_json::Value;

use crate::world::daemon::Daemon;
use crate::world::raw::connect;
use crate::world::scrape::Scrape;
use crate::world::{World, eventually};

const STOCK: usize = 30;
/// More than the daemon has threads that could be put to sleep.
const REFUSED: usize = 40;

/// Asks 500 times for something that leaves one line of small talk.
fn small_talk(daemon: &Daemon) {
    const REQUESTS: usize = 500;
    let mut stream = connect(daemon);
    stream.write_all("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n".repeat(REQUESTS).as_bytes()).expect("they are taken");
    let (mut answers, mut piece) = (Vec::new(), [0; 16 * 1024]);
    while String::from_utf8_lossy(&answers).matches("HTTP/1.1 200").count() < REQUESTS {
        match stream.read(&mut piece) {
            Ok(read @ 1..) => answers.extend_from_slice(&piece[..read]),
            broken => panic!("{broken:?}"),
        }
    }
}

fn dropped(daemon: &Daemon, importance: &str) -> f64 {
    Scrape::of(daemon).get("callbunker_log_lines_dropped_total", &[("importance", importance)])
}

/// The warnings that somebody who signed up could not be served.
fn refusals(lines: &[Value]) -> usize {
    let is_one = |line: &&Value| {
        line["level"] == "warn"
            && line["msg"] == "answered"
            && line["status"] == 503
            && line["path"] == "/signup/api/assign"
    };
    lines.iter().filter(is_one).count()
}

#[test]
fn while_nobody_reads_the_log_signups_are_served_and_what_mattered_is_read_later() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(u32::try_from(STOCK).unwrap()).ok();
    daemon.post_empty("/admin/phones/api/pause").ok();
    daemon.stall_log(true);
    // However slow the machine is: so much fits into no pipe and no queue.
    for _ in 0..400 {
        small_talk(&daemon);
        if dropped(&daemon, "ordinary") > 0.0 {
            break;
        }
    }
    assert!(dropped(&daemon, "ordinary") > 0.0, "the pipe and the queue are full");
    for user in 0..STOCK / 2 {
        daemon.assign(&format!("before-{user}")).ok();
    }
    // The rest of the stock, and as many again as nobody can serve: each of these is a warning.
    thread::scope(|scope| {
        let answers: Vec<_> = (0..STOCK - STOCK / 2 + REFUSED)
            .map(|user| {
                let daemon = &daemon;
                scope.spawn(move || daemon.assign(&format!("crowd-{user}")).status)
            })
            .collect();
        let mut answers: Vec<u16> = answers.into_iter().map(|answer| answer.join().unwrap()).collect();
        answers.sort_unstable();
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), STOCK - STOCK / 2, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 503).count(), REFUSED, "{answers:?}");
    });
    daemon.post_empty("/admin/phones/api/resume").ok();
    daemon.assign("after").ok();
    assert_eq!(refusals(&daemon.log_lines()), 0, "nobody has read it yet");

    daemon.stall_log(false);
    eventually("every warning is read", || refusals(&daemon.log_lines()) == REFUSED);
    eventually("what was dropped is said, all of it", || {
        let lines = daemon.log_lines();
        let said =
            lines.iter().filter(|line| line["msg"].as_str().is_some_and(|text| text.contains("lines were dropped")));
        let said: Vec<(f64, f64)> =
            said.map(|line| (line["count"].as_f64().unwrap(), line["important"].as_f64().unwrap())).collect();
        let (count, important) = said.iter().fold((0.0, 0.0), |sum, line| (sum.0 + line.0, sum.1 + line.1));
        count > 0.0 && important == 0.0 && count == dropped(&daemon, "ordinary")
    });
    assert_eq!(dropped(&daemon, "important"), 0.0);
    // Lines come as they came before.
    let before = daemon.log_lines().len();
    daemon.assign("later").ok();
    eventually("it is logged", || {
        daemon.log_lines()[before..].iter().any(|line| line["path"] == "/signup/api/assign" && line["status"] == 200)
    });
    assert_eq!(daemon.stop(), Some(0));
}
