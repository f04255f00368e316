//! One create, from its first POST to the end of its item.
//!
//! Invariants: a POST is repeated only for the same number, inside the running order, under a newly committed attempt
//! and, after a doubt, only when Twilio's list was read since the last POST and does not show the number; after any doubt only the list, or
//! a 201, decides; what is paid for is settled, however long PostgreSQL is away, or left to `recover`; one look after a
//! doubt never frees the order's place, because a list may lag: `recover` looks twice.
//! How to get it wrong: reading "not available" after a doubt as "taken". It is what Twilio says of a number that is ours.

use std::time::Duration;

use super::buyer::Buyer;
use super::item::{Item, another_environments, doubt, end, reason};
use super::judge::Owner;
use super::lookup::{Lookup, as_searched, asked_again, judged, look_up};
use super::outcome::Outcome;
use super::pool_breaker::{halt_pool, lacks};
use super::settle::{settle, settle_untagged};
use super::shortfall::Shortfall;
use crate::db::Connection;
use crate::db::purchases::items::{self, Attempt, Ending};
use crate::domain::Concerns;
use crate::twilio::{Answered, BackOff, IncomingNumber, TwilioError, Verdict};

/// POSTs for one item whose outcome was in doubt.
const DOUBTFUL_POSTS_MAX: i32 = 3;
/// POSTs for one item that Twilio never processed (429) or never got.
const HARMLESS_POSTS_MAX: i32 = 5;
/// A create for somebody who waits is not repeated later than this: they are gone, and others need the lock.
const REPEATS_WITHIN: Duration = Duration::from_secs(4);

enum Next {
    Done(Outcome),
    Again { doubtful: bool },
}

/// Sends `item` and follows it to its end.
pub(super) async fn send(buyer: &Buyer, mut item: Item) -> Outcome {
    let mut doubted = false;
    loop {
        fail::fail_point!("create_posting");
        let tag = buyer.tag(item.id);
        let failure = match buyer.twilio.create(&item.number, &tag, &item.webhooks, &item.papers).await {
            Ok(found) => {
                fail::fail_point!("create_answered");
                return created(buyer, &item, found).await;
            }
            Err(failure) => failure,
        };
        fail::fail_point!("create_failed");
        let was_looked_up = match judge_failure(buyer, &item, &failure, doubted).await {
            Next::Done(outcome) => return outcome,
            Next::Again { doubtful } => {
                doubted |= doubtful;
                doubtful
            }
        };
        let posts_max = if doubted { DOUBTFUL_POSTS_MAX } else { HARMLESS_POSTS_MAX };
        let too_late = item.hurried && item.first_sent.elapsed() > REPEATS_WITHIN;
        if item.attempt >= posts_max || too_late || !back_off(buyer, item.attempt, failure.retry_after()).await {
            return give_up(buyer, &item, failure, doubted).await;
        }
        if doubted && !was_looked_up {
            // Twilio's list may show by now what an earlier POST bought.
            match look_up(buyer, &item).await {
                Lookup::Settled(outcome) => return outcome,
                Lookup::NotThere => {}
                Lookup::AnotherTag(_) | Lookup::Failed => return give_up(buyer, &item, failure, doubted).await,
            }
        }
        match attempt_again(buyer, &item).await {
            Ok(attempt) => {
                fail::fail_point!("attempt_repeated");
                item.attempt = attempt.number;
            }
            Err(shortfall) if doubted => return Outcome::End(shortfall),
            Err(shortfall) => {
                end(buyer, &item, Ending::NotBought, reason(&failure)).await;
                return Outcome::End(shortfall);
            }
        }
    }
}

async fn judge_failure(buyer: &Buyer, item: &Item, failure: &TwilioError, doubted: bool) -> Next {
    let refusal = match failure {
        TwilioError::NotSent(_) => return Next::Again { doubtful: false },
        TwilioError::Unknown { .. } => {
            doubt(buyer, item, failure).await;
            return match look_up(buyer, item).await {
                Lookup::Settled(outcome) => Next::Done(outcome),
                Lookup::NotThere => Next::Again { doubtful: true },
                // Without a look that tells, nobody may POST again.
                Lookup::AnotherTag(_) | Lookup::Failed => Next::Done(Outcome::Unknown),
            };
        }
        TwilioError::Refused(refusal) => refusal,
    };
    if refusal.verdict() == Verdict::Retry {
        return Next::Again { doubtful: false };
    }
    let halted = buyer.halt_on(failure).await;
    let pool_needs = match lacks(item, failure) {
        Some(key) => Some(halt_pool(buyer, &item.keys, key, failure).await),
        None => None,
    };
    if doubted {
        // A refusal after a doubt proves nothing; one more look, then the item waits for `recover`.
        doubt(buyer, item, failure).await;
        return Next::Done(match look_up(buyer, item).await {
            Lookup::Settled(outcome) => outcome,
            // When Twilio refuses the account, nobody looked.
            _ if halted => Outcome::End(Shortfall::Halted(failure.clone())),
            Lookup::AnotherTag(_) | Lookup::NotThere | Lookup::Failed => Outcome::Unknown,
        });
    }
    if refusal.is_about_no_number() {
        slog::error!(buyer.log, "Twilio does not take a number of its own search for a number: report it to Twilio";
            "phone_number_ends" => item.number.last_four(), "request_id" => failure.request_id());
    }
    let ending = if refusal.is_taken() { Ending::Taken } else { Ending::NotBought };
    let mut reason = reason(failure);
    if pool_needs.is_some() {
        reason.concerns = Some(Concerns::Pool);
    } else if reason.concerns == Some(Concerns::Pool) {
        // It says nothing of the pool, so it may be this number only.
        reason.concerns = Some(Concerns::Number);
    }
    end(buyer, item, ending, reason).await;
    if let Some(needs) = pool_needs {
        return Next::Done(Outcome::End(Shortfall::of_pool(needs, failure)));
    }
    Next::Done(match refusal.verdict() {
        _ if halted => Outcome::End(Shortfall::Halted(failure.clone())),
        Verdict::NextCandidate | Verdict::HaltPool(_) => Outcome::NotThisOne(Some(failure.clone())),
        Verdict::Retry | Verdict::EndOrder | Verdict::HaltUntilProbe | Verdict::HaltUntilResume | Verdict::NotFound => {
            Outcome::End(Shortfall::Twilio(failure.clone()))
        }
    })
}

/// A 201: settles it if it is ours; reads it again when it carries another tag.
async fn created(buyer: &Buyer, item: &Item, found: Answered<IncomingNumber>) -> Outcome {
    let pool = &item.keys.pool;
    let found = asked_again(buyer, pool, found).await;
    let doubtful = |what: &str| TwilioError::Unknown {
        message: format!("the answer to the create {what}"),
        status: Some(201),
        request_id: found.request_id.clone(),
    };
    match judged(buyer, item, &found) {
        Owner::Us(settlement) => as_searched(item, &found, settle(buyer, pool, item.id, &settlement).await),
        // It is the answer to our own POST, whatever its date says.
        Owner::Untagged(settlement) | Owner::Later(settlement) => {
            as_searched(item, &found, settle_untagged(buyer, pool, item.id, &settlement).await)
        }
        Owner::Unclear => {
            doubt(buyer, item, &doubtful("came too late to be believed")).await;
            Outcome::Unknown
        }
        Owner::Older => {
            // Twilio says that it sold it: should its date be wrong, the caps have counted it.
            doubt(buyer, item, &doubtful("shows a number that the account had long before")).await;
            somebody_elses(buyer, item).await
        }
        Owner::AnotherTag => {
            doubt(buyer, item, &doubtful("carries another tag")).await;
            match look_up(buyer, item).await {
                Lookup::Settled(outcome) => outcome,
                // The answer and the list say the same of the same number.
                Lookup::AnotherTag(sid) if sid == found.body.sid => somebody_elses(buyer, item).await,
                Lookup::AnotherTag(_) | Lookup::NotThere | Lookup::Failed => Outcome::Unknown,
            }
        }
    }
}

async fn somebody_elses(buyer: &Buyer, item: &Item) -> Outcome {
    slog::error!(buyer.log, "a number of this account belongs to another environment: give each environment its own subaccount";
        "phone_number_ends" => item.number.last_four(), "item" => item.id.to_string());
    end(buyer, item, Ending::Taken, another_environments()).await;
    Outcome::NotOurs
}

async fn give_up(buyer: &Buyer, item: &Item, failure: TwilioError, doubted: bool) -> Outcome {
    if doubted {
        // The last attempt made it `sent` again; without this nobody would look for it.
        doubt(buyer, item, &failure).await;
        return Outcome::Unknown;
    }
    end(buyer, item, Ending::NotBought, reason(&failure)).await;
    Outcome::End(if buyer.is_stopping() { Shortfall::Stopping } else { Shortfall::Twilio(failure) })
}

async fn attempt_again(buyer: &Buyer, item: &Item) -> Result<Attempt, Shortfall> {
    let (run, id, keys) = (item.run, item.id, item.keys.clone());
    let attempted = move |conn: &mut Connection| items::items_attempt(conn, run, &[id], &keys);
    let attempts = buyer.db.run_patiently("items_attempt", attempted).await?;
    match attempts {
        Ok(attempts) => attempts.into_iter().next().ok_or(Shortfall::RunIsOver),
        Err(intent) => Err(intent.into()),
    }
}

/// Waits before the next POST: as Twilio asks, or doubling, with jitter. `false` = the daemon stops.
async fn back_off(buyer: &Buyer, attempt: i32, asked: Option<Duration>) -> bool {
    let wait = BackOff::PACE.wait_by_chance(u32::try_from(attempt).unwrap_or(1), asked);
    let mut stopping = buyer.stopping.clone();
    tokio::select! {
        () = tokio::time::sleep(wait) => !buyer.is_stopping(),
        _ = stopping.wait_for(|stopping| *stopping) => false,
    }
}
