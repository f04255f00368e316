//! The feed: what the hub sends once and every viewer gets, and who may watch.
//!
//! How to get it wrong: a channel per viewer. A slow one would hold what it has not read.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, broadcast, watch};

use super::viewer_slots::ViewerSlots;

/// Browsers and scripts that may watch one instance at a time.
const VIEWERS_MAX: usize = 200;
/// Events that a viewer may be behind before it is dropped.
const EVENTS_BEHIND_MAX: usize = 256;

/// The feed of this incarnation of the HTTP part, shared by the hub and its viewers.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) feed: broadcast::Sender<Bytes>,
    pub(crate) slots: ViewerSlots,
    pub(crate) arrived: Arc<Notify>,
    /// Whether the hub has looked since somebody watches: from then on, what changes is sent.
    pub(crate) looked: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        let (feed, _) = broadcast::channel(EVENTS_BEHIND_MAX);
        Self { feed, slots: ViewerSlots::new(VIEWERS_MAX), arrived: Arc::default(), looked: watch::Sender::new(false) }
    }
}

impl Live {
    pub(super) fn is_watched(&self) -> bool {
        self.feed.receiver_count() > 0
    }

    pub(crate) fn send<T: Serialize + ?Sized>(&self, name: &str, document: &T) {
        // Nobody there any more is no error.
        let _ = self.feed.send(frame(name, document));
    }
}

/// One event as it goes over the wire. JSON has no line breaks of its own, so one `data:` line holds it.
pub(crate) fn frame<T: Serialize + ?Sized>(name: &str, document: &T) -> Bytes {
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
