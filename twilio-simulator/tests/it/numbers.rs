//! Fetching, updating and losing owned numbers.

use serde_json::json;
use twilio_simulator::{ApplicationOrder, ForeignNumber, Webhooks};

use crate::client::start;

#[test]
fn fetch_and_update() {
    let (simulator, client) = start();
    let sid = simulator.own(ForeignNumber::new("+14155550100").sms_url("https://example.com/sms"));
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let fetched = client.get(&path).json();
    assert_eq!(fetched["voice_url"], json!(null), "nobody configured it");
    let updated = client.post(&path, &[("VoiceUrl", "https://example.com/voice"), ("SmsUrl", "")]);
    assert_eq!(updated.status, 200);
    assert_eq!(updated.json()["voice_url"], "https://example.com/voice");
    assert_eq!(updated.json()["sms_url"], "");
    assert_eq!(client.get(&path).json(), updated.json());
    assert_eq!(client.post(&path, &[("VoiceUrl", "nowhere")]).refusal(), (400, 21402));
    assert_eq!(client.post(&path, &[("AccountSid", "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]).refusal(), (400, 21474));
    let truth = simulator.truth();
    assert_eq!((truth.updates, truth.update_log[0].parameters["SmsUrl"].as_str()), (1, ""));
    let nobody = "/IncomingPhoneNumbers/PN00000000000000000000000000000000.json";
    assert_eq!(client.get(nobody).refusal(), (404, 20404));
    assert_eq!(client.post(nobody, &[]).refusal(), (404, 20404));
}

#[test]
fn a_trunk_and_a_voice_application_delete_each_other_whoever_names_them() {
    let (application, trunk) = (format!("AP{}", "1".repeat(32)), format!("TK{}", "2".repeat(32)));
    let (simulator, client) = start();
    for sid in [&application, &trunk] {
        simulator.application(ApplicationOrder { sid: Some(sid.clone()), ..ApplicationOrder::default() });
    }
    let number = client.search("AreaCode=415").remove(0);
    let bought = client.post("/IncomingPhoneNumbers.json", &[("PhoneNumber", &number), ("TrunkSid", &trunk)]);
    let path = format!("/IncomingPhoneNumbers/{}.json", bought.json()["sid"].as_str().unwrap());
    let stands = |trunk: serde_json::Value, application: &str| {
        let shown = client.get(&path).json();
        assert_eq!((&shown["trunk_sid"], &shown["voice_application_sid"]), (&trunk, &json!(application)));
    };
    stands(json!(trunk), "");
    client.post(&path, &[("VoiceApplicationSid", &application), ("SmsApplicationSid", &application)]);
    stands(json!(null), &application);
    assert!(simulator.set_webhooks(&number, Webhooks { trunk_sid: Some(trunk.clone()), ..Webhooks::default() }));
    stands(json!(trunk), "");
    let by_application = Webhooks { voice_application_sid: Some(application.clone()), ..Webhooks::default() };
    assert!(simulator.set_webhooks(&number, by_application));
    stands(json!(null), &application);
    assert_eq!(client.get(&path).json()["sms_application_sid"], application, "messages go another way");
    client.post(&path, &[("VoiceApplicationSid", ""), ("TrunkSid", "")]);
    stands(json!(null), "");
    assert_eq!(client.post(&path, &[("TrunkSid", "TK1")]).refusal(), (400, 20001));
}

#[test]
fn drift_and_reclaim_come_from_outside() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let sid = client.buy(&number).json()["sid"].as_str().unwrap().to_owned();
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    let drift = Webhooks { voice_url: Some("https://elsewhere.example".into()), ..Webhooks::default() };
    assert!(simulator.set_webhooks(&number, drift));
    assert_eq!(client.get(&path).json()["voice_url"], "https://elsewhere.example");
    assert_eq!(client.get(&path).json()["friendly_name"], "ours");
    assert!(simulator.disown(&number));
    assert!(!simulator.disown(&number));
    assert_eq!(client.get(&path).refusal(), (404, 20404));
    assert!(client.listed("").is_empty());
    let truth = simulator.truth();
    assert_eq!((truth.updates, truth.releases.len(), truth.purchases.len()), (0, 0, 1));
}
