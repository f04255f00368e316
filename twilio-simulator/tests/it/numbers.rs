//! Fetching, updating and losing owned numbers.

use serde_json::json;
use twilio_simulator::{ForeignNumber, Webhooks};

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
