//! Checklist 33, 41: addresses, bundles and regulations as the API shows them, their filters, pages and faults.

use serde_json::{Value, json};
use twilio_simulator::{
    AddressOrder, BundleOrder, BundleStatus, Fault, FaultKind, ForeignNumber, LinkHost, NumberKind, On,
};

use crate::client::{Client, start};

const BUNDLES: &str = "/v2/RegulatoryCompliance/Bundles";
const REGULATIONS: &str = "/v2/RegulatoryCompliance/Regulations";

const HOME: &[(&str, &str)] = &[
    ("CustomerName", "Ada"),
    ("Street", "Hauptstr. 1"),
    ("City", "Berlin"),
    ("Region", "BE"),
    ("PostalCode", "10115"),
    ("IsoCountry", "DE"),
    ("FriendlyName", "home"),
];

fn get(client: &Client, path: &str) -> Value {
    let answer = client.send("GET", path, None).unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

fn sids(list: &Value, key: &str) -> Vec<String> {
    list[key].as_array().unwrap().iter().map(|row| row["sid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_address_is_added_shown_and_found() {
    let (simulator, client) = start();
    let added = client.post("/Addresses.json", HOME);
    assert_eq!(added.status, 201, "{}", added.text);
    let added = added.json();
    let sid = added["sid"].as_str().unwrap();
    assert!(sid.starts_with("AD") && sid.len() == 34);
    assert_eq!(
        (&added["validated"], &added["city"], &added["street_secondary"]),
        (&json!(false), &json!("Berlin"), &json!(null))
    );
    assert_eq!(client.get(&format!("/Addresses/{sid}.json")).json(), added);
    assert_eq!(client.get("/Addresses/AD00000000000000000000000000000000.json").refusal(), (404, 20404));
    for missing in HOME.iter().map(|(name, _)| *name).filter(|name| *name != "FriendlyName") {
        let form: Vec<_> = HOME.iter().copied().filter(|(name, _)| *name != missing).collect();
        assert_eq!(client.post("/Addresses.json", &form).refusal(), (400, 20001), "{missing}");
    }
    let control = simulator.address(AddressOrder { validated: Some(true), ..AddressOrder::new("GB") });
    let listed = |query: &str| sids(&client.get(&format!("/Addresses.json?{query}")).json(), "addresses");
    assert_eq!(listed(""), [control.as_str(), sid], "newest first");
    assert_eq!((listed("IsoCountry=DE"), listed("FriendlyName=home")), (vec![sid.to_owned()], vec![sid.to_owned()]));
    assert!(listed("CustomerName=Bob").is_empty() && listed("EmergencyEnabled=true").is_empty());
    assert_eq!(simulator.truth().addresses.len(), 2);
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn pages_of_the_2010_api_are_relative_and_keep_their_filters() {
    let (simulator, client) = start();
    let mut all: Vec<String> = (0..5).map(|_| simulator.address(AddressOrder::new("DE"))).collect();
    all.reverse();
    simulator.address(AddressOrder::new("GB"));
    let mut page = client.get("/Addresses.json?IsoCountry=DE&PageSize=2").json();
    let mut seen = sids(&page, "addresses");
    while let Some(next) = page["next_page_uri"].as_str() {
        assert!(next.starts_with("/2010-04-01/Accounts/") && next.contains("IsoCountry=DE&PageSize=2&Page="), "{next}");
        // Rows that come meanwhile shift nothing.
        simulator.address(AddressOrder::new("DE"));
        page = get(&client, next);
        seen.extend(sids(&page, "addresses"));
    }
    assert_eq!(seen, all);
    assert_eq!((&page["page"], &page["start"], &page["end"]), (&json!(2), &json!(4), &json!(4)));
    let back = get(&client, page["previous_page_uri"].as_str().unwrap());
    assert_eq!(sids(&back, "addresses"), all[2..4]);
    let refused = |query: &str| client.get(&format!("/Addresses.json?{query}")).refusal();
    assert_eq!((refused("PageSize=1001"), refused("PageToken=x")), ((400, 20007), (400, 21481)));
    assert_eq!(refused("PageToken=PAAD00000000000000000000000000000000"), (400, 21481));
}

#[test]
fn an_address_lists_the_numbers_that_name_it() {
    let (simulator, client) = start();
    let address = simulator.address(AddressOrder::new("US"));
    let sid = simulator.own(ForeignNumber::new("+14155550100"));
    simulator.own(ForeignNumber::new("+14155550101"));
    client.post(&format!("/IncomingPhoneNumbers/{sid}.json"), &[("AddressSid", &address)]);
    let path = format!("/Addresses/{address}/DependentPhoneNumbers.json");
    let list = client.get(&path).json();
    assert_eq!(sids(&list, "dependent_phone_numbers"), [sid]);
    let row = &list["dependent_phone_numbers"][0];
    assert_eq!(row["capabilities"], json!({"Voice": true, "SMS": true, "MMS": true}));
    assert!(row.get("bundle_sid").is_none() && row["phone_number"] == "+14155550100");
    simulator.address(AddressOrder::removal(&address));
    assert_eq!(client.get(&path).refusal(), (404, 20404));
}

#[test]
fn bundles_are_filtered_by_what_they_are_for_and_when_they_end() {
    let (simulator, client) = start();
    let german = simulator.bundle(BundleOrder::new("DE", NumberKind::Local).valid_until("2026-12-31"));
    let draft = simulator.bundle(BundleOrder::new("GB", NumberKind::Mobile).status(BundleStatus::Draft));
    let free = simulator.bundle(BundleOrder::new("US", NumberKind::TollFree).valid_until("2027-06-30"));
    let found = |query: &str| sids(&get(&client, &format!("{BUNDLES}?{query}")), "results");
    for (query, expected) in [
        ("", vec![&free, &draft, &german]),
        ("Status=twilio-approved", vec![&free, &german]),
        ("IsoCountry=GB", vec![&draft]),
        ("NumberType=toll-free", vec![&free]),
        ("NumberType=tollfree", vec![&free]),
        ("HasValidUntilDate=true", vec![&free, &german]),
        ("HasValidUntilDate=false", vec![&draft]),
        ("ValidUntilDate%3C=2026-12-31", vec![&german]),
        ("ValidUntilDate%3C=2026-12-30", vec![]),
        ("ValidUntilDate%3E=2027-01-01T00:00:00Z", vec![&free]),
        ("ValidUntilDate=2026-12-31", vec![&german]),
        (
            "Status=twilio-approved&IsoCountry=DE&NumberType=local&HasValidUntilDate=true&ValidUntilDate%3C=2026-12-31",
            vec![&german],
        ),
        ("SortBy=valid-until&SortDirection=DESC", vec![&free, &german, &draft]),
        ("EndUserType=individual", vec![]),
    ] {
        assert_eq!(found(query).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    assert_eq!(found(&format!("BundleSids={german},{draft}")), [draft.clone(), german.clone()]);
    for bad in ["NumberType=cellular", "ValidUntilDate%3C=soon", "HasValidUntilDate=perhaps", "SortBy=name"] {
        assert_eq!(client.send("GET", &format!("{BUNDLES}?{bad}"), None).unwrap().refusal(), (400, 20001), "{bad}");
    }
    let shown = get(&client, &format!("{BUNDLES}/{german}"));
    assert_eq!((&shown["status"], &shown["valid_until"]), (&json!("twilio-approved"), &json!("2026-12-31T00:00:00Z")));
    let regulation = get(&client, &format!("{REGULATIONS}/{}", shown["regulation_sid"].as_str().unwrap()));
    assert_eq!((&regulation["iso_country"], &regulation["number_type"]), (&json!("DE"), &json!("local")));
    assert_eq!(found(&format!("RegulationSid={}", regulation["sid"].as_str().unwrap())), std::slice::from_ref(&german));
    simulator.bundle(BundleOrder::removal(&german));
    let gone = client.send("GET", &format!("{BUNDLES}/{german}"), None).unwrap();
    assert_eq!(gone.refusal(), (404, 20404));
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn pages_of_the_newer_hosts_are_absolute_under_either_name() {
    let (simulator, client) = start();
    let mut all: Vec<String> = (0..3).map(|_| simulator.bundle(BundleOrder::new("DE", NumberKind::Local))).collect();
    all.reverse();
    for (host, base) in [(LinkHost::Twilio, "https://numbers.twilio.com"), (LinkHost::Simulator, simulator.url())] {
        simulator.set_links(host);
        let first = get(&client, &format!("{BUNDLES}?PageSize=2&Status=twilio-approved"));
        let next = first["meta"]["next_page_url"].as_str().unwrap();
        let path = next.strip_prefix(base).unwrap_or_else(|| panic!("{next} is not below {base}"));
        assert!(path.contains("Status=twilio-approved&PageSize=2&Page=1&PageToken=PT"), "{path}");
        let second = get(&client, path);
        assert_eq!([sids(&first, "results"), sids(&second, "results")].concat(), all);
        assert_eq!((&second["meta"]["key"], &second["meta"]["next_page_url"]), (&json!("results"), &Value::Null));
        assert!(second["meta"]["previous_page_url"].is_string());
    }
    simulator.reset(true);
    let prices = get(&client, "/v1/PhoneNumbers/Countries/US");
    assert_eq!(prices["url"], "https://pricing.twilio.com/v1/PhoneNumbers/Countries/US");
    simulator.set_links(LinkHost::Simulator);
    let prices = get(&client, "/v1/PhoneNumbers/Countries/US");
    assert_eq!(prices["url"], format!("{}/v1/PhoneNumbers/Countries/US", simulator.url()), "a reset keeps the address");
}

#[test]
fn a_regulation_asks_for_nothing_where_no_bundle_is_needed() {
    let (simulator, client) = start();
    let list = |query: &str| get(&client, &format!("{REGULATIONS}?{query}"))["results"].as_array().unwrap().clone();
    let documents = |row: &Value| row["requirements"]["supporting_document"].as_array().unwrap().len();
    let german = list("IsoCountry=DE&NumberType=mobile&EndUserType=business&IncludeConstraints=true");
    assert_eq!((german.len(), &german[0]["friendly_name"]), (1, &json!("Germany: Mobile - Business")));
    assert_eq!(documents(&german[0]), 1);
    let free = list("IsoCountry=US&NumberType=toll-free");
    assert_eq!((free.len(), documents(&free[0])), (2, 0));
    simulator.set_regulated("US", true);
    assert_eq!(documents(&list("IsoCountry=US&NumberType=toll-free")[0]), 1);
    assert_eq!(list("PageSize=1000").len(), 22);
    let unknown = client.send("GET", &format!("{REGULATIONS}/RN00000000000000000000000000000000"), None).unwrap();
    assert_eq!(unknown.refusal(), (404, 20404));
}

#[test]
fn every_fault_happens_here_too() {
    let (simulator, client) = start();
    let addresses = format!("/2010-04-01/Accounts/{}/Addresses.json", simulator.account_sid());
    for (on, path) in [(On::Address, addresses.as_str()), (On::Bundle, BUNDLES), (On::Regulation, REGULATIONS)] {
        for (kind, code) in [(FaultKind::TooManyRequests, 429), (FaultKind::Error503, 503), (FaultKind::Html502, 502)] {
            simulator.fault(Fault::new(on, kind));
            assert_eq!(client.send("GET", path, None).unwrap().status, code, "{on:?}");
            assert_eq!(client.send("GET", path, None).unwrap().status, 200);
        }
    }
    simulator.fault(Fault::new(On::Address, FaultKind::CommitThenReset));
    assert!(client.try_post("/Addresses.json", HOME).is_err());
    assert_eq!(simulator.truth().addresses.len(), 1, "it took effect, and the answer was lost");
    simulator.fault(Fault::new(On::Address, FaultKind::OddRow).field("validated"));
    simulator.bundle(BundleOrder::new("DE", NumberKind::Local));
    simulator.fault(Fault::new(On::Bundle, FaultKind::OddRow).field("valid_until").absent());
    assert!(client.get("/Addresses.json").json()["addresses"][0]["validated"].is_null());
    assert!(get(&client, BUNDLES)["results"][0].get("valid_until").is_none());
    let truth = simulator.truth();
    let asked = [On::Address, On::Bundle, On::Regulation].map(|on| truth.requests_of(on));
    assert_eq!(asked, [8, 7, 6]);
}

#[test]
fn test_credentials_see_none_of_it() {
    let (simulator, _client) = start();
    let test = Client::new(&simulator, simulator.test_account_sid(), simulator.test_auth_token());
    for path in [BUNDLES, REGULATIONS] {
        assert_eq!(test.send("GET", path, None).unwrap().refusal(), (403, 20008));
    }
    assert_eq!(test.post("/Addresses.json", HOME).refusal(), (403, 20008));
    assert!(simulator.truth().addresses.is_empty());
}
