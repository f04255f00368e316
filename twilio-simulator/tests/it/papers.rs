//! Checklist 31, 32, 34: what a buyer must show, in which order that is refused, and which types a country has.

use serde_json::{Value, json};
use twilio_simulator::{
    AddressOrder, AddressRequirement, BundleOrder, BundleStatus, IdentityOrder, MarketOrder, NumberKind, Simulator,
};

use crate::client::{Client, start};

/// Rows of a search, whole.
fn rows(client: &Client, path: &str) -> Vec<Value> {
    let answer = client.get(&format!("/AvailablePhoneNumbers/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()["available_phone_numbers"].as_array().unwrap().clone()
}

fn number(row: &Value) -> String {
    row["phone_number"].as_str().unwrap().to_owned()
}

/// A number of Berlin and one of Munich, where everything is asked for.
fn german(simulator: &Simulator, client: &Client) -> (String, String) {
    simulator.set_market(
        MarketOrder::new("DE")
            .number_type(NumberKind::Local)
            .address(AddressRequirement::Local)
            .bundle(true)
            .identity(true),
    );
    let all: Vec<String> = rows(client, "DE/Local.json").iter().map(number).collect();
    let of = |area: &str| all.iter().find(|number| number.starts_with(area)).unwrap().clone();
    (of("+4930"), of("+4989"))
}

#[test]
fn refusals_come_in_twilios_order_and_cost_nothing() {
    let (simulator, client) = start();
    let (berlin, munich) = german(&simulator, &client);
    let home = simulator.address(AddressOrder::new("DE").city("Berlin"));
    let abroad = simulator.address(AddressOrder::new("US").city("Berlin"));
    let local = || BundleOrder::new("DE", NumberKind::Local);
    let bundle = simulator.bundle(local());
    let identity = simulator.identity(IdentityOrder::default());
    let unfit = [
        simulator.bundle(local().status(BundleStatus::ProvisionallyApproved)),
        simulator.bundle(local().status(BundleStatus::TwilioRejected)),
        simulator.bundle(local().valid_until("2020-01-31")),
        simulator.bundle(BundleOrder::new("DE", NumberKind::Mobile)),
        simulator.bundle(BundleOrder::new("GB", NumberKind::Local)),
        format!("BU{}", "0".repeat(32)),
    ];
    let of_another = simulator.bundle(local().address(&abroad));
    let (nobody, nobodys) = (format!("AD{}", "0".repeat(32)), format!("RI{}", "0".repeat(32)));
    let buy = |number: &str, address: &str, bundle: &str, identity: &str| {
        let form = [("PhoneNumber", number), ("AddressSid", address), ("BundleSid", bundle), ("IdentitySid", identity)];
        client.post("/IncomingPhoneNumbers.json", &form)
    };
    // Money is asked for last: whoever lacks papers and money hears of the papers.
    simulator.set_balance("0.00");
    let refused = |number: &str, address: &str, bundle: &str, identity: &str| {
        let (status, code) = buy(number, address, bundle, identity).refusal();
        assert_eq!(status, if code == 20005 { 403 } else { 400 });
        code
    };
    assert_eq!(refused(&berlin, "", &bundle, &identity), 21631);
    assert_eq!(refused(&berlin, &nobody, &bundle, &identity), 21631);
    assert_eq!(refused(&berlin, &abroad, "", ""), 21615);
    assert_eq!(refused(&munich, &home, &bundle, &identity), 21615);
    assert_eq!(refused(&berlin, &home, "", ""), 21649);
    for bundle in &unfit {
        assert_eq!(refused(&berlin, &home, bundle, ""), 21649);
    }
    assert_eq!(refused(&berlin, &home, &of_another, ""), 21651);
    assert_eq!(refused(&berlin, &home, &bundle, ""), 21650);
    assert_eq!(refused(&berlin, &home, &bundle, &nobodys), 21650);
    assert_eq!(refused(&berlin, &home, &bundle, &identity), 20005);
    simulator.set_balance("10.00");
    assert!(simulator.truth().purchases.is_empty() && simulator.truth().owned.is_empty());
    let bought = buy(&berlin, &home, &bundle, &identity);
    assert_eq!(bought.status, 201, "{}", bought.text);
    let bought = bought.json();
    assert_eq!((&bought["address_sid"], &bought["bundle_sid"]), (&json!(home), &json!(bundle)));
    assert_eq!((&bought["identity_sid"], &bought["address_requirements"]), (&json!(identity), &json!("local")));
    assert_eq!(simulator.truth().balance, "8.85");
}

#[test]
fn whether_a_number_is_there_comes_before_its_papers() {
    let (simulator, client) = start();
    let (berlin, _) = german(&simulator, &client);
    let typed = client.post("/IncomingPhoneNumbers/Mobile.json", &[("PhoneNumber", &berlin)]);
    assert_eq!(typed.refusal(), (400, 21458));
    simulator.take(&berlin);
    assert_eq!(client.buy(&berlin).refusal(), (400, 21422));
    let malformed = client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", &berlin), ("BundleSid", "BU1")]);
    assert_eq!(malformed.refusal(), (400, 20001));
}

#[test]
fn a_bundle_alone_is_enough_for_a_british_mobile_and_an_address_of_its_document_must_be_shown() {
    let (simulator, client) = start();
    let number = number(&rows(&client, "GB/Mobile.json?ExcludeAllAddressRequired=true")[0]);
    let buy = |form: &[(&str, &str)]| {
        client.post("/IncomingPhoneNumbers.json", &[&[("PhoneNumber", number.as_str())], form].concat())
    };
    assert_eq!(buy(&[]).refusal(), (400, 21649));
    let address = simulator.address(AddressOrder::new("GB"));
    let bundle = simulator.bundle(BundleOrder::new("GB", NumberKind::Mobile).address(&address));
    assert_eq!(buy(&[("BundleSid", &bundle)]).refusal(), (400, 21651));
    simulator.bundle(BundleOrder::default().sid(&bundle).address(""));
    assert_eq!(buy(&[("BundleSid", &bundle)]).status, 201);
    simulator.bundle(BundleOrder::removal(&bundle));
    assert!(simulator.truth().bundles.is_empty());
}

#[test]
fn an_unknown_address_has_the_code_that_was_set() {
    let (simulator, client) = start();
    let number = client.search("").remove(0);
    let nobody = format!("AD{}", "0".repeat(32));
    let buy =
        || client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", number.as_str()), ("AddressSid", &nobody)]);
    assert_eq!(buy().refusal(), (400, 21631), "even where no address is needed");
    simulator.set_unknown_address(22109);
    assert_eq!(buy().refusal(), (400, 22109));
    simulator.reset(true);
    assert_eq!(buy().refusal(), (400, 21631));
}

#[test]
fn an_update_sets_papers_that_fit_and_refuses_the_others_whole() {
    let (simulator, client) = start();
    let mobile = number(&rows(&client, "GB/Mobile.json")[0]);
    let good = simulator.bundle(BundleOrder::new("GB", NumberKind::Mobile));
    let other = simulator.bundle(BundleOrder::new("GB", NumberKind::Local));
    let bought = client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", &mobile), ("BundleSid", &good)]).json();
    let path = format!("/IncomingPhoneNumbers/{}.json", bought["sid"].as_str().unwrap());
    let update = |form: &[(&str, &str)]| client.post(&path, form);
    assert_eq!(update(&[("FriendlyName", "no papers asked")]).status, 200);
    assert_eq!(update(&[("BundleSid", &other), ("FriendlyName", "lost")]).refusal(), (400, 21649));
    assert_eq!(client.get(&path).json()["friendly_name"], "no papers asked");
    let address = simulator.address(AddressOrder::new("GB"));
    simulator.bundle(BundleOrder::default().sid(&good).address(&address));
    let strange = simulator.address(AddressOrder::new("GB"));
    assert_eq!(update(&[("AddressSid", &strange)]).refusal(), (400, 21651));
    assert_eq!(update(&[("AddressSid", &address)]).json()["address_sid"], address);
    assert_eq!(update(&[("AddressSid", "")]).json()["address_sid"], Value::Null);
    let again = client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", &mobile), ("BundleSid", &other)]);
    assert_eq!(again.refusal(), (400, 21649), "a create of an owned number is an update");
    assert_eq!(simulator.truth().purchases.len(), 1);
}

#[test]
fn some_canadian_numbers_need_an_address_and_rows_say_which() {
    let (simulator, client) = start();
    let all = rows(&client, "CA/Local.json?AreaCode=416");
    let needing: Vec<&Value> = all.iter().filter(|row| row["address_requirements"] == "any").collect();
    assert!((5..25).contains(&needing.len()), "{}", needing.len());
    assert_eq!(client.buy(&number(needing[0])).refusal(), (400, 21631));
    let free = rows(&client, "CA/Local.json?AreaCode=416&ExcludeAllAddressRequired=true");
    assert_eq!(free.len(), 30);
    assert!(free.iter().all(|row| row["address_requirements"] == "none"));
    assert_eq!(client.buy(&number(&free[0])).status, 201);
    let address = simulator.address(AddressOrder::new("CA"));
    let (number, order) = (number(needing[0]), MarketOrder::new("CA").address(AddressRequirement::Foreign));
    simulator.set_market(order);
    let buy =
        || client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", number.as_str()), ("AddressSid", &address)]);
    assert_eq!(buy().refusal(), (400, 21615));
    simulator.set_market(MarketOrder::new("CA").address(AddressRequirement::Any));
    assert_eq!(buy().status, 201);
}

#[test]
fn a_country_has_the_types_that_it_says_and_no_others() {
    let (_simulator, client) = start();
    let types = ["Local", "TollFree", "Mobile", "National", "Voip", "SharedCost", "MachineToMachine"];
    for (country, known) in [
        ("US", &["Local", "TollFree"][..]),
        ("CA", &["Local", "TollFree"]),
        ("GB", &["Local", "Mobile"]),
        ("AU", &["Mobile"]),
        ("DE", &["Local", "Mobile", "National"]),
        ("PR", &["Local"]),
    ] {
        for kind in types {
            let answer = client.get(&format!("/AvailablePhoneNumbers/{country}/{kind}.json"));
            if known.contains(&kind) {
                let json = answer.json();
                let rows = json["available_phone_numbers"].as_array().unwrap();
                assert!(!rows.is_empty() && rows.iter().all(|row| row["iso_country"] == country), "{country} {kind}");
            } else {
                assert_eq!(answer.refusal(), (404, 20404), "{country} {kind}");
            }
        }
        let listed = client.get(&format!("/AvailablePhoneNumbers/{country}.json")).json();
        let uris = listed["subresource_uris"].as_object().unwrap();
        let priced = client.send("GET", &format!("/v1/PhoneNumbers/Countries/{country}"), None).unwrap().json();
        let prices = priced["phone_number_prices"].as_array().unwrap();
        assert_eq!((uris.len(), prices.len()), (known.len(), known.len()), "{country}");
        for price in prices {
            let word = price["number_type"].as_str().unwrap().replace(' ', "_");
            assert!(uris.contains_key(&word), "{country} {word}");
        }
    }
    assert!(rows(&client, "US/Local.json?AreaCode=787").is_empty(), "787 is Puerto Rico's");
    assert_eq!(rows(&client, "PR/Local.json?AreaCode=787").len(), 30);
    let national = number(&rows(&client, "DE/National.json")[0]);
    assert!(national.starts_with("+4932") && national.len() == 14, "{national}");
    let bundle = json!({"country": "DE", "number_type": "national"});
    let bundle = client.control("bundle", &bundle.to_string()).json()["sid"].as_str().unwrap().to_owned();
    let address = client.control("address", r#"{"country":"DE"}"#).json()["sid"].as_str().unwrap().to_owned();
    let form = [("PhoneNumber", national.as_str()), ("BundleSid", &bundle), ("AddressSid", &address)];
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).json()["type"], "national");
}
