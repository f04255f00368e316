//! Events as Twilio's examples have them, as its pages describe them, and as they were seen.

use serde_json::json;

use super::*;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const PN: &str = "PN0123456789abcdef0123456789abcdef";
const MG: &str = "MG0123456789abcdef0123456789abcdef";
/// 2026-11-22T09:24:07.500Z
const MILLIS: i64 = 1_795_339_447_500;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(MILLIS).unwrap()
}

fn now() -> DateTime<Utc> {
    at() + TimeDelta::hours(1)
}

/// As the examples have it.
fn event(kind: &str, status: &str) -> Value {
    json!({
        "specversion": "1.0", "type": format!("{ABOUT_NUMBERS}{kind}"), "source": "/2010-04-01/Accounts", "id": "EZ1",
        "time": "2026-11-22T09:24:08.000Z", "datacontenttype": "application/json", "dataschema": "https://events-schemas.twilio.com/x/1",
        "data": {"accountsid": ACCOUNT, "campaignsid": "CM1", "externalstatus": status, "id": "QR1", "messagingservicesid": MG,
                 "phonenumber": "14155550100", "phonenumbersid": PN, "timestamp": MILLIS - 1, "updateddate": MILLIS},
    })
}

fn read(event: &Value) -> Result<RegistrationEvent, Ignored> {
    heard(event, ACCOUNT, now())
}

fn with(field: &str, value: Value) -> Value {
    let mut event = event("registration.successful", "registered");
    event["data"][field] = value;
    event
}

fn without(mut event: Value, fields: &[&str]) -> Value {
    for field in fields {
        event["data"].as_object_mut().unwrap().remove(*field);
    }
    event
}

#[test]
fn an_event_says_which_number_what_when_and_of_which_service() {
    let read = read(&event("registration.successful", "registered")).unwrap();
    let expected = RegistrationEvent {
        which: WhichNumber::Sid(PN.parse().unwrap()),
        service: Some(MG.to_owned()),
        heard: Heard { registration: Registration::Registered, at: at() },
        reason: None,
    };
    assert_eq!(read, expected);
}

#[test]
fn the_status_decides_and_the_type_stands_in_for_it() {
    use Registration::{Failed, Pending, Registered, Unregistered};
    for (kind, status, expected) in [
        ("registration.pending", "pending_registration", Some(Pending)),
        ("registration.successful", "registered", Some(Registered)),
        ("registration.failed", "failure", Some(Failed)),
        ("deregistration.pending", "pending_deregistration", None),
        ("deregistration.successful", "unregistered", Some(Unregistered)),
        ("deregistration.failed", "failure", None),
        // They contradict each other.
        ("registration.pending", "registered", Some(Registered)),
        ("registration.successful", "failure", Some(Failed)),
        ("registration.successful", "pending_deregistration", None),
        ("deregistration.failed", "Unregistered", Some(Unregistered)),
        // A word that nobody knows.
        ("registration.successful", "fine", Some(Registered)),
        ("deregistration.successful", "", Some(Unregistered)),
        ("deregistration.failed", "what", None),
        ("registration.paused", "what", None),
    ] {
        let read = read(&event(kind, status)).map(|event| event.heard.registration);
        assert_eq!(read, expected.ok_or(Ignored::Type), "{kind} {status}");
    }
    for other in ["com.twilio.error-logs.error.logged", "com.twilio.eventstreams.test-event", ""] {
        let mut event = event("registration.successful", "registered");
        event["type"] = other.into();
        assert_eq!(read(&event), Err(Ignored::Type), "{other}");
    }
}

#[test]
fn fields_are_read_however_they_are_spelled() {
    let page = "https://www.twilio.com/docs/api/errors/30126";
    for spelled in ["failureReason", "failurereason", "failure_reason", "FailureReason"] {
        let mut failed = event("registration.failed", "failure");
        failed["data"][spelled] = page.into();
        assert_eq!(read(&failed).unwrap().reason.unwrap(), format!("Twilio's code 30126, {page}"), "{spelled}");
    }
    for (reason, shown) in [
        (json!(30125), Some("Twilio's code 30125")),
        (json!("the campaign was suspended"), Some("the campaign was suspended")),
        (json!("a\u{0}b"), Some("a\u{fffd}b")),
        (json!(""), None),
        (json!(null), None),
        (json!({"code": 1}), None),
    ] {
        assert_eq!(read(&with("failureReason", reason)).unwrap().reason.as_deref(), shown);
    }
    let long = read(&with("failureReason", "x".repeat(100_000).into())).unwrap().reason.unwrap();
    assert!(long.chars().count() < 1000);
    let mut as_text = event("registration.successful", "registered");
    as_text["data"] = as_text["data"].to_string().into();
    assert_eq!(read(&as_text), read(&event("registration.successful", "registered")));
    for broken in [json!("{"), json!("[]"), json!(null), json!(3), json!([])] {
        as_text["data"] = broken.clone();
        assert_eq!(read(&as_text), Err(Ignored::NoEvent), "{broken}");
    }
    for no_event in [json!(null), json!([]), json!("x"), json!(1)] {
        assert_eq!(read(&no_event), Err(Ignored::NoEvent));
    }
}

#[test]
fn a_number_is_known_by_its_sid_and_else_by_its_digits() {
    let number = || Ok(WhichNumber::Number("+14155550100".parse().unwrap()));
    for digits in [json!("14155550100"), json!("+14155550100"), json!(14_155_550_100_i64)] {
        let event = without(with("phonenumber", digits.clone()), &["phonenumbersid"]);
        assert_eq!(read(&event).map(|event| event.which), number(), "{digits}");
    }
    assert_eq!(read(&with("phonenumbersid", "PN1".into())).map(|event| event.which), number());
    for event in [
        without(with("x", json!(1)), &["phonenumbersid", "phonenumber"]),
        without(with("phonenumber", "12".into()), &["phonenumbersid"]),
        without(with("phonenumber", json!(null)), &["phonenumbersid"]),
    ] {
        assert_eq!(read(&event), Err(Ignored::Number));
    }
    assert_eq!(read(&with("accountsid", "AC1".into())), Err(Ignored::Account));
    assert!(read(&without(with("x", json!(1)), &["accountsid"])).is_ok(), "whoever signed it has the account's token");
    assert_eq!(read(&without(with("x", json!(1)), &["messagingservicesid"])).unwrap().service, None);
}

#[test]
fn an_event_has_its_own_time_in_any_form_and_none_that_cannot_be() {
    let time = |event: &Value| read(event).map(|event| event.heard.at);
    for value in [
        json!(MILLIS),
        json!(MILLIS.to_string()),
        json!(1_795_339_447_500.0),
        json!("2026-11-22T09:24:07.500Z"),
        json!("2026-11-22T10:24:07.500+01:00"),
    ] {
        assert_eq!(time(&with("updateddate", value.clone())), Ok(at()), "{value}");
    }
    for value in [json!(MILLIS / 1000), json!("Sun, 22 Nov 2026 09:24:07 +0000")] {
        assert_eq!(time(&with("updateddate", value.clone())), Ok(at() - TimeDelta::milliseconds(500)), "{value}");
    }
    let other = event("registration.successful", "registered");
    assert_eq!(time(&without(other.clone(), &["updateddate"])), Ok(at() - TimeDelta::milliseconds(1)));
    let mut enveloped = without(other, &["updateddate", "timestamp"]);
    assert_eq!(time(&enveloped), Ok(at() + TimeDelta::milliseconds(500)));
    enveloped["time"] = "yesterday".into();
    assert_eq!(time(&enveloped), Err(Ignored::Time));
    // What cannot be read, or cannot be, is passed by for the next one.
    for value in
        [json!(null), json!("soon"), json!(0), json!(-MILLIS), json!(MILLIS * 1000), json!(1e300), json!(i64::MAX)]
    {
        assert_eq!(time(&with("updateddate", value.clone())), Ok(at() - TimeDelta::milliseconds(1)), "{value}");
    }
}

#[test]
fn a_body_is_a_list_of_events_or_one() {
    assert_eq!(events(b"[]").unwrap().len(), 0);
    assert_eq!(events(br#"[{"a":1},3,null]"#).unwrap().len(), 3);
    assert_eq!(events(br#"{"a":1}"#).unwrap().len(), 1);
    for broken in [&b""[..], b"{", b"3", b"null", b"\"x\"", b"[1,]", b"\xff", "[".repeat(10_000).as_bytes()] {
        assert!(events(broken).is_err(), "{broken:?}");
    }
}
