//! What is wrong with what a pool shows: address, bundle, identity.

use twilio_simulator::{AddressOrder, BundleOrder, BundleStatus, Fault, FaultKind, IdentityOrder, NumberKind, On};

use super::{Place, Wrong, each_is_named};

const BUNDLE: &str = "BU0123456789abcdef0123456789abcdef";
const FAILS: (&str, Option<&str>, &str) = ("bundle", Some("gb"), "fail");

/// A pool that shows this bundle.
fn shows(place: &mut Place, order: BundleOrder) {
    place.with_gb();
    place.set("pools.gb.bundle_sid", BUNDLE);
    place.twilio.bundle(order.sid(BUNDLE));
}

fn of_gb() -> BundleOrder {
    BundleOrder::new("GB", NumberKind::Mobile)
}

fn in_days(days: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

#[test]
fn each_thing_about_a_bundle_is_named() {
    each_is_named(&[
        Wrong {
            name: "none where one is needed",
            arrange: Place::with_gb,
            code: 1,
            line: FAILS,
            says: ("sold only to whoever shows a bundle", "pools.gb.bundle_sid"),
        },
        Wrong {
            name: "one that the account does not have",
            arrange: |place| {
                place.with_gb();
                place.set("pools.gb.bundle_sid", BUNDLE);
            },
            code: 1,
            line: FAILS,
            says: ("has no bundle", "pools.gb.bundle_sid"),
        },
        Wrong {
            name: "a draft",
            arrange: |place| shows(place, of_gb().status(BundleStatus::Draft)),
            code: 1,
            line: FAILS,
            says: ("draft", "hand it in"),
        },
        Wrong {
            name: "one that is being looked at",
            arrange: |place| shows(place, of_gb().status(BundleStatus::InReview)),
            code: 1,
            line: FAILS,
            says: ("in-review", "approved one"),
        },
        Wrong {
            name: "one that was rejected",
            arrange: |place| shows(place, of_gb().status(BundleStatus::TwilioRejected)),
            code: 1,
            line: FAILS,
            says: ("twilio-rejected", "what the bundle lacks"),
        },
        Wrong {
            name: "one that is good for now",
            arrange: |place| shows(place, of_gb().status(BundleStatus::ProvisionallyApproved)),
            code: 1,
            line: FAILS,
            says: ("provisionally-approved", "approved one"),
        },
        Wrong {
            name: "one that is over",
            arrange: |place| shows(place, of_gb().valid_until("2020-01-31")),
            code: 1,
            line: FAILS,
            says: ("ended on 2020-01-31", "Renew it"),
        },
        Wrong {
            name: "one that ends soon",
            arrange: |place| shows(place, of_gb().valid_until(in_days(20))),
            code: 0,
            line: ("bundle", Some("gb"), "warn"),
            says: ("is approved, valid until", "Renew it"),
        },
        Wrong {
            name: "one for other numbers",
            arrange: |place| shows(place, BundleOrder::new("GB", NumberKind::Local)),
            code: 1,
            line: FAILS,
            says: ("is for GB local numbers", "GB, mobile"),
        },
        Wrong {
            name: "one for another country",
            arrange: |place| shows(place, BundleOrder::new("DE", NumberKind::Mobile)),
            code: 1,
            line: FAILS,
            says: ("is for DE mobile numbers", "pools.gb.bundle_sid"),
        },
    ]);
}

#[test]
fn a_bundle_of_which_nobody_may_read_what_it_is_for_is_judged_by_what_is_known() {
    each_is_named(&[Wrong {
        name: "one that ends soon, and whose regulation may not be read",
        arrange: |place| {
            shows(place, of_gb().valid_until(in_days(20)));
            place.twilio.fault(Fault::new(On::Regulation, FaultKind::Refuse).status(403).code(20403).forever());
        },
        code: 0,
        line: ("bundle", Some("gb"), "warn"),
        says: ("is approved, valid until", "Renew it"),
    }]);
    for odd in [
        Fault::new(On::Regulation, FaultKind::Refuse).status(403).code(20403).forever(),
        Fault::new(On::Regulation, FaultKind::NotFound).forever(),
        Fault::new(On::Bundle, FaultKind::OddRow).field("regulation_sid").value(serde_json::Value::Null).forever(),
        Fault::new(On::Regulation, FaultKind::OddRow).field("number_type").value(serde_json::Value::Null).forever(),
    ] {
        let mut place = Place::new();
        shows(&mut place, of_gb().valid_until(in_days(300)));
        place.twilio.fault(odd.clone());
        let (code, document) = place.check();
        assert_eq!((code, document["result"].as_str()), (0, Some("pass")), "{odd:?}: {document:#}");
        let checks = document["checks"].as_array().expect("checks");
        let bundle = checks.iter().find(|check| check["check"] == "bundle").expect("the bundle");
        assert!(
            bundle["detail"].as_str().is_some_and(|told| told.contains("could not be looked at")),
            "{odd:?}: {bundle}"
        );
    }
}

#[test]
fn each_thing_about_an_address_and_an_identity_is_named() {
    each_is_named(&[
        Wrong {
            name: "an address that the account does not have",
            arrange: |place| place.set("pool.address_sid", "AD0123456789abcdef0123456789abcdef"),
            code: 1,
            line: ("address", Some("default"), "fail"),
            says: ("has no address", "pool.address_sid"),
        },
        Wrong {
            name: "an address of another country",
            arrange: |place| {
                let sid = place.twilio.address(AddressOrder::new("DE"));
                place.set("pool.address_sid", &sid);
            },
            code: 0,
            line: ("address", Some("default"), "warn"),
            says: ("an address in DE", "pool.address_sid"),
        },
        Wrong {
            name: "an identity, which nobody can look up",
            arrange: |place| {
                let sid = place.twilio.identity(IdentityOrder::default());
                place.set("pool.identity_sid", &sid);
            },
            code: 0,
            line: ("identity", Some("default"), "warn"),
            says: ("cannot be looked up", "pool.identity_sid"),
        },
    ]);
}

#[test]
fn papers_that_are_in_order_pass() {
    let mut place = Place::new();
    shows(&mut place, of_gb().valid_until(in_days(300)));
    let sid = place.twilio.address(AddressOrder::new("US"));
    place.set("pool.address_sid", &sid);
    let (code, document) = place.check();
    assert_eq!((code, document["result"].as_str()), (0, Some("pass")), "{document:#}");
}
