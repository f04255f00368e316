//! One request from its first byte to the last of its answer.
//!
//! When effects happen: a `commit_then_*` fault commits the moment the request is read; every other request commits after
//! half of its latency and is answered after the other half. The work runs in a task of its own: a client that hangs up
//! undoes nothing.
//!
//! Invariants: a request counts as in flight until its answer is ready or its client has left, whichever comes first, so
//! `max_concurrent_creates` never counts a request that its client has given up before the next one.
//!
//! How to get it wrong: doing the work in the connection's own future, which hyper drops when the client leaves.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE};
use hyper::{Request, Response};
use tokio::time::sleep;

use crate::api::{ApiRequest, Body, Reply, execute};
use crate::control;
use crate::fault::queue::Plan;
use crate::fault::{FaultKind, Role};
use crate::serve::Shared;
use crate::serve::body::{AnswerBody, Shape};
use crate::serve::fate::{Ending, ending};
use crate::serve::flight::begin;
use crate::serve::wire::Connection;
use crate::world::Ticket;

const REQUEST_BYTES_MAX: usize = 1 << 20;
/// A refusal may be ordered with a text of many megabytes.
const CONTROL_BYTES_MAX: usize = 1 << 26;

/// The connection ends here.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("the connection was cut on purpose")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Answers one request, or ends its connection.
pub(crate) async fn exchange(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Cut> {
    let started = Instant::now();
    connection.announce(None);
    let (parts, body) = request.into_parts();
    let control = control::path(parts.uri.path());
    let bytes_max = if control.is_some() { CONTROL_BYTES_MAX } else { REQUEST_BYTES_MAX };
    let body = Limited::new(body, bytes_max).collect().await.map_err(|_| Cut)?.to_bytes();
    let shared = Arc::clone(&connection.shared);
    if let Some(control) = control {
        let (status, answer) = control::answer(&shared, parts.method.as_str(), control, &body);
        // A shell's prompt begins on a line of its own.
        let bytes = Bytes::from(format!("{answer}\n"));
        let answer = AnswerBody::new(bytes, Shape::Whole, connection);
        let builder =
            Response::builder().status(status).header(CONTENT_TYPE, "application/json").header(DATE, http_date(0));
        return builder.body(answer).map_err(|_| Cut);
    }

    let (request, plan, flight) = begin(&shared, &parts, &body);
    let (request_id, concurrent, mut ticket) = (request.request_id.clone(), flight.concurrent, flight.ticket);
    let region = flight.region.clone();
    let bends = (plan.has(FaultKind::MalformedJson), shape(&plan), skew_ms(&plan));
    let work = tokio::spawn(carry_out(shared, request, plan, flight.latency, ticket));
    let reply = match work.await.unwrap_or(Ending::Close) {
        Ending::Reply(reply) => reply,
        Ending::Reset => {
            connection.cut();
            return Err(Cut);
        }
        Ending::Close => return Err(Cut),
        Ending::Hang(limit) => {
            match limit {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
            return Err(Cut);
        }
    };
    drop(flight);

    let (malformed, shape, skew_ms) = bends;
    if let Some(ticket) = &mut ticket {
        ticket.purchase = reply.purchase.filter(|_| !malformed);
    }
    connection.announce(ticket);
    let mut builder = Response::builder()
        .status(reply.status)
        .header("Twilio-Request-Id", request_id)
        .header("Twilio-Concurrent-Requests", concurrent.to_string())
        .header("Twilio-Request-Duration", format!("{:.3}", started.elapsed().as_secs_f64()))
        .header("X-Home-Region", region)
        .header("X-API-Domain", "api.twilio.com");
    for (name, value) in &reply.headers {
        builder = builder.header(*name, value);
    }
    if let Some(skew_ms) = skew_ms {
        builder = builder.header(DATE, http_date(skew_ms));
    }
    let bytes = match reply.body {
        Body::Empty => Bytes::new(),
        Body::Html(page) => {
            builder = builder.header(CONTENT_TYPE, "text/html");
            Bytes::from_static(page.as_bytes())
        }
        Body::Json(value) => {
            builder = builder.header(CONTENT_TYPE, "application/json");
            let mut text = value.to_string();
            if malformed {
                text.truncate(text.len() / 3);
                text.push_str("\u{2026}<<");
            }
            Bytes::from(text)
        }
    };
    builder.body(AnswerBody::new(bytes, shape, connection)).map_err(|_| Cut)
}

/// How far the `Date` header is off; None when there is none.
fn skew_ms(plan: &Plan) -> Option<i64> {
    match plan.find(FaultKind::DateSkew) {
        _ if plan.has(FaultKind::NoDate) => None,
        Some(fault) => fault.skew_ms,
        None => Some(0),
    }
}

/// `Sat, 01 Aug 2015 23:19:04 GMT`, that far from now.
fn http_date(skew_ms: i64) -> String {
    let now = Utc::now();
    let skewed = TimeDelta::try_milliseconds(skew_ms).and_then(|skew| now.checked_add_signed(skew));
    skewed.unwrap_or(now).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn shape(plan: &Plan) -> Shape {
    if plan.has(FaultKind::TruncatedBody) {
        Shape::Cut
    } else if let Some(fault) = plan.find(FaultKind::SlowBody) {
        Shape::Trickle(Duration::from_millis(fault.ms.unwrap_or(2_000)))
    } else {
        Shape::Whole
    }
}

/// The work: waits, takes effect, and says how the request ends.
async fn carry_out(
    shared: Arc<Shared>,
    request: ApiRequest,
    plan: Plan,
    latency: Duration,
    ticket: Option<Ticket>,
) -> Ending {
    let act = || -> Reply { execute(&mut shared.world(), &request, &plan) };
    let end = match plan.fate.as_ref().map(|fault| (fault, fault.kind.role())) {
        Some((fault, Role::CommitThen)) => {
            act();
            wait(latency).await;
            ending(fault, &request)
        }
        Some((fault, _)) => {
            wait(latency).await;
            ending(fault, &request)
        }
        None => {
            wait(latency / 2).await;
            let reply = act();
            wait(latency / 2).await;
            Ending::Reply(reply)
        }
    };
    if let (Ending::Reply(reply), Some(ticket)) = (&end, ticket)
        && let Some(attempt) = shared.world().attempt_mut(ticket)
    {
        attempt.status = Some(reply.status);
    }
    end
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}
