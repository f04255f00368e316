//! Reading values that are not what they are said to be: null, missing, or of another type.
//!
//! Invariant: one odd value costs no more than itself. Null is false, none or empty; a text that is no text is shown as
//! it came, so that it differs from what it shall be instead of hiding its row.
//! How to get it wrong: a field of an answer that must be there. Twilio leaves out, or sends null for, what it likes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::cleaned;

/// A value of its type, or its default.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A text; empty for null.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    })
}

/// Words of somebody else, cleaned; empty for null.
pub(super) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|text| cleaned(&text))
}

/// An instant as either of Twilio's generations writes it (RFC 2822, RFC 3339); `None` when it says none.
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let Some(text) = value.as_str() else { return Ok(None) };
    let read = DateTime::parse_from_rfc2822(text).or_else(|_| DateTime::parse_from_rfc3339(text));
    Ok(read.ok().map(|at| at.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "or_default")]
        count: u32,
        #[serde(default, deserialize_with = "text")]
        name: String,
        #[serde(default, deserialize_with = "instant")]
        at: Option<DateTime<Utc>>,
    }

    fn read(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_odd_value_costs_no_more_than_itself() {
        assert_eq!(read("{}"), Row::default());
        assert_eq!(read(r#"{"count":null,"name":null,"at":null}"#), Row::default());
        let odd = read(r#"{"count":"three","name":{"a":1},"at":17}"#);
        assert_eq!((odd.count, odd.name.as_str(), odd.at), (0, r#"{"a":1}"#, None));
        let at = Some("2015-07-30T23:19:04Z".parse().unwrap());
        for text in ["Thu, 30 Jul 2015 23:19:04 +0000", "2015-07-30T23:19:04Z"] {
            assert_eq!(read(&serde_json::json!({ "at": text }).to_string()).at, at);
        }
        assert_eq!(read(r#"{"at":"yesterday"}"#).at, None);
    }
}
