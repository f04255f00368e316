//! Whatever happens by itself: carries out what is due, and takes events to their sinks.
//!
//! Invariants: the lock is held while something is decided, never while something is sent; sinks are on loopback.
//!
//! How to get it wrong: waiting for one receiver before the next one is asked. A slow sink would hold back every other.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};

use crate::events::{Answer, Outgoing};
use crate::serve::Shared;

/// Runs for ever.
pub(crate) async fn run(shared: Arc<Shared>) {
    let wake = shared.world().agenda.wake();
    loop {
        let (outgoing, next) = {
            let mut world = shared.world();
            (world.act(Instant::now()), world.agenda.next())
        };
        for outgoing in outgoing {
            tokio::spawn(deliver(Arc::clone(&shared), outgoing));
        }
        match next {
            Some(at) => {
                tokio::select! {
                    () = sleep_until(at.into()) => {}
                    () = wake.notified() => {}
                }
            }
            None => wake.notified().await,
        }
    }
}

async fn deliver(shared: Arc<Shared>, outgoing: Outgoing) {
    let answer = match timeout(outgoing.timeout, send(&outgoing)).await {
        Ok(answer) => answer,
        Err(_) => Err("no answer in time".into()),
    };
    shared.world().answered(&outgoing, answer);
}

async fn send(outgoing: &Outgoing) -> Answer {
    let Some((host, port)) = &outgoing.to else {
        return Err("not on this machine, and no origin says where it leads to".into());
    };
    let explain = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(|error| explain(&error))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| explain(&error))?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&outgoing.path)
        .header(HOST, &outgoing.host)
        .header(USER_AGENT, "TwilioEventStreams/1.0")
        .header(CONTENT_TYPE, &outgoing.content_type)
        .header("X-Twilio-Signature", &outgoing.signature);
    if let Some(authorization) = &outgoing.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    let request = request.body(Full::new(Bytes::from(outgoing.body.clone()))).map_err(|error| explain(&error))?;
    let answer = sender.send_request(request).await.map_err(|error| explain(&error));
    let status = match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            // What else it says is nobody's concern, but it may want to say it.
            let _ = answer.into_body().collect().await;
            Ok(status)
        }
        Err(error) => Err(error),
    };
    connection.abort();
    status
}
