//! Twilio's codes, and the only place that spells them: what each means for the candidate, the order and all buying.
//!
//! The table is Twilio's error dictionary (<https://www.twilio.com/docs/api/errors>); codes are refined over time, so the
//! HTTP class decides first and the code second, and a 4xx that is not known ends its candidate without a retry. A code
//! with a behaviour of its own has a predicate here, such as [`Refusal::is_taken`].
//! How to get it wrong: comparing a number elsewhere. Whoever adds a code would have to find it.

use super::refusal::{About, Refusal, Verdict};
use crate::domain::PoolKey;

/// Codes of a server that failed. They say nothing about the outcome, whatever status carries them.
const SERVER_FAILED: [i32; 2] = [20500, 20503];

/// Codes that name the account, whatever number was asked about.
const ACCOUNTS_OWN: [i32; 6] = [10001, 10002, 20005, 20008, 21404, 22300];

/// What a code that halts all buying means, for people.
pub(crate) fn meaning(code: i32) -> Option<&'static str> {
    Some(match code {
        20003 => "Twilio refuses the credentials",
        20005 | 10001 => "the Twilio account is not active",
        10002 => "a trial account may not do this",
        20008 => "the credentials are Twilio's test credentials",
        21404 => "a trial account may buy no more numbers",
        22300 => "Twilio wants the account to be verified first",
        _ => return None,
    })
}

/// A thing that is not there.
const NOT_THERE: i32 = 20404;

/// The way to a page that Twilio does not know any more.
const PAGE_IS_GONE: i32 = 21481;

/// Whether `code` says that a list cannot be gone on with.
pub(super) fn says_page_is_gone(code: i32) -> bool {
    [PAGE_IS_GONE, NOT_THERE].contains(&code)
}

/// Whether `code` says that the server failed, so that the outcome is unknown.
pub(super) fn says_that_the_server_failed(code: i32) -> bool {
    SERVER_FAILED.contains(&code)
}

/// A 404 in other words than Twilio's own.
pub(super) fn without_its_code() -> String {
    format!("status 404, but without Twilio's code {NOT_THERE}")
}

impl Refusal {
    /// Whether the number is not available: the everyday answer to whoever was slower. After a doubt it is what Twilio says
    /// of a number that is ours.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.code == Some(21422)
    }

    /// Whether Twilio takes what it was given for no phone number.
    #[must_use]
    pub fn is_about_no_number(&self) -> bool {
        self.code == Some(21421)
    }

    /// Whether the account does not have the application that a number shall lead to.
    pub(super) fn is_about_an_application(&self) -> bool {
        self.code == Some(21420)
    }

    /// Whether a search found nothing to sell in the area that it named.
    #[must_use]
    pub fn has_none_there(&self) -> bool {
        matches!(self.code, Some(21451 | 21452))
    }

    /// Whether it is the answer to Twilio's test credentials, which only pretend.
    #[must_use]
    pub fn is_of_test_credentials(&self) -> bool {
        self.code == Some(20008)
    }

    /// Whether it says that the account is not active, whoever asks.
    #[must_use]
    pub fn says_inactive(&self) -> bool {
        matches!(self.code, Some(20005 | 10001))
    }

    /// Whether it carries no code, as a gateway's or somebody else's page does.
    #[must_use]
    pub fn is_no_word_of_twilios(&self) -> bool {
        self.code.is_none() && self.status != 401
    }

    /// Whether the number is in that messaging service already.
    #[must_use]
    pub fn is_member_already(&self) -> bool {
        self.code == Some(21710)
    }

    /// Whether the number is in another messaging service.
    #[must_use]
    pub fn is_in_another_service(&self) -> bool {
        self.code == Some(21712)
    }

    /// Whether the number is not in that messaging service.
    #[must_use]
    pub fn is_no_member(&self) -> bool {
        self.code == Some(21711)
    }

    /// Whether the messaging service takes no more numbers. It was seen with 412, and with 400; a bare 412 means nothing else.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.code == Some(21714) || (self.status == 412 && self.code.is_none())
    }

    /// Whether there is no such messaging service, or its SID is none.
    #[must_use]
    pub fn knows_no_service(&self) -> bool {
        matches!(self.code, Some(21701 | 21705))
    }

    /// Whether it names the credentials, or a right that they lack.
    pub(super) fn says_no_right(&self) -> bool {
        matches!(self.code, Some(20003 | 20403))
    }

    /// Whether Twilio throttles because the same was refused again and again.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.code == Some(70005)
    }

    /// Twilio's own word that the thing is not there.
    #[must_use]
    pub fn is_not_there(&self) -> bool {
        self.status == 404 && self.code == Some(NOT_THERE)
    }

    /// Whether its code names the account, whatever number was asked about.
    pub(super) fn names_the_account(&self) -> bool {
        self.code.is_some_and(|code| ACCOUNTS_OWN.contains(&code))
    }

    /// Sorts the refusal by its status and code, whatever number was asked about. `None` = nobody knows its code, and its
    /// status says nothing.
    pub(super) fn known(&self) -> Option<Verdict> {
        Some(match (self.status, self.code) {
            (429, _) | (_, Some(20429)) => Verdict::Retry,
            (_, Some(10002 | 20008 | 21404 | 22300)) => Verdict::HaltUntilResume,
            (401, _) | (_, Some(20003 | 20005 | 10001)) => Verdict::HaltUntilProbe,
            // 21615: the address lies elsewhere than the number; it may lie right for another one.
            (_, Some(21422 | 21421 | 21615)) => Verdict::NextCandidate,
            // An address is missing (21613 is its older word), a bundle or a document of it, an identity.
            (_, Some(21613 | 21631)) => Verdict::HaltPool(PoolKey::AddressSid),
            (_, Some(21649 | 21651)) => Verdict::HaltPool(PoolKey::BundleSid),
            (_, Some(21650)) => Verdict::HaltPool(PoolKey::IdentitySid),
            (
                _,
                Some(
                    21451 | 21452 | 21457 | 21458 | 21481 | 20001 | 20007 | 21402 | 21403 | 21405 | 21406 | 21420
                    | 21502 | 21710 | 21712 | 21714,
                ),
            ) => Verdict::EndOrder,
            // Where a market is asked for, Twilio has no such one.
            (404, Some(NOT_THERE)) if self.about == About::Market => Verdict::HaltPool(PoolKey::NumberType),
            (404, _) => Verdict::NotFound,
            (403, _) => Verdict::HaltUntilProbe,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::{TwilioError, failure_of};
    use super::*;

    /// What a create does about an answer.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Class {
        Retry,
        Reconcile,
        Next,
        Job,
        HaltPool(PoolKey),
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
                Verdict::HaltPool(key) => Class::HaltPool(key),
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
        (None, Some(21631), Class::HaltPool(PoolKey::AddressSid)),
        (None, Some(21615), Class::Next),
        (None, Some(21613), Class::HaltPool(PoolKey::AddressSid)),
        (Some(400), Some(21649), Class::HaltPool(PoolKey::BundleSid)),
        (None, Some(21650), Class::HaltPool(PoolKey::IdentitySid)),
        (None, Some(21651), Class::HaltPool(PoolKey::BundleSid)),
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
    fn only_a_search_takes_what_is_not_there_for_the_pools_fault() {
        let body = format!(r#"{{"code":{NOT_THERE},"message":"m"}}"#);
        let TwilioError::Refused(mut refusal) = failure_of(404, body.as_bytes(), None, None) else { panic!("{body}") };
        assert_eq!(refusal.verdict(), Verdict::NotFound);
        refusal.about = About::Market;
        assert_eq!(refusal.verdict(), Verdict::HaltPool(PoolKey::NumberType));
        refusal.code = None;
        assert_eq!(refusal.verdict(), Verdict::NotFound, "a wrong path says nothing of what Twilio sells");
    }

    #[test]
    fn what_nobody_knows_is_unclear() {
        for (status, code, is_unclear) in [
            (400, Some(99999), true),
            (418, None, true),
            (409, Some(21799), true),
            (400, Some(21422), false),
            (400, Some(21649), false),
            (403, Some(20403), false),
            (404, Some(99999), false),
            (429, Some(99999), false),
        ] {
            let body = code.map_or_else(String::new, |code| format!(r#"{{"code":{code},"message":"m"}}"#));
            let TwilioError::Refused(refusal) = failure_of(status, body.as_bytes(), None, None) else {
                panic!("{body}")
            };
            assert_eq!(refusal.is_unclear(), is_unclear, "{status}/{code:?}");
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
}
