//! The stream that a viewer gets: the status at once, then what is new, a heartbeat in between, until the daemon stops.
//!
//! How to get it wrong: answering anything but 200 while the database is away. A browser would never connect again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::json;
use tokio::sync::broadcast;
use tokio::time::timeout;
use utoipa::openapi::schema::{Object, Type};
use warp::Reply as _;

use super::super::admin::status::document;
use super::super::context::Context;
use super::super::{About, Outcome, Problem, ProblemCode, Request};
use super::frame;
use super::look::Alert;
use crate::db::passes::pass_latest;
use crate::db::stock::stock_read;

/// So long without an event, a comment keeps proxies from closing the stream.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// A database that is away keeps nobody waiting longer for the first answer.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// After this many milliseconds a browser connects again.
const RETRY_MILLIS: u32 = 2000;
const RETRY_AFTER: Duration = Duration::from_secs(10);

pub(crate) fn about() -> About {
    About::new("events", "Pool", "What changes, as it changes: server-sent events")
        .text(
            "Events `status` (the status document), `assignment` (a line of the list), `purchase` (the purchase document; \
             while the order goes on, without errors that another candidate may mend) and `alert` (`at`, `kind`, \
             `message`); each `data` is one JSON document. The stock's status comes first, a comment every 15 s keeps the \
             connection alive.",
        )
        .answer_as(
            StatusCode::OK,
            "text/event-stream",
            "A stream that ends when the daemon stops; connect again then.",
            Object::with_type(Type::String),
            json!("retry: 2000\n\nevent: status\ndata: {\"available\":20}\n\n"),
        )
        .refuses(ProblemCode::Unavailable, "Too many viewers watch this instance.")
}

pub(crate) async fn events(context: Arc<Context>, request: Request) -> Outcome {
    let place = Arc::clone(&context.live.places).try_acquire_owned().map_err(|_| {
        Problem::new(ProblemCode::Unavailable, "Too many viewers watch this instance; close one, or ask another.")
            .retry_after(RETRY_AFTER)
    })?;
    // First the feed, then the look: nothing falls in between.
    let feed = context.live.feed.subscribe();
    context.live.arrived.notify_one();
    // Whoever reads lists after this answer has begun misses nothing between them and the events.
    let mut looked = context.live.looked.subscribe();
    let _ = timeout(LOOK_WITHIN, looked.wait_for(|looked| *looked)).await;
    let first = match context.db.run("status", |conn| Ok((stock_read(conn)?, pass_latest(conn)?))).await {
        Ok((seen, pass)) => frame("status", &document(seen, pass, &context.config.load())),
        Err(_away) => {
            let message = "The database does not answer; the numbers come as soon as it does.";
            frame("alert", &Alert::new("database_unavailable", message))
        }
    };
    let begin = Bytes::from(format!("retry: {RETRY_MILLIS}\n\n{}", String::from_utf8_lossy(&first)));
    let viewer = (Some(begin), feed, Box::pin(request.until_stop()), place);
    let frames = stream::unfold(viewer, |(begin, mut feed, mut stop, place)| async move {
        let piece = match begin {
            Some(begin) => begin,
            None => tokio::select! {
                () = &mut stop => return None,
                heard = timeout(HEARTBEAT_EVERY, feed.recv()) => match heard {
                    Ok(Ok(piece)) => piece,
                    // Too far behind, or the feed is over: the browser connects again and is told how things stand.
                    Ok(Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed)) => return None,
                    Err(_elapsed) => Bytes::from_static(b": still here\n\n"),
                },
            },
        };
        Some((Ok::<_, std::convert::Infallible>(piece), (None, feed, stop, place)))
    });
    let mut response = warp::reply::stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
