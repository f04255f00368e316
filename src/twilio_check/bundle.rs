//! The regulatory bundle that a pool shows with each purchase: approved, for numbers of its kind, and until when; or that one is
//! needed where none is given.
//!
//! How to get it wrong: buying with a provisional approval. Twilio sells to approved bundles only. Or refusing one because what it is for
//! cannot be read: it may buy all the same.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::Bounds;
use super::report::{Check, CheckName};
use crate::config::PoolConfig;
use crate::domain::{Kind, PoolName};
use crate::twilio::{Bundle, Twilio, is_never_regulated};

/// A bundle that ends within so long is renewed in time.
const TOLD_BEFORE: TimeDelta = TimeDelta::days(30);

/// `None` = there is none, and none is needed.
pub(super) async fn look(name: &PoolName, pool: &PoolConfig, twilio: &Twilio, bounds: &Bounds) -> Option<Check> {
    let what = || CheckName::Bundle.of(Some(name));
    let Some(sid) = &pool.bundle_sid else { return lacking(name, pool.kind(), twilio, bounds).await };
    let key = name.key("bundle_sid");
    let bundle = match bounds.ask("a bundle", || twilio.bundle(sid)).await {
        Ok(Some(bundle)) => bundle,
        Ok(None) => {
            return Some(what().fail(
                format!("the account has no bundle {}", sid.as_str()),
                format!("Set {key} to the SID of an approved bundle of this account (console, Regulatory Compliance)."),
            ));
        }
        Err(silence) => return Some(silence.told(what())),
    };
    if let Some(fault) = judge(name, sid.as_str(), &bundle, Utc::now()) {
        return Some(fault.until(bundle.valid_until));
    }
    // What it is for is asked only where Twilio says where to ask, and whatever comes of it takes nothing from what is known.
    let of_it = match bundle.regulation() {
        Some(regulation) => bounds.ask("a bundle's regulation", || twilio.regulation(regulation)).await.ok().flatten(),
        None => None,
    };
    let words = of_it.as_ref().and_then(|regulation| Some((regulation.words()?, regulation.is_of(pool.kind()))));
    let until = bundle.valid_until.map_or_else(|| "no end".to_owned(), |until| format!("valid until {}", day(until)));
    let for_what = if words.is_some() { "" } else { "; for which numbers, could not be looked at" };
    let is_approved = format!("{} is approved, {until}{for_what}", sid.as_str());
    let check = match (words, bundle.valid_until) {
        (Some((words, false)), _) => what().fail(
            format!("{} is for {words} numbers, and the pool buys {}", sid.as_str(), pool.kind()),
            format!("Set {key} to an approved bundle for {}.", pool.kind()),
        ),
        (_, Some(end)) if end - Utc::now() < TOLD_BEFORE => what()
            .warn(is_approved, format!("Renew it in Twilio's console, or set {key} to a newer one, before that day.")),
        (_, Some(_) | None) => what().pass(is_approved),
    };
    Some(check.until(bundle.valid_until))
}

/// Why it buys nothing, whatever it is for.
fn judge(name: &PoolName, sid: &str, bundle: &Bundle, now: DateTime<Utc>) -> Option<Check> {
    let (what, key) = (CheckName::Bundle.of(Some(name)), name.key("bundle_sid"));
    if !bundle.status.eq_ignore_ascii_case("twilio-approved") {
        let status = if bundle.status.is_empty() { "of no status" } else { &bundle.status };
        return Some(what.fail(
            format!("{sid} is {status}, and only an approved bundle buys"),
            format!("See in Twilio's console what the bundle lacks and hand it in, or set {key} to an approved one."),
        ));
    }
    // It is good to the end of its last day.
    let ended = bundle.valid_until.filter(|until| until.date_naive() < now.date_naive())?;
    Some(what.fail(
        format!("{sid} ended on {}", day(ended)),
        format!("Renew it in Twilio's console, or set {key} to one that is valid."),
    ))
}

async fn lacking(name: &PoolName, kind: Kind, twilio: &Twilio, bounds: &Bounds) -> Option<Check> {
    if is_never_regulated(kind.country) {
        return None;
    }
    let what = CheckName::Bundle.of(Some(name));
    match bounds.ask("what a country wants shown", || twilio.is_regulated(kind)).await {
        Ok(false) => None,
        Ok(true) => Some(what.fail(
            format!("numbers of {kind} are sold only to whoever shows a bundle, and the pool has none"),
            format!("Hand a bundle in (console, Regulatory Compliance) and set {} to it.", name.key("bundle_sid")),
        )),
        Err(silence) => Some(silence.told(what)),
    }
}

fn day(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_buys_while_it_is_approved_and_to_the_end_of_its_last_day() {
        let now: DateTime<Utc> = "2026-12-31T23:00:00Z".parse().unwrap();
        let judged = |status: &str, until: Option<&str>| {
            let bundle = Bundle {
                status: status.to_owned(),
                valid_until: until.map(|until| until.parse().unwrap()),
                regulation_sid: String::new(),
            };
            judge(&PoolName::default_pool(), "BU1", &bundle, now).map(|check| check.detail)
        };
        assert_eq!(judged("twilio-approved", None), None);
        assert_eq!(judged("twilio-approved", Some("2026-12-31T00:00:00Z")), None);
        assert_eq!(judged("twilio-approved", Some("2026-12-30T00:00:00Z")).unwrap(), "BU1 ended on 2026-12-30");
        for status in ["draft", "pending-review", "in-review", "twilio-rejected", "provisionally-approved"] {
            assert!(judged(status, None).unwrap().contains(status));
        }
        assert!(judged("", None).unwrap().contains("of no status"));
    }
}
