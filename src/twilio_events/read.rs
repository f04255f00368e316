//! What an event says, as far as anybody here minds it: how the carriers have a number.
//!
//! Twilio's pages, its examples and what was seen disagree about almost every field, so each is read in all its spellings. What cannot
//! be read is left out by itself; the rest of its batch counts.
//! Invariants: an event counts by its own time; its status decides where its type says otherwise; a time that no event can have is none,
//! because it would stand above all later ones.
//! How to get it wrong: refusing a batch for one of its events. Twilio never sends the others again.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::domain::{Heard, NumberSid, PhoneNumber, Registration, RegistrationEvent, WhichNumber, cleaned};

#[cfg(test)]
mod tests;

/// How the types begin that are read.
const ABOUT_NUMBERS: &str = "com.twilio.messaging.compliance.number-";
/// Twilio is no older, in seconds since the epoch: 2008.
const FIRST: i64 = 1_199_145_600;
/// How far ahead of ours Twilio's clock may be.
const AHEAD_MAX: TimeDelta = TimeDelta::days(1);
/// A count of seconds is smaller, one of milliseconds larger: 5138, or 1973.
const MILLIS_MIN: i64 = 100_000_000_000;

/// Why an event is passed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// It is no object, or has no data.
    NoEvent,
    /// It is of a type, or tells of a state, that nothing here follows from.
    Type,
    /// It is another account's.
    Account,
    /// It names no number.
    Number,
    /// It says no time at which it can have been so.
    Time,
}

impl Ignored {
    /// For the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoEvent => "no event",
            Self::Type => "type",
            Self::Account => "account",
            Self::Number => "number",
            Self::Time => "time",
        }
    }
}

/// The events of a body: a list, or one alone.
///
/// # Errors
/// What is wrong with it, when it is neither.
pub(crate) fn events(body: &[u8]) -> Result<Vec<Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => Ok(events),
        Ok(event @ Value::Object(_)) => Ok(vec![event]),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err("it is neither a list of events nor an event".to_owned())
        }
        Err(error) => Err(cleaned(&error.to_string())),
    }
}

/// What one event says of a number of this account.
///
/// # Errors
/// Why nothing follows from it.
pub(crate) fn heard(event: &Value, account_sid: &str, now: DateTime<Utc>) -> Result<RegistrationEvent, Ignored> {
    let envelope = event.as_object().ok_or(Ignored::NoEvent)?;
    let kind = text(envelope, "type").ok_or(Ignored::Type)?;
    let kind = kind.strip_prefix(ABOUT_NUMBERS).ok_or(Ignored::Type)?;
    let data = data(envelope).ok_or(Ignored::NoEvent)?;
    let registration = registration(kind, text(&data, "externalstatus").as_deref()).ok_or(Ignored::Type)?;
    if text(&data, "accountsid").is_some_and(|account| account != account_sid) {
        return Err(Ignored::Account);
    }
    let which = which(&data).ok_or(Ignored::Number)?;
    let times = [field(&data, "updateddate"), field(&data, "timestamp"), field(envelope, "time")];
    let at = times.into_iter().flatten().find_map(|time| instant(time, now)).ok_or(Ignored::Time)?;
    Ok(RegistrationEvent {
        which,
        service: text(&data, "messagingservicesid").map(Cow::into_owned),
        heard: Heard { registration, at },
        reason: text(&data, "failurereason").map(|reason| told(&reason)),
    })
}

/// A field however it is spelled: `failureReason`, `failurereason`, `failure_reason`.
fn field<'e>(fields: &'e Map<String, Value>, name: &str) -> Option<&'e Value> {
    let is_it = |spelled: &str| {
        spelled.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase()).eq(name.bytes())
    };
    fields.iter().find(|(spelled, _)| is_it(spelled)).map(|(_, value)| value)
}

/// A text, or a number as one; nothing for an empty one.
fn text<'e>(fields: &'e Map<String, Value>, name: &str) -> Option<Cow<'e, str>> {
    match field(fields, name)? {
        Value::String(text) => Some(text.trim().into()).filter(|text: &Cow<'_, str>| !text.is_empty()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The event's data, which some find as JSON inside a text.
fn data(envelope: &Map<String, Value>) -> Option<Cow<'_, Map<String, Value>>> {
    match field(envelope, "data")? {
        Value::Object(data) => Some(Cow::Borrowed(data)),
        Value::String(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// The word, from the end of the event's type and from its status, which decides.
fn registration(kind: &str, status: Option<&str>) -> Option<Registration> {
    let is_of_the_end = kind.starts_with("deregistration.");
    match status.map(str::to_ascii_lowercase).as_deref() {
        Some("pending_registration") => return Some(Registration::Pending),
        Some("registered") => return Some(Registration::Registered),
        Some("unregistered") => return Some(Registration::Unregistered),
        // It goes on, or it failed, and they know the number still.
        Some("pending_deregistration") => return None,
        Some("failure") => return (!is_of_the_end).then_some(Registration::Failed),
        _ => {}
    }
    match kind {
        "registration.pending" => Some(Registration::Pending),
        "registration.successful" => Some(Registration::Registered),
        "registration.failed" => Some(Registration::Failed),
        "deregistration.successful" => Some(Registration::Unregistered),
        _ => None,
    }
}

/// Which number: by its SID, else by its digits, with or without their plus.
fn which(data: &Map<String, Value>) -> Option<WhichNumber> {
    if let Some(sid) = text(data, "phonenumbersid").and_then(|sid| sid.parse::<NumberSid>().ok()) {
        return Some(WhichNumber::Sid(sid));
    }
    let number = text(data, "phonenumber")?;
    let number: PhoneNumber = format!("+{}", number.trim_start_matches('+')).parse().ok()?;
    Some(WhichNumber::Number(number))
}

/// A time as milliseconds or seconds, in a number or a text, or as either of Twilio's generations writes it.
fn instant(value: &Value, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let of_count = |count: i64| match count {
        MILLIS_MIN.. => DateTime::from_timestamp_millis(count),
        _ => DateTime::from_timestamp(count, 0),
    };
    let of_text = |text: &str| {
        let read = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
        read.map(|at| at.to_utc()).ok().or_else(|| of_count(text.parse().ok()?))
    };
    let at = match value {
        // What is too large for a time is none below.
        Value::Number(number) => of_count(number.as_i64().or_else(|| number.as_f64().map(|count| count as i64))?)?,
        Value::String(text) => of_text(text.trim())?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (at.timestamp() >= FIRST && at <= now + AHEAD_MAX).then_some(at)
}

/// Why the carriers do not take it, for people: Twilio's examples give the page of a code.
fn told(reason: &str) -> String {
    let code = reason.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    let is_page = reason.starts_with("https://");
    match (is_code, is_page) {
        (true, true) => cleaned(&format!("Twilio's code {code}, {reason}")),
        (true, false) => cleaned(&format!("Twilio's code {code}")),
        (false, _) => cleaned(reason),
    }
}
