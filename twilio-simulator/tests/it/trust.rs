//! Checklist 35: customer profiles, trust products, and what is assigned to them.

use serde_json::json;
use twilio_simulator::{BundleStatus, Fault, FaultKind, ForeignNumber, On, TrustKind, TrustOrder};

use crate::client::{Answer, Client, start};

fn assign(client: &Client, path: &str, number: &str) -> Answer {
    let form = [("ChannelEndpointType", "phone-number"), ("ChannelEndpointSid", number)];
    client.v1("POST", &format!("{path}/ChannelEndpointAssignments"), &form)
}

#[test]
fn a_number_goes_to_the_profile_first_and_then_to_the_products() {
    let (simulator, client) = start();
    let profile = simulator.trust(TrustOrder::new(TrustKind::CustomerProfile));
    let product = simulator.trust(TrustOrder::new(TrustKind::TrustProduct));
    let (profile, product) = (format!("/CustomerProfiles/{profile}"), format!("/TrustProducts/{product}"));
    let numbers =
        ["+14155550100", "+14155550101", "+14155550102"].map(|number| simulator.own(ForeignNumber::new(number)));
    assert_eq!(assign(&client, &product, &numbers[0]).refusal(), (400, 20001), "no profile has it");
    let first = assign(&client, &profile, &numbers[0]);
    assert_eq!(first.status, 201, "{}", first.text);
    let first = first.json();
    assert_eq!(
        (&first["channel_endpoint_sid"], first["sid"].as_str().unwrap().starts_with("RA")),
        (&json!(numbers[0]), true)
    );
    assert_eq!(assign(&client, &profile, &numbers[0]).refusal(), (400, 20001), "once is enough");
    simulator.trust(TrustOrder { repeats_pass: Some(true), ..TrustOrder::new(TrustKind::CustomerProfile) });
    assert_eq!(assign(&client, &profile, &numbers[0]).json(), first, "or the first one is the answer");
    assert_eq!(assign(&client, &product, &numbers[0]).status, 201);
    assert_eq!(assign(&client, &profile, &numbers[1]).status, 201);
    let found = |query: &str| {
        let list = client.v1("GET", &format!("{profile}/ChannelEndpointAssignments?{query}"), &[]).json();
        list["results"].as_array().unwrap_or_else(|| panic!("{list}")).len()
    };
    let both = format!("ChannelEndpointSids={},{}", numbers[0], numbers[2]);
    assert_eq!((found(""), found(&format!("ChannelEndpointSid={}", numbers[1])), found(&both)), (2, 1, 1));
    let one = format!("{profile}/ChannelEndpointAssignments/{}", first["sid"].as_str().unwrap());
    assert_eq!(client.v1("GET", &one, &[]).json(), first);
    assert_eq!(client.v1("DELETE", &one, &[]).status, 204);
    assert_eq!(client.v1("DELETE", &one, &[]).refusal(), (404, 20404));
    assert_eq!(client.delete(&numbers[1]).status, 204);
    assert_eq!(found(""), 0, "a number that is gone is assigned to nothing");
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn what_cannot_be_assigned_is_refused() {
    let (simulator, client) = start();
    let profile = simulator.trust(TrustOrder::new(TrustKind::CustomerProfile).status(BundleStatus::InReview));
    let number = simulator.own(ForeignNumber::new("+14155550100"));
    let path = format!("/CustomerProfiles/{profile}");
    assert_eq!(client.v1("GET", &path, &[]).json()["status"], "in-review");
    assert_eq!(client.v1("GET", &format!("/TrustProducts/{profile}"), &[]).refusal(), (404, 20404), "it is a profile");
    assert_eq!(assign(&client, "/CustomerProfiles/BU1", &number).refusal(), (404, 20404));
    assert_eq!(assign(&client, &path, &format!("PN{}", "0".repeat(32))).refusal(), (400, 21421));
    let form = [("ChannelEndpointType", "email"), ("ChannelEndpointSid", number.as_str())];
    assert_eq!(client.v1("POST", &format!("{path}/ChannelEndpointAssignments"), &form).refusal(), (400, 20001));
    let entities = format!("{path}/EntityAssignments");
    let entity = client.v1("POST", &entities, &[("ObjectSid", "IT00000000000000000000000000000001")]);
    assert_eq!((entity.status, entity.json()["customer_profile_sid"].as_str()), (201, Some(profile.as_str())));
    assert_eq!(client.v1("GET", &entities, &[]).json()["results"][0], entity.json());
    simulator.fault(Fault::new(On::Assignment, FaultKind::CommitThenClose).phone_number("+14155550100"));
    let form = format!("ChannelEndpointType=phone-number&ChannelEndpointSid={number}");
    let lost = client.send("POST", &format!("/v1{path}/ChannelEndpointAssignments"), Some(&form));
    assert!(lost.is_err());
    assert!(simulator.truth().trust_bundles[0].assignments.iter().any(|of| of.object_sid == number));
}
