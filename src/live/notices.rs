//! What a person who watches should know without reading numbers, in sentences.
//!
//! How to get it wrong: telling what is so, again and again. A notice tells what has become so since the look before.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::status::{OfPool, Status};
use crate::db::purchases::record::{PurchaseError, PurchaseRecord};
use crate::domain::{OrderOutcome, PoolName, Trigger, Why, registering_told};

/// One of them: the event `alert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    /// The pool that it is about; null = none of them alone.
    pub(crate) pool: Option<PoolName>,
}

impl Notice {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { at: Utc::now(), kind, message: message.into(), pool: None }
    }

    fn of(self, pool: &PoolName) -> Self {
        Self { pool: Some(pool.clone()), ..self }
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
    let is_only = now.pools.len() == 1;
    for now in &now.pools {
        // Of a pool that has just come, everything is as it was.
        let Some(before) = before.pools.iter().find(|before| before.pool == now.pool) else { continue };
        notices.extend(of_pool(before, now, is_only).into_iter().map(|notice| notice.of(&now.pool)));
    }
    for record in ended.iter().filter(|record| record.order.wish.trigger == Trigger::Manual) {
        let (wanted, bought) = (record.order.wish.count as usize, record.numbers.len());
        if record.order.state.has_ended() && bought < wanted {
            let why = record.errors.first().map_or_else(|| "it was stopped".to_owned(), PurchaseError::told);
            let notice = Notice::new("purchase_short", format!("A purchase bought {bought} of {wanted}: {why}"));
            notices.push(notice.of(&record.order.wish.pool));
        } else if record.outcome() == OrderOutcome::Done {
            let notice = Notice::new("purchase_done", format!("A purchase of {wanted} is done."));
            notices.push(notice.of(&record.order.wish.pool));
        }
    }
    notices
}

/// What became of one pool.
fn of_pool(before: &OfPool, now: &OfPool, is_only: bool) -> Vec<Notice> {
    let mut notices = Vec::new();
    let pool = &now.pool;
    let (the_pool, stock, a_replenishment) = match is_only {
        true => ("The pool".to_owned(), "Stock".to_owned(), "A replenishment".to_owned()),
        false => (format!("Pool {pool}"), format!("Stock of {pool}"), format!("A replenishment of {pool}")),
    };
    match (&before.halted, &now.halted) {
        (None, Some(halted)) => {
            let needs = halted.needs.as_deref().unwrap_or("something");
            let message = format!("Buying for {pool} is halted: it needs {needs}. {}", halted.message);
            notices.push(Notice::new("pool_halted", message));
        }
        (Some(_), None) => {
            notices.push(Notice::new("pool_halt_ended", format!("Buying for {pool} is no longer halted.")));
        }
        _ => {}
    }
    if before.available > 0 && now.available == 0 {
        let then = match now.registering {
            0 => "signups wait for a purchase".to_owned(),
            count => registering_told(count),
        };
        notices.push(Notice::new("empty", format!("{the_pool} is empty: {then}.")));
    } else if !before.needs_replenishment && now.needs_replenishment {
        let message = format!("{stock} is low: {} available, the threshold is {}.", now.available, now.threshold);
        notices.push(Notice::new("low", message));
    }
    let failed = now.last_replenishment.as_ref().filter(|pass| before.last_replenishment.as_ref() != Some(*pass));
    // What halts a pool is told above, once.
    let failed = failed.filter(|pass| pass.reason != Why::Halted.as_str());
    if let Some(error) = failed.and_then(|pass| pass.error.as_ref()) {
        notices.push(Notice::new("pass_failed", format!("{a_replenishment} fell short: {error}")));
    }
    notices
}
