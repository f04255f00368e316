//! An item on the wire, and what is written down of it: a doubt, or an end without a number.
//!
//! Invariant: what cannot be written is logged and left to recovery, which reads it off the item's attempt.
//! How to get it wrong: ending an item of another attempt. Its end is written only if the attempt still stands.

use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

use super::buyer::Buyer;
use crate::db::pool_halts::Keys;
use crate::db::purchases::items::{self, Ending, Reason, RunOf};
use crate::domain::{Capability, CountryCode, Papers, PhoneNumber, Webhooks};
use crate::twilio::{TwilioError, hide_numbers};

/// An item with a committed attempt: it may go on the wire.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) run: RunOf,
    pub(super) id: Uuid,
    pub(super) number: PhoneNumber,
    pub(super) country: CountryCode,
    pub(super) webhooks: Arc<Webhooks>,
    /// What is shown with its create.
    pub(super) papers: Arc<Papers>,
    /// Of which pool, under which keys.
    pub(super) keys: Keys,
    /// Whether it is what the pool holds; an order by hand may want another kind.
    pub(super) is_of_the_pool: bool,
    /// Its search said that it needs no address.
    pub(super) says_none: bool,
    /// What it can do, as its search was told; a reload may want something else since.
    pub(super) searched: Arc<[Capability]>,
    /// Somebody waits at a signup: what takes long helps nobody.
    pub(super) hurried: bool,
    /// POSTs committed so far.
    pub(super) attempt: i32,
    /// When the first was committed.
    pub(super) first_sent: Instant,
}

/// What the ledger keeps of a call that failed.
pub(crate) fn reason(failure: &TwilioError) -> Reason {
    Reason {
        code: failure.error_code(),
        twilio_code: failure.twilio_code(),
        concerns: failure.concerns(),
        message: failure.to_string(),
        request_id: failure.request_id().map(str::to_owned),
    }
}

/// Why an item whose number is another environment's has none.
pub(super) fn another_environments() -> Reason {
    Reason {
        code: "taken_by_another_environment".to_owned(),
        message: "the account had this number before, or it carries another tag".to_owned(),
        ..Reason::default()
    }
}

/// Writes that nobody knows whether Twilio sold the number.
pub(super) async fn doubt(buyer: &Buyer, item: &Item, failure: &TwilioError) {
    slog::warn!(buyer.log, "the outcome of a purchase is unknown; Twilio's list will tell";
        "item" => item.id.to_string(), "attempt" => item.attempt, "cause" => failure.for_log(),
        "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
    let (id, reason) = (item.id, reason(failure));
    let written = buyer.db.run_patiently("item_doubt", move |conn| items::item_doubt(conn, id, &reason)).await;
    fail::fail_point!("doubt_written");
    if let Err(error) = written {
        slog::warn!(buyer.log, "a doubt could not be written; recovery reads it off the item's attempt";
            "item" => id.to_string(), "error" => error.in_full());
    }
}

/// Ends the item without a number, if no other attempt has begun.
pub(super) async fn end(buyer: &Buyer, item: &Item, ending: Ending, reason: Reason) {
    let (id, attempt) = (item.id, item.attempt);
    slog::info!(buyer.log, "a candidate was not bought"; "item" => id.to_string(), "code" => &reason.code,
        "twilio_code" => reason.twilio_code, "cause" => hide_numbers(&reason.message), "request_id" => reason.request_id.clone());
    let ended =
        buyer.db.run_patiently("item_end", move |conn| items::item_end(conn, id, Some(attempt), ending, &reason)).await;
    fail::fail_point!("item_ended");
    if matches!(ended, Ok(true)) {
        buyer.telemetry.item(&item.keys.pool, ending.as_str());
    }
    if let Err(error) = ended {
        slog::warn!(buyer.log, "the end of an item could not be written; recovery will look it up";
            "item" => id.to_string(), "error" => error.in_full());
    }
}
