//! Twilio's no: what it says, whom it concerns, and what is to be done about it.
//!
//! What its code means stands in [`codes`](super::codes), and nowhere else.
//! How to get it wrong: letting a refusal of one number halt the purchase of all others. [`About`] says which it was.

use std::time::Duration;

use crate::domain::{Concerns, PoolKey};

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
    /// What Twilio sells was.
    Market,
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
    /// No number of the pool can be bought before this key of it is another one.
    HaltPool(PoolKey),
    /// Nothing can be bought until somebody acts, or a probe says that Twilio accepts us again.
    HaltUntilProbe,
    /// Nothing can be bought until an operator says so.
    HaltUntilResume,
    /// The thing is not there.
    NotFound,
}

impl Refusal {
    /// Sorts the refusal. What would halt all buying does not when it is one number's.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.known() {
            Some(Verdict::HaltUntilProbe | Verdict::HaltUntilResume) if self.about == About::Number => {
                Verdict::NextCandidate
            }
            verdict => verdict.unwrap_or(Verdict::NextCandidate),
        }
    }

    /// Whether nobody knows what it means: the next number may be refused alike.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        self.known().is_none()
    }

    /// Whether it is a refusal that may be the account's or the one number's that was asked about. A 401 and the codes that
    /// name the account never are.
    pub(super) fn may_mind_the_number(&self) -> bool {
        let of_the_account = self.status == 401 || self.names_the_account();
        matches!(self.known(), Some(Verdict::HaltUntilProbe | Verdict::HaltUntilResume)) && !of_the_account
    }

    /// Whether a call that named one number is forbidden in words that are neither about the key nor about the account, so that
    /// others may be let in.
    #[must_use]
    pub fn forbids_the_number(&self) -> bool {
        self.code.is_some() && self.may_mind_the_number() && !self.says_no_right()
    }

    /// What it says something of, for whoever remembers it.
    #[must_use]
    pub fn concerns(&self) -> Concerns {
        match self.verdict() {
            Verdict::Retry => Concerns::Moment,
            Verdict::NextCandidate if self.is_unclear() => Concerns::Unclear,
            Verdict::NextCandidate => Concerns::Number,
            Verdict::HaltPool(_) => Concerns::Pool,
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

#[cfg(test)]
mod tests {
    use super::super::error::{TwilioError, failure_of};
    use super::*;

    #[test]
    fn what_is_refused_about_one_number_halts_nothing_but_what_names_the_account_does() {
        let refused = |status, code: Option<i32>| {
            let body = code.map_or_else(String::new, |code| format!(r#"{{"code":{code},"message":"m"}}"#));
            match failure_of(status, body.as_bytes(), None, None) {
                TwilioError::Refused(refusal) => refusal,
                other @ (TwilioError::NotSent(_) | TwilioError::Unknown { .. }) => panic!("{other:?}"),
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
            (400, Some(21615), Concerns::Number),
            (400, Some(99999), Concerns::Unclear),
            (400, Some(21631), Concerns::Pool),
            (400, Some(21649), Concerns::Pool),
            (418, None, Concerns::Unclear),
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
}
