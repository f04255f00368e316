//! Whose is a number that Twilio shows for an item of ours? [`owner`] is pure, because everything hangs on it.
//!
//! Invariants: a tag decides before a clock does; an operator's label, or a create that lost ours, makes nothing
//! somebody else's that is our E.164 and came soon after our POST: it is paid for. What came days later was bought by
//! somebody else, whatever we once tried; what we doubted for longer than a week only an operator can tell. Silence about
//! a capability makes nothing unfit: the search promised it.
//! How to get it wrong: trusting a clock by the minute. Twilio's `Date` may be minutes off its own `date_created`, and who
//! takes a number of ours for older buys a second one in its place.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::buyer::Buyer;
use super::new_number::{Wiring, new_number};
use crate::db::purchases::items::Settlement;
use crate::domain::{Capability, CountryCode, PoolName, Tag, Webhooks};
use crate::twilio::{Answered, IncomingNumber};

/// A number without a tag that was created longer than this before our first POST was the account's already.
const SLACK: TimeDelta = TimeDelta::hours(1);
/// With our item's tag it is another's that our POST has renamed (a POST for a number that the account has acts as an
/// update) when it is older by this. No two clocks of Twilio's are a day apart; minutes prove nothing.
const ANCIENT: TimeDelta = TimeDelta::days(1);
/// A number without a tag that was created longer than this after our first POST was bought by somebody else: an item is
/// POSTed for minutes at most.
const LATE: TimeDelta = TimeDelta::days(1);
/// A number without a tag settles no doubt that is older than this.
const DOUBT_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the item knows of itself.
#[derive(Debug, Clone)]
pub(super) struct Claim<'a> {
    pub(super) tag: &'a Tag,
    pub(super) country: CountryCode,
    /// How long ago its first POST was about to be sent.
    pub(super) sent_ago: Duration,
    pub(super) webhooks: &'a Webhooks,
    pub(super) wanted: &'a [Capability],
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Ours: settle it.
    Us(Box<Settlement>),
    /// Ours, but our tag is not on it: settle it, then tag it again.
    Untagged(Box<Settlement>),
    /// It carries another tag of some callbunker: not ours by this item. Look again if it may be a stale answer.
    AnotherTag,
    /// It was the account's before we ever asked: another environment owns it.
    Older,
    /// No tag is on it, and it was bought long after we asked: by somebody else, unless this is the answer to our POST itself.
    Later(Box<Settlement>),
    /// No tag is on it, and nobody remembers our POST any more: an operator decides.
    Unclear,
}

/// Judges `found`, which has the item's E.164, by its tag and its age. Its age is taken on Twilio's own clock, so that ours
/// may be wrong; where Twilio is silent about it, it has none.
pub(super) fn owner(found: &Answered<IncomingNumber>, claim: &Claim<'_>) -> Owner {
    let tag = Tag::parse(&found.body.friendly_name);
    if tag.as_ref().is_some_and(|tag| tag != claim.tag) {
        return Owner::AnotherTag;
    }
    if is_older(found, claim.sent_ago, if tag.is_some() { ANCIENT } else { SLACK }) {
        return Owner::Older;
    }
    let settlement = Box::new(settlement(found, claim));
    if tag.is_some() {
        Owner::Us(settlement)
    } else if is_later(found, claim.sent_ago) {
        Owner::Later(settlement)
    } else if claim.sent_ago > DOUBT_LASTS {
        Owner::Unclear
    } else {
        Owner::Untagged(settlement)
    }
}

/// Judges what Twilio shows for an item of `pool`, whoever asks: the run that sent it, a recovery, a reconciliation.
pub(crate) fn judge_for(
    buyer: &Buyer,
    pool: &PoolName,
    item_id: Uuid,
    country: CountryCode,
    sent_ago: Duration,
    webhooks: &Webhooks,
    found: &Answered<IncomingNumber>,
) -> Owner {
    let (tag, wanted) = (buyer.tag(item_id), buyer.capabilities_of(pool));
    owner(found, &Claim { tag: &tag, country, sent_ago, webhooks, wanted: &wanted })
}

/// When the first POST was sent, by Twilio's own clock.
fn first_sent_at(found: &Answered<IncomingNumber>, sent_ago: Duration) -> Option<DateTime<Utc>> {
    found.at?.checked_sub_signed(TimeDelta::from_std(sent_ago).unwrap_or(TimeDelta::MAX))
}

fn is_older(found: &Answered<IncomingNumber>, sent_ago: Duration, slack: TimeDelta) -> bool {
    let earliest = first_sent_at(found, sent_ago).and_then(|at| at.checked_sub_signed(slack));
    earliest.zip(found.body.date_created).is_some_and(|(earliest, created)| created < earliest)
}

fn is_later(found: &Answered<IncomingNumber>, sent_ago: Duration) -> bool {
    let latest = first_sent_at(found, sent_ago).and_then(|at| at.checked_add_signed(LATE));
    latest.zip(found.body.date_created).is_some_and(|(latest, created)| created > latest)
}

fn settlement(found: &Answered<IncomingNumber>, claim: &Claim<'_>) -> Settlement {
    let number = &found.body;
    let by_then = found.at.unwrap_or_else(Utc::now);
    // Its order says of which pool it is: see `item_settle`.
    let into = (&PoolName::default_pool(), claim.country);
    let number = new_number(number, into, Wiring::ComparedWith(claim.webhooks), claim.wanted, by_then);
    Settlement { number, request_id: found.request_id.clone() }
}

#[cfg(test)]
mod tests;
