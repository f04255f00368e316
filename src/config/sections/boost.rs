//! A boost: a higher threshold for a while, such as a campaign.
//!
//! How to get it wrong: an instant without an offset. Whoever writes 08:00 means their own morning.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};
use toml::Value;

/// A higher threshold for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoostConfig {
    /// When its numbers must be ready.
    #[serde(deserialize_with = "instant")]
    pub from: DateTime<Utc>,
    /// When it is over.
    #[serde(deserialize_with = "instant")]
    pub until: DateTime<Utc>,
    /// The threshold meanwhile.
    pub threshold_low: u32,
}

/// TOML's own date with an offset, or the same as text.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::Datetime(instant) => instant.to_string(),
        Value::String(text) => text,
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::Table(_) => {
            return Err(de::Error::custom("no instant"));
        }
    };
    DateTime::parse_from_rfc3339(text.trim()).map(Into::into).map_err(|_| de::Error::custom("no instant of RFC 3339"))
}
