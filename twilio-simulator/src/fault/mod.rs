//! What a test orders to go wrong.
//!
//! Invariants: a fault that could never fire, or an option that its kind does not use, is refused when it is ordered
//! (`check`), not silently ignored; one that was ordered without `times` happens once.
//!
//! How to get it wrong: a new option without a line in `check`; a test would order it and see nothing happen.

mod check;
mod fields;
mod kind;
mod on;
pub(crate) mod queue;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::FaultKind;
pub(crate) use kind::Role;
pub use on::On;

/// The `value` of an [`FaultKind::OddRow`] that removes the field.
pub const ABSENT: &str = "__absent";

/// One fault, waiting for its request.
///
/// ```
/// use twilio_simulator::{Fault, FaultKind, On};
/// let fault = Fault::new(On::Create, FaultKind::CommitThenHang).times(1).after(2);
/// let lag = Fault::new(On::Create, FaultKind::Lag).ms(500).phone_number("+14155550100").forever();
/// # let _ = (fault, lag);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of request it happens to.
    pub on: On,
    /// What happens.
    #[serde(rename = "fault")]
    pub kind: FaultKind,
    /// How often it still happens; `-1` or `"forever"` is for ever, left out is once.
    #[serde(default)]
    pub times: Times,
    /// How many matching requests pass unharmed before.
    #[serde(default)]
    pub after: u32,
    /// Only requests about this number (E.164): its create, its look-ups, its update, its release. For odd_row, omit and
    /// lose_capability on a list or a search: only the number's row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Only requests about this country: searches of it, and whatever is about a number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Only searches by this area code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// Milliseconds, for hang, lag, delay and slow_body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Look-ups, for lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u32>,
    /// Seconds, for 429 and 503; left out means no such header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The HTTP status of a refusal, where another than the usual is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Twilio's error code, for refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// The text of a refusal, whatever it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// For odd_row: a field of the row, such as `sid` or `capabilities.mms`; left out is the row itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// For odd_row: what is there instead; left out is null, [`ABSENT`] removes the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// For drop_parameters: the names; left out are all but `PhoneNumber` and `AreaCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<String>>,
    /// Milliseconds that the `Date` header is ahead, or behind when negative, for date_skew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
}

impl Fault {
    /// A fault that happens to the next matching request, once.
    pub fn new(on: On, kind: FaultKind) -> Self {
        Self {
            on,
            kind,
            times: Times::default(),
            after: 0,
            phone_number: None,
            country: None,
            area_code: None,
            ms: None,
            requests: None,
            retry_after: None,
            status: None,
            code: None,
            message: None,
            field: None,
            value: None,
            parameters: None,
            skew_ms: None,
        }
    }

    /// Happens this often.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Times::Count(times);
        self
    }

    /// Happens until the faults are cleared.
    pub fn forever(mut self) -> Self {
        self.times = Times::Forever;
        self
    }

    /// Lets this many matching requests pass first.
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// Only requests about this number.
    pub fn phone_number(mut self, phone_number: impl Into<String>) -> Self {
        self.phone_number = Some(phone_number.into());
        self
    }

    /// Only requests about this country.
    pub fn country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }

    /// Only searches by this area code.
    pub fn area_code(mut self, area_code: impl Into<String>) -> Self {
        self.area_code = Some(area_code.into());
        self
    }

    /// Milliseconds, for hang, lag, delay and slow_body.
    pub fn ms(mut self, ms: u64) -> Self {
        self.ms = Some(ms);
        self
    }

    /// Look-ups that a lag survives.
    pub fn requests(mut self, requests: u32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// `Retry-After` in seconds, for 429 and 503.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Another HTTP status for a refusal.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Twilio's error code, for [`FaultKind::Refuse`].
    pub fn code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    /// The text of a refusal.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The field of the row that is odd, for [`FaultKind::OddRow`].
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// What the field holds, for [`FaultKind::OddRow`].
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into()).filter(|value| !value.is_null());
        self
    }

    /// The field is not there at all, for [`FaultKind::OddRow`].
    pub fn absent(self) -> Self {
        self.value(ABSENT)
    }

    /// The names of the parameters that get lost, for [`FaultKind::DropParameters`].
    pub fn parameters(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.parameters = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How far the `Date` header is ahead, for [`FaultKind::DateSkew`].
    pub fn skew_ms(mut self, skew_ms: i64) -> Self {
        self.skew_ms = Some(skew_ms);
        self
    }
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Times {
    /// That many more times.
    Count(u32),
    /// Until the faults are cleared.
    Forever,
}

impl Default for Times {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl From<Times> for serde_json::Value {
    fn from(times: Times) -> Self {
        match times {
            Times::Count(count) => count.into(),
            Times::Forever => "forever".into(),
        }
    }
}

impl TryFrom<serde_json::Value> for Times {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match (value.as_i64(), value.as_str()) {
            (Some(-1), _) | (_, Some("forever")) => Ok(Self::Forever),
            (Some(count), _) if (1..=i64::from(u32::MAX)).contains(&count) => {
                Ok(Self::Count(u32::try_from(count).expect("the range was just checked")))
            }
            _ => Err("times is a number of at least 1, or -1 or \"forever\" for ever".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_forever() {
        let once: Fault = serde_json::from_str(r#"{"on":"create","fault":"429"}"#).unwrap();
        assert_eq!(once, Fault::new(On::Create, FaultKind::TooManyRequests));
        for forever in [r#""forever""#, "-1"] {
            let text = format!(r#"{{"on":"any","fault":"503","times":{forever}}}"#);
            assert_eq!(serde_json::from_str::<Fault>(&text).unwrap().times, Times::Forever);
        }
        assert!(serde_json::from_str::<Fault>(r#"{"on":"any","fault":"503","times":0}"#).is_err());
    }
}
