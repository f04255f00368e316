//! Slow clients, and too many of them.

use std::time::Duration;

use callbunker::http::ServerLimits;
use tokio::time::{sleep, timeout};

use crate::client::{Client, PATIENCE, get, post_json};
use crate::world::{SIGNUP, World, limits};

#[tokio::test]
async fn a_half_sent_header_is_cut_and_so_is_silence() {
    let world = World::with(ServerLimits { header_timeout: Duration::from_secs(2), ..limits() }, &[]).await;
    let mut half = world.client().await;
    half.send("GET /list HTTP/1.1\r\nHo").await;
    let mut silent = world.client().await;
    let mut second = world.client().await;
    assert_eq!(second.ask(get("/list", "")).await.status, 200);
    second.send("GET /li").await;
    assert!(half.is_closed().await && silent.is_closed().await && second.is_closed().await);
}

#[tokio::test]
async fn a_slow_body_is_cut_with_an_answer() {
    let world = World::with(ServerLimits { body_timeout: Duration::from_millis(300), ..limits() }, &[]).await;
    let mut client = world.client().await;
    client.send(post_json("/signup/api/assign", SIGNUP, "{\"user_id\":\"u\"}").trim_end_matches('}')).await;
    let reply = client.reply().await;
    assert_eq!((reply.problem(), reply.header("connection")), ((408, "request_timeout".into()), Some("close")));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_trickling_body_has_one_deadline() {
    let world = World::with(ServerLimits { body_timeout: Duration::from_millis(400), ..limits() }, &[]).await;
    let mut client = world.client().await;
    client.send(post_json("/signup/api/assign", SIGNUP, &" ".repeat(1000)).trim_end()).await;
    client.send("\r\n\r\n").await;
    let trickle = async {
        while client.send_anyway(" ").await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, trickle).await.expect("the connection is closed in the middle of it");
}

#[tokio::test]
async fn an_unwanted_slow_body_is_answered_after_a_bounded_wait() {
    let world = World::with(ServerLimits { body_timeout: Duration::from_millis(300), ..limits() }, &[]).await;
    let mut client = world.client().await;
    client.send(post_json("/signup/api/assign", "wrong", "{\"user_id\":\"u\"}").trim_end_matches('}')).await;
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
}

#[tokio::test]
async fn a_crowd_that_lets_us_wait_makes_room() {
    let world = World::with(ServerLimits { connections_max: 8, ..limits() }, &[]).await;
    let mut idle = world.client().await;
    assert_eq!(idle.ask(get("/list", "")).await.status, 200);
    let mut crowd = Vec::new();
    for number in 0..40 {
        let mut slow = world.client().await;
        if number % 2 == 0 {
            slow.send("GET /list HTTP/1.1\r\n").await;
        }
        crowd.push(slow);
        assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200, "newcomer {number}");
    }
    assert!(idle.is_closed().await, "the longest wait made room");
}

#[tokio::test]
async fn slow_bodies_make_room_too() {
    let world = World::with(ServerLimits { connections_max: 4, ..limits() }, &[]).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut client = world.client().await;
        client.send(post_json("/signup/api/assign", SIGNUP, "{\"user_id\":\"u\"}").trim_end_matches('}')).await;
        slow.push(client);
    }
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200);
}

#[tokio::test]
async fn when_everybody_is_at_work_a_newcomer_is_told_at_once() {
    let world = World::with(ServerLimits { connections_max: 2, ..limits() }, &[]).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut client = world.client().await;
        client.send(get("/slow?millis=3000", "")).await;
        busy.push(client);
    }
    sleep(Duration::from_millis(200)).await;
    for _ in 0..3 {
        let reply = world.client().await.ask(get("/list", "")).await;
        assert_eq!(reply.problem(), (503, "unavailable".into()));
        assert_eq!((reply.header("retry-after"), reply.header("connection")), (Some("1"), Some("close")));
    }
    for client in &mut busy {
        assert_eq!(client.reply().await.status, 200, "those at work are not disturbed");
    }
    assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200);
}

#[tokio::test]
async fn waits_that_we_impose_hold_no_seat_that_a_newcomer_needs() {
    let world = World::with(ServerLimits { connections_max: 4, ..limits() }, &[]).await;
    let mut burst = Vec::new();
    for _ in 0..4 {
        let mut client = world.client().await;
        client.send(get("/held", "").repeat(100)).await;
        burst.push(client);
    }
    sleep(Duration::from_millis(300)).await;
    for newcomer in 0..8 {
        assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200, "newcomer {newcomer}");
    }
    // Whoever had to go is told so, and its other requests go with it.
    let mut waits = tokio::task::JoinSet::new();
    for mut client in burst {
        waits.spawn(async move { (client.reply().await, client.is_closed().await) });
    }
    let (reply, is_closed) = waits.join_next().await.expect("four wait").expect("one of them had to go");
    assert_eq!((reply.problem(), reply.header("connection")), ((503, "unavailable".into()), Some("close")));
    assert!(is_closed);
}

#[tokio::test]
async fn nobody_holds_every_seat_and_whose_key_is_right_is_not_disturbed() {
    let world = World::with(ServerLimits { connections_max: 4, ..limits() }, &[]).await;
    let mut customer = world.client().await;
    customer.send(get("/signup/slow?millis=4000", &format!("X-Admin-API-Key: {SIGNUP}\r\n"))).await;
    let mut greedy = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect_from([127, 0, 0, 2], world.address).await;
        client.send(get("/slow?millis=60000", "")).await;
        greedy.push(client);
        // Whoever came first is at work the longest, on whichever thread.
        sleep(Duration::from_millis(100)).await;
    }
    sleep(Duration::from_millis(300)).await;
    let mut own = Client::connect_from([127, 0, 0, 2], world.address).await;
    assert_eq!(own.ask(get("/list", "")).await.status, 503, "its own newcomers take no seat from it");
    let mut other = Client::connect_from([127, 0, 0, 3], world.address).await;
    assert_eq!(other.ask(get("/list", "")).await.status, 200);
    let reply = greedy[0].reply().await;
    assert_eq!((reply.problem(), reply.header("connection")), ((503, "unavailable".into()), Some("close")));
    assert_eq!(customer.reply().await.status, 200);
}

#[tokio::test]
async fn a_flood_of_connections_ends_and_service_goes_on() {
    let world = World::with(ServerLimits { connections_max: 16, ..limits() }, &[]).await;
    let flood: Vec<_> = (0..300).map(|_| tokio::spawn(Client::connect(world.address))).collect();
    let mut open = Vec::new();
    for client in flood {
        open.push(client.await.unwrap());
    }
    let mut client = world.client().await;
    for _ in 0..20 {
        assert_eq!(client.ask(get("/list", "")).await.status, 200);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let world = World::with(ServerLimits { body_timeout: Duration::from_millis(300), ..limits() }, &[]).await;
    let mut client = world.client().await;
    let many = get("/list", "").repeat(200);
    let ask_without_reading = async { while client.send_anyway(&many).await {} };
    // Megabytes fit on the way before anybody has to wait for it.
    timeout(3 * PATIENCE, ask_without_reading).await.expect("the server gives up on it");
    assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200);
}
