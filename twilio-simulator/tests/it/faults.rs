//! Checklist 10 to 15: refusals, gateways, lags, rivals, and answers that are bent.

use std::time::{Duration, Instant};

use serde_json::json;
use twilio_simulator::{FOREIGN_TAG, Fault, FaultKind, ForeignNumber, On, Simulator};

use crate::client::{Answer, Client, start};

fn buy_with(fault: Fault) -> (Simulator, Client, String, Answer) {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.fault(fault);
    let answer = client.buy(&number);
    (simulator, client, number, answer)
}

#[test]
fn refusals_have_their_codes_and_no_effect() {
    for (kind, expected) in [
        (FaultKind::TooManyRequests, (429, 20429)),
        (FaultKind::Error500, (500, 20500)),
        (FaultKind::Error503, (503, 20503)),
        (FaultKind::Suspended, (401, 20003)),
        (FaultKind::Unauthorized, (401, 20003)),
        (FaultKind::TestCredentials, (403, 20008)),
        (FaultKind::NotFound, (404, 20404)),
        (FaultKind::Inactive20005, (403, 20005)),
        (FaultKind::Inactive10001, (400, 10001)),
        (FaultKind::Barred, (403, 22300)),
        (FaultKind::Trial, (400, 21404)),
        (FaultKind::InvalidNumber, (400, 21421)),
        (FaultKind::BalanceZero, (403, 20005)),
        (FaultKind::Stolen, (400, 21422)),
        (FaultKind::NoStock, (400, 21422)),
        (FaultKind::Refuse, (400, 20001)),
    ] {
        let (simulator, client, number, answer) = buy_with(Fault::new(On::Create, kind));
        assert_eq!(answer.refusal(), expected, "{kind:?}");
        assert!(simulator.truth().owned.is_empty(), "{kind:?}");
        let again = client.buy(&number).status;
        assert_eq!(again, if kind == FaultKind::Stolen { 400 } else { 201 }, "{kind:?}");
    }
    let any = Fault::new(On::Create, FaultKind::Refuse).code(21651).status(422).message("no");
    let (_simulator, _client, _number, answer) = buy_with(any);
    assert_eq!((answer.refusal(), &answer.json()["message"]), ((422, 21651), &json!("no")));
}

#[test]
fn too_many_requests_with_and_without_retry_after() {
    let (simulator, client) = start();
    simulator.fault(Fault::new(On::Any, FaultKind::TooManyRequests));
    simulator.fault(Fault::new(On::Any, FaultKind::TooManyRequests).retry_after(7));
    assert_eq!(client.get("/Balance.json").header("retry-after"), None);
    assert_eq!(client.get("/Balance.json").header("retry-after"), Some("7"));
    assert_eq!(client.get("/Balance.json").status, 200);
}

#[test]
fn runs_of_503_and_a_gateways_page() {
    let (simulator, client) = start();
    simulator.fault(Fault::new(On::Search, FaultKind::Error503).times(3).after(1));
    let path = "/AvailablePhoneNumbers/US/Local.json";
    let statuses: Vec<_> = (0..5).map(|_| client.get(path).status).collect();
    assert_eq!(statuses, [200, 503, 503, 503, 200]);
    for (kind, status) in [(FaultKind::Html502, 502), (FaultKind::Html504, 504)] {
        simulator.fault(Fault::new(On::Search, kind));
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("text/html")));
        assert!(answer.text.starts_with("<html>") && answer.header("twilio-request-id").is_some());
    }
    simulator.fault(Fault::new(On::Search, FaultKind::Error503).forever());
    assert!((0..5).all(|_| client.get(path).status == 503));
    simulator.clear_faults();
    assert_eq!(client.get(path).status, 200);
}

#[test]
fn a_new_number_lags_by_time_or_by_look_ups() {
    let (simulator, client, number, answer) = buy_with(Fault::new(On::Create, FaultKind::Lag).ms(300));
    assert_eq!(answer.status, 201);
    let path = format!("/IncomingPhoneNumbers/{}.json", answer.json()["sid"].as_str().unwrap());
    assert_eq!(client.get(&path).refusal(), (404, 20404));
    assert!(client.owned_sid(&number).is_none() && client.listed("").is_empty());
    assert_eq!(simulator.truth().owned.len(), 1);
    let patience = Instant::now();
    while client.get(&path).status != 200 {
        assert!(patience.elapsed() < Duration::from_secs(5));
    }
    assert!(client.owned_sid(&number).is_some());

    let (_simulator, client, _number, answer) = buy_with(Fault::new(On::Create, FaultKind::Lag).requests(2));
    let path = format!("/IncomingPhoneNumbers/{}.json", answer.json()["sid"].as_str().unwrap());
    let statuses: Vec<_> = (0..3).map(|_| client.get(&path).status).collect();
    assert_eq!(statuses, [404, 404, 200]);
}

#[test]
fn a_rival_buys_everything_that_a_search_showed() {
    let (simulator, client) = start();
    simulator.fault(Fault::new(On::Search, FaultKind::Stolen));
    for number in client.search("AreaCode=415&PageSize=3") {
        assert_eq!(client.buy(&number).refusal(), (400, 21422));
    }
    simulator.fault(Fault::new(On::Create, FaultKind::Stolen));
    let bought = client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]);
    assert_eq!(bought.refusal(), (400, 21422));
    simulator.fault(Fault::new(On::Search, FaultKind::NoStock));
    assert!(client.search("AreaCode=415").is_empty());
    simulator.fault(Fault::new(On::Create, FaultKind::NoStock));
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &[("AreaCode", "415")]).refusal(), (400, 21452));
    assert!(simulator.truth().purchases.is_empty());
}

#[test]
fn one_repeat_can_be_refused() {
    let (simulator, client, number, answer) = buy_with(Fault::new(On::Create, FaultKind::AlreadyOwned21422));
    assert_eq!(answer.status, 201, "the first is no repeat");
    assert_eq!(client.buy(&number).refusal(), (400, 21422));
    assert_eq!(client.buy(&number).status, 201);
    assert_eq!(simulator.truth().purchases.len(), 1);
}

#[test]
fn another_environment_had_it_first() {
    let (simulator, client, number, answer) = buy_with(Fault::new(On::Create, FaultKind::OldDateCreated));
    assert_eq!((answer.status, &answer.json()["friendly_name"]), (201, &json!("ours")));
    let truth = simulator.truth();
    let owned = truth.owned_number(&number).unwrap();
    assert!(owned.foreign && chrono::Utc::now() - owned.date_created > chrono::Duration::days(29));
    assert_eq!((truth.purchases.len(), truth.repeats.len()), (0, 1));
    assert_eq!(client.get("/Balance.json").json()["balance"], "1000000.00");

    let (simulator, client, _number, answer) = buy_with(Fault::new(On::Create, FaultKind::ForeignTag));
    assert_eq!(answer.json()["friendly_name"], FOREIGN_TAG);
    let path = format!("/IncomingPhoneNumbers/{}.json", answer.json()["sid"].as_str().unwrap());
    assert_eq!(client.get(&path).json()["friendly_name"], FOREIGN_TAG);
    assert!(simulator.truth().purchases.is_empty());
}

#[test]
fn a_look_up_can_show_another_tag_or_fewer_capabilities() {
    let (simulator, client) = start();
    let sid = simulator.own(ForeignNumber::new("+14155550100").friendly_name("mine"));
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    simulator.fault(Fault::new(On::Fetch, FaultKind::ForeignTag).phone_number("+14155550100"));
    assert_eq!(client.get(&path).json()["friendly_name"], FOREIGN_TAG);
    assert_eq!(client.get(&path).json()["friendly_name"], "mine");
    simulator.fault(Fault::new(On::List, FaultKind::NoCapability));
    let list = client.get("/IncomingPhoneNumbers.json").json();
    assert_eq!(list["incoming_phone_numbers"][0]["capabilities"]["sms"], false);

    let (_simulator, client, _number, answer) = buy_with(Fault::new(On::Create, FaultKind::NoCapability));
    assert_eq!(answer.json()["capabilities"], json!({"voice": true, "sms": false, "mms": false, "fax": false}));
    let path = format!("/IncomingPhoneNumbers/{}.json", answer.json()["sid"].as_str().unwrap());
    assert_eq!(client.get(&path).json()["capabilities"]["sms"], false);
}

#[test]
fn bodies_can_be_broken() {
    let (simulator, client, _number, answer) = buy_with(Fault::new(On::Create, FaultKind::MalformedJson));
    assert_eq!(answer.status, 201);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err());
    let truth = simulator.truth();
    assert!(!truth.purchases[0].delivered && truth.creates[0].delivered);

    let path = format!("/2010-04-01/Accounts/{}/Balance.json", simulator.account_sid());
    simulator.fault(Fault::new(On::Balance, FaultKind::TruncatedBody));
    assert!(client.send("GET", &path, None).is_err());
    simulator.fault(Fault::new(On::Balance, FaultKind::SlowBody).ms(300));
    let started = Instant::now();
    assert_eq!(client.get("/Balance.json").json()["currency"], "USD");
    assert!(started.elapsed() > Duration::from_millis(200));
    simulator.fault(Fault::new(On::Balance, FaultKind::Delay).ms(200));
    let started = Instant::now();
    client.get("/Balance.json");
    assert!(started.elapsed() >= Duration::from_millis(200));
    simulator.fault(Fault::new(On::Balance, FaultKind::BalanceZero));
    assert_eq!(client.get("/Balance.json").json()["balance"], "0.00");
}

#[test]
fn a_truncated_purchase_is_bought_and_not_delivered() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    simulator.fault(Fault::new(On::Create, FaultKind::TruncatedBody));
    assert!(client.try_buy(&number).is_err());
    let truth = simulator.truth();
    assert!(truth.purchases.len() == 1 && !truth.purchases[0].delivered);
}

#[test]
fn paging_can_be_led_astray() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new("+14155550100"));
    let next = || client.get("/IncomingPhoneNumbers.json").json()["next_page_uri"].clone();
    assert_eq!(next(), json!(null));
    simulator.fault(Fault::new(On::List, FaultKind::ForeignNextPage));
    assert!(next().as_str().unwrap().starts_with("https://elsewhere.example/"));
    simulator.fault(Fault::new(On::List, FaultKind::LoopingNextPage));
    assert!(next().as_str().unwrap().contains("/IncomingPhoneNumbers.json?PageSize=50&Page=0"));
    simulator.fault(Fault::new(On::List, FaultKind::BadPageToken));
    assert_eq!(client.get("/IncomingPhoneNumbers.json").refusal(), (400, 21481));
}

#[test]
fn a_fault_can_wait_for_one_number() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    simulator.fault(Fault::new(On::Create, FaultKind::Error503).phone_number(rows[1].as_str()));
    assert_eq!(client.buy(&rows[0]).status, 201);
    assert_eq!(client.buy(&rows[1]).status, 503);
    assert_eq!(client.buy(&rows[1]).status, 201);
}
