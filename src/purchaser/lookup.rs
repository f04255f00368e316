//! A number looked up at Twilio after a doubt, and asked for again where Twilio keeps silent about it.
//!
//! Invariant: nobody looks while the breaker silences Twilio.
//! How to get it wrong: taking "not there" for "not bought". The list may lag behind a purchase.

use super::buyer::Buyer;
use super::item::Item;
use super::judge::{Owner, judge_for};
use super::outcome::Outcome;
use super::settle::{settle, settle_untagged};
use crate::domain::{NumberSid, PoolName};
use crate::twilio::{Answered, IncomingNumber};

/// What a look at Twilio's list came to.
pub(super) enum Lookup {
    /// The list shows the number, and whose it is: the item's end, or that it stays unknown.
    Settled(Outcome),
    /// The list shows the number with another tag, under this SID. It may lag.
    AnotherTag(NumberSid),
    /// The list does not show it. It may lag.
    NotThere,
    /// Nobody could look.
    Failed,
}

/// Looks the number up in Twilio's list; not while the breaker silences Twilio.
pub(super) async fn look_up(buyer: &Buyer, item: &Item) -> Lookup {
    if buyer.is_silenced().await {
        return Lookup::Failed;
    }
    let found = buyer.twilio.find(&item.number, Some(&buyer.tag(item.id))).await;
    fail::fail_point!("look_answered");
    match found {
        Ok(None) => Lookup::NotThere,
        Ok(Some(found)) => {
            let pool = &item.keys.pool;
            let found = asked_again(buyer, pool, found).await;
            let outcome = match judged(buyer, item, &found) {
                Owner::Us(settlement) => settle(buyer, pool, item.id, &settlement).await,
                Owner::Untagged(settlement) => settle_untagged(buyer, pool, item.id, &settlement).await,
                // This machine's clock may have stood still since the POST, together with the machine. Recovery reads
                // the database's.
                Owner::Older | Owner::Later(_) | Owner::Unclear => Outcome::Unknown,
                Owner::AnotherTag => return Lookup::AnotherTag(found.body.sid),
            };
            Lookup::Settled(as_searched(item, &found, outcome))
        }
        Err(failure) => {
            slog::warn!(buyer.log, "a doubtful purchase could not be looked up; recovery will";
                "item" => item.id.to_string(), "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(),
                "request_id" => failure.request_id());
            buyer.halt_on(&failure).await;
            Lookup::Failed
        }
    }
}

/// Whose the number is that Twilio shows for `item`.
pub(super) fn judged(buyer: &Buyer, item: &Item, found: &Answered<IncomingNumber>) -> Owner {
    judge_for(buyer, &item.keys.pool, item.id, item.country, item.first_sent.elapsed(), &item.webhooks, found)
}

/// Twilio keeps its word when a number can do what its search was told. That its pool wants more by now, because a reload came
/// between, is no fault of Twilio's; the number is not assignable all the same.
pub(super) fn as_searched(item: &Item, found: &Answered<IncomingNumber>, outcome: Outcome) -> Outcome {
    let keeps_its_word = !found.body.lacks(&item.searched);
    if keeps_its_word && matches!(outcome, Outcome::Unfit) { Outcome::Bought } else { outcome }
}

/// What Twilio shows of a number, asked for once more where it keeps silent about what `pool` wants. What stays silent
/// can do what the search promised.
pub(super) async fn asked_again(
    buyer: &Buyer,
    pool: &PoolName,
    mut found: Answered<IncomingNumber>,
) -> Answered<IncomingNumber> {
    let wanted = buyer.capabilities_of(pool);
    if !found.body.leaves_open(&wanted) {
        return found;
    }
    match buyer.twilio.fetch(&found.body.sid).await {
        Ok(Some(number)) if number.tells_capabilities() => found.body.capabilities = number.capabilities,
        Ok(_) => {}
        Err(failure) => {
            slog::warn!(buyer.log, "a number that Twilio keeps silent about could not be asked for again";
                "sid" => found.body.sid.as_str(), "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(),
                "request_id" => failure.request_id());
            buyer.halt_on(&failure).await;
        }
    }
    if found.body.leaves_open(&wanted) {
        slog::warn!(buyer.log, "Twilio does not say what a number can do; it counts as able to do what its search promised";
            "phone_number_ends" => found.body.phone_number.last_four(), "sid" => found.body.sid.as_str());
    }
    found
}
