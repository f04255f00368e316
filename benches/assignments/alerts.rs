//! Whether a mail server that is dead makes a signup slower: a database and a daemon with nobody to be told, with a mail server that
//! takes connections and says nothing, and with one that refuses; in turns, while something is wrong and its mail is tried again and again.
//!
//! How to get it wrong: a mail that waits for its next try. It is due again every moment here, so that a try is always on its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use far_side::{ALWAYS, FarSide, FarSideOptions, Reception, Stage as At};
use postgres_fixture::Cluster;

use crate::Plan;
use crate::load::{Bound, Sample, middle, sign_up};
use crate::report::{Report, millis};
use crate::stage::Stage;

const CONNECTIONS: usize = 64;
/// Signups of one load at most.
const COUNT: u64 = 60_000;
/// The p99 beside nobody's. The judge's rounds and the tries are statements of their own on two cores that are busy, and a p99 of two
/// seconds is some hundred signups: the second stage without anybody says how much of it is chance.
const MOST: f64 = 1.15;
/// What takes four milliseconds may take a little longer by chance.
const SLACK: Duration = Duration::from_micros(500);
/// More rounds than asked for: one in a hundred is few, and its median is steady only over several.
const MORE_ROUNDS: usize = 4;
/// A mail is due again so often. Where nobody is told, as much is asked for and does nothing.
const DUE_EVERY: Duration = Duration::from_millis(500);

/// Whom the daemon mails.
struct Told {
    name: &'static str,
    stage: Stage,
    server: Option<FarSide>,
    samples: Vec<Sample>,
}

impl Told {
    fn new(cluster: &Cluster, name: &'static str, reception: Option<Reception>) -> Self {
        let server = reception.map(|reception| {
            let server = FarSide::start(FarSideOptions::default()).expect("a mail server");
            server.receive(None, At::Greeting, reception, ALWAYS);
            server
        });
        let url = server.as_ref().map(FarSide::smtp_url).unwrap_or_default();
        let settings = [
            ("CALLBUNKER__ALERTS__FOR_SECS", "5"),
            ("CALLBUNKER__ALERTS__EMAIL__SMTP_URL", url.as_str()),
            ("CALLBUNKER__ALERTS__EMAIL__FROM", "callbunker@example.com"),
            ("CALLBUNKER__ALERTS__EMAIL__TO", "ops@example.com"),
        ];
        // Rounds come every five seconds, as they do by default.
        let settings = if server.is_some() { &settings[..] } else { &settings[..1] };
        let stage = Stage::with(cluster, Duration::ZERO, 1, settings);
        // Of now and the next hour.
        stage.sql(
            "INSERT INTO event_refusals SELECT date_trunc('minute', clock_timestamp()) + make_interval(mins => n), 3
               FROM generate_series(0, 60) AS n",
        );
        Self { name, stage, server, samples: Vec::new() }
    }

    fn mails(&self, which: &str) -> u64 {
        let count = self.stage.sql(&format!("SELECT count(*) FROM alert_messages WHERE channel = 'email' AND {which}"));
        count.trim().parse().unwrap_or_default()
    }

    /// How many connections the mail server has had.
    fn tries(&self) -> usize {
        self.server.as_ref().map_or(0, |server| server.got().sessions.len())
    }

    /// One load more, while the mail is due again and again.
    fn push(&mut self, plan: &Plan) {
        self.stage.stock(COUNT + COUNT / 10);
        let done = AtomicBool::new(false);
        let sample = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    self.stage.sql("UPDATE alert_messages SET due_at = clock_timestamp() WHERE state = 'waiting'");
                    std::thread::sleep(DUE_EVERY);
                }
            });
            let bound = Bound { time: plan.time, count: COUNT };
            let sample = sign_up(self.stage.daemon.address, CONNECTIONS, bound);
            done.store(true, Ordering::Relaxed);
            sample
        });
        self.samples.push(sample);
    }
}

pub fn measure(plan: &Plan, cluster: &Cluster, report: &mut Report) {
    let refuses = Reception::Refuse(421, "not now".to_owned());
    let mut all = [
        Told::new(cluster, "nobody", None),
        Told::new(cluster, "nobody, again", None),
        Told::new(cluster, "a mail server that hangs", Some(Reception::Stall)),
        Told::new(cluster, "a mail server that refuses", Some(refuses)),
    ];
    for told in &all {
        told.stage.stock(COUNT);
        sign_up(told.stage.daemon.address, CONNECTIONS, Bound { time: Duration::from_millis(500), count: 10_000 });
        let began = std::time::Instant::now();
        while told.server.is_some() && told.mails("tries > 0") == 0 && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(DUE_EVERY);
        }
    }
    let (count, rounds) = (all.len(), plan.rounds + MORE_ROUNDS);
    for round in 0..rounds {
        (0..count).for_each(|turn| all[(turn + round) % count].push(plan));
    }
    let middles: Vec<Sample> = all.iter().map(|told| middle(&told.samples)).collect();
    println!("\nassignments at {CONNECTIONS} connections while alerts are told, median of {rounds} rounds, in turns");
    println!("{:>28} {:>9} {:>9} {:>9} {:>8} {:>7}", "told", "a second", "median", "p99", "÷ nobody", "tries");
    for (told, of) in all.iter().zip(&middles) {
        println!(
            "{:>28} {:>9.0} {:>9} {:>9} {:>8.2} {:>7}",
            told.name,
            of.per_second,
            millis(of.median),
            millis(of.p99),
            of.p99.as_secs_f64() / middles[0].p99.as_secs_f64(),
            told.tries()
        );
    }
    judge(&all, &middles, report);
}

fn judge(all: &[Told], middles: &[Sample], report: &mut Report) {
    // Whichever of the two was slower: their difference is chance.
    let nobody = middles[0].p99.max(middles[1].p99);
    for (told, of) in all.iter().zip(middles).skip(2) {
        let ratio = of.p99.as_secs_f64() / nobody.as_secs_f64();
        let is_met = ratio <= MOST || of.p99 <= nobody + SLACK;
        report.target(&format!("{}: p99 at most {MOST} of nobody's", told.name), format!("{ratio:.2} ×"), is_met);
        let (waiting, gone) = (told.mails("state = 'waiting' AND tries > 0"), told.mails("state <> 'waiting'"));
        let target = format!("{}: what it did not take waits", told.name);
        report.target(&target, format!("{waiting} wait, {gone} do not"), waiting > 0 && gone == 0);
    }
    let failures: u64 = middles.iter().map(|of| of.failures).sum();
    report.target("every signup served, whoever is told", format!("{failures} not"), failures == 0);
}
