//! Latency, commits in the middle of it, clients that leave, and the concurrency oracle.

use std::thread;
use std::time::{Duration, Instant};

use twilio_simulator::{On, Simulator};

use crate::client::{Client, start};

fn client_of(simulator: &Simulator) -> Client {
    Client::new(simulator, simulator.account_sid(), simulator.auth_token())
}

#[test]
fn latency_can_be_set_for_all_or_for_one_kind() {
    let (simulator, client) = start();
    let time = |path: &str| {
        let started = Instant::now();
        client.get(path);
        started.elapsed()
    };
    simulator.set_latency_on(On::Balance, Duration::from_millis(600));
    assert!(time("/Balance.json") >= Duration::from_millis(600));
    assert!(time(".json") < Duration::from_millis(600));
    simulator.set_latency(Duration::from_millis(100));
    assert!((100..600).contains(&time("/Balance.json").as_millis()));
}

#[test]
fn a_purchase_commits_halfway_and_a_client_that_leaves_undoes_nothing() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.set_latency_on(On::Create, Duration::from_millis(2_000));
    let impatient = Client::impatient(&simulator);
    assert!(impatient.try_buy(&number).is_err());
    assert!(simulator.truth().purchases.is_empty(), "it left after 200 ms, the commit comes after 1 s");
    assert!(simulator.wait_until(Duration::from_secs(5), |truth| truth.purchases.len() == 1));
    assert!(simulator.wait_until(Duration::from_secs(5), |truth| truth.creates[0].status == Some(201)));
    thread::sleep(Duration::from_millis(50));
    let truth = simulator.truth();
    assert!(!truth.purchases[0].delivered && !truth.creates[0].delivered);
    assert_eq!(truth.creates_in_flight, 0);
}

#[test]
fn creates_at_once_are_counted() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    simulator.set_latency_on(On::Create, Duration::from_millis(150));
    thread::scope(|scope| {
        for number in &rows[..6] {
            let client = client_of(&simulator);
            scope.spawn(move || assert_eq!(client.buy(number).status, 201));
        }
    });
    let truth = simulator.truth();
    assert_eq!((truth.max_concurrent_creates, truth.creates_in_flight, truth.purchases.len()), (6, 0, 6));
    assert!(truth.purchases.iter().all(|purchase| purchase.delivered));
    simulator.reset(true);
    assert_eq!(simulator.truth().max_concurrent_creates, 0);
}

#[test]
fn one_after_the_other_is_never_two_at_once() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    for (index, number) in rows.iter().enumerate() {
        if index % 3 == 0 {
            use twilio_simulator::{Fault, FaultKind};
            simulator.fault(Fault::new(On::Create, FaultKind::CommitThenHang));
            let impatient =
                Client::within(&simulator, simulator.account_sid(), simulator.auth_token(), Duration::from_millis(300));
            assert!(impatient.try_buy(number).is_err());
        } else {
            assert_eq!(client.buy(number).status, 201);
        }
    }
    assert_eq!(simulator.truth().max_concurrent_creates, 1);
}

#[test]
fn two_buyers_of_one_number_get_it_once() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    thread::scope(|scope| {
        for _ in 0..4 {
            let (client, rows) = (client_of(&simulator), &rows);
            scope.spawn(move || rows.iter().for_each(|number| assert_eq!(client.buy(number).status, 201)));
        }
    });
    let truth = simulator.truth();
    assert_eq!((truth.purchases.len(), truth.repeats.len()), (30, 90));
}

#[test]
fn dropping_the_handle_frees_the_port() {
    let (simulator, client) = start();
    assert_eq!(client.get("/Balance.json").status, 200);
    let address = simulator.url()[7..].to_owned();
    drop(simulator);
    assert!(std::net::TcpStream::connect(&address).is_err());
    drop(std::net::TcpListener::bind(&address).unwrap());
}
