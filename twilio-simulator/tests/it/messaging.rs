//! Checklist 21 to 24: messaging services, their members and campaigns.

use serde_json::{Value, json};
use twilio_simulator::{
    CampaignOrder, CampaignStatus, Capabilities, Fault, FaultKind, ForeignNumber, On, ServiceOrder, Simulator,
    TollfreeOrder, TollfreeStatus,
};

use crate::client::{Answer, Client, start};

/// Numbers of the account, and their SIDs.
fn numbers(simulator: &Simulator, count: u32) -> Vec<(String, String)> {
    let number = |index| format!("+1415555{index:04}");
    (0..count).map(|index| (number(index), simulator.own(ForeignNumber::new(number(index))))).collect()
}

fn attach(client: &Client, service: &str, number: &str) -> Answer {
    client.v1("POST", &format!("/Services/{service}/PhoneNumbers"), &[("PhoneNumberSid", number)])
}

fn sids(list: &Value) -> Vec<String> {
    let rows = list["phone_numbers"].as_array().unwrap_or_else(|| panic!("{list}"));
    rows.iter().map(|row| row["sid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_service_is_made_listed_and_fetched() {
    let (simulator, client) = start();
    let controlled = simulator.service(ServiceOrder::new().campaign(CampaignStatus::Verified));
    let form = [("FriendlyName", "ours"), ("UseInboundWebhookOnNumber", "true")];
    let made = client.v1("POST", "/Services", &form);
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["use_inbound_webhook_on_number"], &made["inbound_request_url"]), (&json!(true), &Value::Null));
    let sid = made["sid"].as_str().unwrap();
    assert_eq!(client.v1("GET", &format!("/Services/{sid}"), &[]).json(), made);
    let listed = client.v1("GET", "/Services?PageSize=1", &[]).json();
    assert_eq!((&listed["services"][0], &listed["meta"]["key"]), (&made, &json!("services")), "newest first");
    assert!(listed["meta"]["next_page_url"].as_str().unwrap().starts_with("https://messaging.twilio.com/v1/Services?"));
    let verified = client.v1("GET", &format!("/Services/{controlled}"), &[]).json();
    assert_eq!(verified["us_app_to_person_registered"], true);
    assert_eq!(client.v1("POST", "/Services", &[]).refusal(), (400, 20001));
    let unknown = format!("/Services/MG{}", "0".repeat(32));
    assert_eq!(client.v1("GET", &unknown, &[]).refusal(), (404, 20404));
    assert_eq!(client.v1("GET", &format!("{unknown}/PhoneNumbers"), &[]).refusal(), (404, 20404));
    assert_eq!(client.v1("PUT", "/Services", &[]).refusal(), (405, 20004));
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn a_number_joins_one_service_and_leaves_it() {
    let (simulator, client) = start();
    let (ours, other) = (simulator.service(ServiceOrder::new()), simulator.service(ServiceOrder::new()));
    let number = &numbers(&simulator, 1)[0];
    let joined = attach(&client, &ours, &number.1);
    assert_eq!(joined.status, 201, "{}", joined.text);
    let joined = joined.json();
    assert_eq!(joined["capabilities"], json!(["MMS", "SMS", "Voice"]));
    assert_eq!((&joined["phone_number"], &joined["country_code"]), (&json!(number.0), &json!("US")));
    let path = format!("/Services/{ours}/PhoneNumbers/{}", number.1);
    assert_eq!(client.v1("GET", &path, &[]).json(), joined);
    assert_eq!(attach(&client, &ours, &number.1).refusal(), (409, 21710));
    assert_eq!(attach(&client, &other, &number.1).refusal(), (409, 21712));
    let elsewhere = format!("/Services/{other}/PhoneNumbers/{}", number.1);
    assert_eq!(client.v1("DELETE", &elsewhere, &[]).refusal(), (404, 21711));
    assert_eq!(simulator.truth().service_of(&number.0).unwrap().sid, ours);
    assert_eq!(client.v1("DELETE", &path, &[]).status, 204);
    assert_eq!(client.v1("DELETE", &path, &[]).refusal(), (404, 21711));
    assert_eq!(client.v1("GET", &path, &[]).refusal(), (404, 20404));
    assert!(client.owned_sid(&number.0).is_some(), "it stays in the account");
    let log = simulator.truth().memberships;
    assert_eq!(log.iter().map(|one| one.joined).collect::<Vec<_>>(), [true, false]);
    assert!(log.iter().all(|one| one.service_sid == ours && one.request_id.is_some()));
    assert_eq!(
        attach(&client, &other, &number.1).status,
        201,
        "it was never registered, so nothing is to be forgotten"
    );
}

#[test]
fn what_cannot_join_is_refused_by_its_code() {
    let (simulator, client) = start();
    let numbers = numbers(&simulator, 3);
    let service = simulator.service(ServiceOrder::new().capacity(2));
    let mute = Capabilities { voice: true, sms: false, mms: false, fax: false };
    simulator.own(ForeignNumber { capabilities: Some(mute), ..ForeignNumber::new(&numbers[2].0) });
    assert_eq!(attach(&client, "MG1", &numbers[0].1).refusal(), (400, 21705));
    assert_eq!(attach(&client, &format!("MG{}", "0".repeat(32)), &numbers[0].1).refusal(), (404, 21701));
    assert_eq!(attach(&client, &service, &format!("PN{}", "0".repeat(32))).refusal(), (400, 21421));
    assert_eq!(client.v1("POST", &format!("/Services/{service}/PhoneNumbers"), &[]).refusal(), (400, 20001));
    assert_eq!(attach(&client, &service, &numbers[2].1).refusal(), (400, 21715));
    simulator.service(ServiceOrder { short_codes: Some(1), ..ServiceOrder::new().sid(&service) });
    assert_eq!(attach(&client, &service, &numbers[0].1).status, 201);
    for status in [412, 400] {
        simulator.service(ServiceOrder { full_status: Some(status), ..ServiceOrder::new().sid(&service) });
        assert_eq!(attach(&client, &service, &numbers[1].1).refusal(), (status, 21714));
    }
    assert_eq!(client.delete(&numbers[0].1).status, 204);
    assert!(simulator.truth().services[0].members.is_empty(), "whoever leaves the account leaves the service");
    simulator.service(ServiceOrder { attach_status: Some(200), ..ServiceOrder::new().sid(&service) });
    assert_eq!(attach(&client, &service, &numbers[1].1).status, 200, "its place is free");
    assert!(simulator.disown(&numbers[1].0));
    assert!(simulator.truth().services[0].members.is_empty());
}

#[test]
fn pages_of_members_stay_right_while_they_come_and_go() {
    let (simulator, client) = start();
    let numbers = numbers(&simulator, 6);
    let service = simulator.service(ServiceOrder::new());
    for (_, sid) in &numbers[..5] {
        assert_eq!(attach(&client, &service, sid).status, 201);
    }
    let newest_first = |range: std::ops::Range<usize>| numbers[range].iter().rev().map(|(_, sid)| sid.clone());
    let mut page = client.v1("GET", &format!("/Services/{service}/PhoneNumbers?PageSize=2"), &[]).json();
    let mut seen = sids(&page);
    // The one that the token names leaves, and another one comes.
    client.v1("DELETE", &format!("/Services/{service}/PhoneNumbers/{}", numbers[3].1), &[]);
    assert_eq!(attach(&client, &service, &numbers[5].1).status, 201);
    while let Some(next) = page["meta"]["next_page_url"].as_str() {
        let path = next.strip_prefix("https://messaging.twilio.com/v1").unwrap().to_owned();
        page = client.v1("GET", &path, &[]).json();
        seen.extend(sids(&page));
    }
    assert_eq!(seen, newest_first(0..5).collect::<Vec<_>>());
    let path = |query: &str| format!("/Services/{service}/PhoneNumbers?{query}");
    assert_eq!(client.v1("GET", &path("PageSize=1001"), &[]).refusal(), (400, 20007));
    assert_eq!(client.v1("GET", &path("PageToken=PTAPN1"), &[]).refusal(), (400, 21481));
}

#[test]
fn a_campaign_says_how_it_stands() {
    let (simulator, client) = start();
    let service = simulator.service(ServiceOrder::new());
    let path = format!("/Services/{service}/Compliance/Usa2p");
    let shown = || client.v1("GET", &path, &[]).json()["compliance"].clone();
    assert_eq!(shown(), json!([]));
    let sid = simulator.campaign(CampaignOrder::new(&service));
    assert_eq!((&shown()[0]["sid"], &shown()[0]["campaign_status"]), (&json!(sid), &json!("PENDING")));
    simulator.campaign(CampaignOrder { errors: Some(vec![30897]), ..CampaignOrder::new(&service) });
    assert_eq!(shown()[0]["errors"][0]["error_code"], 30897);
    assert_eq!(shown()[0]["campaign_status"], "PENDING", "errors and a status that does not tell of them");
    for (status, word) in [
        (CampaignStatus::InProgress, "IN_PROGRESS"),
        (CampaignStatus::Failed, "FAILED"),
        (CampaignStatus::Verified, "VERIFIED"),
    ] {
        simulator.campaign(CampaignOrder::new(&service).status(status));
        assert_eq!(shown()[0]["campaign_status"], word);
    }
    simulator.campaign(CampaignOrder { remove: true, ..CampaignOrder::new(&service) });
    assert_eq!(shown(), json!([]));
}

#[test]
fn a_toll_free_number_has_its_verification() {
    let (simulator, client) = start();
    let number = "+18005550100";
    let sid = simulator.own(ForeignNumber::new(number));
    let path = format!("/Tollfree/Verifications?TollfreePhoneNumberSid={sid}");
    assert_eq!(client.v1("GET", &path, &[]).json()["verifications"], json!([]));
    let order = |status| TollfreeOrder { phone_number: number.into(), status };
    simulator.tollfree(&order(TollfreeStatus::PendingReview));
    simulator.tollfree(&order(TollfreeStatus::TwilioApproved));
    let list = client.v1("GET", &path, &[]).json();
    assert_eq!(list["verifications"].as_array().unwrap().len(), 1);
    assert_eq!(list["verifications"][0]["status"], "TWILIO_APPROVED");
    assert_eq!(client.v1("GET", "/Tollfree/Verifications?Status=IN_REVIEW", &[]).json()["verifications"], json!([]));
}

#[test]
fn somebody_else_puts_in_and_takes_out() {
    let (simulator, client) = start();
    let numbers = numbers(&simulator, 2);
    let (ours, other) = (simulator.service(ServiceOrder::new()), simulator.service(ServiceOrder::new()));
    simulator.service(ServiceOrder::new().sid(&other).with_member(&numbers[0].0).with_member(&numbers[1].0));
    assert_eq!(attach(&client, &ours, &numbers[0].1).refusal(), (409, 21712));
    simulator.service(ServiceOrder::new().sid(&other).without_member(&numbers[0].0));
    assert_eq!(attach(&client, &ours, &numbers[0].1).status, 201);
    let state = client.send("GET", "/__sim/state", None).unwrap().json();
    assert_eq!(state["services"][0]["members"][0]["phone_number"], numbers[0].0.as_str());
    assert_eq!(state["services"][1]["members"][0]["phone_number"], numbers[1].0.as_str());
    simulator.service(ServiceOrder::removal(&other));
    assert!(simulator.truth().service_of(&numbers[1].0).is_none());
    assert_eq!(simulator.truth().memberships.iter().filter(|one| one.request_id.is_some()).count(), 1);
    assert_eq!(attach(&client, &ours, &numbers[1].1).status, 201);
}

#[test]
fn an_attach_may_take_effect_and_lose_its_answer() {
    let (simulator, client) = start();
    let number = &numbers(&simulator, 1)[0];
    let service = simulator.service(ServiceOrder::new());
    let path = format!("/v1/Services/{service}/PhoneNumbers");
    let form = format!("PhoneNumberSid={}", number.1);
    let one = format!("{path}/{}", number.1);
    let send = |method, path: &str, form| client.send(method, path, form);
    simulator.fault(Fault::new(On::Attach, FaultKind::CommitThenReset).phone_number(&number.0));
    assert!(send("POST", &path, Some(form.as_str())).is_err());
    assert_eq!(attach(&client, &service, &number.1).refusal(), (409, 21710));
    simulator.fault(Fault::new(On::Detach, FaultKind::CommitThen500));
    assert_eq!(send("DELETE", &one, None).unwrap().status, 500);
    simulator.fault(Fault::new(On::Detach, FaultKind::Error503));
    assert_eq!(send("DELETE", &one, None).unwrap().status, 503);
    assert_eq!(send("DELETE", &one, None).unwrap().refusal(), (404, 21711));
    simulator.fault(Fault::new(On::Attach, FaultKind::Lag).requests(1));
    assert_eq!(attach(&client, &service, &number.1).status, 201);
    assert_eq!(send("GET", &one, None).unwrap().refusal(), (404, 20404), "not to be seen yet");
    assert_eq!(send("GET", &one, None).unwrap().status, 200);
    simulator.fault(Fault::new(On::Members, FaultKind::Omit).phone_number(&number.0));
    assert!(sids(&send("GET", &path, None).unwrap().json()).is_empty());
    simulator.fault(Fault::new(On::Members, FaultKind::OddRow).phone_number(&number.0).field("sid"));
    assert!(send("GET", &path, None).unwrap().json()["phone_numbers"][0]["sid"].is_null());
    simulator.fault(Fault::new(On::Service, FaultKind::Refuse).status(403).code(20003));
    assert_eq!(client.v1("GET", &format!("/Services/{service}"), &[]).refusal(), (403, 20003));
    simulator.fault(Fault::new(On::Campaign, FaultKind::TooManyRequests).retry_after(2));
    let limited = client.v1("GET", &format!("/Services/{service}/Compliance/Usa2p"), &[]);
    assert_eq!((limited.status, limited.header("Retry-After")), (429, Some("2")));
}
