//! Checklist 3: the list of owned numbers, its pages and filters.

use serde_json::{Value, json};
use twilio_simulator::ForeignNumber;

use crate::client::{Client, start};

fn pages(client: &Client, first: &str) -> Vec<Value> {
    let mut pages = vec![client.get(first).json()];
    while let Some(next) = pages.last().unwrap()["next_page_uri"].as_str() {
        assert!(next.starts_with("/2010-04-01/Accounts/"), "{next}");
        pages.push(client.send("GET", next, None).unwrap().json());
    }
    pages
}

#[test]
fn pages_follow_tokens_newest_first() {
    let (simulator, client) = start();
    for index in 0..5 {
        simulator.own(ForeignNumber::new(format!("+1415555010{index}")));
    }
    let pages = pages(&client, "/IncomingPhoneNumbers.json?PageSize=2");
    let numbers: Vec<_> = pages
        .iter()
        .flat_map(|page| page["incoming_phone_numbers"].as_array().unwrap())
        .map(|number| number["phone_number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["+14155550104", "+14155550103", "+14155550102", "+14155550101", "+14155550100"]);
    let index = |page: &Value, name: &str| page[name].as_u64().unwrap();
    let spans: Vec<_> =
        pages.iter().map(|page| (index(page, "page"), index(page, "start"), index(page, "end"))).collect();
    assert_eq!(spans, [(0, 0, 1), (1, 2, 3), (2, 4, 4)]);
    assert!(pages[0]["previous_page_uri"].is_null());
    assert!(pages[1]["uri"].as_str().unwrap().contains("PageSize=2&Page=1&PageToken=PAPN"));
    let back = pages[2]["previous_page_uri"].as_str().unwrap();
    assert!(back.contains("PageToken=PBPN"));
    let back = client.send("GET", back, None).unwrap().json();
    assert_eq!(back["incoming_phone_numbers"], pages[1]["incoming_phone_numbers"]);
    assert!(pages[0]["first_page_uri"].as_str().unwrap().ends_with("?PageSize=2&Page=0"));
}

#[test]
fn sizes_and_tokens_are_checked() {
    let (simulator, client) = start();
    let list = |query: &str| client.get(&format!("/IncomingPhoneNumbers.json?{query}"));
    let empty = list("").json();
    assert_eq!((&empty["page_size"], &empty["end"], &empty["next_page_uri"]), (&json!(50), &json!(0), &json!(null)));
    for index in 0..51 {
        simulator.own(ForeignNumber::new(format!("+14155550{index:03}")));
    }
    assert_eq!(client.listed("").len(), 50);
    assert_eq!(client.listed("PageSize=1000").len(), 51);
    assert_eq!(list("PageSize=1001").refusal(), (400, 20007));
    assert_eq!(list("PageToken=nonsense").refusal(), (400, 21481));
    assert_eq!(list("PageToken=PAPN00000000000000000000000000000000").refusal(), (400, 21481));
    assert_eq!(list("PageSize=x").refusal(), (400, 20001));
}

#[test]
fn filters_match_parts_of_the_number_and_the_whole_name() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new("+14155550100").friendly_name("a b"));
    simulator.own(ForeignNumber::new("+14155550101").friendly_name("a b c"));
    simulator.own(ForeignNumber::new("+16285550101").friendly_name("A b"));
    assert_eq!(client.listed("PhoneNumber=%2B14155550100"), ["+14155550100"]);
    assert_eq!(client.listed("PhoneNumber=5550101").len(), 2);
    assert_eq!(client.listed("PhoneNumber=%2B1415").len(), 2);
    assert_eq!(client.listed("PhoneNumber=415*55").len(), 2);
    assert!(client.listed("PhoneNumber=999").is_empty());
    assert_eq!(client.listed("FriendlyName=a+b"), ["+14155550100"]);
    assert_eq!(client.listed("FriendlyName=a%20b&PhoneNumber=628").len(), 0);
    let page = client.get("/IncomingPhoneNumbers.json?PhoneNumber=%2B1415&PageSize=1").json();
    assert!(page["next_page_uri"].as_str().unwrap().contains("PhoneNumber=%2B1415&PageSize=1&Page=1"));
    assert_eq!(client.get("/IncomingPhoneNumbers/TollFree.json").json()["incoming_phone_numbers"], json!([]));
    let local = client.get("/IncomingPhoneNumbers/Local.json").json();
    assert_eq!(local["incoming_phone_numbers"].as_array().unwrap().len(), 3);
    assert!(local["uri"].as_str().unwrap().contains("/IncomingPhoneNumbers/Local.json?"));
}
