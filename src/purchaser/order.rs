//! What every order has in common: opened under a run, filled by a wave, ended with a reason.
//!
//! Invariant: an order ends under its run only, and says what it did not get.
//! How to get it wrong: ending an order while a create of it is on the wire; `wave::buy` returns when none is.

use std::sync::Arc;

use super::buyer::{Buyer, PoolInForce};
use super::candidates::{Candidates, Near};
use super::run::Run;
use super::shortfall::Shortfall;
use super::wave::{self, Allowed, Goal, Progress};
use crate::db::DbError;
use crate::db::purchases::items::RunOf;
use crate::db::purchases::{self, Order, Wish};
use crate::domain::{Kind, OrderState, Trigger, Why};

/// Writes an automatic order of what the pool holds, running at once.
pub(super) async fn open(
    buyer: &Buyer,
    run: &Run,
    trigger: Trigger,
    pool: &PoolInForce,
    count: u32,
) -> Result<Order, DbError> {
    let wish = Wish {
        trigger,
        count,
        pool: pool.keys.pool.clone(),
        number_type: pool.kind.number_type,
        country: pool.kind.country,
        area_code: None,
        fallback: true,
        override_caps: false,
        requested_by: "callbunker".to_owned(),
    };
    let run_id = run.id;
    let order =
        buyer.db.run_patiently("purchase_open", move |conn| purchases::purchase_open(conn, &wish, run_id)).await?;
    fail::fail_point!("order_opened");
    slog::info!(buyer.log, "buying begins"; "order" => order.id.to_string(), "pool" => order.wish.pool.as_str(), "trigger" => trigger.as_str(), "count" => count);
    Ok(order)
}

/// The candidates of an order, none of which was searched yet; `None` = its pool is not configured any more.
pub(super) fn sought(buyer: &Buyer, wish: &Wish) -> Option<Candidates> {
    let pool = buyer.pool(&wish.pool)?;
    let kind = Kind { country: wish.country, number_type: wish.number_type };
    Some(Candidates::of_order(&pool, kind, Near { area_code: wish.area_code, fallback: wish.fallback }))
}

/// Buys what an order still lacks, for the pool that it is for. `gives_way`: whether others may go first after a slice.
pub(super) async fn fill(
    buyer: &Buyer,
    run: &Run,
    order: &Order,
    allowed: Allowed,
    gives_way: bool,
    candidates: &mut Candidates,
) -> Progress {
    // Loaded before the pool is: what a reload changes from here on, the wave heeds.
    let (id, config) = (order.id, buyer.config.load_full());
    let used =
        buyer.db.run_patiently("purchase_count_used", move |conn| purchases::purchase_count_used(conn, id)).await;
    let used = match used {
        Ok(used) => used,
        Err(error) => return Progress { shortfall: Some(error.into()), ..Progress::default() },
    };
    let Some(pool) = buyer.pool(&order.wish.pool) else {
        return Progress { shortfall: Some(Shortfall::Unconfigured), ..Progress::default() };
    };
    let webhooks = match run.webhooks_of(buyer, &order.wish.pool).await {
        Ok(webhooks) => webhooks,
        Err(error) => return Progress { shortfall: Some(error.into()), ..Progress::default() },
    };
    let emergency = order.wish.trigger == Trigger::Emergency;
    let kind = candidates.kind;
    if kind != pool.kind && order.wish.trigger != Trigger::Manual {
        // A reload came while its order was made: the pool, and those who wait at it, want something else by now.
        return Progress { shortfall: Some(Shortfall::Unconfigured), ..Progress::default() };
    }
    candidates.heed(&pool);
    let papers = pool.papers_for(kind);
    if used == 0 && (!papers.is_empty() || webhooks.targets().next().is_some()) {
        // Papers run out, or are taken away, while the pool runs; so are applications and trunks.
        buyer.first_alone.unproven_unless_under_way(&pool.keys);
    }
    let purchase = &config.purchase;
    let concurrency = if emergency { purchase.emergency_concurrency } else { purchase.concurrency };
    // One slot is left for those who wait, should all others hang.
    let most = run.slots.saturating_sub(1).max(1);
    let goal = Goal {
        run: RunOf { order_id: order.id, run_id: run.id },
        webhooks,
        remaining: order.wish.count.saturating_sub(used),
        allowed,
        concurrency: most.min(concurrency),
        is_of_the_pool: kind == pool.kind,
        keys: pool.keys,
        papers: Arc::new(papers),
        hurried: emergency,
        config,
        by_hand: order.wish.trigger == Trigger::Manual,
        gives_way,
    };
    wave::buy(buyer, run, goal, candidates).await
}

/// Adds to what went wrong with an order as a whole.
pub(super) async fn note(
    buyer: &Buyer,
    order: &Order,
    code: &str,
    twilio_code: Option<i32>,
    message: &str,
    count: u32,
) -> Result<(), DbError> {
    let (id, code, message) = (order.id, code.to_owned(), message.to_owned());
    buyer
        .db
        .run_patiently("purchase_add_error", move |conn| {
            purchases::purchase_add_error(conn, id, &code, twilio_code, &message, count)
        })
        .await
}

/// Writes down why an order fell short, and ends it under its run.
pub(super) async fn finish(buyer: &Buyer, run: &Run, order: &Order, progress: &Progress) -> Result<(), DbError> {
    let (id, run_id) = (order.id, run.id);
    let state = match &progress.shortfall {
        Some(Shortfall::Halted(_) | Shortfall::PoolHalted { .. } | Shortfall::Refused(Why::Halted)) => {
            OrderState::Halted
        }
        Some(
            Shortfall::Cancelled
            | Shortfall::Stopping
            | Shortfall::Unconfigured
            | Shortfall::AnotherKind
            | Shortfall::Refused(Why::Paused | Why::SpendCap),
        ) => OrderState::Stopped,
        Some(Shortfall::RunIsOver | Shortfall::Database(_)) => OrderState::Interrupted,
        _ => OrderState::Done,
    };
    // What was cancelled is told by whoever ends it, with the order's last count.
    let is_told = |shortfall: &&Shortfall| shortfall.is_worth_telling() && !matches!(shortfall, Shortfall::Cancelled);
    if let Some(shortfall) = progress.shortfall.as_ref().filter(is_told) {
        let used =
            buyer.db.run_patiently("purchase_count_used", move |conn| purchases::purchase_count_used(conn, id)).await?;
        let missing = order.wish.count.saturating_sub(used);
        if missing > 0 {
            let wish = &order.wish;
            let kind = Kind { country: wish.country, number_type: wish.number_type };
            let message = shortfall.message(&buyer.config.load().sought_for(&wish.pool, Some(kind)));
            note(buyer, order, &shortfall.code(), shortfall.twilio_code(), &message, missing).await?;
        }
    }
    fail::fail_point!("order_ending");
    let ended = buyer
        .db
        .run_patiently("purchase_end", move |conn| purchases::purchase_end(conn, id, Some(run_id), state))
        .await?;
    fail::fail_point!("order_ended");
    if let Some(state) = ended {
        buyer.telemetry.purchase_ended(&order.wish.pool, order.wish.trigger, state);
    }
    slog::info!(buyer.log, "buying ended"; "order" => id.to_string(), "pool" => order.wish.pool.as_str(), "state" => ended.unwrap_or(state).as_str(), "bought" => progress.bought,
        "unknown" => progress.unknown, "shortfall" => progress.shortfall.as_ref().map(Shortfall::code));
    Ok(())
}
