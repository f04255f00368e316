//! The account's status and type: a suspended one buys nothing, a trial one hardly anything.
//!
//! How to get it wrong: a `fail` because the account may not be read. A standard API key may not, and buys all the same.

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName};
use crate::twilio::{Account, Twilio, TwilioError};

/// `owns_any` = whether the account has a number; `None` = Twilio did not let us in.
pub(super) async fn look(twilio: &Twilio, owns_any: Option<bool>, bounds: &Bounds) -> Check {
    let what = CheckName::Account.of(None);
    match bounds.ask("the account", || twilio.account()).await {
        Ok(account) => judge(&account, owns_any),
        Err(Silence::Failed { failure: TwilioError::Refused(refusal), by_key: true }) => what.warn(
            format!("status and type are not known: this API key may not read the account ({refusal})"),
            "Look in Twilio's console whether it is active and no trial account; a main API key, or TWILIO_AUTH_TOKEN, \
             may read it.",
        ),
        Err(silence) => silence.told(what),
    }
}

fn judge(Account { status, kind }: &Account, owns_any: Option<bool>) -> Check {
    let what = CheckName::Account.of(None);
    let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
    if status.is_empty() || kind.is_empty() {
        return what.warn("Twilio does not say how the account stands", "Look at it in Twilio's console.");
    }
    if !is(status, "active") {
        return what.fail(
            format!("the account is {status}"),
            "Look at it in Twilio's console: pay what it owes, or ask Twilio's support why.",
        );
    }
    match (is(kind, "Trial"), owns_any) {
        (false, _) => what.pass(format!("{status}, {kind}")),
        (true, Some(true)) => what.fail(
            "a trial account, which has its one number already: Twilio sells it no other",
            "Upgrade the account in Twilio's console. To try with the number that it has, adopt that, and set \
             pool.threshold_low and pool.total_min to 0.",
        ),
        (true, _) => what.warn(
            "a trial account: Twilio sells it one number, which calls and texts verified numbers only",
            "Upgrade the account in Twilio's console before signups come. Until then set pool.threshold_low and \
             pool.total_min to 1 at most.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::CheckResult;
    use super::*;

    #[test]
    fn what_is_not_active_buys_nothing_and_a_trial_has_one_number() {
        let judged = |status: &str, kind: &str, owns_any| {
            judge(&Account { status: status.to_owned(), kind: kind.to_owned() }, owns_any).result
        };
        assert_eq!(judged("active", "Full", Some(true)), CheckResult::Pass);
        assert_eq!(judged("suspended", "Full", None), CheckResult::Fail);
        assert_eq!(judged("closed", "Trial", Some(false)), CheckResult::Fail);
        assert_eq!(judged("active", "Trial", Some(false)), CheckResult::Warn);
        assert_eq!(judged("active", "Trial", Some(true)), CheckResult::Fail);
        assert_eq!(judged("", "Full", Some(true)), CheckResult::Warn);
    }
}
