//! Orders by hand: the document that they answer with, at once or later.

use serde_json::json;
use twilio_simulator::On;

use crate::shape::shape;
use crate::world::{World, eventually};

const PURCHASE: &str = "/admin/phones/api/purchase";
const WHOLE: &str = "{errors:[], numbers:[{phone_number:e164, sid:sid, webhook_status:text}], purchase_id:uuid, \
                     purchased_count:integer, requested_count:integer, state:text}";

#[test]
fn a_purchase_answers_with_what_was_bought_and_can_be_read_again() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let bought = daemon.post(PURCHASE, &json!({"count": 2, "area_code": "415", "country": "US"})).ok();
    assert_eq!(shape(&bought), WHOLE);
    assert_eq!(
        (&bought["state"], &bought["requested_count"], &bought["purchased_count"]),
        (&json!("done"), &json!(2), &json!(2))
    );
    let truth = world.twilio.truth();
    for number in bought["numbers"].as_array().unwrap() {
        let owned = truth.owned_number(number["phone_number"].as_str().unwrap()).expect("Twilio sold it");
        assert_eq!(number["sid"], owned.sid);
        assert_eq!(number["webhook_status"], "configured");
        assert!(owned.phone_number.starts_with("+1415"), "{}", owned.phone_number);
    }
    let id = bought["purchase_id"].as_str().unwrap();
    assert_eq!(daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok(), bought);
    assert_eq!(world.bought(), 2);
}

#[test]
fn an_order_that_bought_nothing_says_why_with_200() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "907", 1);
    let daemon = world.daemon();
    let short = daemon.post(PURCHASE, &json!({"count": 3, "area_code": "907"})).ok();
    assert_eq!((&short["state"], &short["purchased_count"]), (&json!("done"), &json!(1)));
    assert_eq!(shape(&short["errors"]), "[{code:text, count:integer, message:text, request_ids:[], twilio_code:null}]");
    assert_eq!(short["errors"][0]["code"], "no_stock");
    // With a fallback the rest comes from elsewhere.
    let rest = daemon.post(PURCHASE, &json!({"count": 2, "area_code": "907", "fallback": true})).ok();
    assert_eq!((&rest["purchased_count"], &rest["errors"]), (&json!(2), &json!([])));
}

#[test]
fn an_asynchronous_purchase_is_accepted_at_once_and_followed_at_its_location() {
    let world = World::new().quiet();
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(300));
    let daemon = world.daemon();
    let accepted = daemon.post_with(PURCHASE, &json!({"count": 2}), &[("Prefer", "respond-async, wait=10")]);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    assert_eq!(accepted.headers["content-type"], "application/json");
    assert_eq!(accepted.headers["preference-applied"], "respond-async");
    let location = accepted.headers["location"].clone();
    let id = accepted.body["purchase_id"].as_str().unwrap();
    assert_eq!(location, format!("/admin/phones/api/purchases/{id}"));
    assert!(["queued", "running"].contains(&accepted.body["state"].as_str().unwrap()), "{accepted:?}");
    eventually("the order is done", || daemon.get(&location).ok()["state"] == "done");
    let done = daemon.get(&location).ok();
    assert_eq!((shape(&done).as_str(), &done["purchased_count"]), (WHOLE, &json!(2)));
    assert_eq!(world.bought(), 2);
}

#[test]
fn an_unknown_purchase_is_not_found() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    for id in ["0190d6a2-0000-7000-8000-000000000000", "1", "%20", "a%2Fb"] {
        daemon.get(&format!("/admin/phones/api/purchases/{id}")).problem(404, "not_found");
    }
    assert_eq!(daemon.get("/admin/phones/api/purchases/").status, 404);
}
