//! Checklist 1, 2, 5, 17: what a search shows.

use serde_json::json;
use twilio_simulator::{Capabilities, CapabilitySpelling, NumberKind};

use crate::client::start;

#[test]
fn thirty_rows_at_most_and_no_paging() {
    let (simulator, client) = start();
    assert_eq!(client.search("AreaCode=415").len(), 30);
    assert_eq!(client.search("AreaCode=415&PageSize=1000").len(), 30);
    assert_eq!(client.search("AreaCode=415&PageSize=5").len(), 5);
    simulator.set_search_cap(100);
    assert_eq!(client.search("AreaCode=415").len(), 100);
    let json = client.get("/AvailablePhoneNumbers/US/Local.json?AreaCode=415").json();
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["available_phone_numbers", "uri"]);
}

#[test]
fn the_same_query_gives_the_same_rows_until_one_is_bought() {
    let (_simulator, client) = start();
    let rows = client.search("AreaCode=415");
    assert!(rows.iter().all(|row| row.starts_with("+1415")));
    assert_eq!(rows, client.search("AreaCode=415"));
    assert_eq!(client.buy(&rows[0]).status, 201);
    assert_eq!(rows[1..], client.search("AreaCode=415")[..29]);
}

#[test]
fn both_spellings_of_capabilities() {
    let (simulator, client) = start();
    let row = |position: usize| {
        let json = client.get("/AvailablePhoneNumbers/US/Local.json").json();
        json["available_phone_numbers"][position]["capabilities"].clone()
    };
    let (upper, lower) = (
        json!({"voice": true, "SMS": true, "MMS": true}),
        json!({"voice": true, "sms": true, "mms": true, "fax": false}),
    );
    assert_eq!(row(0), upper);
    simulator.set_capability_spelling(CapabilitySpelling::Lower);
    assert_eq!(row(0), lower);
    simulator.set_capability_spelling(CapabilitySpelling::Mixed);
    assert_eq!((row(0), row(1)), (upper, lower));
}

#[test]
fn stock_and_capabilities_of_an_area_code_can_be_set() {
    let (simulator, client) = start();
    simulator.set_stock("US", "415", 2);
    assert_eq!(client.search("AreaCode=415").len(), 2);
    simulator.set_stock("US", "415", 0);
    assert!(client.search("AreaCode=415").is_empty());
    assert!(client.search("AreaCode=299").is_empty());
    simulator.set_stock("US", "299", 3);
    assert_eq!(client.search("AreaCode=299").len(), 3);
    simulator.set_capabilities("US", "299", Capabilities { sms: false, ..Capabilities::default() });
    assert_eq!(client.search("AreaCode=299&VoiceEnabled=true").len(), 3);
    assert!(client.search("AreaCode=299&SmsEnabled=true").is_empty());
    simulator.set_beta("US", "299", true);
    assert_eq!(client.search("AreaCode=299").len(), 3, "Beta defaults to true");
    assert!(client.search("AreaCode=299&Beta=false").is_empty());
}

#[test]
fn filters() {
    let (_simulator, client) = start();
    for row in client.search("Contains=777&AreaCode=628") {
        assert!(row.starts_with("+1628") && row.contains("777"));
    }
    assert!(!client.search("Contains=555").is_empty());
    assert!(client.search("InRegion=HI").iter().all(|row| row.starts_with("+1808")));
    assert!(client.search("InLocality=Boston&AreaCode=415").is_empty());
    assert_eq!(client.search("NearNumber=%2B14155550100&Distance=5").len(), 30);
    assert!(client.search("NearLatLong=21.3,-157.8&Distance=500").iter().all(|row| row.starts_with("+1808")));
    let refused = |query| client.get(&format!("/AvailablePhoneNumbers/US/Local.json?{query}")).refusal();
    assert_eq!(refused("Contains=4"), (400, 20001));
    assert_eq!(refused("AreaCode=41"), (400, 21451));
    assert_eq!(refused("SmsEnabled=perhaps"), (400, 20001));
}

#[test]
fn rows_look_like_the_recorded_ones() {
    let (_simulator, client) = start();
    let json = client.get("/AvailablePhoneNumbers/US/Local.json?AreaCode=808&PageSize=1").json();
    let row = &json["available_phone_numbers"][0];
    assert_eq!((&row["latitude"], &row["longitude"]), (&json!("19.720000"), &json!("-155.090000")));
    assert_eq!((&row["locality"], &row["rate_center"], &row["lata"]), (&json!("Hilo"), &json!("HILO"), &json!("834")));
    assert_eq!(row["iso_country"], "US");
    assert_eq!(row["address_requirements"], "none");
    let number = row["phone_number"].as_str().unwrap();
    assert_eq!(row["friendly_name"], format!("({}) {}-{}", &number[2..5], &number[5..8], &number[8..]));
    let toll_free = client.get("/AvailablePhoneNumbers/US/TollFree.json").json();
    let row = &toll_free["available_phone_numbers"][0];
    assert!(row["latitude"].is_null() && row["locality"].is_null() && row["lata"].is_null());
}

#[test]
fn countries_and_their_types() {
    let (simulator, client) = start();
    assert_eq!(client.get("/AvailablePhoneNumbers/US/Mobile.json").refusal(), (404, 20404));
    assert_eq!(client.get("/AvailablePhoneNumbers/ZZ/Local.json").refusal(), (404, 20404));
    let rows = |path: &str| client.get(path).json()["available_phone_numbers"].as_array().unwrap().clone();
    let canada = rows("/AvailablePhoneNumbers/CA/Local.json?AreaCode=416");
    assert!(canada.iter().all(|row| row["iso_country"] == "CA" && row["region"] == "ON"));
    let britain = rows("/AvailablePhoneNumbers/GB/Mobile.json");
    assert!(britain.iter().all(|row| row["phone_number"].as_str().unwrap().starts_with("+447")));
    assert_eq!(britain[0]["address_requirements"], "none", "a bundle is needed, and no search says so");
    assert_eq!(rows("/AvailablePhoneNumbers/GB/Local.json")[0]["address_requirements"], "any");
    assert!(rows("/AvailablePhoneNumbers/GB/Local.json?ExcludeAllAddressRequired=true").is_empty());
    assert_eq!(rows("/AvailablePhoneNumbers/GB/Local.json?ExcludeLocalAddressRequired=true").len(), 30);
    simulator.set_regulated("GB", false);
    simulator.set_price("GB", NumberKind::Local, "2.50");
    assert_eq!(rows("/AvailablePhoneNumbers/GB/Local.json?ExcludeAllAddressRequired=true").len(), 30);
    let json = client.get("/AvailablePhoneNumbers/US.json").json();
    let types: Vec<_> = json["subresource_uris"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(types, ["local", "toll_free"]);
    assert_eq!(client.get("/AvailablePhoneNumbers.json").json()["countries"].as_array().unwrap().len(), 6);
}
