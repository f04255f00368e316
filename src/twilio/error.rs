//! How a call to Twilio can fail, and what each failure means for the candidate, the order and all buying.
//!
//! The table is Twilio's error dictionary (<https://www.twilio.com/docs/api/errors>); codes are refined over time, so the
//! HTTP class decides first and the code second, and a 4xx that is not known ends its candidate without a retry.

use std::time::Duration;

use super::answers::ErrorAnswer;
use crate::domain::{Concerns, cleaned};

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
    /// What was asked for when it was refused.
    pub about: About,
}

/// Whom a refusal concerns, as far as the call says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum About {
    /// No number was in question, or several were refused in a row.
    #[default]
    Account,
    /// One number was, and Twilio let us have our way with others.
    Number,
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

/// Codes of a server that failed. They say nothing about the outcome, whatever status carries them.
const SERVER_FAILED: [i32; 2] = [20500, 20503];

/// Codes that name the account, whatever number was asked about.
const ACCOUNTS_OWN: [i32; 6] = [10001, 10002, 20005, 20008, 21404, 22300];

/// Reads an answer that is no success: a refusal, or an outcome that nobody knows.
pub(super) fn failure_of(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    request_id: Option<String>,
) -> TwilioError {
    // A gateway answers with a page.
    let told = serde_json::from_slice::<ErrorAnswer>(body).ok();
    let (code, message) = told.map_or((None, String::new()), |told| (told.code, cleaned(&told.message)));
    let server_failed = code.is_some_and(|code| SERVER_FAILED.contains(&code));
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

impl Refusal {
    /// Sorts the refusal. What would halt all buying does not when it is one number's.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.sorted() {
            Verdict::HaltUntilProbe | Verdict::HaltUntilResume if self.about == About::Number => Verdict::NextCandidate,
            verdict => verdict,
        }
    }

    /// Whether it is a refusal that may be the account's or the one number's that was asked about. A 401 and the codes of
    /// [`ACCOUNTS_OWN`] never are.
    pub(super) fn may_mind_the_number(&self) -> bool {
        let of_the_account = self.status == 401 || self.code.is_some_and(|code| ACCOUNTS_OWN.contains(&code));
        matches!(self.sorted(), Verdict::HaltUntilProbe | Verdict::HaltUntilResume) && !of_the_account
    }

    fn sorted(&self) -> Verdict {
        match (self.status, self.code) {
            (429, _) | (_, Some(20429)) => Verdict::Retry,
            (_, Some(10002 | 20008 | 21404 | 22300)) => Verdict::HaltUntilResume,
            (401, _) | (_, Some(20003 | 20005 | 10001)) => Verdict::HaltUntilProbe,
            // 21631, 21649-21651: this number wants an address or a bundle, which we never show; its neighbour may not. Where
            // all do, the order ends after a few that are refused alike.
            (_, Some(21422 | 21421 | 21615 | 21631 | 21649 | 21650 | 21651)) => Verdict::NextCandidate,
            (
                _,
                Some(
                    21451 | 21452 | 21457 | 21458 | 21481 | 21613 | 20001 | 20007 | 21402 | 21403 | 21405 | 21406
                    | 21420 | 21502 | 21710 | 21712 | 21714,
                ),
            ) => Verdict::EndOrder,
            (404, _) => Verdict::NotFound,
            (403, _) => Verdict::HaltUntilProbe,
            _ => Verdict::NextCandidate,
        }
    }

    /// What it says something of, for whoever remembers it.
    #[must_use]
    pub fn concerns(&self) -> Concerns {
        match self.verdict() {
            Verdict::Retry => Concerns::Moment,
            Verdict::NextCandidate => Concerns::Number,
            Verdict::EndOrder | Verdict::NotFound => Concerns::Order,
            Verdict::HaltUntilProbe | Verdict::HaltUntilResume => Concerns::Account,
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

impl TwilioError {
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

    /// What a create does about an answer.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Class {
        Retry,
        Reconcile,
        Next,
        Job,
        HaltUntilProbe,
        HaltUntilResume,
    }

    fn class(status: u16, code: Option<i32>) -> Class {
        let body = match code {
            Some(code) => format!(r#"{{"code":{code},"message":"m","status":{status}}}"#),
            None => "<html>502</html>".to_owned(),
        };
        match failure_of(status, body.as_bytes(), None, None) {
            TwilioError::NotSent(_) => unreachable!("an answer came"),
            TwilioError::Unknown { .. } => Class::Reconcile,
            TwilioError::Refused(refusal) => match refusal.verdict() {
                Verdict::Retry => Class::Retry,
                Verdict::NextCandidate => Class::Next,
                // A create that answers 404 cannot succeed as it is configured.
                Verdict::EndOrder | Verdict::NotFound => Class::Job,
                Verdict::HaltUntilProbe => Class::HaltUntilProbe,
                Verdict::HaltUntilResume => Class::HaltUntilResume,
            },
        }
    }

    /// Every code of Twilio's dictionary that a daemon that buys numbers may meet, with the status where it is known.
    const TABLE: &[(Option<u16>, Option<i32>, Class)] = &[
        (Some(429), Some(20429), Class::Retry),
        (Some(500), Some(20500), Class::Reconcile),
        (Some(503), Some(20503), Class::Reconcile),
        (Some(502), None, Class::Reconcile),
        (Some(504), None, Class::Reconcile),
        (Some(400), Some(21422), Class::Next),
        (Some(400), Some(21421), Class::Next),
        (None, Some(21452), Class::Job),
        (None, Some(21451), Class::Job),
        (None, Some(21457), Class::Job),
        (None, Some(21458), Class::Job),
        (None, Some(21631), Class::Next),
        (None, Some(21615), Class::Next),
        (None, Some(21613), Class::Job),
        (Some(400), Some(21649), Class::Next),
        (None, Some(21650), Class::Next),
        (None, Some(21651), Class::Next),
        (None, Some(21402), Class::Job),
        (None, Some(21403), Class::Job),
        (None, Some(21405), Class::Job),
        (None, Some(21406), Class::Job),
        (None, Some(21420), Class::Job),
        (None, Some(21502), Class::Job),
        (None, Some(20001), Class::Job),
        (Some(404), Some(20404), Class::Job),
        (Some(401), Some(20003), Class::HaltUntilProbe),
        (Some(403), Some(20008), Class::HaltUntilResume),
        (None, Some(20005), Class::HaltUntilProbe),
        (None, Some(10001), Class::HaltUntilProbe),
        (None, Some(10002), Class::HaltUntilResume),
        (None, Some(21404), Class::HaltUntilResume),
        (None, Some(22300), Class::HaltUntilResume),
        (None, Some(20007), Class::Job),
        (None, Some(21481), Class::Job),
        (None, Some(21710), Class::Job),
        (None, Some(21712), Class::Job),
        // A messaging service that is full says nothing of the account.
        (Some(412), Some(21714), Class::Job),
    ];

    #[test]
    fn every_code_that_a_purchase_may_meet_has_its_class_whatever_status_carries_it() {
        for (status, code, expected) in TABLE {
            match status {
                Some(status) => assert_eq!(class(*status, *code), *expected, "{status}/{code:?}"),
                // The status of these is not documented.
                None => {
                    for status in [400, 403, 404, 409, 422] {
                        assert_eq!(class(status, *code), *expected, "{status}/{code:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_the_table_does_not_know_is_sorted_by_its_status() {
        for (status, code, expected) in [
            (429, None, Class::Retry),
            (401, None, Class::HaltUntilProbe),
            (401, Some(70051), Class::HaltUntilProbe),
            (403, None, Class::HaltUntilProbe),
            (400, Some(99999), Class::Next),
            (418, None, Class::Next),
            (404, None, Class::Job),
            (408, None, Class::Reconcile),
            (500, None, Class::Reconcile),
            (503, Some(99999), Class::Reconcile),
            // A redirect is not followed, and says nothing.
            (307, None, Class::Reconcile),
            // The server's own failures prove nothing, whatever status carries them.
            (400, Some(20500), Class::Reconcile),
            (400, Some(20503), Class::Reconcile),
            (400, Some(20429), Class::Retry),
        ] {
            assert_eq!(class(status, code), expected, "{status}/{code:?}");
        }
    }

    #[test]
    fn what_is_refused_about_one_number_halts_nothing_but_what_names_the_account_does() {
        let refused = |status, code: Option<i32>| {
            let body = code.map_or_else(String::new, |code| format!(r#"{{"code":{code},"message":"m"}}"#));
            match failure_of(status, body.as_bytes(), None, None) {
                TwilioError::Refused(refusal) => refusal,
                other => panic!("{other:?}"),
            }
        };
        for (status, code) in [(403, None), (403, Some(20003)), (403, Some(20403)), (403, Some(99999))] {
            let mut refusal = refused(status, code);
            assert!(refusal.may_mind_the_number(), "{status}/{code:?}");
            assert_eq!(refusal.verdict(), Verdict::HaltUntilProbe, "{status}/{code:?}");
            refusal.about = About::Number;
            assert_eq!(refusal.verdict(), Verdict::NextCandidate, "{status}/{code:?}");
            let failure = TwilioError::Refused(refusal);
            assert!(failure.concerns_one_number() && !failure.halts());
        }
        for (status, code) in [
            (401, None),
            (401, Some(20003)),
            (403, Some(20008)),
            (403, Some(20005)),
            (400, Some(10001)),
            (400, Some(10002)),
            (403, Some(21404)),
            (403, Some(22300)),
            // No halt to begin with.
            (400, Some(21402)),
            (404, Some(20404)),
            (412, Some(21714)),
            (429, None),
        ] {
            assert!(!refused(status, code).may_mind_the_number(), "{status}/{code:?}");
        }
    }

    #[test]
    fn a_refusal_is_remembered_of_what_it_concerns() {
        for (status, code, expected) in [
            (400, Some(21422), Concerns::Number),
            (400, Some(99999), Concerns::Number),
            (400, Some(21631), Concerns::Number),
            (418, None, Concerns::Number),
            (412, Some(21714), Concerns::Order),
            (404, None, Concerns::Order),
            (401, None, Concerns::Account),
            (403, None, Concerns::Account),
            (403, Some(22300), Concerns::Account),
            (429, None, Concerns::Moment),
            (400, Some(20429), Concerns::Moment),
        ] {
            let body = code.map_or_else(String::new, |code| format!(r#"{{"code":{code},"message":"m"}}"#));
            let failure = failure_of(status, body.as_bytes(), None, None);
            assert_eq!(failure.concerns(), Some(expected), "{status}/{code:?}");
            let TwilioError::Refused(mut refusal) = failure else { panic!("{status}/{code:?}") };
            refusal.about = About::Number;
            assert_ne!(refusal.concerns(), Concerns::Account, "{status}/{code:?}: it was one number's");
        }
        assert_eq!(failure_of(503, b"", None, None).concerns(), None);
        assert_eq!(TwilioError::NotSent("refused".to_owned()).concerns(), None);
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
