//! Checklist 25: what the carriers know of a number, and how that is told.

use std::time::Duration;

use serde_json::json;
use twilio_simulator::{
    CampaignOrder, CampaignStatus, EventRecord, ForeignNumber, RegistrationOrder, RegistrationOutcome,
    RegistrationState, ServiceOrder, Simulator,
};

use crate::client::{Client, start};
use crate::receiver::{Delivered, Receiver};

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(20);
const NUMBER: &str = "+14155550100";
const PENDING: &str = "com.twilio.messaging.compliance.number-registration.pending";
const SUCCESSFUL: &str = "com.twilio.messaging.compliance.number-registration.successful";

/// A service with an approved campaign, a number, and somebody who hears of registrations.
struct Stage {
    simulator: Simulator,
    client: Client,
    receiver: Receiver,
    service: String,
    number: String,
}

impl Stage {
    fn new(campaign: Option<CampaignStatus>) -> Self {
        let (simulator, client) = start();
        simulator.registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(SOON));
        let receiver = Receiver::start();
        subscribe(&client, &receiver);
        let service = simulator.service(ServiceOrder { campaign, ..ServiceOrder::new() });
        let number = simulator.own(ForeignNumber::new(NUMBER));
        Self { simulator, client, receiver, service, number }
    }

    fn attach(&self) {
        let path = format!("/Services/{}/PhoneNumbers", self.service);
        assert_eq!(self.client.v1("POST", &path, &[("PhoneNumberSid", &self.number)]).status, 201);
    }

    fn detach(&self) {
        let path = format!("/Services/{}/PhoneNumbers/{}", self.service, self.number);
        assert_eq!(self.client.v1("DELETE", &path, &[]).status, 204);
    }

    fn wait_for(&self, state: RegistrationState) {
        let is_there = |truth: &twilio_simulator::Truth| {
            truth.registration_of(NUMBER).is_some_and(|registration| registration.state == state)
        };
        assert!(self.simulator.wait_until(PATIENCE, is_there), "{:?}", self.simulator.truth().registrations);
    }

    /// The last parts of the types of the events, as they became true.
    fn told(&self) -> Vec<String> {
        self.simulator.truth().events_of(NUMBER).map(|event: &EventRecord| short(&event.event_type)).collect()
    }
}

fn short(event_type: &str) -> String {
    event_type.trim_start_matches("com.twilio.messaging.compliance.number-").to_owned()
}

/// A sink, and a subscription to everything about registrations.
pub fn subscribe(client: &Client, receiver: &Receiver) -> String {
    let configuration = json!({"destination": format!("{}/events", receiver.url), "method": "POST"}).to_string();
    let form = [("Description", "ours"), ("SinkType", "webhook"), ("SinkConfiguration", configuration.as_str())];
    let sink = client.v1("POST", "/Sinks", &form);
    assert_eq!(sink.status, 201, "{}", sink.text);
    let sink = sink.json()["sid"].as_str().unwrap().to_owned();
    let types: Vec<String> = ["registration", "deregistration"]
        .iter()
        .flat_map(|what| ["pending", "successful", "failed"].map(|end| format!("number-{what}.{end}")))
        .map(|name| json!({"type": format!("com.twilio.messaging.compliance.{name}")}).to_string())
        .collect();
    let mut form = vec![("Description", "ours"), ("SinkSid", sink.as_str())];
    form.extend(types.iter().map(|text| ("Types", text.as_str())));
    assert_eq!(client.v1("POST", "/Subscriptions", &form).status, 201);
    sink
}

fn types(taken: &[Delivered]) -> Vec<String> {
    taken.iter().flat_map(Delivered::events).map(|event| short(event["type"].as_str().unwrap())).collect()
}

#[test]
fn a_number_that_joins_an_approved_campaign_is_registered_and_forgotten_when_it_leaves() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.attach();
    stage.wait_for(RegistrationState::Registered);
    let taken = stage.receiver.wait(2);
    let events: Vec<_> = taken.iter().flat_map(Delivered::events).collect();
    let event = events.iter().find(|event| event["type"] == SUCCESSFUL).unwrap();
    assert_eq!((&event["specversion"], &event["data"]["externalstatus"]), (&json!("1.0"), &json!("registered")));
    let data = &event["data"];
    assert_eq!((&data["phonenumbersid"], &data["phonenumber"]), (&json!(stage.number), &json!("14155550100")));
    assert_eq!(data["accountsid"], stage.simulator.account_sid());
    assert_eq!(data["messagingservicesid"], stage.service.as_str());
    assert!(data["updateddate"].is_i64() && data["campaignsid"].as_str().unwrap().starts_with("QE"));
    let other = stage.simulator.service(ServiceOrder::new());
    stage.simulator.registration(RegistrationOrder::new(RegistrationOutcome::Silent));
    stage.detach();
    stage.wait_for(RegistrationState::Deregistering);
    let elsewhere = format!("/Services/{other}/PhoneNumbers");
    let refused = stage.client.v1("POST", &elsewhere, &[("PhoneNumberSid", &stage.number)]);
    assert_eq!(refused.refusal(), (409, 21712), "not until it is forgotten");
    stage.attach();
    stage.simulator.registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(SOON));
    stage.detach();
    stage.wait_for(RegistrationState::Unregistered);
    let last = stage.simulator.truth().events_of(NUMBER).last().unwrap().clone();
    assert_eq!(short(&last.event_type), "deregistration.successful");
    assert!(last.data.get("campaignsid").is_none());
    assert_eq!(stage.client.v1("POST", &elsewhere, &[("PhoneNumberSid", &stage.number)]).status, 201);
}

#[test]
fn a_campaign_that_is_approved_later_registers_the_members_that_it_has() {
    let stage = Stage::new(Some(CampaignStatus::Pending));
    stage.attach();
    assert!(stage.simulator.truth().registrations.is_empty(), "attached is not registered");
    stage.simulator.campaign(CampaignOrder::new(&stage.service).verified_after(SOON));
    stage.wait_for(RegistrationState::Registered);
    assert_eq!(stage.told(), ["registration.pending", "registration.successful"]);
    let truth = stage.simulator.truth();
    assert_eq!(truth.services[0].campaign.as_ref().unwrap().status, CampaignStatus::Verified);
}

#[test]
fn another_word_overtakes_an_approval() {
    let stage = Stage::new(Some(CampaignStatus::Pending));
    stage.attach();
    stage.simulator.campaign(CampaignOrder::new(&stage.service).verified_after(SOON));
    stage.simulator.campaign(CampaignOrder::new(&stage.service).status(CampaignStatus::Failed));
    // Something that takes longer than the approval would have: nothing else says that it never came.
    let second = stage.simulator.service(ServiceOrder::new());
    stage.simulator.campaign(CampaignOrder::new(&second).verified_after(SOON * 3));
    let is_approved = |truth: &twilio_simulator::Truth| {
        truth.services[1].campaign.as_ref().unwrap().status == CampaignStatus::Verified
    };
    assert!(stage.simulator.wait_until(PATIENCE, is_approved));
    assert_eq!(stage.simulator.truth().services[0].campaign.as_ref().unwrap().status, CampaignStatus::Failed);
    assert!(stage.told().is_empty());
}

#[test]
fn it_fails_with_a_reason_and_begins_anew_for_one_number() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    let failed = RegistrationOrder::new(RegistrationOutcome::Failed).after(SOON).reason(30125);
    stage.simulator.registration(failed.service(&stage.service));
    stage.attach();
    stage.wait_for(RegistrationState::Failed);
    let failure = stage.simulator.truth().events_of(NUMBER).last().unwrap().data.clone();
    assert_eq!(failure["externalstatus"], "failure");
    assert!(failure["failureReason"].as_str().unwrap().ends_with("/30125"));
    let order = RegistrationOrder::new(RegistrationOutcome::Registered).after(SOON).phone_number(NUMBER);
    stage.simulator.registration(order);
    stage.wait_for(RegistrationState::Registered);
    assert_eq!(stage.receiver.wait(4).len(), 4);
}

#[test]
fn a_campaign_of_one_number_takes_one() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.simulator.campaign(CampaignOrder { numbers_max: Some(1), ..CampaignOrder::new(&stage.service) });
    stage.attach();
    let second = "+14155550101";
    stage.simulator.own(ForeignNumber::new(second));
    stage.simulator.service(ServiceOrder::new().sid(&stage.service).with_member(second));
    let has_failed = |truth: &twilio_simulator::Truth| {
        truth
            .registration_of(second)
            .is_some_and(|one| one.reason == Some(30125) && one.state == RegistrationState::Failed)
    };
    assert!(stage.simulator.wait_until(PATIENCE, has_failed));
    stage.wait_for(RegistrationState::Registered);
}

#[test]
fn silence_is_for_ever() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.simulator.registration(RegistrationOrder::new(RegistrationOutcome::Silent).phone_number(NUMBER));
    let second = "+14155550101";
    stage.simulator.own(ForeignNumber::new(second));
    stage.attach();
    stage.simulator.service(ServiceOrder::new().sid(&stage.service).with_member(second));
    let other_is = |truth: &twilio_simulator::Truth| {
        truth.registration_of(second).is_some_and(|one| one.state == RegistrationState::Registered)
    };
    assert!(stage.simulator.wait_until(PATIENCE, other_is));
    assert_eq!(stage.told(), ["registration.pending"]);
    stage.wait_for(RegistrationState::Pending);
}

#[test]
fn events_come_twice_late_and_in_another_order() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    let order = |outcome| stage.simulator.registration(RegistrationOrder::new(outcome).after(SOON));
    order(RegistrationOutcome::Twice);
    stage.attach();
    let taken = stage.receiver.wait(3);
    let ids: Vec<_> = taken.iter().flat_map(Delivered::events).filter(|event| event["type"] == SUCCESSFUL).collect();
    assert_eq!((ids.len(), &ids[0]["id"]), (2, &ids[1]["id"]));
    order(RegistrationOutcome::Reordered);
    stage
        .simulator
        .registration(RegistrationOrder::new(RegistrationOutcome::Reordered).after(SOON).phone_number(NUMBER));
    let taken = stage.receiver.wait(5);
    assert_eq!(types(&taken[3..]), ["registration.successful", "registration.pending"]);
    let date = |at: usize| taken[at].events()[0]["data"]["updateddate"].as_i64().unwrap();
    assert!(date(4) <= date(3), "it comes later and is older");
    let delayed = RegistrationOrder { late_ms: Some(60_000), ..RegistrationOrder::new(RegistrationOutcome::Delayed) };
    stage.simulator.registration(delayed.after(SOON).phone_number(NUMBER));
    stage.wait_for(RegistrationState::Registered);
    let told = stage.simulator.truth().events_of(NUMBER).last().unwrap().clone();
    assert_eq!((short(&told.event_type).as_str(), told.waiting), ("registration.successful", 1));
    assert!(told.attempts.is_empty(), "it is so, and nobody has heard of it");
}

#[test]
fn a_forged_success_registers_nothing() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.simulator.registration(RegistrationOrder::new(RegistrationOutcome::Forged).after(SOON));
    stage.attach();
    let taken = stage.receiver.wait(2);
    let signed = |one: &&Delivered| one.is_signed(&stage.receiver.url, stage.simulator.auth_token());
    let (good, forged): (Vec<_>, Vec<_>) = taken.iter().partition(signed);
    assert_eq!(
        (good[0].events()[0]["type"].clone(), forged[0].events()[0]["type"].clone()),
        (json!(PENDING), json!(SUCCESSFUL))
    );
    stage.wait_for(RegistrationState::Pending);
    assert!(stage.simulator.truth().events.iter().any(|event| event.forged));
}

#[test]
fn only_local_numbers_of_the_united_states_are_registered() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    for other in ["+18005550100", "+447700900100", "+16045550100"] {
        stage.simulator.own(ForeignNumber::new(other));
        stage.simulator.service(ServiceOrder::new().sid(&stage.service).with_member(other));
    }
    stage.attach();
    stage.wait_for(RegistrationState::Registered);
    assert_eq!(stage.simulator.truth().registrations.len(), 1);
}

#[test]
fn a_number_that_was_forgotten_is_not_forgotten_again() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.attach();
    stage.wait_for(RegistrationState::Registered);
    stage.detach();
    stage.wait_for(RegistrationState::Unregistered);
    let told = stage.told().len();
    let unapproved = stage.simulator.service(ServiceOrder::new().with_member(NUMBER));
    stage.simulator.service(ServiceOrder::new().sid(&unapproved).without_member(NUMBER));
    assert_eq!(stage.told().len(), told);
    stage.wait_for(RegistrationState::Unregistered);
}

#[test]
fn a_released_number_is_forgotten_too() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    stage.attach();
    stage.wait_for(RegistrationState::Registered);
    assert_eq!(stage.client.delete(&stage.number).status, 204);
    stage.wait_for(RegistrationState::Unregistered);
    assert_eq!(stage.told()[2..], ["deregistration.pending", "deregistration.successful"]);
}

#[test]
fn a_text_is_delivered_once_its_number_is_registered() {
    let stage = Stage::new(Some(CampaignStatus::Verified));
    let text = || {
        let order = json!({"phone_number": NUMBER, "what": "message", "outbound": true});
        let answer = stage.client.control("traffic", &order.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["error_code"].as_u64()
    };
    assert_eq!(text(), Some(30034));
    stage.simulator.registration(RegistrationOrder::new(RegistrationOutcome::Silent));
    stage.attach();
    assert_eq!(text(), Some(30035));
    stage
        .simulator
        .registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(SOON).phone_number(NUMBER));
    stage.wait_for(RegistrationState::Registered);
    assert_eq!(text(), None);
    stage.simulator.campaign(CampaignOrder::new(&stage.service).status(CampaignStatus::Failed));
    assert_eq!(text(), Some(30033));
    let listed = stage.client.get("/Messages.json?From=%2B14155550100").json();
    let statuses: Vec<_> = listed["messages"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["undelivered", "delivered", "undelivered", "undelivered"]);
    assert_eq!(listed["messages"][0]["error_code"], 30033);
}
