//! Settles what is open: items whose outcome nobody knows, by looking at Twilio's list. It never POSTs.
//!
//! Invariants: takes the lock as an argument, so it never runs beside a purchase of the same item; an item that the list
//! does not show stays unknown until `purchase.unknown_settle_secs` after its last POST and two looks apart.
//! How to get it wrong: trusting one empty look. Twilio's list may lag behind its creates.

use super::judge::Owner;
use super::wire::{Outcome, judge_for, settle};
use super::{Buyer, run};
use crate::db::DbError;
use crate::db::locks::PurchaseLock;
use crate::db::purchase_items::{Ending, Failure as Reason, Unsettled, item_end, item_not_found, items_unsettled};

/// Looks for one item are at least this far apart, in seconds.
const LOOKS_APART_SECS: f64 = 10.0;
/// Items looked up in one go; the rest waits for the next.
const LOOKS_MAX: i64 = 50;

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecoverReport {
    /// Items that turned out to be bought, and are in the pool now.
    pub bought: u32,
    /// Items that ended without a number.
    pub ended: u32,
    /// Items that stay unknown for now.
    pub open: u32,
    /// Somebody else holds the lock, and so recovers.
    pub locked: bool,
}

/// Takes the lock for a recovery alone: at start, and whenever unsettled items are due.
pub(super) async fn recover(buyer: &Buyer) -> Result<RecoverReport, DbError> {
    match run::begin(buyer, None).await? {
        None => Ok(RecoverReport { locked: true, ..RecoverReport::default() }),
        Some(run) => {
            // `begin` looked the items up already.
            run.end().await;
            Ok(RecoverReport::default())
        }
    }
}

/// Looks up the unsettled items that are due.
pub(super) async fn look_up_unsettled(buyer: &Buyer, _lock: &PurchaseLock) -> Result<RecoverReport, DbError> {
    let due =
        buyer.db.run_patiently("items_unsettled", |conn| items_unsettled(conn, LOOKS_APART_SECS, LOOKS_MAX)).await?;
    let mut report = RecoverReport::default();
    for item in due {
        match look_up(buyer, &item).await {
            Some(true) => report.bought += 1,
            Some(false) => report.ended += 1,
            None => report.open += 1,
        }
    }
    if report != RecoverReport::default() {
        slog::info!(buyer.log, "unsettled purchases were looked up at Twilio";
            "bought" => report.bought, "not_bought" => report.ended, "still_unknown" => report.open);
    }
    Ok(report)
}

/// `Some(true)` = bought, `Some(false)` = ended, `None` = still unknown.
async fn look_up(buyer: &Buyer, item: &Unsettled) -> Option<bool> {
    let found = match buyer.twilio.find(&item.phone_number).await {
        Ok(found) => found,
        Err(failure) => {
            slog::warn!(buyer.log, "an unsettled purchase could not be looked up"; "item" => item.id.to_string(),
                "cause" => failure.to_string(), "request_id" => failure.request_id());
            buyer.halt_on(&failure).await;
            return None;
        }
    };
    let Some(found) = found else { return not_found(buyer, item).await };
    match judge_for(buyer, item.id, item.country, item.first_sent_at, &found, None) {
        Owner::Us(settlement) => matches!(settle(buyer, item.id, &settlement).await, Outcome::Bought).then_some(true),
        Owner::AnotherTag | Owner::Older => {
            slog::error!(buyer.log, "a number that we meant to buy belongs to another environment on this account";
                "phone_number_ends" => item.phone_number.last_four(), "item" => item.id.to_string());
            let reason = Reason {
                code: "taken_by_another_environment".to_owned(),
                message: "the account had this number before, or it carries another tag".to_owned(),
                ..Reason::default()
            };
            let (id, attempts) = (item.id, item.attempts);
            let ended = buyer
                .db
                .run_patiently("item_end", move |conn| item_end(conn, id, attempts, Ending::Taken, &reason))
                .await;
            ended.is_ok_and(|ended| ended).then_some(false)
        }
    }
}

async fn not_found(buyer: &Buyer, item: &Unsettled) -> Option<bool> {
    let settle_secs = buyer.config.load().purchase.unknown_settle().as_secs_f64();
    let id = item.id;
    let ended = buyer
        .db
        .run_patiently("item_not_found", move |conn| item_not_found(conn, id, settle_secs, LOOKS_APART_SECS))
        .await;
    ended.is_ok_and(|ended| ended).then_some(false)
}
