//! Sinks and subscriptions.
//!
//! Invariants: a sink's destination never changes; a subscription is to one sink and names each type once.
//!
//! How to get it wrong: deleting a sink while somebody is subscribed to it, which is refused.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::number::Sid;
use crate::regulatory::iso8601;

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sink {
    /// `DG…`
    pub sid: Sid,
    /// A name for people.
    pub description: String,
    /// The URL.
    pub destination: String,
    /// `active` or `initialized`.
    pub status: String,
    /// As it was given.
    pub configuration: Value,
    /// When it was made.
    pub date_created: DateTime<Utc>,
}

impl Sink {
    /// Whether events go to it several at a time.
    pub(crate) fn is_batching(&self) -> bool {
        self.configuration["batch_events"] == true
    }

    /// The sink as the API shows it; `base` is where sinks are.
    pub(crate) fn resource(&self, base: &str) -> Value {
        let url = format!("{base}/{}", self.sid);
        json!({
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_created),
            "description": self.description,
            "links": {"sink_test": format!("{url}/Test"), "sink_validate": format!("{url}/Validate")},
            "sid": self.sid,
            "sink_configuration": self.configuration,
            "sink_type": "webhook",
            "status": self.status,
            "url": url,
        })
    }
}

/// What a sink wants to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// `DF…`
    pub sid: Sid,
    /// `DG…`
    pub sink_sid: Sid,
    /// A name for people.
    pub description: String,
    /// In the order in which they came.
    pub types: Vec<SubscribedType>,
    /// When it was made.
    pub date_created: DateTime<Utc>,
    /// When its types were last changed.
    pub date_updated: DateTime<Utc>,
}

/// A type of events, and the version in which they are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscribedType {
    /// `com.twilio.…`
    #[serde(rename = "type")]
    pub name: String,
    /// 1 unless it was given.
    pub schema_version: u32,
}

impl Subscription {
    /// The subscription as the API shows it; `base` is where subscriptions are.
    pub(crate) fn resource(&self, account_sid: &str, base: &str) -> Value {
        let url = format!("{base}/{}", self.sid);
        json!({
            "account_sid": account_sid,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_updated),
            "description": self.description,
            "links": {"subscribed_events": format!("{url}/SubscribedEvents")},
            "sid": self.sid,
            "sink_sid": self.sink_sid,
            "url": url,
        })
    }

    /// One of its types as the API shows it.
    pub(crate) fn event_resource(&self, of: &SubscribedType, account_sid: &str, base: &str) -> Value {
        json!({
            "account_sid": account_sid,
            "schema_version": of.schema_version,
            "subscription_sid": self.sid,
            "type": of.name,
            "url": format!("{base}/{}/SubscribedEvents/{}", self.sid, of.name),
        })
    }

    pub(crate) fn of_type(&self, name: &str) -> Option<&SubscribedType> {
        self.types.iter().find(|known| known.name == name)
    }
}
