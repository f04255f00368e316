//! How a call to Twilio can fail: not sent, refused, or nobody knows.
//!
//! How to get it wrong: taking an error for "it did not happen". Only [`TwilioError::NotSent`] and a [`Refusal`] mean that.

use std::time::Duration;

use super::answers::ErrorAnswer;
use super::codes;
use super::refusal::{About, Refusal, Verdict};
use crate::domain::{Concerns, Kind, cleaned};

/// Why a call did not answer what it was for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TwilioError {
    /// The connection never stood: Twilio was not asked.
    #[error("Twilio was not reached: {0}")]
    NotSent(String),
    /// Twilio may or may not have done it: time-out, reset, 5xx, an answer that cannot be read.
    #[error("the outcome at Twilio is unknown: {message}")]
    Unknown {
        /// What was seen.
        message: String,
        /// The HTTP status, when there was one.
        status: Option<u16>,
        /// Twilio's id of the request.
        request_id: Option<String>,
    },
    /// Twilio said no.
    #[error("{0}")]
    Refused(Refusal),
}

/// Reads an answer that is no success: a refusal, or an outcome that nobody knows.
pub(super) fn failure_of(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    request_id: Option<String>,
) -> TwilioError {
    let told = serde_json::from_slice::<ErrorAnswer>(body).ok();
    let (code, message) = match told {
        Some(told) => (told.code, cleaned(&told.message)),
        // A page.
        None => (None, "not in Twilio's words; a proxy, a firewall or a gateway may answer in its place".to_owned()),
    };
    let server_failed = code.is_some_and(codes::says_that_the_server_failed);
    // 408: Twilio waited for a request that it may have had.
    if (400..=499).contains(&status) && status != 408 && !server_failed {
        return TwilioError::Refused(Refusal { status, code, message, retry_after, request_id, about: About::Account });
    }
    let message = match code {
        Some(code) => format!("status {status}/{code}: {message}"),
        None => format!("status {status}"),
    };
    TwilioError::Unknown { message, status: Some(status), request_id }
}

impl TwilioError {
    /// Twilio's own word that a SID is not there; its id of the request. A 404 in other words comes from somebody between us
    /// and Twilio, or from a wrong address: whoever believed it would take every number for gone.
    ///
    /// # Errors
    /// The error itself, when it is no such word.
    pub(super) fn not_there(self) -> Result<Option<String>, Self> {
        match self {
            Self::Refused(refusal) if refusal.is_not_there() => Ok(refusal.request_id),
            Self::Refused(refusal) if refusal.verdict() == Verdict::NotFound => Err(Self::Unknown {
                message: codes::without_its_code(),
                status: Some(404),
                request_id: refusal.request_id,
            }),
            failure @ (Self::NotSent(_) | Self::Unknown { .. } | Self::Refused(_)) => Err(failure),
        }
    }

    /// Whether it is Twilio's own word that what was asked for is not there.
    #[must_use]
    pub fn says_not_there(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_not_there())
    }

    /// Whether Twilio does not know the page any more that a list named as its next.
    #[must_use]
    pub fn says_page_is_gone(&self) -> bool {
        self.twilio_code().is_some_and(codes::says_page_is_gone)
    }

    /// The same in our words, where Twilio's own only repeat the path, with the account's SID in it.
    pub(super) fn of_a_search(self, kind: Kind) -> Self {
        match self {
            Self::Refused(refusal) if refusal.is_not_there() => Self::Refused(Refusal {
                message: format!(
                    "Twilio sells no {} numbers of {}; try another type or country",
                    kind.number_type.words(),
                    kind.country
                ),
                about: About::Market,
                ..refusal
            }),
            failure @ (Self::NotSent(_) | Self::Unknown { .. } | Self::Refused(_)) => failure,
        }
    }

    /// Whether Twilio says that the number is not available.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_taken(),
            Self::NotSent(_) | Self::Unknown { .. } => false,
        }
    }

    /// Our name of it in an order's errors.
    #[must_use]
    pub fn error_code(&self) -> String {
        match self {
            Self::NotSent(_) => "twilio_unreachable".to_owned(),
            Self::Unknown { .. } => "outcome_unknown".to_owned(),
            Self::Refused(refusal) => refusal.error_code(),
        }
    }

    /// Twilio's code, when it gave one.
    #[must_use]
    pub fn twilio_code(&self) -> Option<i32> {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::NotSent(_) | Self::Unknown { .. } => None,
        }
    }

    /// What it says something of, if Twilio refused.
    #[must_use]
    pub fn concerns(&self) -> Option<Concerns> {
        match self {
            Self::Refused(refusal) => Some(refusal.concerns()),
            Self::NotSent(_) | Self::Unknown { .. } => None,
        }
    }

    /// Twilio's id of the request, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::NotSent(_) => None,
            Self::Unknown { request_id, .. } => request_id.as_deref(),
            Self::Refused(refusal) => refusal.request_id.as_deref(),
        }
    }

    /// Whether a GET may simply be repeated after a while.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Unknown { .. } => true,
            Self::Refused(refusal) => refusal.verdict() == Verdict::Retry,
        }
    }

    /// Whether no call can succeed until somebody acts, or a probe says that Twilio accepts us again.
    #[must_use]
    pub fn halts(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(refusal.verdict(), Verdict::HaltUntilProbe | Verdict::HaltUntilResume),
            Self::NotSent(_) | Self::Unknown { .. } => false,
        }
    }

    /// Whether it concerns the one number that was asked about and no other: Twilio refuses it, what it answered about
    /// it cannot be read, or its SID is a 404 in other words than Twilio's own. Only for calls about one number.
    #[must_use]
    pub fn concerns_one_number(&self) -> bool {
        match self {
            Self::Refused(_) => !self.is_passing() && !self.halts(),
            Self::NotSent(_) | Self::Unknown { .. } => {
                // Many of these are a wrong path or a gateway's; whoever asks counts them.
                self.is_unreadable() || matches!(self, Self::Unknown { status: Some(404), .. })
            }
        }
    }

    /// Whether Twilio answered as it does when all is well, but what it says cannot be read, or contradicts itself.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unknown { status: Some(200..=299), .. })
    }

    /// Whether Twilio itself, and no gateway before it, refused because of the one number that was asked about.
    #[must_use]
    pub fn minds_the_number(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code.is_some()) && !self.is_passing() && !self.halts()
    }

    /// The failure with Twilio's id of the request, for the ledger and for people.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self.request_id() {
            Some(request_id) => format!("{self} (Twilio's request {request_id})"),
            None => self.to_string(),
        }
    }

    /// The failure as a log line may show it: of a phone number in Twilio's message only the last four digits.
    #[must_use]
    pub fn for_log(&self) -> String {
        hide_numbers(&self.to_string())
    }

    /// How long Twilio asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            Self::NotSent(_) | Self::Unknown { .. } => None,
        }
    }
}

/// Leaves the last four digits of each phone number in `text`: Twilio's messages name numbers, log lines must not.
#[must_use]
pub(crate) fn hide_numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('+') {
        let digits = rest[start + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + 1 + digits;
        shown.push_str(&rest[..start]);
        shown.push_str(if digits >= 7 { "…" } else { "+" });
        shown.push_str(if digits >= 7 { &rest[end - 4..end] } else { &rest[start + 1..end] });
        rest = &rest[end..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twilios_own_word_says_that_a_number_is_gone() {
        let failed = |status, body: &str| failure_of(status, body.as_bytes(), None, None);
        assert_eq!(failed(404, r#"{"code":20404,"message":"not found"}"#).not_there().unwrap(), None);
        for body in ["<html>404</html>", "", "{}", r#"{"code":null}"#, r#"{"code":99999,"message":"x"}"#] {
            let failure = failed(404, body).not_there().unwrap_err();
            assert!(matches!(failure, TwilioError::Unknown { status: Some(404), .. }), "{body}: {failure:?}");
        }
        for (status, code) in [(404, 20003), (403, 20404), (429, 20429)] {
            let failure = failed(status, &format!(r#"{{"code":{code},"message":"x"}}"#)).not_there().unwrap_err();
            assert_eq!(failure.twilio_code(), Some(code), "what Twilio refuses stays a refusal");
        }
    }

    #[test]
    fn only_twilio_itself_minds_a_number() {
        let minds = |status, body: &str| failure_of(status, body.as_bytes(), None, None).minds_the_number();
        assert!(minds(400, r#"{"code":21402,"message":"invalid URL"}"#));
        for (status, body) in [
            (400, "<html>bad request</html>"),
            (413, ""),
            (401, r#"{"code":20003,"message":"authenticate"}"#),
            (429, r#"{"code":20429,"message":"busy"}"#),
            (502, "<html>bad gateway</html>"),
        ] {
            assert!(!minds(status, body), "{status} {body}");
        }
    }

    #[test]
    fn what_twilio_says_is_kept_without_controls_and_in_part() {
        for status in [400, 401, 503] {
            let body =
                serde_json::json!({ "code": 20003, "message": format!("a\0b\n\u{1b}[2J{}", "x".repeat(1_000_000)) });
            let told = failure_of(status, body.to_string().as_bytes(), None, None).in_full();
            assert!(told.contains("a\u{fffd}b\u{fffd}\u{fffd}[2Jx") && told.ends_with("x…"), "{told}");
            assert!(told.chars().count() < 600, "{status}: {} characters", told.chars().count());
        }
    }

    #[test]
    fn a_refusal_by_a_page_is_told_as_somebody_elses() {
        for (status, body) in [(403, "<html>Blocked by policy</html>"), (407, ""), (401, "no")] {
            let told = failure_of(status, body.as_bytes(), None, None).in_full();
            assert!(
                told.starts_with(&format!("Twilio refused with {status}: not in Twilio's words; a proxy")),
                "{told}"
            );
            assert!(!told.contains("Blocked"), "{told}");
        }
        let told = failure_of(403, br#"{"message":"Forbidden"}"#, None, None).in_full();
        assert_eq!(told, "Twilio refused with 403: Forbidden");
    }

    #[test]
    fn a_failure_tells_what_twilio_said_in_full_and_hides_numbers_from_the_log() {
        let told = r#"{"code":21422,"message":"+14155550123 is not available, +1 neither","status":400}"#;
        let failure = failure_of(400, told.as_bytes(), None, Some("RQ1".to_owned()));
        assert_eq!(
            failure.in_full(),
            "Twilio refused with 400/21422: +14155550123 is not available, +1 neither (Twilio's request RQ1)"
        );
        assert_eq!(failure.for_log(), "Twilio refused with 400/21422: …0123 is not available, +1 neither");
        let failure = failure_of(503, br#"{"code":20503,"message":"busy"}"#, None, None);
        assert_eq!(failure.in_full(), "the outcome at Twilio is unknown: status 503/20503: busy");
    }
}
