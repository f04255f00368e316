//! What the clients of a signup service saw, second by second, while PostgreSQL falls over under them: no answer may
//! contradict another, and nothing that was acknowledged may be forgotten.
//!
//! How to get it wrong: a checker that believes everything. It is fed histories that cannot be, below.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::json;

use super::is_long;
use crate::daemon::{Daemon, Reply};
use crate::world::{SIGNUP_KEY, World, eventually};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Assign,
    Release,
}

/// One request of one user's client, and what it was told. Clients ask one thing at a time.
#[derive(Debug, Clone)]
struct Event {
    user: String,
    asked: Asked,
    from: Duration,
    until: Duration,
    /// 200 with this number; `None` = anything else, which promises nothing.
    number: Option<String>,
}

/// What the database says in the end: the live assignments, by user.
type Database = BTreeMap<String, String>;

/// Says what is wrong with a history: I3 and I4.
///
/// A user certainly holds a number from the end of the assignment that told so until the begin of the next release that
/// may have worked: any release that was sent, answered or not.
fn faults_of(history: &[Event], database: &Database) -> Vec<String> {
    let mut faults = Vec::new();
    let mut by_user: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in history {
        by_user.entry(&event.user).or_default().push(event);
    }
    let mut held: BTreeMap<&str, Vec<(&str, Duration, Duration)>> = BTreeMap::new();
    for (user, mut events) in by_user {
        events.sort_by_key(|event| event.from);
        // Which number the user has, if that is certain.
        let mut has: Option<(&str, Duration)> = None;
        for event in events {
            match (event.asked, event.number.as_deref()) {
                (Asked::Assign, Some(number)) => {
                    match has {
                        Some((before, _)) if before != number => {
                            faults.push(format!("{user} has {before} and was told {number} at {:?}", event.until));
                        }
                        Some(_) => continue,
                        None => {}
                    }
                    has = Some((number, event.until));
                }
                (Asked::Assign, None) => {}
                (Asked::Release, told) => {
                    if let Some((number, since)) = has.take() {
                        if told.is_some_and(|told| told != number) {
                            faults.push(format!("{user} had {number} and released {told:?}"));
                        }
                        held.entry(number).or_default().push((user, since, event.from));
                    }
                }
            }
        }
        if let Some((number, since)) = has {
            held.entry(number).or_default().push((user, since, Duration::MAX));
            if database.get(user).map(String::as_str) != Some(number) {
                faults
                    .push(format!("{user} was told {number} at {since:?}, the database says {:?}", database.get(user)));
            }
        }
    }
    for (number, mut intervals) in held {
        intervals.sort_by_key(|(_, since, _)| *since);
        for pair in intervals.windows(2) {
            let ((first, _, until), (second, since, _)) = (pair[0], pair[1]);
            if first != second && since < until {
                faults.push(format!("{number} was {first}'s until {until:?} and {second}'s since {since:?}"));
            }
        }
    }
    faults
}

/// What everybody saw, while it is written down.
struct Recorder {
    begun: Instant,
    events: Mutex<Vec<Event>>,
    refused: AtomicUsize,
}

impl Recorder {
    fn ask(&self, daemon: &Daemon, user: &str, asked: Asked) {
        let path = if asked == Asked::Assign { "/signup/api/assign" } else { "/signup/api/release" };
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        let body = json!({ "user_id": user }).to_string();
        let from = self.begun.elapsed();
        let answer = daemon.try_send("POST", path, &headers, Some(body.as_bytes()));
        let until = self.begun.elapsed();
        let number = answer.ok().and_then(|answer| self.number(answer));
        self.events.lock().unwrap().push(Event { user: user.to_owned(), asked, from, until, number });
    }

    fn number(&self, answer: Reply) -> Option<String> {
        match answer.status {
            200 => Some(answer.body["phone_number"].as_str().expect("a number").to_owned()),
            // Released already, by a request whose answer got lost.
            404 => None,
            _ => {
                assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
                drop(answer.problem(503, "database_unavailable"));
                self.refused.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

/// Signups and releases of many users on two instances, one request of each user at a time, until `stop`.
fn load(recorder: &Recorder, daemons: [&Daemon; 2], stop: &AtomicBool) {
    thread::scope(|scope| {
        for client in 0..8_u32 {
            scope.spawn(move || {
                for turn in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let user = format!("u-{client}-{}", turn % 3);
                    // Two assignments for each release: one is a replay.
                    let asked = if turn % 5 == 4 { Asked::Release } else { Asked::Assign };
                    recorder.ask(daemons[turn % 2], &user, asked);
                }
            });
        }
    });
}

fn served(recorder: &Recorder) -> usize {
    recorder.events.lock().unwrap().iter().filter(|event| event.number.is_some()).count()
}

/// Waits until signups succeed again, and some more than that.
fn serves_again(recorder: &Recorder) {
    let before = served(recorder);
    eventually("signups succeed", || served(recorder) > before + 40);
}

/// Waits until signups fail, and checks that none of them asks Twilio.
fn refuses(world: &World, recorder: &Recorder) {
    let (asked, before) = (requests(world), recorder.refused.load(Ordering::Relaxed));
    eventually("signups are refused", || recorder.refused.load(Ordering::Relaxed) > before + 10);
    assert_eq!(requests(world), asked, "not one call goes to Twilio");
}

fn requests(world: &World) -> u64 {
    world.twilio.truth().requests.values().sum()
}

#[test]
fn no_answer_contradicts_another_while_postgresql_dies_and_connections_are_cut() {
    let cluster = Cluster::start(ClusterOptions { durable: true, ..ClusterOptions::default() }).expect("PostgreSQL");
    // Without rest, numbers wander from user to user; stock lasts all the same.
    let world = World::on(&cluster).quiet().set("pool.quarantine_hours", 0).set("spend.purchases_per_hour_max", 1000);
    let (first, second) = (world.daemon(), world.daemon());
    first.purchase(80).ok();
    world.settle();
    let recorder = Recorder { begun: Instant::now(), events: Mutex::default(), refused: AtomicUsize::new(0) };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Whatever fails, the clients stop.
        let _stops = Stops(&stop);
        scope.spawn(|| load(&recorder, [&first, &second], &stop));
        for _round in 0..if is_long() { 10 } else { 2 } {
            serves_again(&recorder);
            world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            serves_again(&recorder);
            cluster.stop_immediate().expect("it stops");
            refuses(&world, &recorder);
            cluster.start_again().expect("it starts");
            serves_again(&recorder);
            cluster.freeze().expect("it freezes");
            refuses(&world, &recorder);
            cluster.thaw().expect("it thaws");
            serves_again(&recorder);
            cluster.kill9().expect("it is killed");
            refuses(&world, &recorder);
            cluster.start_again().expect("it recovers");
        }
        serves_again(&recorder);
    });
    let history = recorder.events.into_inner().unwrap();
    let rows = world.sql("SELECT a.user_id, n.phone_number FROM assignments a JOIN numbers n ON n.id = a.number_id WHERE a.released_at IS NULL");
    let database: Database = rows
        .lines()
        .map(|row| row.split_once('|').expect("two columns"))
        .map(|(user, number)| (user.to_owned(), number.to_owned()))
        .collect();
    let faults = faults_of(&history, &database);
    assert!(faults.is_empty(), "{} of {} requests: {faults:#?}", faults.len(), history.len());
    world.assert_truth();
    assert_eq!(world.bought(), 80, "stock was enough");
}

struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn told(user: &str, asked: Asked, from: u64, until: u64, number: Option<&str>) -> Event {
    let (from, until) = (Duration::from_millis(from), Duration::from_millis(until));
    Event { user: user.to_owned(), asked, from, until, number: number.map(str::to_owned) }
}

#[test]
fn the_checker_believes_a_history_that_can_be() {
    use Asked::{Assign, Release};
    let history = [
        told("a", Assign, 0, 5, Some("+1")),
        told("a", Assign, 6, 7, Some("+1")),
        told("b", Assign, 1, 2, None),
        told("a", Release, 8, 12, None),
        // Its release had no answer, so it may have worked: the number may be somebody else's from 8 on.
        told("b", Assign, 9, 10, Some("+1")),
        told("a", Assign, 13, 14, Some("+2")),
    ];
    let database = Database::from([("a".to_owned(), "+2".to_owned()), ("b".to_owned(), "+1".to_owned())]);
    assert_eq!(faults_of(&history, &database), Vec::<String>::new());
}

#[test]
fn the_checker_finds_each_way_in_which_a_history_cannot_be() {
    use Asked::{Assign, Release};
    let database = Database::from([("a".to_owned(), "+1".to_owned())]);
    let shared =
        [told("a", Assign, 0, 1, Some("+1")), told("b", Assign, 2, 3, Some("+1")), told("b", Release, 4, 5, None)];
    let two = [told("a", Assign, 0, 1, Some("+2")), told("a", Assign, 2, 3, Some("+1"))];
    let forgotten = [told("a", Assign, 0, 1, Some("+1")), told("c", Assign, 0, 1, Some("+3"))];
    let another = [told("a", Assign, 0, 1, Some("+4"))];
    let released = [told("b", Assign, 0, 1, Some("+5")), told("b", Release, 2, 3, Some("+6"))];
    for history in [&shared[..], &two, &forgotten, &another, &released] {
        assert_eq!(faults_of(history, &database).len(), 1, "{history:?}");
    }
}
