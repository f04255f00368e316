//! What is wrong with what stands in for a pool's URLs: applications and trunks.

use twilio_simulator::{ApplicationOrder, Fault, FaultKind, On, RightsOrder};

use super::{Place, Wrong, each_is_named};

const APPLICATION: &str = "AP0123456789abcdef0123456789abcdef";
const TRUNK: &str = "TK0123456789abcdef0123456789abcdef";

fn create(place: &Place, sid: &str) {
    place.twilio.application(ApplicationOrder { sid: Some(sid.to_owned()), ..ApplicationOrder::default() });
}

#[test]
fn each_thing_that_numbers_shall_lead_to_is_named() {
    each_is_named(&[
        Wrong {
            name: "an application for calls that the account does not have",
            arrange: |place| place.set("webhooks.voice_application_sid", APPLICATION),
            code: 1,
            line: ("voice_application", Some("default"), "fail"),
            says: (APPLICATION, "Set webhooks.voice_application_sid"),
        },
        Wrong {
            name: "one for messages, of one pool",
            arrange: |place| {
                place.set("pools.ca.country", "CA");
                place.twilio.set_regulated("CA", false);
                place.set("pools.ca.webhooks.sms_application_sid", APPLICATION);
            },
            code: 1,
            line: ("sms_application", Some("ca"), "fail"),
            says: ("has no application", "pools.ca.webhooks.sms_application_sid"),
        },
        Wrong {
            name: "an application that the API key may not read",
            arrange: |place| {
                create(place, APPLICATION);
                place.with_a_key();
                place.set("webhooks.voice_application_sid", APPLICATION);
                place.twilio.rights(RightsOrder::denied([On::Application]));
            },
            code: 0,
            line: ("voice_application", Some("default"), "warn"),
            says: ("could not be looked at", "Give the API key the right to read it"),
        },
        Wrong {
            name: "one that the account's own token may not read",
            arrange: |place| {
                create(place, APPLICATION);
                place.set("webhooks.sms_application_sid", APPLICATION);
                place.twilio.fault(Fault::new(On::Application, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 0,
            line: ("sms_application", Some("default"), "warn"),
            says: ("could not be looked at", "Look in Twilio's console, and ask"),
        },
        Wrong {
            name: "a trunk, which nobody can look up",
            arrange: |place| place.set("webhooks.trunk_sid", TRUNK),
            code: 0,
            line: ("trunk", Some("default"), "warn"),
            says: ("cannot be looked up", "webhooks.trunk_sid"),
        },
    ]);
}

#[test]
fn applications_that_are_there_pass() {
    let mut place = Place::new();
    create(&place, APPLICATION);
    place.set("webhooks.voice_application_sid", APPLICATION);
    place.set("pool.webhooks.sms_application_sid", APPLICATION);
    let (code, document) = place.check();
    assert_eq!((code, document["result"].as_str()), (0, Some("pass")), "{document:#}");
    let checks = document["checks"].as_array().expect("checks");
    for name in ["voice_application", "sms_application"] {
        assert!(checks.iter().any(|check| check["check"] == name), "{name}: {document:#}");
    }
}
