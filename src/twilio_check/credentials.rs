//! Whether Twilio lets us in as a buyer must be let in, and whether what answers is Twilio at all.
//!
//! How to get it wrong: asking for the account. A standard API key may buy and yet not read it.

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName};
use crate::twilio::{Twilio, TwilioError, Verdict, meaning};

/// What came of the first question.
pub(super) struct Entry {
    pub(super) check: Check,
    /// Let in: whether the account has a number.
    pub(super) owns_any: Option<bool>,
    /// Refused by Twilio itself, which may tell why elsewhere.
    pub(super) is_refused: bool,
    /// Whether anybody answered.
    pub(super) reached: bool,
}

const UNREACHED: &str = "Do what it says; else look at the network, DNS, firewall and proxy between here and Twilio, and at \
                         twilio.api_base_url.";
const NAME_THE_EDGE: &str = "Set twilio.api_base_url to https://api.EDGE.REGION.twilio.com, such as \
                             https://api.dublin.ie1.twilio.com.";
const NOT_TWILIO: &str = "Look at twilio.api_base_url: it is the root of Twilio's API, or of what stands in its place.";

pub(super) async fn look(twilio: &Twilio, bounds: &Bounds) -> Entry {
    let (host, what) = (twilio.api_host(), CheckName::Credentials.of(None));
    let entry = |check| Entry { check, owns_any: None, is_refused: false, reached: true };
    let failure = match bounds.ask("the account's first number", || twilio.owns_any()).await {
        Ok(owns_any) => {
            let (account, place) = (twilio.account_sid(), place_of(host));
            let detail = format!("Twilio lets us in to {account} at {host}{place}");
            let check = if lacks_its_edge(host) {
                what.warn(format!("{detail}; hosts with a region and no edge ended on 2026-04-28"), NAME_THE_EDGE)
            } else {
                what.pass(detail)
            };
            return Entry { owns_any: Some(owns_any), ..entry(check) };
        }
        Err(Silence::Failed { failure, .. }) => failure,
        Err(Silence::Late) => {
            let check = what.fail(format!("{host} did not answer before the time for this look was over"), UNREACHED);
            return Entry { reached: false, ..entry(check) };
        }
        Err(silence @ Silence::Stopping) => return entry(silence.told(what)),
    };
    let told = failure.in_full();
    match &failure {
        TwilioError::Refused(refusal) if refusal.verdict() == Verdict::Retry => {
            entry(what.warn(told, "Too many calls of this account are under way; check again in a while."))
        }
        // A page of somebody else's, such as a gateway's.
        TwilioError::Refused(refusal) if refusal.is_no_word_of_twilios() || refusal.verdict() == Verdict::NotFound => {
            entry(what.fail(format!("what answers at {host} is not Twilio's API: {told}"), NOT_TWILIO))
        }
        TwilioError::Refused(refusal) => {
            let todo = todo_of(&failure, twilio.uses_a_key(), host);
            let meaning = refusal.code.and_then(meaning).map(|meaning| format!("{meaning}: ")).unwrap_or_default();
            Entry { is_refused: true, ..entry(what.fail(format!("{meaning}{told}"), todo)) }
        }
        TwilioError::Unknown { status: Some(200..=399), .. } => {
            entry(what.fail(format!("what answers at {host} is not Twilio's API: {told}"), NOT_TWILIO))
        }
        TwilioError::Unknown { .. } | TwilioError::NotSent(_) => {
            let todo = if lacks_its_edge(host) { NAME_THE_EDGE } else { UNREACHED };
            Entry { reached: false, ..entry(what.fail(told, todo)) }
        }
    }
}

fn todo_of(failure: &TwilioError, uses_a_key: bool, host: &str) -> String {
    let TwilioError::Refused(refusal) = failure else { return UNREACHED.to_owned() };
    let given = if uses_a_key {
        "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET (and that the key is one of TWILIO_ACCOUNT_SID's)"
    } else {
        "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
    };
    if refusal.is_of_test_credentials() {
        return format!("Give the live credentials instead of the test ones: {given}.");
    }
    if refusal.says_inactive() {
        return "Look at the account in Twilio's console: it is suspended, closed, or owes money.".to_owned();
    }
    if refusal.status == 403 && uses_a_key {
        return "Give the API key the rights to read and to buy phone numbers, or use another one.".to_owned();
    }
    let place = region_of(host).unwrap_or("us1");
    format!(
        "Compare {given} with Twilio's console; they are of one region, and twilio.api_base_url leads to {place}. If they are \
         right, look whether the account is suspended."
    )
}

/// `us1`, `ie1`, `au1`: where a host of Twilio's leads; `None` = it is not Twilio's own.
fn region_of(host: &str) -> Option<&str> {
    let place = host.strip_suffix(".twilio.com")?;
    Some(place.split('.').skip(1).last().unwrap_or("us1"))
}

/// An edge and a region, for people.
fn place_of(host: &str) -> String {
    region_of(host).map(|region| format!(" (region {region})")).unwrap_or_default()
}

/// `api.ie1.twilio.com`
fn lacks_its_edge(host: &str) -> bool {
    host.strip_suffix(".twilio.com").is_some_and(|place| place.split('.').count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_twilios_says_its_region() {
        assert_eq!(region_of("api.twilio.com"), Some("us1"));
        assert_eq!(region_of("api.dublin.ie1.twilio.com"), Some("ie1"));
        assert_eq!(region_of("127.0.0.1"), None);
        assert!(lacks_its_edge("api.ie1.twilio.com"));
        assert!(!lacks_its_edge("api.twilio.com") && !lacks_its_edge("api.dublin.ie1.twilio.com"));
    }
}
