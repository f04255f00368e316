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
use crate::world::daemon::{Daemon, Reply};
use crate::world::{SIGNUP_KEY, World, eventually};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Assign,
    Release,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// 200 with this number.
    Number(String),
    /// 404: this user has none.
    Nothing,
    /// Anything else promises nothing: it may have worked, and may work yet.
    Unknown,
}

/// One request of one user's client, and what it was told. Clients ask one thing at a time, and nothing more about a user
/// whose release may work yet.
#[derive(Debug, Clone)]
struct Event {
    user: String,
    asked: Asked,
    from: Duration,
    until: Duration,
    told: Told,
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
            match (event.asked, &event.told) {
                (Asked::Assign, Told::Number(number)) => match has {
                    Some((before, _)) if before != number => {
                        faults.push(format!("{user} has {before} and was told {number} at {:?}", event.until));
                    }
                    Some(_) => {}
                    None => has = Some((number, event.until)),
                },
                (Asked::Assign, Told::Nothing | Told::Unknown) => {}
                (Asked::Release, told) => {
                    let Some((number, since)) = has.take() else { continue };
                    match told {
                        Told::Number(released) if released != number => {
                            faults.push(format!("{user} had {number} and released {released}"));
                        }
                        Told::Nothing => faults.push(format!("{user} had {number} and could not release it")),
                        Told::Number(_) | Told::Unknown => {}
                    }
                    held.entry(number).or_default().push((user, since, event.from));
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
    fn ask(&self, daemon: &Daemon, user: &str, asked: Asked) -> Told {
        let path = if asked == Asked::Assign { "/signup/api/assign" } else { "/signup/api/release" };
        let headers = [("X-Admin-API-Key", SIGNUP_KEY), ("Content-Type", "application/json")];
        let body = json!({ "user_id": user }).to_string();
        let from = self.begun.elapsed();
        let answer = daemon.try_send("POST", path, &headers, Some(body.as_bytes()));
        let until = self.begun.elapsed();
        let told = self.told(answer.unwrap_or_else(|error| panic!("{path}: {error}")));
        self.events.lock().unwrap().push(Event { user: user.to_owned(), asked, from, until, told: told.clone() });
        told
    }

    fn told(&self, answer: Reply) -> Told {
        match answer.status {
            200 => Told::Number(answer.body["phone_number"].as_str().expect("a number").to_owned()),
            404 => Told::Nothing,
            _ => {
                assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
                drop(answer.problem(503, "database_unavailable"));
                self.refused.fetch_add(1, Ordering::Relaxed);
                Told::Unknown
            }
        }
    }
}

/// Signups and releases of many users on two instances, one request of each user at a time, until `stop`. While `outage`
/// says so, nobody releases: each release that may work yet costs a user, and a number.
fn load(recorder: &Recorder, daemons: [&Daemon; 2], outage: &AtomicBool, stop: &AtomicBool) {
    thread::scope(|scope| {
        for client in 0..8_u32 {
            scope.spawn(move || {
                let mut generations = [0_u32; 3];
                for turn in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let slot = turn % 3;
                    let user = format!("u-{client}-{slot}-{}", generations[slot]);
                    // Several assignments for each release: all but the first are replays.
                    let releases = turn % 5 == 4 && !outage.load(Ordering::Relaxed);
                    let asked = if releases { Asked::Release } else { Asked::Assign };
                    if (asked, recorder.ask(daemons[turn % 2], &user, asked)) == (Asked::Release, Told::Unknown) {
                        generations[slot] += 1;
                    }
                }
            });
        }
    });
}

fn served(recorder: &Recorder) -> usize {
    recorder.events.lock().unwrap().iter().filter(|event| matches!(event.told, Told::Number(_))).count()
}

/// Waits until signups succeed again, and some more than that.
fn serves_again(recorder: &Recorder) {
    let before = served(recorder);
    eventually("signups succeed", || served(recorder) > before + 40);
}

/// Takes PostgreSQL away for as long as it takes signups to be refused, and checks that none of them asks Twilio.
fn without_postgresql(world: &World, recorder: &Recorder, outage: &AtomicBool, away: impl Fn(), back: impl Fn()) {
    outage.store(true, Ordering::Relaxed);
    away();
    // What was on the wire when PostgreSQL went arrives yet, and nothing after it.
    let mut last = world.asked_of_twilio();
    eventually("what was on the wire has arrived", || {
        thread::sleep(Duration::from_millis(500));
        std::mem::replace(&mut last, world.asked_of_twilio()) == last
    });
    let (asked, before) = (last, recorder.refused.load(Ordering::Relaxed));
    eventually("signups are refused", || recorder.refused.load(Ordering::Relaxed) > before + 10);
    assert_eq!(world.asked_of_twilio(), asked, "not one call goes to Twilio");
    back();
    outage.store(false, Ordering::Relaxed);
    serves_again(recorder);
}

#[test]
fn no_answer_contradicts_another_while_postgresql_dies_and_connections_are_cut() {
    let rounds = if is_long() { 10 } else { 2 };
    let cluster = Cluster::start(ClusterOptions { durable: true, ..ClusterOptions::default() }).expect("PostgreSQL");
    // Without rest, numbers wander from user to user.
    let world = World::on(&cluster)
        .quiet()
        .set("pool.quarantine_hours", 0)
        .set("spend.purchases_per_hour_max", 1000)
        .set("spend.purchases_per_day_max", 1000);
    let (first, second) = (world.daemon(), world.daemon());
    for _order in 0..=rounds {
        first.purchase(75).ok();
    }
    let stock = world.bought();
    let recorder = Recorder { begun: Instant::now(), events: Mutex::default(), refused: AtomicUsize::new(0) };
    let (outage, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        // Whatever fails, the clients stop.
        let _stops = Stops(&stop);
        scope.spawn(|| load(&recorder, [&first, &second], &outage, &stop));
        let without = |away: &dyn Fn(), back: &dyn Fn()| without_postgresql(&world, &recorder, &outage, away, back);
        for _round in 0..rounds {
            serves_again(&recorder);
            world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            serves_again(&recorder);
            without(&|| cluster.stop_immediate().expect("it stops"), &|| cluster.start_again().expect("it starts"));
            without(&|| cluster.freeze().expect("it freezes"), &|| cluster.thaw().expect("it thaws"));
            without(&|| cluster.kill9().expect("it is killed"), &|| cluster.start_again().expect("it recovers"));
        }
    });
    let history = recorder.events.into_inner().unwrap();
    let rows = world.sql("SELECT a.user_id, n.phone_number FROM assignments_ever a JOIN numbers n ON n.id = a.number_id WHERE a.released_at IS NULL");
    let database: Database = rows
        .lines()
        .map(|row| row.split_once('|').expect("two columns"))
        .map(|(user, number)| (user.to_owned(), number.to_owned()))
        .collect();
    let faults = faults_of(&history, &database);
    assert!(faults.is_empty(), "{} of {} requests: {faults:#?}", faults.len(), history.len());
    let releases = history.iter().filter(|event| event.asked == Asked::Release && event.told != Told::Unknown).count();
    assert!(releases > 20 * rounds, "{releases} releases of {} requests", history.len());
    world.assert_truth();
    assert_eq!(world.bought(), stock, "stock was enough");
}

struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// An event of a user that begins and ends at these milliseconds.
fn event(user: &str, asked: Asked, from: u64, until: u64, told: Told) -> Event {
    let (from, until) = (Duration::from_millis(from), Duration::from_millis(until));
    Event { user: user.to_owned(), asked, from, until, told }
}

fn number(number: &str) -> Told {
    Told::Number(number.to_owned())
}

#[test]
fn the_checker_believes_a_history_that_can_be() {
    use Asked::{Assign, Release};
    let history = [
        event("a", Assign, 0, 5, number("+1")),
        event("a", Assign, 6, 7, number("+1")),
        event("b", Assign, 1, 2, Told::Unknown),
        event("a", Release, 8, 12, Told::Unknown),
        // The release had no answer, so it may have worked at once: the number may be somebody else's from 8 on.
        event("b", Assign, 9, 10, number("+1")),
        event("c", Release, 13, 14, Told::Nothing),
    ];
    let database = Database::from([("b".to_owned(), "+1".to_owned())]);
    assert_eq!(faults_of(&history, &database), Vec::<String>::new());
}

#[test]
fn the_checker_finds_each_way_in_which_a_history_cannot_be() {
    use Asked::{Assign, Release};
    let database = Database::from([("a".to_owned(), "+1".to_owned())]);
    let shared = [
        event("a", Assign, 0, 1, number("+1")),
        event("b", Assign, 2, 3, number("+1")),
        event("b", Release, 4, 5, Told::Unknown),
    ];
    let two = [
        event("b", Assign, 0, 1, number("+2")),
        event("b", Assign, 2, 3, number("+1")),
        event("b", Release, 4, 5, number("+2")),
    ];
    let forgotten = [event("a", Assign, 0, 1, number("+1")), event("c", Assign, 0, 1, number("+3"))];
    let another = [event("a", Assign, 0, 1, number("+4"))];
    let released = [event("b", Assign, 0, 1, number("+5")), event("b", Release, 2, 3, number("+6"))];
    let not_there = [event("b", Assign, 0, 1, number("+5")), event("b", Release, 2, 3, Told::Nothing)];
    for history in [&shared[..], &two, &forgotten, &another, &released, &not_there] {
        assert_eq!(faults_of(history, &database).len(), 1, "{history:?}");
    }
}
