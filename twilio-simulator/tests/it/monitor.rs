//! Checklist 39: who made, changed or deleted a number.

use serde_json::{Value, json};
use twilio_simulator::{ForeignNumber, On, RightsOrder, Webhooks, Who};

use crate::client::{Client, start};

fn events(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.v1("GET", &format!("/Events?{query}"), &[]);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["events"].as_array().unwrap().clone()
}

#[test]
fn the_journal_says_who_did_it() {
    let (simulator, client) = start();
    let number = client.search("AreaCode=415").remove(0);
    let sid = client.buy(&number).json()["sid"].as_str().unwrap().to_owned();
    let path = format!("/IncomingPhoneNumbers/{sid}.json");
    assert_eq!(client.post(&path, &[("SmsUrl", "https://example.com/sms")]).status, 200);
    assert_eq!(client.post(&path, &[("SmsUrl", "https://example.com/sms")]).status, 200, "nothing changes");
    let drift = || Webhooks { voice_url: Some("https://else.example/voice".into()), ..Webhooks::default() };
    assert!(simulator.change_as(Who::Console, &number, drift()));
    let of = |query: &str| events(&client, &format!("ResourceSid={sid}{query}"));
    let all = of("");
    let told =
        |one: &Value| (one["event_type"].as_str().unwrap().to_owned(), one["source"].as_str().unwrap().to_owned());
    let expected = [("phone-number.updated", "web"), ("phone-number.updated", "api"), ("phone-number.created", "api")];
    assert_eq!(
        all.iter().map(told).collect::<Vec<_>>(),
        expected.map(|(event, source)| (event.to_owned(), source.to_owned()))
    );
    assert_eq!(
        all[0]["event_data"]["voice_url"],
        json!({"previous": "https://example.com/voice", "updated": "https://else.example/voice"})
    );
    assert!(all[0]["actor_sid"].as_str().unwrap().starts_with("US") && all[0]["actor_type"] == "user");
    assert_eq!(all[1]["actor_sid"], simulator.account_sid());
    assert!(simulator.delete_as(Who::Twilio, &number));
    let gone = of("&EventType=phone-number.deleted");
    assert_eq!((gone.len(), &gone[0]["source"], &gone[0]["actor_sid"]), (1, &json!("twilio"), &Value::Null));
    let one = client.v1("GET", &format!("/Events/{}", gone[0]["sid"].as_str().unwrap()), &[]).json();
    assert_eq!(one, gone[0]);
    client.control("account", r#"{"monitor_nested":true}"#);
    assert!(of("")[0]["event_data"]["resource_properties"].is_object());
    assert_eq!(simulator.truth().monitor_events, 4);
}

#[test]
fn the_journal_is_filtered_and_paged() {
    let (simulator, client) = start();
    let number = |index: u32| format!("+1415555{index:04}");
    for index in 0..5 {
        simulator.own(ForeignNumber::new(number(index)));
    }
    let order = json!({"phone_number": number(0), "who": "api", "actor": "US00000000000000000000000000000009",
        "address": "198.51.100.4", "sms_url": "https://else.example/sms"});
    assert_eq!(client.control("as", &order.to_string()).status, 200);
    let deleted = json!({"phone_number": number(1), "who": "console", "delete": true});
    assert_eq!(client.control("as", &deleted.to_string()).status, 200);
    assert_eq!(events(&client, "ActorSid=US00000000000000000000000000000009").len(), 1);
    assert_eq!(events(&client, "SourceIpAddress=198.51.100.4")[0]["source"], "api");
    assert_eq!(events(&client, "EventType=phone-number.deleted")[0]["source"], "web");
    assert_eq!(events(&client, "EventType=phone-number.created").len(), 5);
    assert!(
        events(&client, "EndDate=2020-01-01").is_empty()
            && events(&client, "StartDate=2099-01-01T00:00:00Z").is_empty()
    );
    let two = client.v1("GET", "/Events?ActorSid=US1&ResourceSid=PN1", &[]);
    assert_eq!(two.refusal(), (400, 20001), "one of them at a time");
    assert_eq!(client.v1("GET", "/Events?StartDate=soon", &[]).refusal(), (400, 20001));
    let mut page = client.v1("GET", "/Events?PageSize=3", &[]).json();
    let mut seen = page["events"].as_array().unwrap().len();
    while let Some(next) = page["meta"]["next_page_url"].as_str() {
        let path = next.strip_prefix("https://monitor.twilio.com/v1").unwrap().to_owned();
        page = client.v1("GET", &path, &[]).json();
        seen += page["events"].as_array().unwrap().len();
    }
    assert_eq!(seen, 7);
    assert_eq!(client.v1("GET", "/Events/AE1", &[]).refusal(), (404, 20404));
    assert!(simulator.truth().ignored_parameters.is_empty());
}

#[test]
fn a_key_may_lack_the_right_to_read_it() {
    let (simulator, client) = start();
    let key = Client::new(&simulator, simulator.api_key_sid(), simulator.api_key_secret());
    assert_eq!(key.v1("GET", "/Events", &[]).status, 200);
    simulator.rights(RightsOrder::denied([On::Monitor]));
    assert_eq!(key.v1("GET", "/Events", &[]).refusal(), (403, 20003));
    assert_eq!(client.v1("GET", "/Events", &[]).status, 200, "the token may");
}
