//! Orders by hand: the document that they answer with, at once or later.

use serde_json::json;
use twilio_simulator::{Fault, FaultKind, On};

use crate::world::command::callbunker;
use crate::world::shape::shape;
use crate::world::{World, eventually};

const PURCHASE: &str = "/admin/phones/api/purchase";
const WHOLE: &str = "{area_code:text, cancelled:null, country:text, created_at:instant, ended_at:instant, errors:[], explanation:text, fallback:bool, \
                     number_type:text, numbers:[{phone_number:e164, pool:text, sid:sid, webhook_status:text}], outcome:text, override_caps:bool, pool:text, purchase_id:uuid, \
                     purchased_count:integer, requested_by:text, requested_count:integer, started_at:instant, state:text, trigger:text}";

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
    let anywhere = WHOLE.replace("area_code:text", "area_code:null");
    assert_eq!((shape(&done), &done["purchased_count"]), (anywhere, &json!(2)));
    assert_eq!(world.bought(), 2);
}

#[test]
fn an_order_that_lasts_is_accepted_before_a_proxy_gives_up_and_a_second_try_finds_it() {
    let world = World::new().quiet().set("http.sync_order_secs", 3).set("purchase.concurrency", 1);
    // It lasts longer than that, and has begun by then on a busy machine, too.
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(800));
    let daemon = world.daemon();
    let order = || daemon.post_with(PURCHASE, &json!({"count": 8}), &[("Idempotency-Key", "k")]);
    let accepted = order();
    assert_eq!(accepted.status, 202, "{accepted:?}");
    assert_eq!((shape(&accepted.body["purchase_id"]).as_str(), &accepted.body["state"]), ("uuid", &json!("running")));
    assert!(
        accepted.body["purchased_count"].as_u64() < Some(8) && accepted.body["requested_count"] == 8,
        "{accepted:?}"
    );
    assert!(!accepted.headers.contains_key("preference-applied"), "nobody preferred it: {accepted:?}");
    let location = accepted.headers["location"].clone();
    let id = accepted.body["purchase_id"].as_str().unwrap();
    assert_eq!(location, format!("/admin/phones/api/purchases/{id}"));
    assert_eq!(world.sql("SELECT result FROM audit WHERE action = 'purchase'"), "202");
    let again = order();
    assert!([200, 202].contains(&again.status) && again.body["purchase_id"] == id, "{again:?}");
    eventually("the order is done", || daemon.get(&location).ok()["state"] == "done");
    assert_eq!(daemon.get(&location).ok()["purchased_count"], 8);
    assert_eq!((order().ok()["purchased_count"].clone(), world.bought()), (json!(8), 8));
}

#[test]
fn a_pass_that_lasts_tells_what_was_bought_so_far_and_goes_on() {
    let world = World::new()
        .set("pool.total_min", 0)
        .set("pool.threshold_low", 6)
        .set("pool.replenishment_batch_size", 6)
        .set("http.sync_order_secs", 1)
        .set("purchase.concurrency", 1);
    world.twilio.fault(Fault::new(On::Search, FaultKind::NoStock).forever());
    let daemon = world.daemon();
    // The pool's own look found nothing, and the next one waits for a while.
    eventually("it looked", || world.count("SELECT count(*) FROM passes WHERE reason = 'no_stock'") > 0);
    world.twilio.clear_faults();
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(2000));
    let report = daemon.post_empty("/admin/phones/api/replenish").ok();
    assert_eq!(report["reason"], "running", "{report}");
    let so_far = report["purchased_count"].as_u64().unwrap();
    assert!(so_far < 6 && report["replenished"] == json!(so_far > 0), "{report}");
    assert_eq!((&report["previous_status"]["available"], &report["error"]), (&json!(0), &json!(null)), "{report}");
    let told = callbunker(&daemon, &["replenish"]).table();
    assert!(told.starts_with("Bought ") && told.contains("so far; the check goes on"), "{told}");
    let cron = daemon.post_empty("/admin/phones/cron/auto-replenish").ok();
    assert!(cron["reason"] == "running" || cron["reason"] == "above_threshold", "{cron}");
    eventually("the pass went on", || daemon.status()["available"] == 6);
    assert_eq!(world.bought(), 6);
}

#[test]
fn an_accepted_order_waits_for_its_turn_however_long() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 20_000).set("http.sync_order_secs", 1);
    let (first, second) = (world.daemon(), world.daemon());
    let session = crate::world::session::Session::holding_the_purchase_lock(&world);
    let asked = first.post_with(PURCHASE, &json!({"count": 1}), &[("Prefer", "respond-async")]);
    assert_eq!(asked.status, 202, "{asked:?}");
    // This one is accepted while it waits.
    let waited = second.purchase(2);
    assert_eq!((waited.status, &waited.body["state"]), (202, &json!("queued")), "{waited:?}");
    // Longer than any waits that nobody accepted.
    let kept = "SELECT count(*) FROM purchases WHERE state = 'queued' AND expires_at > clock_timestamp() + interval '25 seconds'";
    eventually("both are kept", || world.count(kept) == 2);
    // Whoever accepted them says so again and again.
    world.sql("UPDATE purchases SET expires_at = clock_timestamp() + interval '20 seconds'");
    eventually("they are kept still", || world.count(kept) == 2);
    drop(session);
    for (daemon, reply, count) in [(&first, asked, 1), (&second, waited, 2)] {
        let location = reply.headers["location"].clone();
        eventually("its turn came", || daemon.get(&location).ok()["state"] == "done");
        assert_eq!(daemon.get(&location).ok()["purchased_count"], count);
    }
    assert_eq!(world.bought(), 3);
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

/// Orders one number, and PostgreSQL goes away once `reached` can be told and the daemon pauses at `step`.
#[cfg(feature = "failpoints")]
fn ordered_into_an_outage(
    cluster: &postgres_fixture::Cluster,
    (world, daemon): (&World, &crate::world::daemon::Daemon),
    (step, reached): (&str, &str),
    order: impl FnOnce() -> crate::world::daemon::Reply + Send,
) -> crate::world::daemon::Reply {
    daemon.failpoints(&format!("{step}=pause"));
    let before = world.count(reached);
    let reply = std::thread::scope(|scope| {
        let order = scope.spawn(order);
        eventually("the order is so far", || world.count(reached) == before + 1);
        cluster.stop_immediate().expect("it stops");
        daemon.failpoint_off(step);
        order.join().expect("an answer")
    });
    cluster.start_again().expect("it starts");
    eventually("the daemon sees it again", || daemon.get("/admin/phones/api/status").status == 200);
    reply
}

#[cfg(feature = "failpoints")]
#[test]
fn an_order_that_cannot_be_told_is_answered_with_its_id_and_never_with_try_again() {
    let cluster = postgres_fixture::Cluster::start(postgres_fixture::ClusterOptions::default()).expect("PostgreSQL");
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    let it = (&world, &daemon);
    let placed = ("order_enqueued", "SELECT count(*) FROM purchases");
    let ran = ("lock_released", "SELECT count(*) FROM purchases WHERE ended_at IS NOT NULL");
    let (alone, later) = (&[][..], &[("Prefer", "respond-async")][..]);
    let keyed = &[("Idempotency-Key", "k")][..];
    for (step, headers) in [(ran, alone), (ran, keyed), (placed, later)] {
        let reply =
            ordered_into_an_outage(&cluster, it, step, || daemon.post_with(PURCHASE, &json!({"count": 1}), headers));
        assert_eq!(
            reply.headers.contains_key("retry-after"),
            headers == keyed,
            "only a key is safe to repeat: {reply:?}"
        );
        let problem = reply.problem(503, "database_unavailable");
        let id = problem["purchase_id"].as_str().expect("the order's id").to_owned();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&id) && detail.contains("before you ask again"), "{detail}");
        eventually("the order has ended", || daemon.get(&format!("{PURCHASE}s/{id}")).ok()["state"] == "done");
        let row = format!("SELECT result FROM audit WHERE action = 'purchase' AND detail->>'purchase_id' = '{id}'");
        eventually("the trail names it", || world.sql(&row) == "503");
    }
    assert_eq!(daemon.post_with(PURCHASE, &json!({"count": 1}), keyed).ok()["purchased_count"], 1);
    // The dashboard asks the same handler.
    let form = [("X-Admin-API-Key", crate::world::ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
    ordered_into_an_outage(&cluster, it, placed, || {
        daemon.send("POST", "/admin/phones/dashboard/acts/purchase", &form, Some(b"count=1&order=abc"))
    });
    let rows = "SELECT count(*) FROM audit WHERE action = 'purchase' AND detail ? 'purchase_id'";
    eventually("the trail names it, too", || world.count(rows) == 5);
    eventually("all were bought", || world.bought() == 4 && world.count("SELECT count(*) FROM numbers") == 4);
    world.assert_nothing_lost_or_doubled();
}
