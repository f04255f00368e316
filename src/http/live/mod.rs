//! Live events: what changes while somebody watches, on whatever instance it happened.
//!
//! ```text
//! a statement that changes something ─▶ bell `here` ─▶ teller: one NOTIFY for many rings, at most 4 a second
//! PostgreSQL ─▶ listener ─▶ bell `heard` ─▶ looker: one look for all viewers of this instance ─▶ broadcast ─▶ streams
//! ```
//!
//! Invariants: nobody looks while nobody watches; one look serves all viewers; a viewer that does not keep up is dropped,
//! and its browser connects again; no signup waits for any of this; no key keeps the viewers of another one out.
//! How to get it wrong: notifying inside the transaction of a signup, where commits would wait for each other; or a
//! buffer per viewer that grows.

mod hub;
mod look;
mod places;
mod right;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, broadcast, watch};

pub(super) use hub::keep;
use places::Places;
pub(super) use right::{Ended, Endings};
pub(crate) use stream::{about, events};

/// Browsers and scripts that may watch one instance at a time.
const VIEWERS_MAX: usize = 200;
/// Events that a viewer may be behind before it is dropped.
const EVENTS_BEHIND_MAX: usize = 256;

/// The feed of this instance, shared by the hub and its viewers.
#[derive(Clone)]
pub struct Live {
    feed: broadcast::Sender<Bytes>,
    places: Places,
    arrived: Arc<Notify>,
    /// Whether the hub has looked since somebody watches: from then on, what changes is sent.
    looked: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        let (feed, _) = broadcast::channel(EVENTS_BEHIND_MAX);
        Self { feed, places: Places::new(VIEWERS_MAX), arrived: Arc::default(), looked: watch::Sender::new(false) }
    }
}

impl Live {
    fn is_watched(&self) -> bool {
        self.feed.receiver_count() > 0
    }

    fn send<T: Serialize + ?Sized>(&self, name: &str, document: &T) {
        // Nobody there any more is no error.
        let _ = self.feed.send(frame(name, document));
    }
}

/// One event as it goes over the wire. JSON has no line breaks of its own, so one `data:` line holds it.
fn frame<T: Serialize + ?Sized>(name: &str, document: &T) -> Bytes {
    let json = serde_json::to_string(document).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("event: {name}\ndata: {json}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_frame_whatever_its_text() {
        let frame = frame("alert", &serde_json::json!({"message": "a\nb\n\nevent: x"}));
        assert_eq!(frame, "event: alert\ndata: {\"message\":\"a\\nb\\n\\nevent: x\"}\n\n");
    }
}
