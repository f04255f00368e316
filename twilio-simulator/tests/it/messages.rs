//! Texts that are sent: taken, refused, or taken without an answer; and how often each was taken.

use std::time::Duration;

use twilio_simulator::{Fault, FaultKind, ForeignNumber, On, Simulator};

use crate::client::{Answer, Client, start};

const FROM: &str = "+14155550100";
const TO: &str = "+14155550123";

fn text(client: &Client, to: &str, body: &str) -> Answer {
    client.post("/Messages.json", &[("To", to), ("From", FROM), ("Body", body)])
}

fn bodies(simulator: &Simulator) -> Vec<String> {
    simulator.truth().traffic.into_iter().filter_map(|record| record.body).collect()
}

#[test]
fn a_text_is_queued_and_then_in_the_list() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new(FROM));
    let answer = text(&client, TO, "Pool gb is empty");
    assert_eq!(answer.status, 201, "{}", answer.text);
    let sent = answer.json();
    assert_eq!((sent["status"].as_str(), sent["body"].as_str()), (Some("queued"), Some("Pool gb is empty")));
    assert!(sent["date_sent"].is_null() && sent["error_code"].is_null(), "{sent}");
    let day = simulator.truth().traffic[0].at.format("%Y-%m-%d");
    let listed = client.get(&format!("/Messages.json?To=%2B14155550123&DateSent={day}")).json()["messages"].clone();
    assert_eq!((listed[0]["sid"].clone(), listed[0]["body"].clone()), (sent["sid"].clone(), "Pool gb is empty".into()));
    assert_eq!(listed[0]["error_code"], 30034, "the number is not registered");
    assert_eq!(text(&client, TO, &"x".repeat(161)).json()["num_segments"], "2");
    assert_eq!(client.post("/Messages.json", &[("To", TO), ("From", "callbunker"), ("Body", "x")]).status, 201);
    assert!(simulator.truth().ignored_parameters.is_empty());
    assert_eq!(simulator.truth().requests["text"], 3);
}

#[test]
fn what_cannot_be_sent_is_refused_and_leaves_nothing() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new(FROM));
    let refusal = |form: &[(&str, &str)]| client.post("/Messages.json", form).refusal();
    assert_eq!(refusal(&[("From", FROM), ("Body", "x")]), (400, 21604));
    assert_eq!(refusal(&[("To", TO), ("Body", "x")]), (400, 21603));
    assert_eq!(refusal(&[("To", TO), ("From", FROM)]), (400, 21602));
    assert_eq!(refusal(&[("To", "nobody"), ("From", FROM), ("Body", "x")]), (400, 21211));
    assert_eq!(refusal(&[("To", TO), ("From", "+14155550199"), ("Body", "x")]), (400, 21659));
    assert_eq!(refusal(&[("To", TO), ("From", "?"), ("Body", "x")]), (400, 21212));
    assert_eq!(refusal(&[("To", FROM), ("From", FROM), ("Body", "x")]), (400, 21266));
    assert_eq!(text(&client, TO, &"x".repeat(1_601)).refusal(), (400, 21617));
    simulator.fault(Fault::new(On::Text, FaultKind::Refuse).phone_number(TO).code(21610));
    assert_eq!(text(&client, "+14155550124", "x").status, 201, "the refusal is for another address");
    assert_eq!(text(&client, TO, "x").refusal(), (400, 21610));
    assert_eq!(bodies(&simulator), ["x"]);
    let tester = Client::new(&simulator, simulator.test_account_sid(), simulator.test_auth_token());
    let magic = |to: &str, from: &str| tester.post("/Messages.json", &[("To", to), ("From", from), ("Body", "x")]);
    assert_eq!(magic("+15005550009", "+15005550006").refusal(), (400, 21614));
    assert_eq!(magic(TO, "+15005550007").refusal(), (400, 21606));
    assert_eq!((magic(TO, "+15005550006").status, bodies(&simulator).len()), (201, 1));
}

#[test]
fn a_lost_answer_leaves_the_text_sent() {
    let (simulator, client) = start();
    simulator.own(ForeignNumber::new(FROM));
    for kind in [FaultKind::CommitThenReset, FaultKind::CommitThen500, FaultKind::Reset] {
        simulator.fault(Fault::new(On::Text, kind));
        let answer = client.try_post("/Messages.json", &[("To", TO), ("From", FROM), ("Body", kind.name())]);
        assert!(answer.is_err() || answer.unwrap().status == 500, "{kind:?}");
    }
    assert!(simulator.wait_until(Duration::from_secs(5), |truth| truth.traffic.len() == 2));
    assert_eq!(bodies(&simulator), ["commit_then_reset", "commit_then_500"]);
}
