//! One create, from its first POST to the end of its item.
//!
//! Invariants: a POST is repeated only for the same number, inside the running order, after a look at Twilio's list,
//! under a newly committed attempt; after any doubt only the list, or a 201, decides; what is paid for is settled,
//! however long PostgreSQL is away, or left `sent` for `recover`.
//! How to get it wrong: reading 21422 after a doubt as "taken". It is what Twilio says of a number that is ours.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::judge::{Claim, Owner, owner};
use super::{Buyer, Shortfall};
use crate::db::purchase_items::{self, Attempt, Ending, Failure as Reason, Intent, RunOf, Settlement};
use crate::db::{Constraint, DbError};
use crate::domain::{CountryCode, PhoneNumber};
use crate::twilio::{Failure, IncomingNumber, Verdict};

/// POSTs for one item whose outcome was in doubt.
const DOUBTFUL_POSTS_MAX: i32 = 3;
/// POSTs for one item that Twilio never processed (429) or never got.
const HARMLESS_POSTS_MAX: i32 = 5;
const BACK_OFF_FIRST: Duration = Duration::from_millis(200);
const BACK_OFF_MAX: Duration = Duration::from_secs(10);
/// How long a paid number waits for PostgreSQL before it is left to `recover`.
const SETTLE_TRIES_MAX: u32 = 30;

/// An item with a committed attempt: it may go on the wire.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) run: RunOf,
    pub(super) id: Uuid,
    pub(super) number: PhoneNumber,
    pub(super) country: CountryCode,
    pub(super) attempt: Attempt,
}

/// How an item ended, as far as its order cares.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Ours, and in the pool.
    Bought,
    /// Not to be had: the place is free for another candidate. Twilio's word, when it is worth telling.
    NotThisOne(Option<Failure>),
    /// Unknown: the place stays taken.
    Unknown,
    /// The order must end; the flag says whether the item's place is free.
    End(Shortfall),
}

/// Sends `item` and follows it to its end.
pub(super) async fn send(buyer: &Buyer, mut item: Item) -> Outcome {
    let mut doubted = false;
    loop {
        let (tag, webhooks) = (buyer.tag(item.id), buyer.webhooks());
        let answer = buyer.twilio.create(&item.number, &tag, &webhooks).await;
        fail::fail_point!("create_answered");
        let (failure, posts_max) = match answer {
            Ok((found, request_id)) => return created(buyer, &item, found, request_id).await,
            Err(failure) => match judge_failure(buyer, &item, &failure, doubted).await {
                Next::Done(outcome) => return outcome,
                Next::Again { doubtful } => {
                    doubted |= doubtful;
                    (failure, if doubted { DOUBTFUL_POSTS_MAX } else { HARMLESS_POSTS_MAX })
                }
            },
        };
        if item.attempt.number >= posts_max || !pause(buyer, item.attempt.number, failure.retry_after()).await {
            return give_up(buyer, &item, failure, doubted).await;
        }
        match attempt_again(buyer, &item).await {
            Ok(attempt) => item.attempt = attempt,
            Err(shortfall) => {
                if !doubted {
                    end(buyer, &item, Ending::NotBought, &failure).await;
                }
                return Outcome::End(shortfall);
            }
        }
    }
}

enum Next {
    Done(Outcome),
    Again { doubtful: bool },
}

async fn judge_failure(buyer: &Buyer, item: &Item, failure: &Failure, doubted: bool) -> Next {
    let refusal = match failure {
        Failure::NotSent(_) => return Next::Again { doubtful: false },
        Failure::Unknown { .. } => {
            doubt(buyer, item, failure).await;
            return look(buyer, item).await.map_or(Next::Again { doubtful: true }, Next::Done);
        }
        Failure::Refused(refusal) => refusal,
    };
    if refusal.verdict() == Verdict::Retry {
        return Next::Again { doubtful: false };
    }
    let halted = buyer.halt_on(failure).await;
    if doubted {
        // A refusal after a doubt proves nothing; one more look, then the item waits for `recover`.
        let seen = match look(buyer, item).await {
            Some(seen) => seen,
            None => still_unknown(buyer, item, failure).await,
        };
        let outcome = if halted && matches!(seen, Outcome::Unknown) {
            Outcome::End(Shortfall::Halted(failure.clone()))
        } else {
            seen
        };
        return Next::Done(outcome);
    }
    if refusal.code == Some(21421) {
        slog::error!(buyer.log, "Twilio does not take a number of its own search for a number: report it to Twilio";
            "phone_number_ends" => item.number.last_four(), "request_id" => failure.request_id());
    }
    let ending = if refusal.code == Some(21422) { Ending::Taken } else { Ending::NotBought };
    end(buyer, item, ending, failure).await;
    Next::Done(match refusal.verdict() {
        _ if halted => Outcome::End(Shortfall::Halted(failure.clone())),
        Verdict::NextCandidate => Outcome::NotThisOne(Some(failure.clone())),
        _ => Outcome::End(Shortfall::Twilio(failure.clone())),
    })
}

/// A 201: settles it if it echoes our tag; reads it again when it does not.
async fn created(buyer: &Buyer, item: &Item, found: IncomingNumber, request_id: Option<String>) -> Outcome {
    match judged(buyer, item, &found, request_id) {
        Owner::Us(settlement) => settle(buyer, item.id, &settlement).await,
        Owner::Older => somebody_elses(buyer, item).await,
        Owner::AnotherTag => {
            let failure = Failure::Unknown {
                message: "the answer to the create carries another tag".to_owned(),
                status: Some(201),
                request_id: None,
            };
            doubt(buyer, item, &failure).await;
            look(buyer, item).await.unwrap_or(Outcome::Unknown)
        }
    }
}

/// Looks the number up in Twilio's list; `None` when it is not there, or the look failed.
async fn look(buyer: &Buyer, item: &Item) -> Option<Outcome> {
    let found = buyer.twilio.find(&item.number).await.ok()??;
    Some(match judged(buyer, item, &found, None) {
        Owner::Us(settlement) => settle(buyer, item.id, &settlement).await,
        Owner::Older | Owner::AnotherTag => somebody_elses(buyer, item).await,
    })
}

fn judged(buyer: &Buyer, item: &Item, found: &IncomingNumber, request_id: Option<String>) -> Owner {
    judge_for(buyer, item.id, item.country, item.attempt.first_sent_at, found, request_id)
}

/// Judges what Twilio shows for an item, under the configuration in force.
pub(super) fn judge_for(
    buyer: &Buyer,
    item_id: Uuid,
    country: CountryCode,
    first_sent_at: DateTime<Utc>,
    found: &IncomingNumber,
    request_id: Option<String>,
) -> Owner {
    let (tag, webhooks, config) = (buyer.tag(item_id), buyer.webhooks(), buyer.config.load());
    let claim = Claim { tag: &tag, country, first_sent_at, webhooks: &webhooks, wanted: &config.pool.capabilities };
    owner(found, &claim, request_id)
}

/// Settles a number that is ours, and waits for PostgreSQL if it must: the money is spent.
pub(super) async fn settle(buyer: &Buyer, item_id: Uuid, settlement: &Settlement) -> Outcome {
    if !settlement.capable {
        slog::error!(buyer.log, "a number lacks a capability that pool.capabilities wants: it will not be assigned, release it";
            "phone_number_ends" => settlement.phone_number.last_four(), "sid" => settlement.sid.as_str());
    }
    for tries in 1..=SETTLE_TRIES_MAX {
        let copy = settlement.clone();
        let settled =
            buyer.db.run_patiently("item_settle", move |conn| purchase_items::item_settle(conn, item_id, &copy)).await;
        match settled {
            Ok(_new) => {
                fail::fail_point!("item_settled");
                buyer.stock.notify_one();
                return Outcome::Bought;
            }
            Err(DbError::Constraint(Constraint::OneLivePerNumber | Constraint::SidIsForEver)) => {
                return conflict(buyer, item_id, settlement).await;
            }
            Err(error) if error.is_unavailable() && tries < SETTLE_TRIES_MAX => {
                tokio::time::sleep(BACK_OFF_FIRST * tries.min(10)).await;
            }
            Err(error) => {
                slog::error!(buyer.log, "a paid number could not be written down; the next recovery will find it by its tag";
                    "item" => item_id.to_string(), "sid" => settlement.sid.as_str(), "error" => error.in_full());
                return Outcome::End(error.into());
            }
        }
    }
    Outcome::Unknown
}

async fn conflict(buyer: &Buyer, item_id: Uuid, settlement: &Settlement) -> Outcome {
    let message = format!(
        "the number ending in {} ({}) is held by another item of the ledger: compare item {item_id} with it, then resume",
        settlement.phone_number.last_four(),
        settlement.sid.as_str()
    );
    buyer.halt(None, message.clone(), None).await;
    Outcome::End(Shortfall::Halted(Failure::Unknown { message, status: None, request_id: None }))
}

async fn somebody_elses(buyer: &Buyer, item: &Item) -> Outcome {
    slog::error!(buyer.log, "a number of this account belongs to another environment: give each environment its own subaccount";
        "phone_number_ends" => item.number.last_four(), "item" => item.id.to_string());
    let reason = Reason {
        code: "taken_by_another_environment".to_owned(),
        message: "the account had this number before, or it carries another tag".to_owned(),
        ..Reason::default()
    };
    end_with(buyer, item, Ending::Taken, reason).await;
    Outcome::NotThisOne(None)
}

async fn give_up(buyer: &Buyer, item: &Item, failure: Failure, doubted: bool) -> Outcome {
    if doubted {
        return still_unknown(buyer, item, &failure).await;
    }
    end(buyer, item, Ending::NotBought, &failure).await;
    Outcome::End(if buyer.is_stopping() { Shortfall::Stopping } else { Shortfall::Twilio(failure) })
}

async fn attempt_again(buyer: &Buyer, item: &Item) -> Result<Attempt, Shortfall> {
    let (run, id) = (item.run, item.id);
    let attempts =
        buyer.db.run_patiently("item_attempt", move |conn| purchase_items::items_attempt(conn, run, &[id])).await?;
    match attempts {
        Ok(attempts) => attempts.into_iter().next().ok_or(Shortfall::RunIsOver),
        Err(Intent::Refused(why)) => Err(Shortfall::Refused(why)),
        Err(_) => Err(Shortfall::RunIsOver),
    }
}

fn reason(failure: &Failure) -> Reason {
    Reason {
        code: failure.error_code(),
        twilio_code: failure.twilio_code(),
        message: failure.to_string(),
        request_id: failure.request_id().map(str::to_owned),
    }
}

async fn doubt(buyer: &Buyer, item: &Item, failure: &Failure) {
    slog::warn!(buyer.log, "the outcome of a purchase is unknown; Twilio's list will tell";
        "item" => item.id.to_string(), "attempt" => item.attempt.number, "cause" => failure.to_string(),
        "request_id" => failure.request_id());
    let (id, reason) = (item.id, reason(failure));
    // If this cannot be written the item stays `sent`, which recovery reads the same way.
    let _ = buyer.db.run_patiently("item_doubt", move |conn| purchase_items::item_doubt(conn, id, &reason)).await;
}

/// A repeat made the item `sent` again, and told nothing that can be believed.
async fn still_unknown(buyer: &Buyer, item: &Item, failure: &Failure) -> Outcome {
    let message = format!("the repeat after a doubt proves nothing: {failure}");
    let request_id = failure.request_id().map(str::to_owned);
    doubt(buyer, item, &Failure::Unknown { message, status: None, request_id }).await;
    Outcome::Unknown
}

async fn end(buyer: &Buyer, item: &Item, ending: Ending, failure: &Failure) {
    end_with(buyer, item, ending, reason(failure)).await;
}

async fn end_with(buyer: &Buyer, item: &Item, ending: Ending, reason: Reason) {
    let (id, attempt) = (item.id, item.attempt.number);
    slog::info!(buyer.log, "a candidate was not bought"; "item" => id.to_string(), "code" => &reason.code,
        "request_id" => reason.request_id.clone());
    let ended = buyer
        .db
        .run_patiently("item_end", move |conn| purchase_items::item_end(conn, id, attempt, ending, &reason))
        .await;
    if let Err(error) = ended {
        slog::warn!(buyer.log, "the end of an item could not be written; recovery will look it up";
            "item" => id.to_string(), "error" => error.in_full());
    }
}

/// Waits before the next POST: as Twilio asks, or doubling with jitter. `false` = the daemon stops.
async fn pause(buyer: &Buyer, attempt: i32, asked: Option<Duration>) -> bool {
    let doublings = u32::try_from(attempt.clamp(1, 8)).unwrap_or(1) - 1;
    let longest = asked.unwrap_or(BACK_OFF_FIRST * 2u32.pow(doublings)).min(BACK_OFF_MAX);
    let wait = if asked.is_some() { longest } else { longest.mul_f64(rand::random_range(0.5..1.0)) };
    let mut stopping = buyer.stopping.clone();
    tokio::select! {
        () = tokio::time::sleep(wait) => !buyer.is_stopping(),
        _ = stopping.wait_for(|stopping| *stopping) => false,
    }
}
