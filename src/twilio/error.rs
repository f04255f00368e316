//! How a call to Twilio can fail, and what each failure means for the candidate, the order and all buying.
//!
//! The table is Twilio's error dictionary (https://www.twilio.com/docs/api/errors); codes are refined over time, so the
//! HTTP class decides first and the code second, and a 4xx that is not known ends its candidate without a retry.

use std::time::Duration;

/// Why a call did not answer what it was for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
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

/// Twilio's documented no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Twilio refused with {status}{}: {message}", .code.map(|code| format!("/{code}")).unwrap_or_default())]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Twilio's error code.
    pub code: Option<i32>,
    /// Twilio's message.
    pub message: String,
    /// `Retry-After`, when Twilio sent one.
    pub retry_after: Option<Duration>,
    /// Twilio's id of the request.
    pub request_id: Option<String>,
}

/// What to do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Never processed: the same call again after a while.
    Retry,
    /// This number is not to be had: take another.
    NextCandidate,
    /// This order cannot succeed as it is configured.
    EndOrder,
    /// Nothing can be bought until somebody acts, or a probe says that Twilio accepts us again.
    HaltUntilProbe,
    /// Nothing can be bought until an operator says so.
    HaltUntilResume,
    /// The thing is not there.
    NotFound,
}

impl Refusal {
    /// Sorts the refusal.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.status, self.code) {
            (429, _) => Verdict::Retry,
            (_, Some(10002 | 20008 | 21404 | 22300)) => Verdict::HaltUntilResume,
            (401, _) | (_, Some(20003 | 20005 | 10001)) => Verdict::HaltUntilProbe,
            (_, Some(21422 | 21421 | 21615)) => Verdict::NextCandidate,
            (
                _,
                Some(
                    21451 | 21452 | 21457 | 21458 | 21631 | 21613 | 21649 | 21650 | 21651 | 20001 | 21402 | 21403
                    | 21405 | 21406 | 21420 | 21502,
                ),
            ) => Verdict::EndOrder,
            (404, _) => Verdict::NotFound,
            (403, _) => Verdict::HaltUntilProbe,
            _ => Verdict::NextCandidate,
        }
    }

    /// Our name of it in an order's errors: `twilio_21422`, or the status when Twilio gave no code.
    #[must_use]
    pub fn error_code(&self) -> String {
        match self.code {
            Some(code) => format!("twilio_{code}"),
            None => format!("twilio_http_{}", self.status),
        }
    }
}

impl Failure {
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

    /// How long Twilio asked us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            Self::NotSent(_) | Self::Unknown { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, code: Option<i32>) -> Verdict {
        Refusal { status, code, message: String::new(), retry_after: None, request_id: None }.verdict()
    }

    #[test]
    fn the_error_table_is_sorted_into_decisions() {
        for (status, code, expected) in [
            (429, Some(20429), Verdict::Retry),
            (400, Some(21422), Verdict::NextCandidate),
            (400, Some(21421), Verdict::NextCandidate),
            (400, Some(21615), Verdict::NextCandidate),
            (400, Some(21452), Verdict::EndOrder),
            (400, Some(21631), Verdict::EndOrder),
            (400, Some(21402), Verdict::EndOrder),
            (401, Some(20003), Verdict::HaltUntilProbe),
            (401, None, Verdict::HaltUntilProbe),
            (403, None, Verdict::HaltUntilProbe),
            (400, Some(20005), Verdict::HaltUntilProbe),
            (400, Some(10001), Verdict::HaltUntilProbe),
            (403, Some(20008), Verdict::HaltUntilResume),
            (400, Some(21404), Verdict::HaltUntilResume),
            (403, Some(22300), Verdict::HaltUntilResume),
            (400, Some(10002), Verdict::HaltUntilResume),
            (404, Some(20404), Verdict::NotFound),
            (400, Some(99999), Verdict::NextCandidate),
            (418, None, Verdict::NextCandidate),
        ] {
            assert_eq!(verdict(status, code), expected, "{status}/{code:?}");
        }
    }
}
