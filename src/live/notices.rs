//! What a person who watches should know without reading numbers, in sentences.
//!
//! How to get it wrong: telling what is so, again and again. A notice tells what has become so since the look before.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::status::Status;
use crate::db::purchases::record::{PurchaseError, PurchaseRecord};
use crate::domain::{OrderOutcome, Trigger};

/// One of them: the event `alert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Notice {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { at: Utc::now(), kind, message: message.into() }
    }
}

/// What became of the pool between two looks, in sentences.
pub(super) fn notices(before: &Status, now: &Status, ended: &[PurchaseRecord]) -> Vec<Notice> {
    let mut notices = Vec::new();
    match (&before.paused, &now.paused) {
        (None, Some(paused)) => notices.push(Notice::new(
            "paused",
            match &paused.reason {
                Some(reason) => format!("Automatic buying is paused: {reason}"),
                None => "Automatic buying is paused.".to_owned(),
            },
        )),
        (Some(_), None) => notices.push(Notice::new("resumed", "Automatic buying is on again.")),
        _ => {}
    }
    match (&before.halted, &now.halted) {
        (None, Some(halted)) => {
            notices.push(Notice::new("halted", format!("All buying is halted: {}", halted.message)))
        }
        (Some(_), None) => notices.push(Notice::new("halt_ended", "Buying is no longer halted.")),
        _ => {}
    }
    if before.available > 0 && now.available == 0 {
        notices.push(Notice::new("empty", "The pool is empty: signups wait for a purchase."));
    } else if !before.needs_replenishment && now.needs_replenishment {
        let message = format!("Stock is low: {} available, the threshold is {}.", now.available, now.threshold);
        notices.push(Notice::new("low", message));
    }
    let failed = now.last_replenishment.as_ref().filter(|pass| before.last_replenishment.as_ref() != Some(*pass));
    if let Some(error) = failed.and_then(|pass| pass.error.as_ref()) {
        notices.push(Notice::new("pass_failed", format!("A replenishment fell short: {error}")));
    }
    for record in ended.iter().filter(|record| record.order.wish.trigger == Trigger::Manual) {
        let (wanted, bought) = (record.order.wish.count as usize, record.numbers.len());
        if record.order.state.has_ended() && bought < wanted {
            let why = record.errors.first().map_or_else(|| "it was stopped".to_owned(), PurchaseError::told);
            notices.push(Notice::new("purchase_short", format!("A purchase bought {bought} of {wanted}: {why}")));
        } else if record.outcome() == OrderOutcome::Done {
            notices.push(Notice::new("purchase_done", format!("A purchase of {wanted} is done.")));
        }
    }
    notices
}
