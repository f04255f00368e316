//! The customer profile and the trust products that numbers shall be assigned to: there, approved, and until when. Each is asked
//! about once, however many pools name it.
//!
//! How to get it wrong: a `fail` for one that is not approved yet. Twilio takes numbers into it all the same.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName, CheckResult};
use crate::config::{Config, PoolConfig};
use crate::domain::{PoolName, TrustSid};
use crate::twilio::{TrustBundle, TrustKind, Twilio};

/// One that ends within so long is renewed in time.
const TOLD_BEFORE: TimeDelta = TimeDelta::days(30);

/// What is known of those that any pool names; `None` = there is no such one.
pub(super) type Bundles = BTreeMap<(TrustSid, bool), Result<Option<TrustBundle>, Silence>>;

/// Each that a pool names, and whether it is the profile.
fn named(pool: &PoolConfig) -> impl Iterator<Item = (&TrustSid, bool)> {
    let profile = pool.customer_profile.iter().map(|sid| (sid, true));
    profile.chain(pool.trust_products.iter().map(|sid| (sid, false)))
}

pub(super) async fn ask(config: &Config, twilio: &Twilio, bounds: &Bounds) -> Bundles {
    let mut bundles = Bundles::new();
    for (sid, is_profile) in config.pools().flat_map(|(_, pool)| named(pool)) {
        if let Entry::Vacant(unknown) = bundles.entry((sid.clone(), is_profile)) {
            let kind = if is_profile { TrustKind::CustomerProfile } else { TrustKind::TrustProduct };
            unknown.insert(bounds.ask("a profile or product", || twilio.trust(kind, sid)).await);
        }
    }
    bundles
}

/// A line for each of the pool's.
pub(super) fn judge(bundles: &Bundles, name: &PoolName, pool: &PoolConfig) -> Vec<Check> {
    let needed = pool.wants().needs.attached;
    let seen =
        named(pool).filter_map(|(sid, is_profile)| Some((sid, is_profile, bundles.get(&(sid.clone(), is_profile))?)));
    seen.map(|(sid, is_profile, seen)| line(name, needed, sid, is_profile, seen, Utc::now())).collect()
}

fn line(
    name: &PoolName,
    needed: bool,
    sid: &TrustSid,
    is_profile: bool,
    seen: &Result<Option<TrustBundle>, Silence>,
    now: DateTime<Utc>,
) -> Check {
    let what = CheckName::Trust.of(Some(name));
    let (key, word) = match is_profile {
        true => (name.key("customer_profile"), "customer profile"),
        false => (name.key("trust_products"), "trust product"),
    };
    let sid = sid.as_str();
    let bundle = match seen {
        Ok(Some(bundle)) => bundle,
        Ok(None) => {
            let result = if needed { CheckResult::Fail } else { CheckResult::Warn };
            let todo = format!("Set {key} to a {word} of this account (Twilio's console, Trust Hub).");
            return what.judged(result, format!("the account has no {word} {sid}"), Some(todo));
        }
        Err(silence) => {
            let told = silence.told(what);
            return Check { detail: format!("{sid}: {}", told.detail), ..told };
        }
    };
    if !bundle.status.eq_ignore_ascii_case("twilio-approved") {
        let status = if bundle.status.is_empty() { "of no status" } else { &bundle.status };
        return what.warn(
            format!("the {word} {sid} is {status}: what it promises of calls holds when it is approved"),
            "Look at it in Twilio's console (Trust Hub), and hand it in if it is a draft.",
        );
    }
    match bundle.valid_until {
        Some(end) if end < now => what.warn(
            format!("the {word} {sid} ended on {}", end.format("%Y-%m-%d")),
            format!("Renew it in Twilio's console, or set {key} to one that is valid."),
        ),
        Some(end) if end - now < TOLD_BEFORE => what.warn(
            format!("the {word} {sid} is approved, valid until {}", end.format("%Y-%m-%d")),
            format!("Renew it in Twilio's console, or set {key} to a newer one, before that day."),
        ),
        Some(_) | None => what.pass(format!("the {word} {sid} is approved")),
    }
}
