//! The stream that a viewer gets: the status at once, then what is new, a heartbeat in between, until the daemon stops or
//! the viewer must knock again.
//!
//! How to get it wrong: answering anything but 200 while the database is away. A browser would never connect again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use futures_util::stream::{self, Stream, StreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::json;
use tokio::sync::broadcast;
use tokio::time::timeout;
use warp::Reply as _;

use super::feed::{Live, frame};
use super::notices::Notice;
use crate::access::{Access, long_enough};
use crate::api::services::Services;
use crate::api::status::document;
use crate::db::passes::passes_latest;
use crate::db::stock::stock_read_all;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Endpoint, Outcome, Request};

/// So long without an event, a word says that somebody is there: to proxies, which close what is silent, and to scripts, which
/// see no comment and must notice when nobody speaks any more.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// A database that is away keeps nobody waiting longer for the first answer.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// After this many milliseconds a browser connects again.
const RETRY_MILLIS: u32 = 2000;
/// The last word to a viewer who shall knock again: this much sooner.
const KNOCK_AGAIN: &[u8] = b"retry: 500\n\n";
const RETRY_AFTER: Duration = Duration::from_secs(10);

fn about() -> About {
    About::new("events", "Pool", "What changes, as it changes: server-sent events")
        .text(
            "Events `status` (the status document), `assignment` (a line of the list), `purchase` (the purchase document; \
             while the order goes on, without errors that another candidate may mend), \
             `attention` (what needs a person: the document of that route, whenever its items change) and `alert` (`at`, \
             `kind`, `message`, `pool`); each `data` is one JSON document. The stock's status comes first; after 15 s without any a \
             `heartbeat` (`at`) comes: whoever hears nothing for 35 s is not connected any more. The key or the session is \
             asked for at the beginning only, so the \
             stream ends by itself after four to five minutes, and at once when that session is logged out or that key \
             removed on this instance: connect again, as an `EventSource` does by itself. Events are for whoever watches: a look, up \
             to four times a second, tells the latest 50 assignments, 50 releases and 10 orders at most, and what changed while \
             nobody was connected is not told later. A reader who needs each assignment reads the list.",
        )
        .answer_events(
            "A stream that ends after about five minutes, and when the daemon stops; connect again then.",
            json!("retry: 2000\n\nevent: status\ndata: {\"available\":20}\n\n"),
        )
        .refuses(ProblemCode::Unavailable, "Too many viewers watch this instance.")
}

/// The stream of this feed, as a route takes it.
pub(crate) fn endpoint(live: &Live) -> Endpoint<Services> {
    let live = live.clone();
    let handler = move |services, request| {
        let live = live.clone();
        async move { events(&live, services, request).await }
    };
    Endpoint::get(Access::Admin, handler).polled().by_the_page().about(about)
}

async fn events(live: &Live, services: Arc<Services>, request: Request) -> Outcome {
    let slot = live.slots.take(request.who().map(|who| who.fingerprint)).ok_or_else(|| {
        Problem::new(ProblemCode::Unavailable, "Too many viewers watch this instance; close one, or ask another.")
            .retry_after(RETRY_AFTER)
    })?;
    let given_away = slot.given_away();
    let ended = request.guard().endings().over(request.who().copied(), request.csrf_token());
    // First the feed, then the look: nothing falls in between.
    let feed = live.feed.subscribe();
    live.arrived.notify_one();
    // Whoever reads lists after this answer has begun misses nothing between them and the events.
    let mut looked = live.looked.subscribe();
    let _ = timeout(LOOK_WITHIN, looked.wait_for(|looked| *looked)).await;
    let keys = services.config.load().keys();
    let first =
        match services.db.run("status", move |conn| Ok((stock_read_all(conn, &keys)?, passes_latest(conn)?))).await {
            Ok((seen, passes)) => frame("status", &document(&seen, &passes, &services.config.load())),
            Err(error) => {
                let message = services.db.why_away(&error).told("the numbers come as soon as it is back.");
                frame("alert", &Notice::new("database_unavailable", message))
            }
        };
    let begin = Bytes::from(format!("retry: {RETRY_MILLIS}\n\n{}", String::from_utf8_lossy(&first)));
    let stop = request.until_stop();
    let over = async move {
        tokio::select! {
            () = stop => None,
            () = ended => None,
            // Somebody with another key has the slot now; the browser asks for one again.
            () = given_away => Some(Bytes::from_static(KNOCK_AGAIN)),
            () = long_enough() => Some(Bytes::from_static(KNOCK_AGAIN)),
        }
    };
    let frames = frames(begin, feed, over, slot).map(Ok::<_, std::convert::Infallible>);
    let mut response = warp::reply::stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// A comment, as it always was, and an event.
fn heartbeat() -> Bytes {
    let event = frame("heartbeat", &json!({"at": Utc::now()}));
    Bytes::from([b": still here\n".as_slice(), &event].concat())
}

/// `begin`, then the feed, until it is `over`, which may have a last word. `kept` is let go of at the end.
fn frames<K>(
    begin: Bytes,
    feed: broadcast::Receiver<Bytes>,
    over: impl Future<Output = Option<Bytes>>,
    kept: K,
) -> impl Stream<Item = Bytes> {
    let viewer = Some((feed, Box::pin(over), kept));
    let rest = stream::unfold(viewer, |viewer| async move {
        let (mut feed, mut over, kept) = viewer?;
        let piece = tokio::select! {
            last = &mut over => return last.map(|piece| (piece, None)),
            heard = timeout(HEARTBEAT_EVERY, feed.recv()) => match heard {
                Ok(Ok(piece)) => piece,
                // Too far behind, or the feed is over: the browser connects again and is told how things stand.
                Ok(Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed)) => return None,
                Err(_elapsed) => heartbeat(),
            },
        };
        Some((piece, Some((feed, over, kept))))
    });
    stream::once(std::future::ready(begin)).chain(rest)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn the_description_says_how_much_a_look_tells() {
        let look = include_str!("snapshot.rs");
        let text = about().text.expect("a text");
        for (name, words) in
            [("ASSIGNMENTS_MAX", " assignments"), ("ASSIGNMENTS_MAX", " releases"), ("ORDERS_MAX", " orders")]
        {
            let line = look.lines().find(|line| line.starts_with(&format!("const {name}"))).expect("a bound");
            let bound = line.split(['=', ';']).nth(1).expect("a number").trim();
            assert!(text.contains(&format!("{bound}{words}")), "{bound}{words}: {text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_after_some_minutes_so_that_its_viewer_is_judged_again() {
        let (sender, feed) = broadcast::channel(4);
        let over = async {
            long_enough().await;
            Some(Bytes::from_static(KNOCK_AGAIN))
        };
        let begin = Instant::now();
        sender.send(Bytes::from_static(b"event")).expect("somebody watches");
        let frames: Vec<Bytes> = frames(Bytes::from_static(b"begin"), feed, over, ()).collect().await;
        let lasted = begin.elapsed();
        assert!((240..=300).contains(&lasted.as_secs()), "{lasted:?}");
        assert_eq!((&frames[0][..], &frames[1][..]), (&b"begin"[..], &b"event"[..]));
        let is_heartbeat = |frame: &Bytes| {
            let text = std::str::from_utf8(frame).unwrap_or_default();
            let event =
                text.strip_prefix(": still here\nevent: heartbeat\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
            event
                .and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok())
                .is_some_and(|json| json["at"].is_string())
        };
        assert!(frames[2..frames.len() - 1].iter().all(is_heartbeat), "{frames:?}");
        assert!(frames.len() > 16 && frames.last().is_some_and(|last| last == KNOCK_AGAIN), "{frames:?}");
    }
}
