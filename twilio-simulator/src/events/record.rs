//! What became of each event: the oracle of tests.
//!
//! Invariant: an attempt is here once its answer is known, or is known not to come.
//!
//! How to get it wrong: waiting for `attempts`, where `delivered` is meant.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::number::Sid;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The envelope's `id`.
    pub id: Sid,
    /// `com.twilio.…`
    pub event_type: String,
    /// In E.164; the test event has none.
    pub phone_number: Option<String>,
    /// `PN…`
    pub phone_number_sid: Option<Sid>,
    /// When it became true.
    pub at: DateTime<Utc>,
    /// Whether it was made up by somebody who does not know the token.
    pub forged: bool,
    /// The envelope's `data`.
    pub data: Value,
    /// How many deliveries are under way; none at the end, or when nobody subscribed.
    pub waiting: u32,
    /// Whether a sink has taken it.
    pub delivered: bool,
    /// Whether a sink that subscribed will never get it.
    pub lost: bool,
    /// Every try.
    pub attempts: Vec<EventAttempt>,
}

/// A try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAttempt {
    /// When its answer came.
    pub at: DateTime<Utc>,
    /// `DG…`
    pub sink_sid: Sid,
    /// What was answered.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The faults that acted on it, by name.
    pub faults: Vec<String>,
}
