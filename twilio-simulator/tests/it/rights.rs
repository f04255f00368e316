//! What a first look at an account depends on: the key's rights, the region, the kind of account, dates.

use serde_json::json;
use twilio_simulator::{AccountType, BundleOrder, BundleStatus, ForeignNumber, NumberKind, On, RightsOrder};

use crate::client::{Client, start};

#[test]
fn a_restricted_key_is_refused_what_it_may_not() {
    let (simulator, client) = start();
    let key = Client::new(&simulator, simulator.api_key_sid(), simulator.api_key_secret());
    assert_eq!(key.get(".json").status, 200);
    let order = json!({"denied": ["account", "balance", "create"]});
    assert_eq!(client.control("rights", &order.to_string()).status, 200);
    assert_eq!((key.get(".json").refusal(), key.get("/Balance.json").refusal()), ((403, 20003), (403, 20003)));
    let number = key.search("AreaCode=415").remove(0);
    assert_eq!(key.buy(&number).refusal(), (403, 20003));
    assert!(simulator.truth().purchases.is_empty());
    assert_eq!(client.buy(&number).status, 201, "the token may everything");
    simulator.rights(RightsOrder { status: Some(401), code: Some(70051), ..RightsOrder::denied([On::Any]) });
    assert_eq!(key.get("/IncomingPhoneNumbers.json").refusal(), (401, 70051));
    simulator.reset(true);
    assert_eq!(key.get(".json").status, 200);
}

#[test]
fn credentials_belong_to_a_region() {
    let (simulator, client) = start();
    let asked = |host: &str| {
        let answer = client.as_host(host).get("/Balance.json");
        (answer.status, answer.header("X-Home-Region").unwrap().to_owned())
    };
    assert_eq!(asked("api.twilio.com"), (200, "us1".into()));
    assert_eq!(asked("api.dublin.ie1.twilio.com"), (401, "us1".into()));
    simulator.rights(RightsOrder { region: Some("ie1".into()), ..RightsOrder::default() });
    assert_eq!(asked("api.dublin.ie1.twilio.com"), (200, "ie1".into()));
    assert_eq!(asked("api.twilio.com"), (401, "ie1".into()));
    assert_eq!(client.get("/Balance.json").status, 200, "its own address is of every region");
}

#[test]
fn a_trial_account_says_so_and_has_one_number() {
    let (simulator, client) = start();
    simulator.set_account_type(AccountType::Trial);
    assert_eq!(client.get(".json").json()["type"], "Trial");
    simulator.own(ForeignNumber::new("+14155550100"));
    let number = client.search("AreaCode=415").remove(0);
    assert_eq!(client.buy(&number).refusal(), (400, 21404));
}

#[test]
fn a_bundle_tells_its_status_and_its_end() {
    let (simulator, client) = start();
    let order = BundleOrder::new("GB", NumberKind::Mobile).status(BundleStatus::ProvisionallyApproved);
    let sid = simulator.bundle(order.valid_until("2027-01-31"));
    let shown = client.send("GET", &format!("/v2/RegulatoryCompliance/Bundles/{sid}"), None).unwrap().json();
    assert_eq!(
        (&shown["status"], &shown["valid_until"]),
        (&json!("provisionally-approved"), &json!("2027-01-31T00:00:00Z"))
    );
}

#[test]
fn a_number_is_dated_back() {
    let (simulator, client) = start();
    let sid = simulator.own(ForeignNumber::new("+14155550100"));
    let order = json!({"phone_number": "+14155550100", "date_created": "2026-01-31T09:00:00Z"});
    assert_eq!(client.control("date", &order.to_string()).status, 200);
    let shown = client.get(&format!("/IncomingPhoneNumbers/{sid}.json")).json();
    assert_eq!(shown["date_created"], "Sat, 31 Jan 2026 09:00:00 +0000");
    let unknown = json!({"phone_number": "+14155550199", "date_created": "2026-01-31T09:00:00Z"});
    assert_eq!(client.control("date", &unknown.to_string()).status, 400);
}

#[test]
fn test_credentials_see_none_of_the_newer_hosts() {
    let (simulator, _client) = start();
    let test = Client::new(&simulator, simulator.test_account_sid(), simulator.test_auth_token());
    for path in ["/Services", "/Sinks", "/Subscriptions", "/Events"] {
        assert_eq!(test.v1("GET", path, &[]).refusal(), (403, 20008), "{path}");
    }
    assert_eq!(test.get("/Applications.json").refusal(), (403, 20008));
}
