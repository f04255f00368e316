//! Checklist 27, 38, 40: applications and trunks, where calls and messages go, and the lists of them.

use serde_json::{Value, json};
use twilio_simulator::{ApplicationOrder, ForeignNumber, ServiceOrder, Traffic, TrafficOrder};

use crate::client::start;

const NUMBER: &str = "+14155550100";

fn order(what: Traffic) -> TrafficOrder {
    TrafficOrder { phone_number: NUMBER.into(), what, outbound: false, at: None, other: None }
}

#[test]
fn an_application_is_listed_fetched_and_changed() {
    let (simulator, client) = start();
    let name = |name: &str| Some(name.to_owned());
    let first = simulator.application(ApplicationOrder { friendly_name: name("one"), ..ApplicationOrder::default() });
    simulator.application(ApplicationOrder { friendly_name: name("two"), ..ApplicationOrder::default() });
    let listed = |query: &str| client.get(&format!("/Applications.json{query}")).json()["applications"].clone();
    assert_eq!((listed("").as_array().unwrap().len(), &listed("")[0]["friendly_name"]), (2, &json!("two")));
    assert_eq!(listed("?FriendlyName=one")[0]["sid"], first.as_str());
    let path = format!("/Applications/{first}.json");
    assert_eq!(client.get(&path).json()["voice_url"], Value::Null);
    let changed = client.post(&path, &[("VoiceUrl", "https://example.com/voice")]);
    assert_eq!((changed.status, &changed.json()["voice_url"]), (200, &json!("https://example.com/voice")));
    assert_eq!(client.post(&path, &[("SmsUrl", "nowhere")]).refusal(), (400, 21402));
    assert_eq!(client.get(&format!("/Applications/AP{}.json", "0".repeat(32))).refusal(), (404, 20404));
    assert_eq!(simulator.truth().applications.len(), 2);
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn a_trunk_and_an_application_push_each_other_out_and_both_must_be_there() {
    let (simulator, client) = start();
    let sid = simulator.own(ForeignNumber::new(NUMBER).voice_url("https://example.com/voice"));
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let (application, trunk) = (format!("AP{}", "a".repeat(32)), format!("TK{}", "b".repeat(32)));
    assert_eq!(client.post(&path, &[("VoiceApplicationSid", &application)]).refusal(), (400, 21420));
    assert_eq!(client.post(&path, &[("SmsApplicationSid", &application)]).refusal(), (400, 21420));
    assert_eq!(client.post(&path, &[("TrunkSid", &trunk)]).refusal(), (400, 20001));
    simulator.set_unknown_trunk(21_999);
    let refused = client.post(&path, &[("TrunkSid", &trunk)]);
    assert_eq!(refused.refusal(), (400, 21_999));
    assert!(
        refused.json()["message"].as_str().is_some_and(|message| message.contains("TrunkSid")),
        "{}",
        refused.json()
    );
    let known = |sid: &str| ApplicationOrder { sid: Some(sid.to_owned()), ..ApplicationOrder::default() };
    simulator.application(known(&application));
    simulator.application(known(&trunk));
    simulator.application(known(&trunk));
    assert_eq!(simulator.truth().trunks, std::slice::from_ref(&trunk));
    let shown = client.post(&path, &[("VoiceApplicationSid", &application)]).json();
    assert_eq!((&shown["voice_application_sid"], &shown["trunk_sid"]), (&json!(application), &Value::Null));
    let shown = client.post(&path, &[("TrunkSid", &trunk)]).json();
    assert_eq!((&shown["voice_application_sid"], &shown["trunk_sid"]), (&json!(""), &json!(trunk)));
    assert_eq!(shown["voice_url"], "https://example.com/voice", "kept, and not asked");
    assert_eq!(client.post(&path, &[("TrunkSid", "")]).json()["trunk_sid"], Value::Null);
    let number = client.search("AreaCode=415").remove(0);
    let missing = format!("AP{}", "c".repeat(32));
    let form = [("PhoneNumber", number.as_str()), ("VoiceApplicationSid", missing.as_str())];
    assert_eq!(client.post("/IncomingPhoneNumbers.json", &form).refusal(), (400, 21420));
    assert!(simulator.truth().purchases.is_empty());
}

#[test]
fn calls_and_messages_go_where_the_highest_word_says() {
    let (simulator, client) = start();
    let number = ForeignNumber::new(NUMBER).voice_url("https://own.example/voice").sms_url("https://own.example/sms");
    let sid = simulator.own(number);
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let set = |name: &str, value: &str| assert_eq!(client.post(&path, &[(name, value)]).status, 200);
    let goes = |what| {
        let answer = simulator.traffic(order(what));
        (answer["by"].as_str().unwrap().to_owned(), answer["url"].as_str().map(str::to_owned))
    };
    let to = |by: &str, url: Option<&str>| (by.to_owned(), url.map(str::to_owned));
    set("VoiceFallbackUrl", "https://own.example/fallback");
    assert_eq!(simulator.traffic(order(Traffic::Call))["fallback_url"], "https://own.example/fallback");
    assert_eq!(goes(Traffic::Call), to("number", Some("https://own.example/voice")));
    assert_eq!(goes(Traffic::Message), to("number", Some("https://own.example/sms")));
    let application = simulator.application(ApplicationOrder {
        voice_url: Some("https://app.example/voice".into()),
        sms_url: Some("https://app.example/sms".into()),
        ..ApplicationOrder::default()
    });
    set("VoiceApplicationSid", &application);
    set("SmsApplicationSid", &application);
    assert_eq!(goes(Traffic::Call), to("application", Some("https://app.example/voice")));
    assert_eq!(goes(Traffic::Message), to("application", Some("https://app.example/sms")));
    let service = simulator.service(ServiceOrder::new().with_member(NUMBER));
    assert_eq!(goes(Traffic::Message), to("service", None), "neither delivered nor logged");
    let inbound = Some("https://service.example/sms".to_owned());
    simulator.service(ServiceOrder { inbound_request_url: inbound, ..ServiceOrder::new().sid(&service) });
    assert_eq!(goes(Traffic::Message), to("service", Some("https://service.example/sms")));
    simulator.service(ServiceOrder::new().sid(&service).use_inbound_webhook_on_number(true));
    assert_eq!(goes(Traffic::Message), to("application", Some("https://app.example/sms")));
    simulator.application(ApplicationOrder { sid: Some(application), remove: true, ..ApplicationOrder::default() });
    for what in [Traffic::Call, Traffic::Message] {
        assert_eq!(goes(what), to("application", None), "it is named still, and the number's own URLs are not asked");
    }
    let trunk = format!("TK{}", "b".repeat(32));
    simulator.application(ApplicationOrder { sid: Some(trunk.clone()), ..ApplicationOrder::default() });
    set("TrunkSid", &trunk);
    assert_eq!(goes(Traffic::Call), to("trunk", None));
    set("VoiceReceiveMode", "fax");
    assert_eq!(goes(Traffic::Call), to("fax", None));
}

#[test]
fn traffic_is_listed_by_its_ends_and_its_days() {
    let (simulator, client) = start();
    let sid = simulator.own(ForeignNumber::new(NUMBER));
    for (what, outbound, at) in [
        ("call", false, "2026-10-01T10:00:00Z"),
        ("call", true, "2026-10-02T10:00:00Z"),
        ("message", false, "2026-10-01T23:00:00Z"),
    ] {
        let order = json!({"phone_number": NUMBER, "what": what, "outbound": outbound, "at": at});
        assert_eq!(client.control("traffic", &order.to_string()).status, 200);
    }
    let calls = |query: &str| client.get(&format!("/Calls.json?{query}")).json()["calls"].as_array().unwrap().clone();
    assert_eq!(calls("").len(), 2);
    assert_eq!(calls("To=%2B14155550100")[0]["phone_number_sid"], sid.as_str());
    assert_eq!(calls("From=%2B14155550100")[0]["direction"], "outbound-api");
    assert_eq!((calls("StartTime%3E=2026-10-02").len(), calls("StartTime%3C=2026-10-02").len()), (1, 1));
    assert_eq!(calls("StartTime=2026-10-01").len(), 1);
    let messages =
        |query: &str| client.get(&format!("/Messages.json?{query}")).json()["messages"].as_array().unwrap().len();
    assert_eq!(
        (messages("DateSent%3C=2026-10-01"), messages("DateSent%3C=2026-09-30"), messages("DateSent%3E=2026-10-02")),
        (1, 0, 0)
    );
    assert_eq!(client.get("/Calls.json?StartTime%3E=soon").refusal(), (400, 20001));
    assert_eq!(simulator.truth().traffic.len(), 3);
    let unknown = json!({"phone_number": "+14155550199", "what": "call"});
    assert_eq!(client.control("traffic", &unknown.to_string()).status, 400);
}
