//! Settles what is open: items whose outcome nobody knows, by looking at Twilio's list. It never POSTs.
//!
//! Invariants: takes the lock as an argument, so it never runs beside a purchase of the same item; an item that the list
//! does not show, or shows as somebody else's, stays unknown until `purchase.unknown_settle_secs` after its last POST and
//! two looks apart; one recovery is bounded in items and time, because it holds the lock.
//! How to get it wrong: trusting one empty look, or taking a look that failed for an empty one.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::buyer::Buyer;
use super::item::another_environments;
use super::judge::{Owner, judge_for};
use super::lookup::asked_again;
use super::outcome::Outcome;
use super::run::{self, Run};
use super::settle::{settle, settle_untagged};
use super::waitlist::waitlist_lacks;
use crate::db::DbError;
use crate::db::purchases::items::{Ending, Reason, Unsettled, item_look_failed, item_not_ours, items_unsettled};
use crate::domain::PoolName;

/// Looks for one item are at least this far apart, in seconds.
const LOOKS_APART_SECS: f64 = 10.0;
/// Items looked up in one go; the rest waits for the next.
const LOOKS_MAX: i64 = 16;
const LOOKS_AT_A_TIME: usize = 8;
const WITHIN: Duration = Duration::from_secs(15);
const WAITLIST_ASKED_EVERY: Duration = Duration::from_millis(250);

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecoverReport {
    /// Items that turned out to be bought, and are in the pool now.
    pub bought: u32,
    /// Items that ended without a number.
    pub ended: u32,
    /// Items that stay unknown for now.
    pub open: u32,
    /// Somebody else holds the lock, and so recovers.
    pub locked: bool,
}

/// Takes the lock for a recovery alone: at start, and whenever something is open.
pub(super) async fn recover(buyer: &Buyer) -> Result<RecoverReport, DbError> {
    if buyer.is_stopping() {
        return Ok(RecoverReport::default());
    }
    let Some(run) = run::begin(buyer, None).await? else {
        return Ok(RecoverReport { locked: true, ..RecoverReport::default() });
    };
    // While Twilio refuses us nobody looks; what earlier runs left is sorted all the same.
    let report =
        if buyer.is_silenced().await { Ok(RecoverReport::default()) } else { look_up_unsettled(buyer, &run).await };
    run.end().await;
    report
}

/// Looks up the unsettled items that are due.
async fn look_up_unsettled(buyer: &Buyer, run: &Run) -> Result<RecoverReport, DbError> {
    let due =
        buyer.db.run_patiently("items_unsettled", |conn| items_unsettled(conn, LOOKS_APART_SECS, LOOKS_MAX)).await?;
    let mut report = RecoverReport::default();
    if due.is_empty() {
        return Ok(report);
    }
    fail::fail_point!("unsettled_read");
    let count = u32::try_from(due.len()).unwrap_or(u32::MAX);
    let mut looks =
        stream::iter(due).map(|item| async move { look_up(buyer, run, &item).await }).buffer_unordered(LOOKS_AT_A_TIME);
    let all = async {
        while let Some(found) = looks.next().await {
            match found {
                Resolution::Bought => report.bought += 1,
                Resolution::Ended => report.ended += 1,
                Resolution::Open => {}
                Resolution::Halted => break,
            }
        }
    };
    // What is not reached in time is looked up next time; the lock is wanted elsewhere.
    tokio::select! {
        () = all => {}
        () = tokio::time::sleep(WITHIN) => {}
        () = somebody_lacks(buyer) => {}
    }
    report.open = count - report.bought - report.ended;
    slog::info!(buyer.log, "unsettled purchases were looked up at Twilio";
        "bought" => report.bought, "not_bought" => report.ended, "still_unknown" => report.open);
    Ok(report)
}

/// Resolves when a signup waits for whom one may be bought now: it needs the lock more. Where nothing may be bought, what
/// these looks find is all that can serve anybody. Whom only another instance can serve waits for that one's turn: whether it may
/// buy, nobody knows here, and if it may not, nothing would ever be looked up.
async fn somebody_lacks(buyer: &Buyer) {
    loop {
        tokio::time::sleep(WAITLIST_ASKED_EVERY).await;
        if waitlist_lacks(buyer, |pool| buyer.pool(pool).is_none()).await.unwrap_or(false) {
            return;
        }
    }
}

/// What a look at Twilio's list came to.
enum Resolution {
    /// The item has its number.
    Bought,
    /// It ended without one.
    Ended,
    /// It is still unknown.
    Open,
    /// Twilio refuses us: the others are not looked up.
    Halted,
}

async fn look_up(buyer: &Buyer, run: &Run, item: &Unsettled) -> Resolution {
    let id = item.id;
    let looked = buyer.twilio.find(&item.phone_number, Some(&buyer.tag(id))).await;
    fail::fail_point!("unsettled_looked");
    let found = match looked {
        Ok(found) => found,
        Err(failure) => {
            slog::warn!(buyer.log, "an unsettled purchase could not be looked up"; "item" => id.to_string(),
                "cause" => failure.for_log(), "twilio_code" => failure.twilio_code(), "request_id" => failure.request_id());
            if buyer.halt_on(&failure).await {
                return Resolution::Halted;
            }
            // Its turn is over all the same, else failing items would keep the others from theirs.
            let _ = buyer.db.run_patiently("item_look_failed", move |conn| item_look_failed(conn, id)).await;
            return Resolution::Open;
        }
    };
    let Some(found) = found else { return not_ours(buyer, item, Ending::NotBought, None).await };
    let Ok(webhooks) = run.webhooks_of(buyer, &item.pool).await else { return Resolution::Open };
    let found = asked_again(buyer, &item.pool, found).await;
    match judge_for(buyer, &item.pool, id, item.country, item.sent_ago(), &webhooks, &found) {
        Owner::Us(settlement) => settled(settle(buyer, &item.pool, id, &settlement).await),
        Owner::Untagged(settlement) => settled(settle_untagged(buyer, &item.pool, id, &settlement).await),
        Owner::AnotherTag | Owner::Older => {
            let resolution = not_ours(buyer, item, Ending::Taken, Some(another_environments())).await;
            if matches!(resolution, Resolution::Ended) {
                slog::error!(buyer.log, "a number that we meant to buy belongs to another environment on this account";
                    "phone_number_ends" => item.phone_number.last_four(), "item" => id.to_string());
            }
            resolution
        }
        Owner::Later(_) => not_ours(buyer, item, Ending::Taken, Some(bought_later())).await,
        Owner::Unclear => {
            let resolution = not_ours(buyer, item, Ending::NotBought, Some(unclear())).await;
            if matches!(resolution, Resolution::Ended) {
                slog::error!(buyer.log, "the account has a number without a tag that may be of a purchase in doubt for more \
                                         than 7 days: adopt it if it is ours, else ignore it";
                    "phone_number_ends" => item.phone_number.last_four(), "item" => id.to_string());
            }
            resolution
        }
    }
}

fn bought_later() -> Reason {
    Reason {
        code: "taken_by_another".to_owned(),
        message: "the account has this number without our tag, and it was bought long after this purchase".to_owned(),
        ..Reason::default()
    }
}

fn unclear() -> Reason {
    Reason {
        code: "outcome_unknown".to_owned(),
        message:
            "the account has this number without our tag, and this purchase was in doubt for more than 7 days: adopt \
                  the number if it is ours, else ignore it"
                .to_owned(),
        ..Reason::default()
    }
}

fn settled(outcome: Outcome) -> Resolution {
    fail::fail_point!("unsettled_settled");
    match outcome {
        Outcome::Bought | Outcome::Unfit => Resolution::Bought,
        Outcome::Unknown | Outcome::NotThisOne(_) | Outcome::NotOurs | Outcome::End(_) => Resolution::Open,
    }
}

fn ended_or_open(buyer: &Buyer, pool: &PoolName, ended: Result<bool, DbError>, outcome: &'static str) -> Resolution {
    if !ended.is_ok_and(|ended| ended) {
        return Resolution::Open;
    }
    buyer.telemetry.item(pool, outcome);
    Resolution::Ended
}

/// Twilio's list shows nothing of ours. That ends the item when it has said so twice, and its time is over.
async fn not_ours(buyer: &Buyer, item: &Unsettled, ending: Ending, reason: Option<Reason>) -> Resolution {
    let settle_secs = buyer.config.load().purchase.unknown_settle().as_secs_f64();
    let id = item.id;
    let ended = buyer
        .db
        .run_patiently("item_not_ours", move |conn| {
            item_not_ours(conn, id, settle_secs, LOOKS_APART_SECS, ending, reason.as_ref())
        })
        .await;
    if matches!(ended, Ok(true)) {
        fail::fail_point!("unsettled_ended");
    }
    ended_or_open(buyer, &item.pool, ended, ending.as_str())
}
