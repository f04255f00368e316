//! Everything at once, by dice: instances, operations, faults, kills, cut sessions; then quiet, and the truth is checked.
//!
//! Every round prints its seed; `TORTURE_SEED=… TORTURE_ROUNDS=1` runs it again. The dice are the same then, the timing is
//! not. Invariant: a round ends with nothing on its way, else it proves nothing.
//! How to get it wrong: faults that lie about whose a number is; then the database is right to lose it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On, ReownMode};

use super::operations::{assign, hasty, purchase};
use super::rivals::cut_the_lock;
use super::{is_long, tally};
use crate::daemon::Daemon;
use crate::truth::Acknowledged;
use crate::world::{ADMIN_KEY, SIGNUP_KEY, World};

const ROUNDS: u64 = 3;
const ROUNDS_LONG: u64 = 200;
/// Rounds mostly wait.
const AT_A_TIME: usize = 3;
const STEPS: usize = 40;

/// Faults after which nothing may be lost.
const FAULTS: &[(On, FaultKind)] = &[
    (On::Create, FaultKind::CommitThenHang),
    (On::Create, FaultKind::CommitThenReset),
    (On::Create, FaultKind::CommitThen500),
    (On::Create, FaultKind::TruncatedBody),
    (On::Create, FaultKind::Hang),
    (On::Create, FaultKind::Reset),
    (On::Create, FaultKind::Error503),
    (On::Create, FaultKind::TooManyRequests),
    (On::Create, FaultKind::Stolen),
    (On::Create, FaultKind::Lag),
    (On::Create, FaultKind::Suspended),
    (On::Create, FaultKind::Barred),
    (On::Search, FaultKind::NoStock),
    (On::Search, FaultKind::Stolen),
    (On::Search, FaultKind::Error503),
    (On::Search, FaultKind::MalformedJson),
    (On::List, FaultKind::Error503),
    (On::List, FaultKind::Hang),
    (On::List, FaultKind::TruncatedBody),
    (On::List, FaultKind::Unauthorized),
];

/// The seed and the number of rounds of this run.
fn dice() -> (u64, u64) {
    let env = |name: &str| std::env::var(name).ok().map(|value| value.parse().expect("a number"));
    let rounds = env("TORTURE_ROUNDS").unwrap_or(if is_long() { ROUNDS_LONG } else { ROUNDS });
    (env("TORTURE_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>())), rounds)
}

#[test]
fn whatever_the_dice_say_nothing_is_lost_doubled_or_beyond_a_cap() {
    let (seed, rounds) = dice();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    if round >= rounds {
                        return;
                    }
                    let seed = seed.wrapping_add(round);
                    println!("a random round with TORTURE_SEED={seed}");
                    Round::new(seed).run();
                    tally::round();
                }
            });
        }
    });
}

/// One world and what is going on in it.
struct Round {
    seed: u64,
    dice: StdRng,
    world: World,
    daemons: Vec<Arc<Daemon>>,
    told: Arc<Mutex<Acknowledged>>,
    users: usize,
}

/// Says which dice to throw again.
impl Drop for Round {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this round was TORTURE_SEED={} TORTURE_ROUNDS=1\n{}", self.seed, self.world.ledger());
        }
    }
}

impl Round {
    fn new(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let world = hasty(World::new())
            .set("twilio.request_timeout_ms", 400)
            .set("pool.threshold_low", 3)
            .set("pool.total_min", 5)
            .set("pool.replenishment_batch_size", dice.random_range(1..=5))
            .set("pool.available_max", 7)
            .set("pool.owned_max", dice.random_range(15..=40))
            .set("spend.purchases_per_hour_max", dice.random_range(20..=60))
            .set("purchase.concurrency", dice.random_range(1..=6))
            .set("breaker.probe_secs", 1);
        world.twilio.set_latency(Duration::from_millis(dice.random_range(0..40)));
        world.twilio.set_reown_mode(if dice.random() { ReownMode::A } else { ReownMode::B });
        let count = dice.random_range(1..=3);
        tally::instances(count);
        let daemons = (0..count).map(|_| Arc::new(world.daemon())).collect();
        Self { seed, dice, world, daemons, told: Arc::default(), users: 0 }
    }

    fn run(mut self) {
        let mut going: Vec<thread::JoinHandle<()>> = Vec::new();
        for _step in 0..STEPS {
            going.extend(self.step());
            thread::sleep(Duration::from_millis(self.dice.random_range(0..150)));
        }
        for operation in going {
            operation.join().unwrap();
        }
        self.quiesce();
        self.world.assert_truth();
        self.world.assert_remembered(&self.told.lock().unwrap());
        assert!(self.daemons.iter().all(|daemon| daemon.get("/readyz").status == 200), "not everybody is ready");
    }

    /// Something happens; what takes longer goes on by itself.
    fn step(&mut self) -> Option<thread::JoinHandle<()>> {
        let daemon = Arc::clone(self.daemons.choose(&mut self.dice).expect("there is one"));
        match self.dice.random_range(0..20) {
            0..6 => Some(self.assign(daemon)),
            6..8 => self.release(daemon),
            8..10 => {
                let count = self.dice.random_range(1..=4);
                Some(thread::spawn(move || purchase(&daemon, count)))
            }
            10 => Some(thread::spawn(move || post(&daemon, "/admin/phones/api/replenish"))),
            11 => Some(thread::spawn(move || post(&daemon, "/admin/phones/cron/auto-replenish"))),
            12 => Some(thread::spawn(move || {
                post(&daemon, "/admin/phones/api/pause");
                thread::sleep(Duration::from_millis(300));
                post(&daemon, "/admin/phones/api/resume");
            })),
            13..16 => {
                self.fault();
                None
            }
            16 => {
                cut_the_lock(&self.world);
                None
            }
            _ => {
                self.kill();
                None
            }
        }
    }

    fn assign(&mut self, daemon: Arc<Daemon>) -> thread::JoinHandle<()> {
        self.users += 1;
        let (user, told) = (format!("u-{}", self.users), Arc::clone(&self.told));
        thread::spawn(move || {
            let mut mine = Acknowledged::new();
            assign(&daemon, &[&user], &mut mine);
            told.lock().unwrap().append(&mut mine);
        })
    }

    /// Somebody who has a number gives it back, or tries to: from here on they may or may not have it.
    fn release(&mut self, daemon: Arc<Daemon>) -> Option<thread::JoinHandle<()>> {
        let (user, _number) = self.told.lock().unwrap().pop()?;
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        Some(thread::spawn(move || {
            let body = json!({ "user_id": user }).to_string();
            drop(daemon.try_send("POST", "/signup/api/release", &headers, Some(body.as_bytes())));
        }))
    }

    fn fault(&mut self) {
        let (on, kind) = *FAULTS.choose(&mut self.dice).expect("there are some");
        let fault = Fault::new(on, kind);
        // An item that the list hides from both of its looks is not bought, as far as anybody can tell.
        let fault = if kind == FaultKind::Lag { fault.requests(1) } else { fault.times(self.dice.random_range(1..=3)) };
        self.world.twilio.fault(fault);
        tally::faults(1);
    }

    /// A daemon dies, now or at some step to come; another one takes its place.
    fn kill(&mut self) {
        let victim = self.dice.random_range(0..self.daemons.len());
        if self.dice.random() {
            self.daemons[victim].signal(Signal::SIGKILL);
        } else {
            let points = callbunker::failpoints::FAILPOINTS;
            let (point, _) = points.choose(&mut self.dice).expect("there are some");
            let hit = self.dice.random_range(1..=4);
            self.daemons[victim].failpoints(&format!("{point}=kill@{hit}"));
            thread::sleep(Duration::from_millis(self.dice.random_range(0..300)));
            // Whether it came by or not.
            self.daemons[victim].signal(Signal::SIGKILL);
        }
        tally::kill();
        // The old one's clients may still hang on it; it is reaped with the last of them.
        self.daemons[victim] = Arc::new(self.world.daemon());
    }

    /// No fault waits, nobody buys any more, and what is open is settled.
    fn quiesce(&mut self) {
        self.world.twilio.clear_faults();
        self.world
            .sql("UPDATE purchases SET expires_at = clock_timestamp() - interval '6 seconds' WHERE state = 'queued'");
        let daemon = &self.daemons[0];
        // Resume closes the breaker too; then the pool fills up as far as it may, or pause stops it.
        daemon.post_empty("/admin/phones/api/resume").ok();
        daemon.post_empty("/admin/phones/api/pause").ok();
        self.world.settle();
    }
}

fn post(daemon: &Daemon, path: &str) {
    drop(daemon.try_send("POST", path, &[("X-Admin-API-Key", ADMIN_KEY)], None));
}
