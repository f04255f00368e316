//! HTTP itself: request ids, HEAD, 1.0, Expect, panics, addresses.

use crate::client::{get, post_json};
use crate::world::{SIGNUP, World, limits};

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_goes_on() {
    let world = World::new().await;
    let mut client = world.client().await;
    for request in [get("/panic", "X-Request-Id: mine-1\r\n"), post_json("/panic", "", &"x".repeat(60_000))] {
        let reply = client.ask(request).await;
        assert_eq!(reply.problem(), (500, "internal".into()));
        assert!(!reply.body.contains("on purpose"), "{}", reply.body);
    }
    let reply = client.ask(get("/list", "")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn every_answer_carries_the_request_id() {
    let world = World::new().await;
    let mut client = world.client().await;
    for path in ["/list", "/nowhere", "/panic"] {
        let reply = client.ask(get(path, "X-Request-Id: Trace_1.2-3\r\n")).await;
        assert_eq!(reply.header("x-request-id"), Some("Trace_1.2-3"), "{path}");
    }
    let reply = client.ask(get("/list", "X-Request-Id: not/acceptable\r\n")).await;
    let fresh = reply.header("x-request-id").unwrap();
    assert_eq!(fresh.len(), 36, "{fresh}");
    assert_eq!(reply.json()["id"], fresh);
    let next = client.ask(get("/list", "")).await;
    assert_ne!(next.header("x-request-id").unwrap(), fresh);
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.send("HEAD /slow?millis=1 HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let head = client.reply_without_body().await;
    let whole = client.ask(get("/slow?millis=1", "")).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    assert_eq!(head.header("content-type"), whole.header("content-type"));
    // Not even of an event stream, or a problem; and the connection goes on.
    client.send("HEAD /events HTTP/1.1\r\nHost: t\r\n\r\nHEAD /nowhere HTTP/1.1\r\nHost: t\r\n\r\n").await;
    assert_eq!(client.reply_without_body().await.header("content-type"), Some("text/event-stream"));
    assert_eq!(client.reply_without_body().await.status, 404);
    assert_eq!(client.ask(get("/list", "")).await.status, 200);
}

#[tokio::test]
async fn http_1_0_works() {
    let world = World::new().await;
    let mut client = world.client().await;
    let reply = client.ask("GET /list HTTP/1.0\r\n\r\n").await;
    assert_eq!((reply.status, &reply.json()["limit"]), (200, &50.into()));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::new().await;
    let mut client = world.client().await;
    client.send(get("/slow?millis=50", "") + &get("/slow?millis=1", "") + &get("/slow?millis=20", "")).await;
    for millis in [50, 1, 20] {
        assert_eq!(client.reply().await.json()["slept"], millis);
    }
}

#[tokio::test]
async fn expect_100_continue_is_honoured_and_an_early_refusal_takes_its_place() {
    let world = World::new().await;
    let body = "{\"user_id\":\"u\"}";
    let ask = |key: &str| {
        format!(
            "POST /signup/api/assign HTTP/1.1\r\nHost: t\r\nX-Admin-API-Key: {key}\r\nContent-Type: application/json\r\n\
             Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
    };
    let mut client = world.client().await;
    assert_eq!(client.ask(ask(SIGNUP)).await.status, 100);
    assert_eq!(client.ask(body).await.status, 200);
    let refused = client.ask(ask("wrong")).await;
    assert_eq!((refused.status, refused.header("connection")), (401, Some("close")));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn the_client_behind_a_trusted_proxy_is_known() {
    let world = World::with(limits(), &["127.0.0.0/8"]).await;
    let mut client = world.client().await;
    let of = |reply: crate::client::Reply| reply.json()["client"].as_str().unwrap().to_owned();
    assert_eq!(of(client.ask(get("/list", "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n")).await), "192.0.2.7");
    assert_eq!(of(client.ask(get("/list", "")).await), "127.0.0.1");
    // Bytes that the client put before it take nothing away from what the proxy says.
    let odd = b"GET /list HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: \xe9\xff, 192.0.2.7\r\n\r\n";
    assert_eq!(of(client.ask(odd).await), "192.0.2.7");
    let plain = World::new().await;
    let reply = plain.client().await.ask(get("/list", "X-Forwarded-For: 192.0.2.7\r\n")).await;
    assert_eq!(of(reply), "127.0.0.1");
}

#[tokio::test]
async fn what_is_not_http_harms_nobody() {
    let world = World::new().await;
    let long = format!("GET /list HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    for (junk, status) in
        [("\u{16}\u{3}\u{1}\0\0\r\n\r\n", Some(400)), ("GET\r\n\r\n", Some(400)), (long.as_str(), Some(431))]
    {
        let mut client = world.client().await;
        client.send_anyway(junk).await;
        let reply = client.reply_or_end().await;
        assert!(reply.is_none() || reply.as_ref().map(|reply| reply.status) == status, "{reply:?}");
    }
    assert_eq!(world.client().await.ask(get("/list", "")).await.status, 200);
}
