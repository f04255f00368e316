//! Checklist 5, 15, 19: credentials, status, money, headers, and paths that lead nowhere.

use serde_json::json;
use twilio_simulator::{AccountStatus, AccountType, NumberKind};

use crate::client::{Client, start};

#[test]
fn credentials() {
    let (simulator, client) = start();
    assert_eq!(client.get("/Balance.json").status, 200);
    let key = Client::new(&simulator, simulator.api_key_sid(), simulator.api_key_secret());
    assert_eq!(key.get("/Balance.json").status, 200);
    let wrong = Client::new(&simulator, simulator.account_sid(), "wrong");
    let refused = wrong.get("/Balance.json");
    assert_eq!(refused.refusal(), (401, 20003));
    assert_eq!((&refused.json()["detail"], &refused.json()["message"]), (&json!({}), &json!("Authenticate")));
    assert!(refused.header("www-authenticate").unwrap().starts_with("Basic"));
    let elsewhere = "/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Balance.json";
    assert_eq!(client.send("GET", elsewhere, None).unwrap().refusal(), (401, 20003));
}

#[test]
fn every_answer_names_itself() {
    let (simulator, client) = start();
    let wrong = Client::new(&simulator, simulator.account_sid(), "wrong");
    let answers = [client.get("/Balance.json"), client.get("/Nothing.json"), wrong.get(".json")];
    let mut seen = std::collections::HashSet::new();
    for answer in &answers {
        let id = answer.header("twilio-request-id").unwrap();
        assert!(id.len() == 34 && id.starts_with("RQ") && seen.insert(id.to_owned()), "{id}");
        assert_eq!(answer.header("twilio-concurrent-requests"), Some("1"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[test]
fn a_suspended_account_is_shut_out() {
    let (simulator, client) = start();
    assert_eq!(client.get(".json").json()["status"], "active");
    for status in [AccountStatus::Suspended, AccountStatus::Closed] {
        simulator.set_account_status(status);
        assert_eq!(client.get("/Balance.json").refusal(), (401, 20003));
        assert_eq!(client.buy("+14155550100").refusal(), (401, 20003));
    }
    simulator.set_account_status(AccountStatus::Active);
    assert_eq!(client.get("/Balance.json").status, 200);
}

#[test]
fn money_runs_out() {
    let (simulator, client) = start();
    let rows = client.search("AreaCode=415");
    simulator.set_balance("1.20");
    assert_eq!(client.buy(&rows[0]).status, 201);
    assert_eq!(client.get("/Balance.json").json()["balance"], "0.05");
    assert_eq!(client.buy(&rows[1]).refusal(), (403, 20005));
    simulator.set_balance("100");
    simulator.set_account_type(AccountType::Trial);
    assert_eq!(client.buy(&rows[1]).refusal(), (400, 21404));
    assert_eq!(client.get(".json").json()["type"], "Trial");
    assert_eq!(simulator.truth().purchases.len(), 1);
}

#[test]
fn prices_are_strings() {
    let (simulator, client) = start();
    let price = |path: &str| client.send("GET", path, None).unwrap();
    let us = price("/v1/PhoneNumbers/Countries/US").json();
    assert_eq!(
        us["phone_number_prices"],
        json!([
            {"number_type": "local", "base_price": "1.15", "current_price": "1.15"},
            {"number_type": "toll free", "base_price": "2.15", "current_price": "2.15"},
        ])
    );
    assert_eq!((&us["price_unit"], &us["iso_country"]), (&json!("USD"), &json!("US")));
    simulator.set_price("US", NumberKind::Local, "0.99");
    let us = price("/v1/PhoneNumbers/Countries/US").json();
    assert_eq!(us["phone_number_prices"][0]["current_price"], "0.99");
    assert_eq!(price("/v1/PhoneNumbers/Countries").json()["meta"]["key"], "countries");
    assert_eq!(price("/v1/PhoneNumbers/Countries/ZZ").refusal(), (404, 20404));
}

#[test]
fn other_paths_and_methods() {
    let (_simulator, client) = start();
    let answer = client.get("/Conferences.json");
    assert_eq!(answer.refusal(), (404, 20404));
    assert!(answer.json()["message"].as_str().unwrap().ends_with("/Conferences.json was not found"));
    assert_eq!(client.send("GET", "/", None).unwrap().refusal(), (404, 20404));
    let wrong = client.post("/Balance.json", &[]);
    assert_eq!(wrong.refusal(), (405, 20004));
    assert_eq!(wrong.header("allow"), Some("GET"));
    let put = client.send("PUT", "/v1/PhoneNumbers/Countries", Some("")).unwrap();
    assert_eq!(put.refusal(), (405, 20004));
}
