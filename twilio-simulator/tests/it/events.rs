//! Checklist 28 to 30: sinks, subscriptions, and how an event reaches whoever wants it.

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::{
    CampaignStatus, EventAttempt, EventOptions, Fault, FaultKind, ForeignNumber, On, RegistrationOrder,
    RegistrationOutcome, ServiceOrder, Simulator, Truth,
};

use crate::client::{Answer, Client, start};
use crate::receiver::{Delivered, Receiver};
use crate::registration::subscribe;

const PATIENCE: Duration = Duration::from_secs(20);
const TYPE: &str = "com.twilio.messaging.compliance.number-registration.successful";

fn sink(client: &Client, configuration: &Value) -> Answer {
    let configuration = configuration.to_string();
    let form = [("Description", "ours"), ("SinkType", "webhook"), ("SinkConfiguration", configuration.as_str())];
    client.v1("POST", "/Sinks", &form)
}

fn made(client: &Client, destination: &str) -> String {
    let answer = sink(client, &json!({"destination": destination, "method": "POST", "batch_events": false}));
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["sid"].as_str().unwrap().to_owned()
}

/// Numbers that become members of a service with an approved campaign, one after the other.
fn register(simulator: &Simulator, numbers: &[&str]) {
    let service = simulator.service(ServiceOrder::new().campaign(CampaignStatus::Verified));
    for number in numbers {
        simulator.own(ForeignNumber::new(*number));
        simulator.service(ServiceOrder::new().sid(&service).with_member(*number));
    }
}

/// A subscription to successes alone, whose registrations end at once.
fn stage() -> (Simulator, Client, Receiver) {
    let (simulator, client) = start();
    let receiver = Receiver::start();
    simulator.registration(RegistrationOrder::new(RegistrationOutcome::Registered).after(Duration::ZERO));
    let sink = made(&client, &format!("{}/events?x=1", receiver.url));
    let types = json!({"type": TYPE, "schema_version": 1}).to_string();
    let form = [("Description", "ours"), ("SinkSid", sink.as_str()), ("Types", types.as_str())];
    assert_eq!(client.v1("POST", "/Subscriptions", &form).status, 201);
    simulator.events(EventOptions { retry_first_ms: Some(10), ..EventOptions::default() });
    (simulator, client, receiver)
}

#[test]
fn a_sink_is_made_used_and_deleted() {
    let (_simulator, client) = start();
    let destination = "https://example.com/twilio/events";
    let sid = made(&client, destination);
    let path = format!("/Sinks/{sid}");
    let shown = client.v1("GET", &path, &[]).json();
    assert_eq!((&shown["status"], &shown["sink_type"]), (&json!("active"), &json!("webhook")));
    assert_eq!(shown["sink_configuration"]["destination"], destination);
    assert_eq!(client.v1("GET", "/Sinks", &[]).json()["sinks"], json!([shown]));
    assert_eq!(client.v1("GET", "/Sinks?InUse=true", &[]).json()["sinks"], json!([]));
    for bad in
        [json!({}), json!({"destination": "nowhere"}), json!({"destination": destination, "method": "GET"}), json!([])]
    {
        assert_eq!(sink(&client, &bad).refusal(), (400, 91000), "{bad}");
    }
    let broken = [("Description", "ours"), ("SinkType", "webhook"), ("SinkConfiguration", "{")];
    assert_eq!(client.v1("POST", "/Sinks", &broken).refusal(), (400, 91000));
    let types = json!({"type": TYPE}).to_string();
    let form = [("Description", "ours"), ("SinkSid", sid.as_str()), ("Types", types.as_str())];
    let subscription = client.v1("POST", "/Subscriptions", &form).json()["sid"].as_str().unwrap().to_owned();
    assert_eq!(client.v1("GET", "/Sinks?InUse=true", &[]).json()["sinks"], json!([shown]));
    assert_eq!(client.v1("DELETE", &path, &[]).refusal(), (400, 91007));
    assert_eq!(client.v1("DELETE", &format!("/Subscriptions/{subscription}"), &[]).status, 204);
    assert_eq!(client.v1("POST", &format!("{path}/Validate"), &[("TestId", "1")]).json(), json!({"result": "valid"}));
    assert_eq!(client.v1("DELETE", &path, &[]).status, 204);
    assert_eq!(client.v1("DELETE", &path, &[]).refusal(), (404, 91001));
    assert_eq!(client.v1("GET", "/Sinks/DG1", &[]).refusal(), (400, 91006));
    for _ in 0..100 {
        made(&client, destination);
    }
    assert_eq!(sink(&client, &json!({"destination": destination})).refusal(), (400, 91003));
}

#[test]
fn a_subscription_names_its_types_one_by_one() {
    let (simulator, client) = start();
    let sink = made(&client, "https://example.com/events");
    let add = |sink: &str, types: &[String]| {
        let mut form = vec![("Description", "ours"), ("SinkSid", sink)];
        form.extend(types.iter().map(|text| ("Types", text.as_str())));
        client.v1("POST", "/Subscriptions", &form)
    };
    let one = |name: &str| json!({"type": name}).to_string();
    let other = TYPE.replace("successful", "failed");
    let unknown = format!("DG{}", "0".repeat(32));
    assert_eq!(add(&unknown, &[one(TYPE)]).refusal(), (400, 20001));
    assert_eq!(add(&sink, &[]).refusal(), (400, 20001));
    assert_eq!(add(&sink, &[json!([{"type": TYPE}]).to_string()]).refusal(), (400, 20001), "an array is no object");
    assert_eq!(add(&sink, &[one("message.delivered")]).refusal(), (400, 20001));
    let added = add(&sink, &[one(TYPE), json!({"type": other, "schema_version": 2}).to_string()]);
    assert_eq!(added.status, 201, "{}", added.text);
    let sid = added.json()["sid"].as_str().unwrap().to_owned();
    let path = format!("/Subscriptions/{sid}/SubscribedEvents");
    let list = client.v1("GET", &path, &[]).json();
    assert_eq!((&list["types"][0]["type"], &list["types"][0]["schema_version"]), (&json!(TYPE), &json!(1)));
    assert_eq!(list["types"][1]["schema_version"], 2);
    let pending = TYPE.replace("successful", "pending");
    assert_eq!(client.v1("POST", &path, &[("Type", &pending)]).status, 201);
    assert_eq!(client.v1("POST", &path, &[("Type", &pending)]).status, 200, "it is there already");
    let single = format!("{path}/{pending}");
    assert_eq!(client.v1("POST", &single, &[("SchemaVersion", "2")]).json()["schema_version"], 2);
    assert_eq!(client.v1("DELETE", &single, &[]).status, 204);
    assert_eq!(client.v1("GET", &single, &[]).refusal(), (404, 20404));
    assert_eq!(client.v1("GET", &format!("/Subscriptions?SinkSid={unknown}"), &[]).json()["subscriptions"], json!([]));
    assert_eq!(
        client.v1("GET", &format!("/Subscriptions?SinkSid={sink}"), &[]).json()["subscriptions"][0]["sid"],
        sid.as_str()
    );
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn an_event_is_signed_over_its_url_and_the_url_carries_the_hash() {
    let (simulator, client, receiver) = stage();
    register(&simulator, &["+14155550100"]);
    let taken = receiver.wait(1);
    assert!(taken[0].path.starts_with("/events?x=1&bodySHA256="), "{}", taken[0].path);
    assert!(taken[0].is_whole() && taken[0].is_signed(&receiver.url, simulator.auth_token()));
    assert_eq!(taken[0].header("Content-Type"), Some("application/json"));
    assert_eq!(taken[0].events().len(), 1);
    let settled = |truth: &Truth| truth.events.iter().any(|event| event.delivered && event.waiting == 0);
    assert!(simulator.wait_until(PATIENCE, settled));
    let sink = simulator.truth().sinks[0].sid.clone();
    assert_eq!(client.v1("POST", &format!("/Sinks/{sink}/Test"), &[]).json(), json!({"result": "submitted"}));
    assert_eq!(receiver.wait(2)[1].events()[0]["type"], "com.twilio.eventstreams.test-event");
    let all_taken = |truth: &Truth| truth.events.iter().filter(|event| event.delivered).count() == 2;
    assert!(simulator.wait_until(PATIENCE, all_taken), "the registration and the test");
    let state = client.send("GET", "/__sim/state", None).unwrap().json();
    assert_eq!(state["events"], serde_json::to_value(simulator.truth().events).unwrap());
}

#[test]
fn a_sink_by_another_name_is_signed_by_that_name() {
    let (simulator, client) = start();
    let receiver = Receiver::start();
    let order = json!({"origin": "https://calls.example.com", "leads_to": receiver.url});
    assert_eq!(client.control("events", &order.to_string()).status, 200);
    let sid = made(&client, "https://ada:p%40ss@calls.example.com/twilio/events");
    client.v1("POST", &format!("/Sinks/{sid}/Test"), &[]);
    let taken = receiver.wait(1);
    assert!(taken[0].is_signed("https://ada:p%40ss@calls.example.com", simulator.auth_token()));
    assert_eq!(taken[0].header("Host"), Some("calls.example.com"));
    assert_eq!(taken[0].header("Authorization"), Some("Basic YWRhOnBAc3M="));
    // Whatever leads out of this machine is not sent.
    let outside = made(&client, "https://elsewhere.example.com/events");
    client.v1("POST", &format!("/Sinks/{outside}/Test"), &[]);
    let is_noted = |truth: &Truth| truth.events[1].attempts.iter().any(|attempt| attempt.status.is_none());
    assert!(simulator.wait_until(PATIENCE, is_noted));
}

#[test]
fn what_is_not_taken_is_tried_again_until_it_is_or_refused() {
    let (simulator, _client, receiver) = stage();
    receiver.answers(&[500, 429, 0, 503]);
    register(&simulator, &["+14155550100"]);
    let taken = receiver.wait(5);
    let ids: Vec<Value> = taken.iter().map(|one| one.events()[0]["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the same event each time: {ids:?}");
    assert!(simulator.wait_until(PATIENCE, |truth| truth.events[1].delivered));
    let statuses: Vec<_> = simulator.truth().events[1].attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses, [Some(500), Some(429), None, Some(503), Some(200)]);
    receiver.answers(&[403]);
    register(&simulator, &["+14155550101"]);
    assert!(simulator.wait_until(PATIENCE, |truth| truth.events.iter().any(|event| event.lost)));
    let lost = simulator.truth().events.into_iter().find(|event| event.lost).unwrap();
    assert_eq!((lost.attempts.len(), lost.delivered, lost.waiting), (1, false, 0), "a 4xx is final");
}

#[test]
fn trying_again_has_an_end() {
    let (simulator, _client, receiver) = stage();
    simulator.events(EventOptions { retry_for_ms: Some(60), timeout_ms: Some(30), ..EventOptions::default() });
    receiver.answers(&[500; 100]);
    register(&simulator, &["+14155550100"]);
    assert!(simulator.wait_until(PATIENCE, |truth| truth.events.iter().any(|event| event.lost)));
    assert!(simulator.truth().events.iter().any(|event| event.attempts.len() > 1));
}

#[test]
fn faults_bend_what_is_on_its_way() {
    let (simulator, _client, receiver) = stage();
    let fault = |kind| Fault::new(On::EventDelivery, kind);
    simulator.fault(fault(FaultKind::Omit).phone_number("+14155550100"));
    simulator.fault(fault(FaultKind::RepeatRow).phone_number("+14155550101"));
    simulator.fault(fault(FaultKind::ForeignTag).phone_number("+14155550102"));
    register(&simulator, &["+14155550100", "+14155550101", "+14155550102"]);
    let taken = receiver.wait(3);
    let of = |digits: &str| -> Vec<&Delivered> {
        taken.iter().filter(|one| one.events()[0]["data"]["phonenumber"] == digits).collect()
    };
    assert!(of("14155550100").is_empty());
    assert_eq!(of("14155550101").len(), 2);
    assert!(!of("14155550102")[0].is_signed(&receiver.url, simulator.auth_token()));
    assert!(simulator.truth().events_of("+14155550100").any(|event| event.lost));
    simulator.fault(fault(FaultKind::Stolen));
    register(&simulator, &["+14155550103"]);
    let taken = receiver.wait(5);
    let (whole, replayed): (Vec<_>, Vec<_>) = taken[3..].iter().partition(|one| one.is_whole());
    assert_eq!((whole.len(), replayed.len()), (1, 1));
    assert_eq!((&replayed[0].path, replayed[0].body == whole[0].body), (&whole[0].path, false));
    assert!(replayed[0].is_signed(&receiver.url, simulator.auth_token()), "by a URL that was overheard");
    simulator.fault(fault(FaultKind::OddRow).field("data.accountsid").value("ACelsewhere"));
    register(&simulator, &["+14155550104"]);
    assert_eq!(receiver.wait(6)[5].events()[0]["data"]["accountsid"], "ACelsewhere");
    let fired = simulator.truth().faults_fired;
    assert!(["omit", "repeat_row", "foreign_tag", "stolen", "odd_row"].iter().all(|name| fired[*name] == 1));
}

#[test]
fn what_is_sent_beside_a_delivery_is_noted_whichever_is_answered_first() {
    let (simulator, _client, _receiver) = stage();
    let numbers: Vec<String> = (0..30).map(|n| format!("+141555501{n:02}")).collect();
    simulator.fault(Fault::new(On::EventDelivery, FaultKind::Stolen).times(30));
    register(&simulator, &numbers.iter().map(String::as_str).collect::<Vec<_>>());
    let sent = |truth: &Truth| truth.events.iter().filter(|event| event.event_type == TYPE).count() == numbers.len();
    assert!(simulator.wait_until(PATIENCE, |truth| sent(truth) && truth.events.iter().all(|event| event.waiting == 0)));
    let truth = simulator.truth();
    for event in truth.events.iter().filter(|event| event.event_type == TYPE) {
        let beside = |attempt: &EventAttempt| attempt.faults == ["stolen"];
        assert!(event.attempts.len() == 2 && event.attempts.iter().any(beside) && event.delivered, "{event:?}");
    }
}

#[test]
fn events_change_places_and_come_late() {
    let (simulator, _client, receiver) = stage();
    let held = |kind| Fault::new(On::EventDelivery, kind).ms(60_000);
    simulator.fault(held(FaultKind::Lag).phone_number("+14155550100"));
    register(&simulator, &["+14155550100", "+14155550101"]);
    let number = |one: &Delivered| one.events()[0]["data"]["phonenumber"].as_str().unwrap().to_owned();
    let taken = receiver.wait(2);
    assert_eq!([number(&taken[0]), number(&taken[1])], ["14155550101", "14155550100"]);
    simulator.fault(Fault::new(On::EventDelivery, FaultKind::Delay).ms(50));
    register(&simulator, &["+14155550102"]);
    assert_eq!(number(&receiver.wait(3)[2]), "14155550102");
    assert!(simulator.wait_until(PATIENCE, |truth| truth.events.iter().all(|event| event.waiting == 0)));
}

#[test]
fn events_look_as_ordered() {
    let (simulator, client) = start();
    let receiver = Receiver::start();
    subscribe(&client, &receiver);
    let failed = RegistrationOrder::new(RegistrationOutcome::Failed).after(Duration::ZERO);
    simulator.registration(failed);
    let order = json!({"plus": true, "reason_spelling": "failurereason", "data_as_text": true,
        "content_type": "application/cloudevents-batch+json"});
    assert_eq!(client.control("events", &order.to_string()).status, 200);
    register(&simulator, &["+14155550100"]);
    let taken = receiver.wait(2);
    let failure =
        taken.iter().flat_map(Delivered::events).find(|event| event["type"].as_str().unwrap().ends_with("failed"));
    let data: Value = serde_json::from_str(failure.unwrap()["data"].as_str().unwrap()).unwrap();
    assert_eq!(data["phonenumber"], "+14155550100");
    assert!(data["failurereason"].as_str().unwrap().ends_with("/30126"));
    assert_eq!(taken[0].header("Content-Type"), Some("application/cloudevents-batch+json"));
}

#[test]
fn a_sink_that_batches_gets_several_at_once() {
    let (simulator, client) = start();
    let receiver = Receiver::start();
    let destination = format!("{}/events", receiver.url);
    let batching = sink(&client, &json!({"destination": destination, "method": "POST", "batch_events": true}));
    let sid = batching.json()["sid"].as_str().unwrap().to_owned();
    simulator.events(EventOptions { batch_ms: Some(1_000), ..EventOptions::default() });
    for _ in 0..3 {
        assert_eq!(client.v1("POST", &format!("/Sinks/{sid}/Test"), &[]).status, 201);
    }
    assert!(simulator.wait_until(PATIENCE, |truth| truth.events.iter().all(|event| event.delivered)));
    let taken = receiver.taken();
    assert!(taken.len() < 3 && taken.iter().map(|one| one.events().len()).sum::<usize>() == 3, "{taken:?}");
    assert!(taken.iter().all(Delivered::is_whole));
}
