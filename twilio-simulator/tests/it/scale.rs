//! A hundred thousand owned numbers, and many requests on one connection.

use std::time::{Duration, Instant};

use twilio_simulator::ForeignNumber;

use crate::client::start;

#[test]
fn a_hundred_thousand_numbers_page_quickly() {
    const COUNT: usize = 100_000;
    let (simulator, client) = start();
    for index in 0..COUNT {
        simulator.own(ForeignNumber::new(format!("+1415{:07}", 2_000_000 + index)));
    }
    let started = Instant::now();
    let mut uri = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json?PageSize=1000", simulator.account_sid());
    let (mut seen, mut pages) = (0, 0);
    loop {
        let page = client.send("GET", &uri, None).unwrap().json();
        seen += page["incoming_phone_numbers"].as_array().unwrap().len();
        pages += 1;
        match page["next_page_uri"].as_str() {
            Some(next) => uri = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen, pages), (COUNT, 100));
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
    let started = Instant::now();
    for index in 0..100 {
        assert_eq!(client.listed(&format!("PhoneNumber=%2B1415{:07}", 2_000_000 + index * 997)).len(), 1);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn thousands_of_purchases_on_one_connection() {
    const COUNT: u64 = 3_000;
    let (simulator, client) = start();
    simulator.set_stock("US", "415", COUNT);
    let started = Instant::now();
    for _ in 0..COUNT {
        assert_eq!(client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]).status, 201);
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let truth = simulator.truth();
    let numbers: std::collections::HashSet<_> = truth.owned.iter().map(|number| &number.phone_number).collect();
    assert_eq!(numbers.len() as u64, COUNT);
    assert!(truth.purchases.iter().all(|purchase| purchase.delivered));
}
