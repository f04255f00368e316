//! An order ended early: what Twilio was not asked for is not bought, whichever instance buys, and whatever dies meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use twilio_simulator::On;

use crate::world::daemon::Daemon;
use crate::world::session::Session;
use crate::world::{ADMIN_KEY, World, eventually};

const PURCHASE: &str = "/admin/phones/api/purchase";

fn order(daemon: &Daemon, count: u32) -> String {
    let reply = daemon.post_with(PURCHASE, &json!({ "count": count }), &[("Prefer", "respond-async")]);
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.body["purchase_id"].as_str().unwrap().to_owned()
}

fn cancel(daemon: &Daemon, id: &str) -> Value {
    daemon.post_empty(&format!("/admin/phones/api/purchases/{id}/cancel")).ok()
}

fn document(daemon: &Daemon, id: &str) -> Value {
    daemon.get(&format!("/admin/phones/api/purchases/{id}")).ok()
}

/// The order's end: state, outcome, how many it bought, and how many it lacks because it was cancelled.
fn ended(daemon: &Daemon, id: &str) -> (String, String, u64, u64) {
    eventually("the order has ended", || {
        !["queued", "running"].contains(&document(daemon, id)["state"].as_str().unwrap())
    });
    let document = document(daemon, id);
    let errors = document["errors"].as_array().unwrap();
    let lacks =
        errors.iter().find(|error| error["code"] == "cancelled").map_or(0, |error| error["count"].as_u64().unwrap());
    let text = |name: &str| document[name].as_str().unwrap().to_owned();
    (text("state"), text("outcome"), document["purchased_count"].as_u64().unwrap(), lacks)
}

fn was(state: &str, outcome: &str, bought: u64, lacks: u64) -> (String, String, u64, u64) {
    (state.to_owned(), outcome.to_owned(), bought, lacks)
}

#[test]
fn an_order_that_waits_is_over_at_once_and_its_key_places_no_second_one() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let headers = [("Prefer", "respond-async"), ("Idempotency-Key", "k")];
    let placed = daemon.post_with(PURCHASE, &json!({"count": 3}), &headers);
    let id = placed.body["purchase_id"].as_str().unwrap().to_owned();
    let cancelled = cancel(&daemon, &id);
    assert_eq!(
        (&cancelled["state"], &cancelled["outcome"], &cancelled["errors"][0]["code"], &cancelled["errors"][0]["count"]),
        (&json!("stopped"), &json!("cancelled"), &json!("cancelled"), &json!(3)),
        "{cancelled}"
    );
    let by = world.sql("SELECT who FROM audit WHERE action = 'cancel' AND result = 200");
    assert_eq!(cancelled["cancelled"]["by"], json!(by), "{cancelled}");
    assert_eq!(cancel(&daemon, &id), cancelled, "once more changes nothing");
    assert_eq!(
        world.sql(&format!("SELECT count(*) FROM audit WHERE detail ->> 'purchase_id' = '{id}' AND action = 'cancel'")),
        "2"
    );
    drop(session);
    let again = daemon.post_with(PURCHASE, &json!({"count": 3}), &headers);
    assert_eq!(again.body["purchase_id"], json!(id), "{again:?}");
    daemon
        .post_empty("/admin/phones/api/purchases/0190d6a2-0000-7000-8000-000000000000/cancel")
        .problem(404, "not_found");
    assert_eq!(daemon.purchase(1).ok()["outcome"], "done");
    let done = daemon.purchase(1).ok();
    assert_eq!(cancel(&daemon, done["purchase_id"].as_str().unwrap()), done, "what has ended stays as it is");
    assert_eq!(world.bought(), 2);
}

#[test]
fn what_is_on_the_wire_is_settled_and_nothing_else_is_sent_whichever_instance_is_told() {
    let world = World::new().quiet().set("purchase.concurrency", 2);
    let (buys, told) = (world.daemon(), world.daemon());
    // The first one goes alone.
    buys.purchase(1).ok();
    buys.failpoints("create_answered=pause");
    let id = order(&buys, 20);
    eventually("two are sold", || world.bought() == 3);
    let cancelled = cancel(&told, &id);
    assert_eq!((&cancelled["state"], &cancelled["outcome"]), (&json!("running"), &json!("cancelling")), "{cancelled}");
    buys.failpoints("");
    assert_eq!(ended(&told, &id), was("stopped", "cancelled", 2, 18));
    assert_eq!((world.bought(), world.twilio.truth().creates.len()), (3, 3));
    assert_eq!(buys.purchase(1).ok()["outcome"], "done", "the next order buys");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn an_order_that_bought_nothing_or_some_is_called_so_on_every_page_in_the_trail_and_at_the_prompt() {
    let world = World::new().quiet();
    world.twilio.set_stock("US", "907", 1);
    let daemon = world.daemon();
    for (outcome, words, bought) in [("partly", "partly", 1), ("nothing_bought", "nothing bought", 0)] {
        let order = daemon.post(PURCHASE, &json!({"count": 2, "area_code": "907"})).ok();
        assert_eq!((&order["outcome"], &order["state"]), (&json!(outcome), &json!("done")), "{order}");
        let trail = daemon.get("/admin/phones/api/audit?limit=1").ok();
        let line = &trail["items"][0];
        assert_eq!(
            (&line["order_outcome"], &line["outcome"], &line["result"]),
            (&json!(outcome), &json!(words), &json!(200))
        );
        let orders = daemon.get("/admin/phones/api/purchases?limit=1").ok();
        assert_eq!(orders["items"][0]["outcome"], json!(outcome), "{orders}");
        let tone = if bought == 0 { "bad" } else { "warn" };
        let pill = format!(r#"<span class="pill {tone}">{words}</span>"#);
        let own = format!("/orders/{}", order["purchase_id"].as_str().unwrap());
        for page in ["", "/orders", "/audit", &own] {
            let page = daemon.get(&format!("/admin/phones/dashboard{page}"));
            let html = page.body.as_str().unwrap();
            assert!(html.contains(&pill) && !html.contains(r#"<span class="pill good">done</span>"#), "{html}");
        }
        let id = order["purchase_id"].as_str().unwrap();
        let followed = crate::world::command::callbunker(&daemon, &["purchase", "--follow", id]);
        let begins =
            format!("Bought {bought} of 2; purchase {id}. {}.", if bought == 0 { "Nothing bought" } else { "Partly" });
        assert!(followed.stdout.starts_with(&begins), "{followed:?}");
        let audit = crate::world::command::callbunker(&daemon, &["audit"]).table();
        assert!(audit.contains("RESULT") && audit.contains(words), "{audit}");
        let orders = crate::world::command::callbunker(&daemon, &["orders", "--limit", "1"]).stdout;
        assert!(orders.contains("OUTCOME") && orders.contains(outcome) && orders.contains(id), "{orders}");
    }
}

#[test]
fn an_open_order_is_cancelled_on_its_page_by_whoever_may_and_the_page_says_who_it_was() {
    const SUPPORT: &str = "supports-key-0123456789";
    let world = World::new().quiet().set("READONLY_API_KEY", format!("support:{SUPPORT}"));
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let id = order(&daemon, 3);
    let path = format!("/admin/phones/dashboard/orders/{id}");
    let page = |key: &str| {
        let reply = daemon.send("GET", &path, &[("X-Admin-API-Key", key)], None);
        reply.body.as_str().expect("a page").to_owned()
    };
    let offer = format!("/acts/cancel?purchase_id={id}");
    assert!(page(ADMIN_KEY).contains(&offer), "{}", page(ADMIN_KEY));
    assert!(page(SUPPORT).contains("0 of 3 bought") && !page(SUPPORT).contains("/acts/"), "{}", page(SUPPORT));
    let question = daemon.get(&format!("/admin/phones/dashboard{offer}"));
    assert!(question.body.as_str().unwrap().contains("Cancel the order"), "{question:?}");
    assert_eq!(document(&daemon, &id)["cancelled"], json!(null), "a question does nothing");
    let form = |body: &str| {
        let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/x-www-form-urlencoded")];
        daemon.send("POST", "/admin/phones/dashboard/acts/cancel", &headers, Some(body.as_bytes()))
    };
    let done = form(&format!("purchase_id={id}"));
    let back = format!("/admin/phones/dashboard/orders/{}", id.replace('-', "%2D"));
    assert_eq!((done.status, done.headers["location"].as_str()), (303, back.as_str()), "{done:?}");
    assert_eq!(ended(&daemon, &id), was("stopped", "cancelled", 0, 3));
    let told = page(ADMIN_KEY);
    assert!(told.contains("<dt>Cancelled</dt>") && !told.contains(&offer), "{told}");
    assert_eq!(world.sql("SELECT action FROM audit WHERE method = 'POST' ORDER BY id DESC LIMIT 1"), "cancel");
    assert_eq!(form("purchase_id=x").headers["location"], "/admin/phones/dashboard");
    drop(session);
    assert_eq!(world.bought(), 0);
}

#[test]
fn an_intent_that_was_not_sent_is_taken_back_and_a_doubt_is_not_sent_again() {
    let world = World::new().quiet().set("purchase.concurrency", 1);
    let daemon = world.daemon();
    daemon.failpoints("intent_written=pause");
    let id = order(&daemon, 3);
    eventually("one is intended", || world.count("SELECT count(*) FROM purchase_items") == 1);
    cancel(&daemon, &id);
    daemon.failpoints("");
    assert_eq!(ended(&daemon, &id), was("stopped", "cancelled", 0, 3));
    assert_eq!(world.twilio.truth().creates.len(), 0);
    assert_eq!(world.sql("SELECT state, attempts FROM purchase_items"), "not_bought|0");
    // Twilio sold it and the answer is lost: it is looked up, never asked for again.
    world.twilio.fault(twilio_simulator::Fault::new(On::Create, twilio_simulator::FaultKind::CommitThenReset));
    world.twilio.fault(twilio_simulator::Fault::new(On::Create, twilio_simulator::FaultKind::Lag).requests(1).times(1));
    daemon.failpoints("doubt_written=pause");
    let doubted = order(&daemon, 2);
    eventually("it is in doubt", || world.count("SELECT count(*) FROM purchase_items WHERE state = 'unknown'") == 1);
    cancel(&daemon, &doubted);
    daemon.failpoints("");
    let (state, _, _, lacks) = ended(&daemon, &doubted);
    assert_eq!((state.as_str(), lacks, world.twilio.truth().creates.len()), ("stopped", 1, 1));
    eventually("it is settled", || {
        world.sql("UPDATE purchase_items SET last_lookup_at = now() - interval '1 minute' WHERE state = 'unknown'");
        document(&daemon, &doubted)["purchased_count"] == 1
    });
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_crash_after_the_cancelling_buys_nothing_more_and_the_order_ends_as_stopped() {
    for (step, bought) in [("intent_written", 0), ("attempt_written", 0), ("create_answered", 1)] {
        let world = World::new().quiet().set("purchase.concurrency", 1);
        let (buys, told) = (world.daemon(), world.daemon());
        buys.failpoints(&format!("{step}=pause"));
        let id = order(&buys, 3);
        let at_the_step = match step {
            "create_answered" => "SELECT count(*) FROM purchase_items WHERE attempts = 1",
            "attempt_written" => "SELECT count(*) FROM purchase_items WHERE state = 'sent'",
            _ => "SELECT count(*) FROM purchase_items WHERE state = 'intended'",
        };
        eventually(step, || world.count(at_the_step) == 1 && world.bought() == bought);
        cancel(&told, &id);
        buys.kill9();
        let (state, _, _, _) = ended(&told, &id);
        assert_eq!(state, "stopped", "{step}");
        assert_eq!(world.twilio.truth().creates.len(), bought, "{step}: nothing was sent afterwards");
        eventually("what was sold is ours", || document(&told, &id)["purchased_count"] == json!(bought));
        world.assert_nothing_lost_or_doubled();
    }
}

#[test]
fn cancelling_and_sending_at_once_the_database_decides() {
    let world = World::new()
        .quiet()
        .set("purchase.concurrency", 3)
        .set("spend.purchases_per_hour_max", 1000)
        .set("spend.purchases_per_day_max", 1000);
    world.twilio.set_latency_on(On::Create, Duration::from_millis(60));
    let (buys, told) = (world.daemon(), world.daemon());
    for round in 0..8 {
        let id = order(&buys, 30);
        eventually("it buys", || {
            world.count(&format!("SELECT count(*) FROM purchase_items WHERE purchase_id = '{id}'")) > round
        });
        cancel(if round % 2 == 0 { &told } else { &buys }, &id);
        let (state, outcome, bought, lacks) = ended(&told, &id);
        let (is_cancelled, is_done) = (state == "stopped" && outcome == "cancelled", outcome == "done" && bought == 30);
        assert!(is_cancelled || is_done, "{state} {outcome} {bought}");
        assert_eq!(bought + lacks, 30);
    }
    let late = "SELECT count(*) FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id WHERE i.last_sent_at > p.cancelled_at";
    assert_eq!(world.count(late), 0, "nothing was sent after it was cancelled");
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn what_the_pool_orders_itself_is_paused_and_not_cancelled() {
    let world = World::new()
        .set("pool.threshold_low", 2)
        .set("pool.total_min", 0)
        .set("pool.replenishment_batch_size", 3)
        .set("purchase.concurrency", 1);
    let daemon = world.daemon();
    eventually("the pool is warm", || daemon.status()["available"] == 3);
    daemon.failpoints("intent_written=pause");
    for user in ["ann", "bob"] {
        daemon.assign(user).ok();
    }
    eventually("the pool's own order runs", || {
        world.count("SELECT count(*) FROM purchases WHERE state = 'running'") == 1
    });
    let id = world.sql("SELECT id FROM purchases WHERE state = 'running'");
    let refusal =
        daemon.post_empty(&format!("/admin/phones/api/purchases/{id}/cancel")).problem(409, "automatic_order");
    assert!(refusal["detail"].as_str().unwrap().contains("pause"), "{refusal}");
    let said = crate::world::command::callbunker(&daemon, &["purchase", "--cancel", &id]);
    assert!(said.code != Some(0) && said.stderr.contains("pause"), "{said:?}");
    daemon.failpoints("");
    eventually("it goes on to its end", || document(&daemon, &id)["outcome"] == "done");
    let ended = daemon.post_empty(&format!("/admin/phones/api/purchases/{id}/cancel")).ok();
    assert_eq!(
        (&ended["outcome"], &ended["cancelled"]),
        (&json!("done"), &Value::Null),
        "what has ended stays as it is"
    );
}

#[test]
fn a_cancelled_order_keeps_its_key_although_it_was_refused_before() {
    let world = World::new().quiet().set("spend.purchases_per_hour_max", 1);
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let place = || daemon.post_with(PURCHASE, &json!({"count": 1}), &[("Idempotency-Key", "k")]);
    place().problem(409, "spend_cap");
    world.sql("UPDATE purchases SET state = 'stopped', cancelled_at = now(), cancelled_by = 'dana' WHERE idempotency_key = 'k'");
    let id = world.sql("SELECT id FROM purchases WHERE idempotency_key = 'k'");
    world.sql("UPDATE purchase_items SET intended_at = intended_at - interval '2 hours'");
    place();
    assert_eq!(world.sql("SELECT id FROM purchases WHERE idempotency_key = 'k'"), id);
    assert_eq!(world.bought(), 1, "what was called off is not bought by a repeated request");
}
