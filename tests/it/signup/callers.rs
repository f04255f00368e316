//! Callers that ask twice, hang up, or come while the database is away.

use std::io::Write as _;

use postgres_fixture::{Cluster, ClusterOptions};
use serde_json::json;
use twilio_simulator::On;

use crate::world::daemon::Daemon;
use crate::world::session::Session;
use crate::world::{ADMIN_KEY, World, eventually};

const PURCHASE: &str = "/admin/phones/api/purchase";

#[test]
fn an_idempotency_key_names_one_order_on_every_instance_and_for_every_admin() {
    let world = World::new().quiet().set("ADMIN_API_KEY", format!("{ADMIN_KEY},another-admin-key-0123"));
    let (first, second) = (world.daemon(), world.daemon());
    let (body, key) = (json!({"count": 2}), [("Idempotency-Key", "order 66")]);
    let order = first.post_with(PURCHASE, &body, &key).ok();
    assert_eq!(order["purchased_count"], 2);
    assert_eq!(first.post_with(PURCHASE, &body, &key).ok(), order);
    assert_eq!(second.post_with(PURCHASE, &body, &key).ok(), order);
    let rotated = [("X-Admin-API-Key", "another-admin-key-0123"), ("Content-Type", "application/json"), key[0]];
    let again = second.send("POST", PURCHASE, &rotated, Some(body.to_string().as_bytes()));
    assert_eq!(again.ok(), order, "a key that was rotated in between changes nothing");
    for other in
        [json!({"count": 3}), json!({"count": 2, "area_code": "415"}), json!({"count": 2, "override_caps": true})]
    {
        second.post_with(PURCHASE, &other, &key).problem(422, "idempotency_key_reused");
    }
    for bad in [String::new(), "é".to_owned(), "x".repeat(256)] {
        let reply = first.post_with(PURCHASE, &body, &[("Idempotency-Key", bad.as_str())]);
        assert_eq!((reply.status, world.bought()), (422, 2), "{reply:?}");
    }
    world.sql("UPDATE purchases SET created_at = created_at - interval '8 days'");
    let fresh = first.post_with(PURCHASE, &body, &key).ok();
    assert_ne!(fresh["purchase_id"], order["purchase_id"], "after seven days the key is free again");
    assert_eq!(world.bought(), 4);
}

#[test]
fn one_key_sent_many_times_at_once_to_two_instances_buys_once() {
    let world = World::new().quiet();
    let (first, second) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(150));
    let orders: Vec<_> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..10)
            .map(|n| {
                let daemon = if n % 2 == 0 { &first } else { &second };
                scope.spawn(|| daemon.post_with(PURCHASE, &json!({"count": 3}), &[("Idempotency-Key", "k")]).ok())
            })
            .collect();
        sent.into_iter().map(|order| order.join().unwrap()).collect()
    });
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");
    assert_eq!((&orders[0]["purchased_count"], world.bought()), (&json!(3), 3));
}

#[test]
fn a_repeated_key_whose_order_died_with_its_instance_gets_an_answer() {
    let world = World::new().quiet();
    let (first, second) = (world.daemon(), world.daemon());
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(400));
    let (body, key) = (json!({"count": 20}), ("Idempotency-Key", "k"));
    assert_eq!(first.post_with(PURCHASE, &body, &[key, ("Prefer", "respond-async")]).status, 202);
    eventually("it buys", || world.bought() >= 1);
    first.kill9();
    let order = second.post_with(PURCHASE, &body, &[key]).ok();
    assert_eq!(order["state"], "interrupted", "{order}");
    eventually("it is settled", || second.status()["unsettled"] == 0 && second.status()["purchasing"] == 0);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn asking_again_for_an_order_that_nobody_carries_on_keeps_it_in_no_queue() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    // Its instance had begun it, let others go first, and died.
    world.sql(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, started_at, expires_at, idempotency_key)
         VALUES (gen_random_uuid(), 'manual', 'queued', 1, 'US', 'test', now(), now(), 'k')",
    );
    let expires_at = world.sql("SELECT expires_at FROM purchases");
    let body = json!({"count": 1});
    let ask = || daemon.post_with(PURCHASE, &body, &[("Idempotency-Key", "k"), ("Prefer", "respond-async")]);
    assert_eq!((ask().status, ask().status), (202, 202));
    assert_eq!(world.sql("SELECT expires_at FROM purchases"), expires_at, "whoever asks carries nothing");
    // Not by asking again: its end frees its key, and whoever asks then places another order.
    eventually("it ends", || world.sql("SELECT state FROM purchases") == "interrupted");
    assert_eq!(world.sql("SELECT expires_at FROM purchases"), expires_at);
    // Nobody has begun this one: whoever asks for it carries it.
    world.sql(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, expires_at, idempotency_key)
         VALUES (gen_random_uuid(), 'manual', 'queued', 1, 'US', 'test', now() + interval '1 minute', 'l')",
    );
    let order = daemon.post_with(PURCHASE, &body, &[("Idempotency-Key", "l")]).ok();
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("done"), &json!(1)));
}

/// Orders over a connection of its own, on which the answer is not read.
fn order_and_do_not_listen(daemon: &Daemon, count: u32) -> std::net::TcpStream {
    let address = daemon.url.trim_start_matches("http://");
    let mut client = std::net::TcpStream::connect(address).unwrap();
    let body = json!({ "count": count }).to_string();
    write!(
        client,
        "POST {PURCHASE} HTTP/1.1\r\nHost: {address}\r\nX-Admin-API-Key: {ADMIN_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    client
}

#[test]
fn a_client_that_hangs_up_cancels_nothing() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_millis(200));
    let client = order_and_do_not_listen(&daemon, 9);
    eventually("it buys", || world.twilio.truth().creates_in_flight > 0);
    drop(client);
    eventually("the order is done", || world.sql("SELECT state FROM purchases") == "done");
    assert_eq!((world.bought(), &daemon.status()["available"]), (9, &json!(9)));
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_client_that_hangs_up_while_its_order_waits_loses_no_order() {
    let world = World::new().quiet().set("http.sync_order_secs", 1).set("purchase.lock_wait_ms", 2000);
    let daemon = world.daemon();
    let lock = Session::holding_the_purchase_lock(&world);
    let client = order_and_do_not_listen(&daemon, 2);
    eventually("it stands in the queue", || world.count("SELECT count(*) FROM purchases") == 1);
    drop(client);
    // Whoever had stayed would have been told that it goes on: it waits longer than anybody for an answer.
    eventually("it is kept", || {
        world.count("SELECT count(*) FROM purchases WHERE expires_at > now() + interval '10 seconds'") == 1
    });
    drop(lock);
    eventually("the order is done", || world.sql("SELECT state FROM purchases") == "done");
    assert_eq!(world.bought(), 2);
}

#[test]
fn signups_that_gather_behind_a_database_that_is_away_fail_with_the_first_one_and_buy_nothing() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let world = World::on(&cluster).quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    let requests = world.twilio.truth().requests;
    cluster.freeze().unwrap();
    std::thread::scope(|scope| {
        for user in 0..40 {
            let daemon = &daemon;
            scope.spawn(move || {
                let refused = daemon.assign(&format!("u-{user}"));
                assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
                refused.problem(503, "database_unavailable")
            });
        }
    });
    let failed =
        || daemon.log_lines().iter().filter(|line| line["msg"] == "signups fail: the database is unavailable").count();
    eventually("it is told", || failed() >= 1);
    assert_eq!(failed(), 1, "nobody queued for a dead database");
    assert_eq!(world.twilio.truth().requests, requests, "not one call to Twilio");
    cluster.thaw().unwrap();
    // The statement that was under way may have been carried out after all; asking again tells.
    eventually("it is back", || daemon.assign("u-0").status == 200);
    world.assert_nothing_lost_or_doubled();
}

#[test]
fn a_purchase_while_the_lock_is_away_leaves_its_key_usable() {
    let world = World::new().quiet().set("purchase.lock_wait_ms", 200);
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let (body, key) = (json!({"count": 1}), [("Idempotency-Key", "k")]);
    daemon.post_with(PURCHASE, &body, &key).problem(409, "locked");
    daemon.post_with(PURCHASE, &body, &key).problem(409, "locked");
    drop(session);
    assert_eq!(world.bought(), 0);
}

#[test]
fn a_purchase_that_would_settle_a_number_of_another_item_halts_buying_and_alerts() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    daemon.purchase(1).ok();
    world.twilio.set_latency_on(On::Create, std::time::Duration::from_secs(4));
    let order = std::thread::scope(|scope| {
        let order = scope.spawn(|| daemon.purchase(1).ok());
        eventually("the create is on the wire", || world.twilio.truth().creates_in_flight == 1);
        // Another item has this E.164 by now, under another SID.
        world.sql(
            "INSERT INTO numbers (sid, phone_number, country, status, webhook_status, capable, purchased_at)
             SELECT 'PN' || repeat('5', 32), phone_number, 'US', 'active', 'configured', true, now()
               FROM purchase_items WHERE state = 'sent'",
        );
        order.join().unwrap()
    });
    assert_eq!((&order["state"], &order["purchased_count"]), (&json!("halted"), &json!(0)), "{order}");
    let halted = daemon.status()["halted"].clone();
    assert!(halted["message"].as_str().unwrap().contains("conflicts with the ledger"), "{halted}");
    assert_eq!(
        (&halted["twilio_code"], &halted["next_probe_at"]),
        (&json!(null), &json!(null)),
        "only a resume ends it"
    );
    eventually("somebody is called", || {
        daemon.log_lines().into_iter().any(|line| {
            line["level"].as_str().is_some_and(|level| level.starts_with("crit"))
                && line["msg"].as_str().is_some_and(|msg| msg.contains("all buying is halted"))
        })
    });
    assert_eq!(
        world.sql("SELECT state, error_code FROM purchase_items ORDER BY id DESC LIMIT 1"),
        "not_bought|conflict"
    );
    assert_eq!(
        world.count("SELECT count(*) FROM numbers WHERE purchase_item_id IS NULL"),
        1,
        "whoever had the number keeps it, and no item has it"
    );
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 2, "and the other item keeps its own");
    daemon.purchase(1).problem(503, "halted");
}
