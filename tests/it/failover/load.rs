//! Users who sign up, ask again and give their number back, at both daemons, for as long as something goes on. Each asks until they are
//! answered, and is never told of another number while they have one.
//!
//! How to get it wrong: taking a 503 for "nothing happened". It may have, and then a release finds nothing to release.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::torture::is_long;
use crate::world::daemon::{Daemon, Reply};

/// Longer than any failover lasts; only a bound.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
const REFUSED_PAUSE: Duration = Duration::from_millis(20);
const ORDER: u32 = 5;

/// What each user has, as they were told last.
pub type Told = BTreeMap<String, Option<String>>;

/// How it goes.
#[derive(Default)]
pub struct Load {
    /// Whether what is lost is counted; else it fails the test.
    forgives: bool,
    lost: AtomicUsize,
    /// At which daemon somebody was answered with what they wanted, and when.
    acknowledged: Mutex<Vec<(usize, Instant)>>,
    /// Which daemon refused somebody for want of its database, and when.
    refused: Mutex<Vec<(usize, Instant)>>,
    ends: AtomicBool,
}

impl Load {
    /// What is lost is counted, and whoever lost it goes on with what they are told then.
    pub fn forgiving() -> Self {
        Self { forgives: true, ..Self::default() }
    }

    /// How often somebody was told something else than before.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    fn loses(&self, what: &str) {
        assert!(self.forgives, "{what}");
        println!("failover: {what}");
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were answered with what they wanted.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.refused.lock().unwrap().len()
    }

    /// How long after `since` each daemon answered for the first time, if both have.
    pub fn both_serve(&self, since: Instant) -> Option<[Duration; 2]> {
        both(&self.acknowledged.lock().unwrap(), since)
    }

    /// How long after `since` each daemon missed its database for the first time, if both have.
    pub fn both_refuse(&self, since: Instant) -> Option<[Duration; 2]> {
        both(&self.refused.lock().unwrap(), since)
    }
}

fn both(all: &[(usize, Instant)], since: Instant) -> Option<[Duration; 2]> {
    let first = |daemon: usize| {
        let times = all.iter().filter(|(by, at)| *by == daemon && *at >= since).map(|(_, at)| *at);
        Some(times.min()?.duration_since(since))
    };
    Some([first(0)?, first(1)?])
}

struct Ending<'a>(&'a Load);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ends.store(true, Ordering::Relaxed);
    }
}

/// Runs `act` while users come and orders are placed; what it answers, and what the users were told in the end.
pub fn during<T>(daemons: &[Daemon; 2], act: impl FnOnce(&Load) -> T) -> (T, Told) {
    let mut crowd = Crowd::default();
    let outcome = crowd.during(daemons, &Load::default(), act);
    (outcome, crowd.told())
}

/// Whoever comes again.
#[derive(Default)]
pub struct Crowd {
    /// Of each client, with what they were told last.
    users: Vec<Vec<(String, Option<String>)>>,
    orders: usize,
}

impl Crowd {
    /// What everybody was told last.
    pub fn told(&self) -> Told {
        self.users.iter().flatten().cloned().collect()
    }

    /// They have what `held` says, whatever they were told: what was lost has been counted.
    pub fn learn(&mut self, held: &BTreeMap<&str, &str>) {
        for (user, number) in self.users.iter_mut().flatten() {
            *number = held.get(user.as_str()).map(|number| (*number).to_owned());
        }
    }

    /// Runs `act` while they come and orders are placed.
    pub fn during<T>(&mut self, daemons: &[Daemon; 2], load: &Load, act: impl FnOnce(&Load) -> T) -> T {
        // 200 a second come, as long as they are answered.
        let (clients, users, pause) = if is_long() { (32, 10, 160) } else { (16, 10, 80) };
        self.users.resize_with(clients, Vec::new);
        let first_order = self.orders;
        thread::scope(|scope| {
            let ending = Ending(load);
            let clients: Vec<_> = (self.users.iter_mut().enumerate())
                .map(|(number, theirs)| {
                    let client = Client { number, users: theirs, daemons, load };
                    scope.spawn(move || client.goes_on(users, Duration::from_millis(pause)))
                })
                .collect();
            let orders = scope.spawn(move || orders(daemons, load, first_order));
            let outcome = act(load);
            drop(ending);
            for client in clients {
                client.join().expect("a client");
            }
            self.orders = orders.join().expect("whoever orders");
            outcome
        })
    }
}

/// An order by hand after the other, each placed until it stands; which one comes next.
fn orders(daemons: &[Daemon; 2], load: &Load, first: usize) -> usize {
    // What is ordered is never given back, and the long form goes on for an hour.
    let pause = Duration::from_millis(if is_long() { 4000 } else { 700 });
    for order in first.. {
        let key = format!("order-{order}");
        for turn in 0.. {
            if load.ends.load(Ordering::Relaxed) {
                return order + 1;
            }
            let daemon = &daemons[(order + turn) % 2];
            let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
            let answer = daemon.post_with("/admin/phones/api/purchase", &json!({ "count": ORDER }), &headers);
            match answer.status {
                202 => break,
                // Those that wait are as many as may, or the database is away.
                429 | 503 => thread::sleep(REFUSED_PAUSE * 10),
                _ => panic!("{answer:?}"),
            }
        }
        let next = Instant::now() + pause;
        while Instant::now() < next && !load.ends.load(Ordering::Relaxed) {
            thread::sleep(REFUSED_PAUSE);
        }
    }
    unreachable!("it goes on for ever")
}

struct Client<'a> {
    number: usize,
    /// Each with the number that they were told of.
    users: &'a mut Vec<(String, Option<String>)>,
    daemons: &'a [Daemon; 2],
    load: &'a Load,
}

impl Client<'_> {
    /// At a beat of its own, however long an answer takes; what was missed while nobody answered is not caught up.
    fn goes_on(mut self, users_max: usize, pause: Duration) {
        let mut next = Instant::now() + pause * u32::try_from(self.number).expect("a few") / 32;
        for turn in 0.. {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            next = Instant::now().max(next + pause);
            if self.load.ends.load(Ordering::Relaxed) {
                break;
            }
            if turn % 4 == 0 && self.users.len() < users_max {
                self.users.push((format!("u-{}-{}", self.number, self.users.len()), None));
                self.assign(self.users.len() - 1);
            } else {
                let index = turn * 7 % self.users.len();
                match &self.users[index].1 {
                    Some(_) if turn % 3 == 0 => self.release(index),
                    _ => self.assign(index),
                }
            }
        }
    }

    fn assign(&mut self, index: usize) {
        let (user, held) = self.users[index].clone();
        let (answer, _) = self.asks(200, |daemon| daemon.assign(&user));
        let number = answer.body["phone_number"].as_str().expect("a number").to_owned();
        if held.as_ref().is_some_and(|held| *held != number) {
            self.load.loses(&format!("{user} was told of {held:?} before: {answer:?}"));
        }
        self.users[index].1 = Some(number);
    }

    fn release(&mut self, index: usize) {
        let user = self.users[index].0.clone();
        let (answer, refused) = self.asks(404, |daemon| daemon.release(&user));
        if answer.status != 200 && !refused {
            self.load.loses(&format!("{user} has no number any more: {answer:?}"));
        }
        self.users[index].1 = None;
    }

    /// Asks one daemon after the other until one answers with 200 or `or`; and whether some had refused.
    fn asks(&self, or: u16, ask: impl Fn(&Daemon) -> Reply) -> (Reply, bool) {
        // Where something may be lost, somebody may have to switch over first.
        let deadline = Instant::now() + if self.load.forgives { ANSWERED_WITHIN * 3 } else { ANSWERED_WITHIN };
        for turn in 0.. {
            let by = (self.number + turn) % 2;
            let answer = ask(&self.daemons[by]);
            if answer.status == 200 || answer.status == or {
                self.load.acknowledged.lock().unwrap().push((by, Instant::now()));
                return (answer, turn > 0);
            }
            assert_eq!(answer.status, 503, "{answer:?}");
            assert!(Instant::now() < deadline, "nobody answers: {answer:?}");
            if answer.body["code"] == "database_unavailable" {
                self.load.refused.lock().unwrap().push((by, Instant::now()));
            }
            thread::sleep(REFUSED_PAUSE);
        }
        unreachable!("it tries for ever")
    }
}
