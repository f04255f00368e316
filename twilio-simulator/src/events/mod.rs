//! Event streams: sinks, what they subscribed to, what happened, and how each event reaches them or does not.
//!
//! Invariants: an event is kept whether anybody subscribed to it or not; a delivery is of one sink, and its end is final:
//! taken, or lost. Nothing is sent to anywhere but loopback.
//!
//! How to get it wrong: taking "sent" for "taken". Whoever answers 4xx has lost the event for good.

mod address;
mod cloud;
mod delivery;
mod dispatch;
mod notice;
mod record;
mod sink;
mod wrap;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use delivery::Answer;
pub(crate) use dispatch::Outgoing;
pub(crate) use notice::{Manner, Notice, NoticeKind};
pub use record::{EventAttempt, EventRecord};
pub use sink::{Sink, SubscribedType, Subscription};

use delivery::Delivery;

/// The account's event streams.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Oldest first.
    pub(crate) sinks: Vec<Sink>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Everything that happened, in its order.
    pub(crate) records: Vec<EventRecord>,
    pub(crate) options: EventOptions,
    /// Where events for an origin go in truth.
    origins: HashMap<String, String>,
    deliveries: HashMap<u64, Delivery>,
    /// Deliveries that wait for another one of their sink, to come after it.
    held: HashSet<u64>,
    /// Deliveries that wait for others of their sink, to go along with them.
    batched: HashSet<u64>,
    serial: u64,
}

/// How events look and how long their sender tries; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventOptions {
    /// Whether numbers in events have their plus; at first not, as in Twilio's examples.
    pub plus: Option<bool>,
    /// How failures spell their reason: `failureReason` at first, or `failurereason`.
    pub reason_spelling: Option<String>,
    /// Whether `data` is JSON in a text.
    pub data_as_text: Option<bool>,
    /// `application/json` at first.
    pub content_type: Option<String>,
    /// How long a receiver may take; at first 5000.
    pub timeout_ms: Option<u64>,
    /// The first wait before another try, which doubles; at first 500.
    pub retry_first_ms: Option<u64>,
    /// How long it is tried again; at first 4 h.
    pub retry_for_ms: Option<u64>,
    /// How long a sink with `batch_events` gathers events; at first 200.
    pub batch_ms: Option<u64>,
    /// What a new sink is: `active` at first, or `initialized`.
    pub sink_status: Option<String>,
    /// An origin such as `https://calls.example.com` that sinks name, and where its events go in truth, on loopback.
    pub origin: Option<String>,
    /// With `origin`: `http://127.0.0.1:PORT`.
    pub leads_to: Option<String>,
}

impl EventOptions {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.unwrap_or(5_000))
    }

    pub(crate) fn retry_first(&self) -> Duration {
        Duration::from_millis(self.retry_first_ms.unwrap_or(500))
    }

    pub(crate) fn retry_for(&self) -> Duration {
        Duration::from_millis(self.retry_for_ms.unwrap_or(4 * 60 * 60 * 1_000))
    }

    pub(crate) fn batch(&self) -> Duration {
        Duration::from_millis(self.batch_ms.unwrap_or(200))
    }

    /// Takes over whatever the other one says.
    fn change(&mut self, other: Self) {
        self.plus = other.plus.or(self.plus);
        self.reason_spelling = other.reason_spelling.or(self.reason_spelling.take());
        self.data_as_text = other.data_as_text.or(self.data_as_text);
        self.content_type = other.content_type.or(self.content_type.take());
        self.timeout_ms = other.timeout_ms.or(self.timeout_ms);
        self.retry_first_ms = other.retry_first_ms.or(self.retry_first_ms);
        self.retry_for_ms = other.retry_for_ms.or(self.retry_for_ms);
        self.batch_ms = other.batch_ms.or(self.batch_ms);
        self.sink_status = other.sink_status.or(self.sink_status.take());
    }
}

impl Events {
    /// Takes over options, once they are known to make sense.
    pub(crate) fn order(&mut self, mut options: EventOptions) -> Result<(), String> {
        let known =
            |value: &Option<String>, words: [&str; 2]| value.as_deref().is_none_or(|value| words.contains(&value));
        if !known(&options.reason_spelling, ["failureReason", "failurereason"]) {
            return Err("reason_spelling is failureReason or failurereason".into());
        }
        if !known(&options.sink_status, ["active", "initialized"]) {
            return Err("sink_status is active or initialized".into());
        }
        match (options.origin.take(), options.leads_to.take()) {
            (None, None) => {}
            (Some(origin), Some(to)) if address::is_loopback(&to) => {
                self.origins.insert(origin.trim_end_matches('/').to_owned(), to.trim_end_matches('/').to_owned());
            }
            _ => return Err("origin needs leads_to, an http:// address on loopback".into()),
        }
        self.options.change(options);
        Ok(())
    }

    pub(crate) fn sink(&self, sid: &str) -> Option<&Sink> {
        self.sinks.iter().find(|sink| sink.sid == sid)
    }

    pub(crate) fn subscription(&self, sid: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.sid == sid)
    }

    pub(crate) fn subscription_mut(&mut self, sid: &str) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.sid == sid)
    }
}
