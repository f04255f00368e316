//! How it ends.

use std::time::Duration;

use callbunker::http::{Drained, ServerLimits};
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::{Client, PATIENCE, get};
use crate::world::{World, limits};

async fn open_event_stream(world: &World) -> Client {
    let mut client = world.client().await;
    client.send(get("/events", "Accept: text/event-stream\r\n")).await;
    let mut line = String::new();
    while !line.contains("event:status") {
        line.clear();
        timeout(PATIENCE, client.stream.read_line(&mut line)).await.unwrap().unwrap();
    }
    client
}

#[tokio::test]
async fn requests_in_flight_finish_and_streams_and_idle_connections_end() {
    let world = World::new().await;
    let mut stream = open_event_stream(&world).await;
    let mut idle = world.client().await;
    assert_eq!(idle.ask(get("/list", "")).await.status, 200);
    let mut silent = world.client().await;
    let mut half = world.client().await;
    half.send("GET /li").await;
    let mut busy = world.client().await;
    busy.send(get("/slow?millis=2500", "")).await;
    sleep(Duration::from_millis(200)).await;
    let address = world.address;
    let drained = timeout(PATIENCE, world.stopped()).await.expect("well before the deadline");
    assert_eq!(drained, Drained { cut_off: 0 });
    let reply = busy.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
    let mut rest = String::new();
    while stream.stream.read_line(&mut rest).await.is_ok_and(|read| read > 0) {}
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends whole: {rest:?}");
    assert!(idle.is_closed().await && silent.is_closed().await && half.is_closed().await);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_does_not_finish_is_cut_off_at_the_deadline() {
    let world = World::with(ServerLimits { drain_timeout: Duration::from_millis(300), ..limits() }, &[]).await;
    let mut busy = world.client().await;
    busy.send(get("/slow?millis=60000", "")).await;
    sleep(Duration::from_millis(200)).await;
    let drained = timeout(PATIENCE, world.stopped()).await.expect("soon after the deadline");
    assert_eq!(drained, Drained { cut_off: 1 });
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn a_request_that_is_half_sent_at_the_stop_may_finish() {
    let world = World::new().await;
    let mut half = world.client().await;
    half.send("GET /list HTTP/1.1\r\nHost: t\r\n").await;
    sleep(Duration::from_millis(200)).await;
    world.stop.cancel();
    sleep(Duration::from_millis(100)).await;
    half.send("\r\n").await;
    assert_eq!(half.reply().await.status, 200);
    assert!(half.is_closed().await);
}
