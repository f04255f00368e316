//! A hundred thousand owned numbers, and many requests on one connection.

use std::time::{Duration, Instant};

use twilio_simulator::ForeignNumber;

use crate::client::start;

#[test]
fn a_hundred_thousand_numbers_page_quickly() {
    const COUNT: usize = 100_000;
    let (simulator, client) = start();
    let numbers = (0..COUNT).map(|index| ForeignNumber::new(format!("+1415{:07}", 2_000_000 + index)));
    let sids: Vec<_> = numbers.map(|number| simulator.own(number)).collect();
    let started = Instant::now();
    let list = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", simulator.account_sid());
    let mut uri = format!("{list}?PageSize=50");
    for page in 0..20 {
        let json = client.send("GET", &uri, None).unwrap().json();
        assert_eq!(json["incoming_phone_numbers"][0]["sid"], sids[COUNT - 1 - page * 50]);
        uri = json["next_page_uri"].as_str().unwrap().to_owned();
    }
    let deep = format!("{list}?PageSize=1000&Page=99&PageToken=PA{}", sids[1_000]);
    let json = client.send("GET", &deep, None).unwrap().json();
    assert_eq!(json["incoming_phone_numbers"].as_array().unwrap().len(), 1_000);
    assert_eq!((&json["next_page_uri"], &json["end"]), (&serde_json::Value::Null, &serde_json::json!(99_999)));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
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
