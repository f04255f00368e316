//! What is wrong with what numbers shall be attached to: messaging services and their campaigns, customer profile, trust products.

use twilio_simulator::{
    BundleStatus, CampaignOrder, CampaignStatus, Fault, FaultKind, ForeignNumber, On, ServiceOrder, TrustKind,
    TrustOrder,
};

use std::time::Duration;

use base64::Engine as _;

use super::{Place, Wrong, each_is_named};

const NO_SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const PROFILE: &str = "BU0123456789abcdef0123456789abcdef";
const PRODUCT: &str = "BU1123456789abcdef0123456789abcdef";
const SERVICE: &str = "messaging_service";
const WARNS: (&str, Option<&str>, &str) = (SERVICE, Some("default"), "warn");
const FAILS: (&str, Option<&str>, &str) = (SERVICE, Some("default"), "fail");

/// A service with which nothing is wrong.
fn good() -> ServiceOrder {
    ServiceOrder::new().use_inbound_webhook_on_number(true).campaign(CampaignStatus::Verified)
}

/// The default pool's numbers shall join this one.
fn joins(place: &mut Place, order: ServiceOrder) -> String {
    let sid = place.twilio.service(order).to_string();
    place.set("pool.messaging_services", &sid);
    sid
}

/// So many numbers of the account are in the service.
fn with_members(count: u32) -> impl Fn(&mut Place) {
    move |place| {
        let numbers: Vec<String> = (0..count).map(|n| format!("+1415555{:04}", 1000 + n)).collect();
        for number in &numbers {
            place.twilio.own(ForeignNumber::new(number));
        }
        joins(place, numbers.into_iter().fold(good(), ServiceOrder::with_member));
    }
}

#[test]
fn each_thing_about_a_messaging_service_is_named() {
    each_is_named(&[
        Wrong {
            name: "one that the account does not have",
            arrange: |place| place.set("pool.messaging_services", NO_SERVICE),
            code: 1,
            line: FAILS,
            says: ("is no messaging service of the account", "pool.messaging_services"),
        },
        Wrong {
            name: "one of two that the account does not have",
            arrange: |place| {
                let there = joins(place, good());
                place.set("pool.messaging_services", &format!("{NO_SERVICE},{there}"));
            },
            code: 0,
            line: WARNS,
            says: (NO_SERVICE, "pool.messaging_services"),
        },
        Wrong {
            name: "one that the account does not have, of numbers that may be handed out without",
            arrange: |place| {
                place.set("pool.messaging_services", NO_SERVICE);
                place.set("pool.ready_for", "voice");
            },
            code: 0,
            line: WARNS,
            says: ("is no messaging service of the account", "pool.messaging_services"),
        },
        Wrong {
            name: "one that nearly is full",
            arrange: |place| with_members(360)(place),
            code: 0,
            line: WARNS,
            says: ("has 360 numbers", "another service ready"),
        },
        Wrong {
            name: "one that is full",
            arrange: |place| with_members(400)(place),
            code: 1,
            line: FAILS,
            says: ("has 400 numbers", "Name another service"),
        },
        Wrong {
            name: "one that gives SMS to nobody",
            arrange: |place| drop(joins(place, good().use_inbound_webhook_on_number(false))),
            code: 0,
            line: WARNS,
            says: ("to nobody", "use_inbound_webhook_on_number"),
        },
        Wrong {
            name: "one that gives SMS to somebody else",
            arrange: |place| {
                let elsewhere = Some("https://old.example.com/sms".to_owned());
                let order = good().use_inbound_webhook_on_number(false);
                drop(joins(place, ServiceOrder { inbound_request_url: elsewhere, ..order }));
            },
            code: 0,
            line: WARNS,
            says: ("a URL of its own", "use_inbound_webhook_on_number"),
        },
        Wrong {
            name: "one that may not be looked at",
            arrange: |place| {
                joins(place, good());
                place.twilio.fault(Fault::new(On::Service, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 0,
            line: WARNS,
            says: ("could not be looked at", "console"),
        },
    ]);
}

#[test]
fn each_thing_about_a_campaign_is_named() {
    each_is_named(&[
        Wrong {
            name: "none",
            arrange: |place| drop(joins(place, ServiceOrder::new().use_inbound_webhook_on_number(true))),
            code: 0,
            line: WARNS,
            says: ("has no campaign", "Register a campaign"),
        },
        Wrong {
            name: "one that is looked at",
            arrange: |place| drop(joins(place, good().campaign(CampaignStatus::InProgress))),
            code: 0,
            line: WARNS,
            says: ("has a campaign that is IN_PROGRESS", "Wait until it is approved"),
        },
        Wrong {
            name: "one that was handed in",
            arrange: |place| drop(joins(place, good().campaign(CampaignStatus::Pending))),
            code: 0,
            line: WARNS,
            says: ("has a campaign that is PENDING", "Wait until it is approved"),
        },
        Wrong {
            name: "one that was turned down",
            arrange: |place| drop(joins(place, good().campaign(CampaignStatus::Failed))),
            code: 0,
            line: WARNS,
            says: ("was turned down", "Register a campaign"),
        },
        Wrong {
            name: "one that is pending, with errors",
            arrange: |place| {
                let sid = joins(place, good().campaign(CampaignStatus::Pending));
                let errors = Some(vec![30897]);
                place.twilio.campaign(CampaignOrder { errors, ..CampaignOrder::new(sid) });
            },
            code: 0,
            line: WARNS,
            says: ("was turned down: 30897", "Register a campaign"),
        },
        Wrong {
            name: "one that may not be looked at",
            arrange: |place| {
                joins(place, good());
                place.twilio.fault(Fault::new(On::Campaign, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 0,
            line: WARNS,
            says: ("could not be looked at", "console"),
        },
    ]);
}

/// The pool's numbers shall be assigned to these, and may not be handed out without.
fn assigned(place: &mut Place, profile: Option<TrustOrder>, product: Option<TrustOrder>) {
    place.set("pool.ready_for", "sms");
    place.set("pool.customer_profile", PROFILE);
    place.set("pool.trust_products", PRODUCT);
    for (order, sid) in [(profile, PROFILE), (product, PRODUCT)] {
        if let Some(order) = order {
            place.twilio.trust(order.sid(sid));
        }
    }
}

fn profile() -> TrustOrder {
    TrustOrder::new(TrustKind::CustomerProfile)
}

fn product() -> TrustOrder {
    TrustOrder::new(TrustKind::TrustProduct)
}

fn in_days(days: i64) -> Option<chrono::DateTime<chrono::Utc>> {
    Some(chrono::Utc::now() + chrono::TimeDelta::days(days))
}

const EVENTS: (&str, Option<&str>, &str) = ("events", None, "warn");

/// Numbers wait for the carriers' word, which comes to this address.
fn waits(place: &mut Place, order: ServiceOrder) -> String {
    hears(place);
    place.set("pool.sms_ready_when", "registered");
    joins(place, order)
}

fn hears(place: &mut Place) {
    place.set("events.public_url", "https://numbers.example.com/twilio/events");
}

/// Twilio sends its events there.
fn with_a_stream(place: &Place) {
    assert_eq!(place.command(&["twilio", "setup-events"]).code, Some(0));
}

/// Somebody takes a type of event off.
fn without_a_type(place: &Place) {
    let truth = place.twilio.truth();
    let (subscription, name) =
        (&truth.subscriptions[0].sid, "com.twilio.messaging.compliance.number-registration.failed");
    let pair = format!("{}:{}", place.twilio.account_sid(), place.twilio.auth_token());
    let authorization = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let url = format!("{}/v1/Subscriptions/{subscription}/SubscribedEvents/{name}", place.twilio.url());
    let answer = ureq::delete(url).header("Authorization", authorization).call().expect("it is there");
    assert_eq!(answer.status(), 204);
}

#[test]
fn each_thing_about_events_and_who_waits_for_them_is_named() {
    let fails = ("events", None, "fail");
    each_is_named(&[
        Wrong {
            name: "nothing is sent",
            arrange: hears,
            code: 0,
            line: EVENTS,
            says: ("sends no events to the address at numbers.example.com", "setup-events"),
        },
        Wrong {
            name: "nothing is sent, and a pool waits for it",
            arrange: |place| drop(waits(place, good())),
            code: 1,
            line: fails,
            says: ("pool.sms_ready_when waits for them", "setup-events"),
        },
        Wrong {
            name: "a type is not subscribed, and a pool waits for it",
            arrange: |place| {
                waits(place, good());
                with_a_stream(place);
                without_a_type(place);
            },
            code: 1,
            line: fails,
            says: ("1 types of events of numbers are not subscribed", "setup-events"),
        },
        Wrong {
            name: "what may not be looked at",
            arrange: |place| {
                hears(place);
                place.twilio.fault(Fault::new(On::Sink, FaultKind::Refuse).status(403).code(20403).forever());
            },
            code: 0,
            line: EVENTS,
            says: ("could not be looked at", "console"),
        },
        Wrong {
            name: "no campaign, where numbers wait for the carriers",
            arrange: |place| {
                waits(place, ServiceOrder::new().use_inbound_webhook_on_number(true));
                with_a_stream(place);
            },
            code: 1,
            line: FAILS,
            says: ("has no campaign", "Register a campaign"),
        },
        Wrong {
            name: "a campaign that was turned down, where numbers wait for the carriers",
            arrange: |place| {
                waits(place, good().campaign(CampaignStatus::Failed));
                with_a_stream(place);
            },
            code: 1,
            line: FAILS,
            says: ("was turned down", "Register a campaign"),
        },
        Wrong {
            name: "a campaign that is looked at, where numbers wait for the carriers",
            arrange: |place| {
                let sid = waits(place, good().campaign(CampaignStatus::Pending));
                place.twilio.campaign(CampaignOrder::new(sid).verified_after(Duration::from_secs(3600)));
                with_a_stream(place);
            },
            code: 0,
            line: WARNS,
            says: ("has a campaign that is PENDING", "Wait until it is approved"),
        },
    ]);
}

#[test]
fn each_thing_about_profiles_and_products_is_named() {
    let (fails, warns) = (("trust", Some("default"), "fail"), ("trust", Some("default"), "warn"));
    each_is_named(&[
        Wrong {
            name: "a profile that the account does not have",
            arrange: |place| assigned(place, None, Some(product())),
            code: 1,
            line: fails,
            says: ("has no customer profile", "pool.customer_profile"),
        },
        Wrong {
            name: "a product that the account does not have",
            arrange: |place| assigned(place, Some(profile()), None),
            code: 1,
            line: fails,
            says: ("has no trust product", "pool.trust_products"),
        },
        Wrong {
            name: "a product that the account does not have, of numbers that may be handed out without",
            arrange: |place| {
                assigned(place, Some(profile()), None);
                place.set("pool.ready_for", "voice");
            },
            code: 0,
            line: warns,
            says: ("has no trust product", "pool.trust_products"),
        },
        Wrong {
            name: "a profile that is looked at",
            arrange: |place| assigned(place, Some(profile().status(BundleStatus::InReview)), Some(product())),
            code: 0,
            line: warns,
            says: ("is in-review", "Trust Hub"),
        },
        Wrong {
            name: "a product that was rejected",
            arrange: |place| assigned(place, Some(profile()), Some(product().status(BundleStatus::TwilioRejected))),
            code: 0,
            line: warns,
            says: ("is twilio-rejected", "Trust Hub"),
        },
        Wrong {
            name: "a profile that is over",
            arrange: |place| {
                assigned(place, Some(TrustOrder { valid_until: in_days(-3), ..profile() }), Some(product()));
            },
            code: 0,
            line: warns,
            says: ("ended on", "Renew it"),
        },
        Wrong {
            name: "a product that ends soon",
            arrange: |place| {
                assigned(place, Some(profile()), Some(TrustOrder { valid_until: in_days(20), ..product() }));
            },
            code: 0,
            line: warns,
            says: ("is approved, valid until", "Renew it"),
        },
    ]);
}

#[test]
fn what_is_in_order_passes_and_so_does_a_service_that_leads_to_the_webhook_itself() {
    let mut place = Place::new();
    let order = good().use_inbound_webhook_on_number(false);
    let sms_url = Some("https://198.51.100.7/twilio/sms".to_owned());
    joins(&mut place, ServiceOrder { inbound_request_url: sms_url, ..order });
    assigned(&mut place, Some(profile()), Some(product()));
    let (code, document) = place.check();
    assert_eq!((code, document["result"].as_str()), (0, Some("pass")), "{document:#}");
    let checks = document["checks"].as_array().unwrap();
    let count = |name: &str| checks.iter().filter(|check| check["check"] == name).count();
    assert_eq!((count(SERVICE), count("trust")), (1, 2), "{document:#}");

    let mut place = Place::new();
    waits(&mut place, good());
    with_a_stream(&place);
    let (code, document) = place.check();
    assert_eq!((code, document["result"].as_str()), (0, Some("pass")), "{document:#}");
}
