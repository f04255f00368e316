//! Many signups at once, on one instance and on two.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;

use serde_json::{Value, json};

use crate::world::World;
use crate::world::daemon::{Daemon, Reply};
use crate::world::raw::{connect, raw};

/// Runs `ask` for 0..count at once, and gives the answers in that order.
fn at_once<T: Send>(count: usize, ask: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let ask = &ask;
    thread::scope(|scope| {
        let asking: Vec<_> = (0..count).map(|index| scope.spawn(move || ask(index))).collect();
        asking.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

fn numbers(answers: &[Value]) -> BTreeSet<String> {
    answers.iter().map(|answer| answer["phone_number"].as_str().expect("a number").to_owned()).collect()
}

#[test]
fn a_burst_of_questions_for_readiness_holds_no_seat() {
    let world = World::new().quiet().set("http.connections_max", 16);
    let daemon = world.daemon();
    daemon.purchase(2).ok();
    let burst: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut stream = connect(&daemon);
            stream.write_all("GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n".repeat(500).as_bytes()).expect("it is taken");
            stream
        })
        .collect();
    let answers = (0..30).map(|_| raw(&daemon, "GET /healthz HTTP/1.1\nHost: t\nConnection: close\n\n").status);
    assert_eq!(answers.filter(|status| *status != 200).count(), 0, "newcomers find a place");
    daemon.assign("u-1").ok();
    drop(burst);
}

#[test]
fn two_hundred_users_at_once_get_two_hundred_numbers() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 300);
    let daemon = world.daemon();
    for _order in 0..2 {
        assert_eq!(daemon.purchase(100).ok()["purchased_count"], 100);
    }
    let answers: Vec<Value> = at_once(200, |user| daemon.assign(&format!("u-{user}")).ok());
    assert_eq!(numbers(&answers).len(), 200);
    assert!(answers.iter().all(|answer| answer["replayed"] == false && answer["source"] == "pool"));
    assert_eq!(world.bought(), 200, "stock was enough");
    world.assert_nothing_lost_or_doubled();
}

fn same_user(one: &Daemon, two: &Daemon) -> Vec<Value> {
    at_once(50, |index| (if index % 2 == 0 { one } else { two }).assign("u-same").ok())
}

fn check_one_number(answers: &[Value]) {
    assert_eq!(numbers(answers).len(), 1);
    let first = answers.iter().filter(|answer| answer["replayed"] == false).count();
    assert_eq!(first, 1, "who got it first is told once");
}

#[test]
fn one_user_at_two_instances_at_once_gets_one_number_from_stock() {
    let world = World::new().quiet();
    let (one, two) = (world.daemon(), world.daemon());
    one.purchase(10).ok();
    check_one_number(&same_user(&one, &two));
    assert_eq!(one.status()["available"], 9);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn one_user_at_two_instances_at_once_costs_one_number_when_the_pool_is_empty() {
    let world = World::new().quiet();
    let (one, two) = (world.daemon(), world.daemon());
    check_one_number(&same_user(&one, &two));
    assert_eq!(world.bought(), 1);
    assert_eq!(world.count("SELECT count(*) FROM waiters"), 0);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn users_at_two_instances_share_a_pool_without_sharing_numbers() {
    let world = World::new().quiet();
    let (one, two) = (world.daemon(), world.daemon());
    one.purchase(60).ok();
    let answers: Vec<Value> =
        at_once(60, |user| (if user % 2 == 0 { &one } else { &two }).assign(&format!("u-{user}")).ok());
    assert_eq!(numbers(&answers).len(), 60);
    assert_eq!(world.bought(), 60);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn one_bad_request_among_many_harms_no_other() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(40).ok();
    // A fault that only PostgreSQL sees, and only for some users.
    world.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF NEW.user_id LIKE 'cursed-%' THEN RAISE EXCEPTION 'cursed'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let answers: Vec<Reply> = at_once(40, |user| match user % 10 {
        7 => daemon.assign(&format!("cursed-{user}")),
        8 => daemon.signup("/signup/api/assign", &json!({"user_id": "a\u{0}"})),
        9 => daemon
            .signup("/signup/api/assign", &json!({"user_id": format!("s-{user}"), "area_code": "907", "strict": true})),
        _ => daemon.assign(&format!("u-{user}")),
    });
    for (user, answer) in answers.into_iter().enumerate() {
        match user % 10 {
            7 => drop(answer.problem(500, "internal")),
            8 => drop(answer.problem(422, "invalid_field")),
            9 => drop(answer.problem(409, "area_code_unavailable")),
            _ => drop(answer.ok()),
        }
    }
    assert_eq!(daemon.status()["assigned"], 28);
    assert!(!daemon.log_text().contains("panic"));
    world.assert_nothing_lost_or_doubled();
}
