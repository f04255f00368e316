//! The fields of a document and the kinds of their values, as one line that a test can compare.

use std::fmt::Write as _;

use serde_json::Value;

/// `{available:integer, paused:null, spend:{…}}`; lists show their first element.
pub fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer".to_owned(),
        Value::Number(_) => "fraction".to_owned(),
        Value::String(text) => kind(text).to_owned(),
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        Value::Object(fields) => {
            let mut line = String::new();
            // In one order, whichever way a map keeps its names.
            let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
            for (name, value) in fields {
                let comma = if line.is_empty() { "" } else { ", " };
                write!(line, "{comma}{name}:{}", shape(value)).expect("a string takes everything");
            }
            format!("{{{line}}}")
        }
    }
}

fn kind(text: &str) -> &'static str {
    if text.parse::<callbunker::domain::PhoneNumber>().is_ok() {
        "e164"
    } else if text.parse::<callbunker::domain::NumberSid>().is_ok() {
        "sid"
    } else if text.parse::<uuid::Uuid>().is_ok() {
        "uuid"
    } else if chrono::DateTime::parse_from_rfc3339(text).is_ok_and(|at| at.offset().local_minus_utc() == 0) {
        "instant"
    } else {
        "text"
    }
}
