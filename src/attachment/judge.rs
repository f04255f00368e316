//! What Twilio's answer to an attachment means: pure, from the kind of target and the answer to what is to be done.
//!
//! Invariants: a refusal of a key's rights says nothing of a number, nor of the account, and what Twilio forbids of one number says
//! nothing of the key; a full target says nothing of the number; what is not clear is doubt, and doubt is never given up.
//! How to get it wrong: believing a refusal of TrustHub. It has no word for "it is so already": one looks.

use crate::domain::AttachmentKind;
use crate::twilio::{TwilioError, Verdict};

/// What an answer that is no success means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is so already.
    Already,
    /// The target takes no more numbers.
    Full,
    /// There is no such service, or no such number: the service is asked for.
    NoServiceOrNoNumber,
    /// Another messaging service has the number: those that the pool wants, too, are asked.
    InAnotherService,
    /// It is refused, and may be so already: one looks.
    LookUp,
    /// Twilio takes it for no number of the account's. Its messaging learns of a purchase a little later.
    NoNumber,
    /// Twilio does not take this number.
    Refused,
    /// Our key may not do this.
    NotAllowed,
    /// Twilio throttles, because the same was refused again and again.
    Throttled,
    /// It was not done, or nobody knows.
    Later,
}

/// What it means that an attempt failed so.
pub(super) fn meaning(kind: AttachmentKind, failure: &TwilioError) -> Meaning {
    let TwilioError::Refused(refusal) = failure else { return Meaning::Later };
    let of_service = kind == AttachmentKind::MessagingService;
    match refusal.verdict() {
        _ if refusal.is_throttled() => Meaning::Throttled,
        Verdict::Retry => Meaning::Later,
        _ if refusal.forbids_the_number() && of_service => Meaning::Refused,
        _ if refusal.forbids_the_number() => Meaning::LookUp,
        Verdict::HaltUntilProbe | Verdict::HaltUntilResume => Meaning::NotAllowed,
        _ if !of_service => Meaning::LookUp,
        _ if refusal.is_member_already() => Meaning::Already,
        _ if refusal.is_full() => Meaning::Full,
        _ if refusal.is_in_another_service() => Meaning::InAnotherService,
        _ if refusal.knows_no_service() => Meaning::NoServiceOrNoNumber,
        Verdict::NotFound => Meaning::NoServiceOrNoNumber,
        _ if refusal.is_about_no_number() => Meaning::NoNumber,
        Verdict::NextCandidate | Verdict::EndOrder | Verdict::HaltPool(_) => Meaning::Refused,
    }
}

/// What it means that a look failed so: it proves nothing, whatever it says.
pub(super) fn meaning_of_a_look(failure: &TwilioError) -> Meaning {
    match failure {
        TwilioError::Refused(refusal) if refusal.is_throttled() => Meaning::Throttled,
        TwilioError::Refused(refusal) if failure.halts() && !refusal.forbids_the_number() => Meaning::NotAllowed,
        TwilioError::Refused(_) | TwilioError::NotSent(_) | TwilioError::Unknown { .. } => Meaning::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::{About, Refusal};

    fn refused(status: u16, code: Option<i32>) -> TwilioError {
        TwilioError::Refused(Refusal {
            status,
            code,
            message: "m".to_owned(),
            retry_after: None,
            request_id: None,
            about: About::Account,
        })
    }

    #[test]
    fn every_answer_of_a_messaging_service_has_its_meaning() {
        for (status, code, expected) in [
            (409, Some(21_710), Meaning::Already),
            (400, Some(21_710), Meaning::Already),
            (412, Some(21_714), Meaning::Full),
            (400, Some(21_714), Meaning::Full),
            (412, None, Meaning::Full),
            (409, Some(21_712), Meaning::InAnotherService),
            (404, Some(21_701), Meaning::NoServiceOrNoNumber),
            (404, Some(20_404), Meaning::NoServiceOrNoNumber),
            (404, None, Meaning::NoServiceOrNoNumber),
            (400, Some(21_705), Meaning::NoServiceOrNoNumber),
            (400, Some(21_421), Meaning::NoNumber),
            (400, Some(21_715), Meaning::Refused),
            (400, Some(99_999), Meaning::Refused),
            (409, None, Meaning::Refused),
            (400, Some(20_001), Meaning::Refused),
            (401, Some(20_003), Meaning::NotAllowed),
            (401, None, Meaning::NotAllowed),
            (403, Some(20_403), Meaning::NotAllowed),
            (403, None, Meaning::NotAllowed),
            (403, Some(20_003), Meaning::NotAllowed),
            (403, Some(20_008), Meaning::NotAllowed),
            (403, Some(22_300), Meaning::NotAllowed),
            (403, Some(21_715), Meaning::Refused),
            (403, Some(99_999), Meaning::Refused),
            (400, Some(10_001), Meaning::NotAllowed),
            (429, Some(20_429), Meaning::Later),
            (429, None, Meaning::Later),
            (400, Some(70_005), Meaning::Throttled),
            (429, Some(70_005), Meaning::Throttled),
        ] {
            let failure = refused(status, code);
            assert_eq!(meaning(AttachmentKind::MessagingService, &failure), expected, "{status}/{code:?}");
        }
    }

    #[test]
    fn what_trusthub_refuses_is_looked_up_whatever_it_says() {
        for kind in [AttachmentKind::CustomerProfile, AttachmentKind::TrustProduct] {
            for (status, code) in [
                (400, Some(20_001)),
                (404, Some(20_404)),
                (409, None),
                (400, Some(21_421)),
                (412, Some(21_714)),
                (400, Some(21_710)),
            ] {
                assert_eq!(meaning(kind, &refused(status, code)), Meaning::LookUp, "{kind} {status}/{code:?}");
            }
            assert_eq!(meaning(kind, &refused(403, Some(20_403))), Meaning::NotAllowed);
            assert_eq!(meaning(kind, &refused(403, Some(99_999))), Meaning::LookUp);
            assert_eq!(meaning(kind, &refused(429, None)), Meaning::Later);
        }
    }

    #[test]
    fn what_is_not_clear_is_later_and_a_look_that_fails_proves_nothing() {
        let lost = TwilioError::Unknown { message: "reset".to_owned(), status: None, request_id: None };
        for failure in [lost, TwilioError::NotSent("nobody there".to_owned())] {
            assert_eq!(meaning(AttachmentKind::MessagingService, &failure), Meaning::Later);
            assert_eq!(meaning_of_a_look(&failure), Meaning::Later);
        }
        for (status, code, expected) in [
            (400, Some(20_001), Meaning::Later),
            (404, None, Meaning::Later),
            (401, Some(20_003), Meaning::NotAllowed),
            (403, None, Meaning::NotAllowed),
            (403, Some(99_999), Meaning::Later),
            (429, Some(70_005), Meaning::Throttled),
        ] {
            assert_eq!(meaning_of_a_look(&refused(status, code)), expected, "{status}/{code:?}");
        }
    }
}
