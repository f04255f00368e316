//! Orders: by hand, in batches of the monitor's, and for signups that wait.
//!
//! Invariants: an order is sized by `domain::plan` under the lock; an emergency goes before whatever else the holder of
//! the lock was about to buy; an order by hand waits for the lock at most `purchase.lock_wait_ms`, by the database's clock.
//! How to get it wrong: sizing an emergency before its search. Those who came meanwhile would wait for another run.

use std::time::Duration;

use uuid::Uuid;

use super::candidates::{Candidates, Places};
use super::run::{self, Run};
use super::wave::{self, Goal, Progress};
use super::{Buyer, Shortfall};
use crate::db::purchase_items::RunOf;
use crate::db::purchases::{self, Order, Wish};
use crate::db::{DbError, stock};
use crate::domain::{ByHand, Cap, OrderState, Plan, Stock, Trigger, Why, plan, plan_by_hand};

/// How often an order by hand tries the lock.
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(100);
/// An order that has begun waits at least so long for its next turn: it gave way, it shall not end for that.
const BEGUN_WAITS_MIN: Duration = Duration::from_secs(60);
/// Rounds of one emergency run; each is one order.
const EMERGENCY_ROUNDS_MAX: u32 = 64;

/// What a batch of the monitor's did.
#[derive(Debug, Clone)]
pub struct BatchReport {
    /// What was planned under the lock; `None` = the lock was not to be had.
    pub plan: Option<Plan>,
    /// How many are in the pool now that were not before.
    pub bought: u32,
    /// Why it was fewer than planned.
    pub shortfall: Option<Shortfall>,
}

/// What an emergency run did.
#[derive(Debug, Clone)]
pub struct EmergencyReport {
    /// How many were bought.
    pub bought: u32,
    /// Somebody else holds the lock: they serve the line, or we do in a moment.
    pub locked: bool,
    /// Why the line could not be served in full.
    pub shortfall: Option<Shortfall>,
    /// Numbers on their way, whoever buys them: the line may be served yet.
    pub on_their_way: u32,
}

impl EmergencyReport {
    /// Somebody else is buying.
    pub(super) fn locked() -> Self {
        Self { bought: 0, locked: true, shortfall: None, on_their_way: 0 }
    }
}

/// How an order by hand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderReport {
    /// It ran; its document tells the rest.
    Ran,
    /// It got no lock in time.
    Locked,
    /// A spend cap left nothing.
    SpendCap,
    /// Buying is halted.
    Halted,
}

/// One batch for `trigger`, if the plan under the lock still says so.
pub(super) async fn batch(buyer: &Buyer, trigger: Trigger) -> Result<BatchReport, DbError> {
    let Some(run) = run::begin(buyer, None).await? else {
        return Ok(BatchReport { plan: None, bought: 0, shortfall: None });
    };
    let done = batch_under(buyer, &run, trigger).await;
    run.end().await;
    done
}

async fn batch_under(buyer: &Buyer, run: &Run, trigger: Trigger) -> Result<BatchReport, DbError> {
    serve_line(buyer, run).await?;
    let (plan, _stock) = plan_now(buyer, trigger).await?;
    if plan.count == 0 {
        return Ok(BatchReport { plan: Some(plan), bought: 0, shortfall: None });
    }
    let country = buyer.config.load().pool.country;
    let order = open(buyer, run, trigger, plan.count).await?;
    let mut candidates = Candidates::new(country, places(buyer, &order.wish));
    let progress = fill(buyer, run, &order, false, &mut candidates).await;
    if let (Some(Cap::PurchasesPerHour | Cap::PurchasesPerDay), cut) = (plan.binding_cap, plan.wanted - plan.count) {
        note(buyer, &order, "spend_cap", None, "the spend cap left fewer than a whole batch", cut).await?;
    }
    finish(buyer, run, &order, &progress).await?;
    Ok(BatchReport { plan: Some(plan), bought: progress.bought, shortfall: progress.shortfall })
}

async fn plan_now(buyer: &Buyer, trigger: Trigger) -> Result<(Plan, Stock), DbError> {
    let limits = buyer.limits();
    let seen = buyer.db.run_patiently("stock_observe", stock::stock_read).await?;
    let caps = seen.caps(limits.per_hour_max, limits.per_day_max);
    Ok((plan(&limits.policy, &caps, &seen.stock, trigger), seen.stock))
}

async fn open(buyer: &Buyer, run: &Run, trigger: Trigger, count: u32) -> Result<Order, DbError> {
    let wish = Wish {
        trigger,
        count,
        country: buyer.config.load().pool.country,
        area_code: None,
        fallback: true,
        override_caps: false,
        requested_by: "callbunker".to_owned(),
    };
    let run_id = run.id;
    let order =
        buyer.db.run_patiently("purchase_open", move |conn| purchases::purchase_open(conn, &wish, run_id)).await?;
    slog::info!(buyer.log, "buying begins"; "order" => order.id.to_string(), "trigger" => trigger.as_str(), "count" => count);
    Ok(order)
}

/// Where an order looks: its own area code, or the pool's in turn, then anywhere if it may.
fn places(buyer: &Buyer, wish: &Wish) -> Places {
    let config = buyer.config.load();
    let mut places: Places = match wish.area_code {
        Some(area_code) => Places::from([Some(area_code)]),
        None if wish.country == config.pool.country => config.pool.area_codes.iter().copied().map(Some).collect(),
        None => Places::new(),
    };
    if wish.area_code.is_none() || wish.fallback {
        places.push_back(None);
    }
    places
}

/// Buys what an order still lacks.
async fn fill(buyer: &Buyer, run: &Run, order: &Order, gives_way: bool, candidates: &mut Candidates) -> Progress {
    let (id, config) = (order.id, buyer.config.load());
    let used =
        buyer.db.run_patiently("purchase_places_used", move |conn| purchases::purchase_places_used(conn, id)).await;
    let used = match used {
        Ok(used) => used,
        Err(error) => return Progress { shortfall: Some(error.into()), ..Progress::default() },
    };
    let emergency = order.wish.trigger == Trigger::Emergency;
    let goal = Goal {
        run: RunOf { order_id: order.id, run_id: run.id },
        places: order.wish.count.saturating_sub(used),
        concurrency: if emergency { config.purchase.emergency_concurrency } else { config.purchase.concurrency },
        gives_way,
    };
    wave::buy(buyer, &run.lock, goal, candidates).await
}

async fn note(
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
async fn finish(buyer: &Buyer, run: &Run, order: &Order, progress: &Progress) -> Result<(), DbError> {
    let (id, run_id) = (order.id, run.id);
    let state = match &progress.shortfall {
        Some(Shortfall::Halted(_) | Shortfall::Refused(Why::Halted)) => OrderState::Halted,
        Some(Shortfall::Stopping | Shortfall::Refused(Why::Paused | Why::SpendCap)) => OrderState::Stopped,
        Some(Shortfall::RunIsOver | Shortfall::Database(_)) => OrderState::Interrupted,
        _ => OrderState::Done,
    };
    if let Some(shortfall) = progress.shortfall.as_ref().filter(|shortfall| is_worth_telling(shortfall)) {
        let used = buyer
            .db
            .run_patiently("purchase_places_used", move |conn| purchases::purchase_places_used(conn, id))
            .await?;
        let missing = order.wish.count.saturating_sub(used);
        if missing > 0 {
            note(buyer, order, &shortfall.code(), shortfall.twilio_code(), &shortfall.message(), missing).await?;
        }
    }
    buyer.db.run_patiently("purchase_end", move |conn| purchases::purchase_end(conn, id, Some(run_id), state)).await?;
    slog::info!(buyer.log, "buying ended"; "order" => id.to_string(), "state" => state.as_str(), "bought" => progress.bought,
        "unknown" => progress.unknown, "shortfall" => progress.shortfall.as_ref().map(Shortfall::code));
    Ok(())
}

/// Twilio's refusals of single items stand on the items; nobody waiting any more is no error.
fn is_worth_telling(shortfall: &Shortfall) -> bool {
    !matches!(shortfall, Shortfall::Refused(Why::NobodyWaits))
}

/// Serves the signups that wait, if there are any that neither stock nor numbers on their way will serve.
pub(super) async fn serve_line(buyer: &Buyer, run: &Run) -> Result<EmergencyReport, DbError> {
    let mut report = EmergencyReport { locked: false, ..EmergencyReport::locked() };
    let country = buyer.config.load().pool.country;
    let mut candidates: Option<Candidates> = None;
    for _round in 0..EMERGENCY_ROUNDS_MAX {
        let (mut plan, stock) = plan_now(buyer, Trigger::Emergency).await?;
        report.on_their_way = stock.purchasing + stock.unsettled;
        if plan.count == 0 {
            if stock.waiting > 0 && plan.why != Why::NobodyWaits {
                report.shortfall = Some(Shortfall::Refused(plan.why));
            }
            break;
        }
        let candidates = match &mut candidates {
            Some(candidates) => candidates,
            None => {
                let places: Places = std::iter::once(None).collect();
                let mut found = Candidates::new(country, places);
                // Searched before the order is sized, so that it counts those who came meanwhile.
                match search_first(buyer, &mut found).await {
                    Ok(()) => {}
                    Err(shortfall) => {
                        report.shortfall = Some(shortfall);
                        break;
                    }
                }
                plan = plan_now(buyer, Trigger::Emergency).await?.0;
                if plan.count == 0 {
                    break;
                }
                candidates.insert(found)
            }
        };
        let order = open(buyer, run, Trigger::Emergency, plan.count).await?;
        let progress = fill(buyer, run, &order, false, candidates).await;
        finish(buyer, run, &order, &progress).await?;
        report.bought += progress.bought;
        report.shortfall = progress.shortfall.filter(is_worth_telling);
        if report.shortfall.is_some() || progress.bought + progress.unknown == 0 {
            break;
        }
    }
    Ok(report)
}

async fn search_first(buyer: &Buyer, candidates: &mut Candidates) -> Result<(), Shortfall> {
    let wanted = buyer.config.load().pool.capabilities.clone();
    if let Some(search) = candidates.next_search(&wanted) {
        candidates.add(search.run(buyer, Uuid::nil()).await?, true);
        candidates.moved();
    }
    Ok(())
}

/// An emergency run of its own.
pub(super) async fn emergency(buyer: &Buyer) -> Result<EmergencyReport, DbError> {
    let Some(run) = run::begin(buyer, None).await? else {
        return Ok(EmergencyReport::locked());
    };
    let report = serve_line(buyer, &run).await;
    run.end().await;
    report
}

/// What became of one turn of an order by hand.
pub(super) enum Turn {
    /// It is over.
    Ended(OrderReport),
    /// Another turn after this pause: somebody else holds the lock, or was let go first.
    Again(Duration, Option<Candidates>),
}

/// One turn of an order that an operator wrote: a try for the lock and, with it, a slice. Between turns others may go
/// first; `candidates` go along from turn to turn.
pub(super) async fn turn(buyer: &Buyer, order_id: Uuid, mut candidates: Option<Candidates>) -> Result<Turn, DbError> {
    if buyer.is_stopping() {
        return no_lock(buyer, order_id).await.map(Turn::Ended);
    }
    let Some(run) = run::begin(buyer, Some(order_id)).await? else {
        let over = buyer
            .db
            .run_patiently("purchase_waits_no_more", move |conn| purchases::purchase_waits_no_more(conn, order_id))
            .await?;
        return if over {
            no_lock(buyer, order_id).await.map(Turn::Ended)
        } else {
            Ok(Turn::Again(LOCK_TRIED_EVERY, candidates))
        };
    };
    let step = slice(buyer, &run, order_id, &mut candidates).await;
    run.end().await;
    Ok(match step? {
        Step::Ended(report) => Turn::Ended(report),
        // Whoever waits for the lock gets a moment to take it.
        Step::GaveWay => Turn::Again(LOCK_TRIED_EVERY * 2, candidates),
    })
}

enum Step {
    Ended(OrderReport),
    GaveWay,
}

async fn slice(buyer: &Buyer, run: &Run, order_id: Uuid, candidates: &mut Option<Candidates>) -> Result<Step, DbError> {
    serve_line(buyer, run).await?;
    let run_id = run.id;
    let started =
        buyer.db.run_patiently("purchase_start", move |conn| purchases::purchase_start(conn, order_id, run_id)).await?;
    // Ended meanwhile: its time was over, or another instance ended it.
    let Some(order) = started else { return Ok(Step::Ended(OrderReport::Locked)) };
    let first = candidates.is_none();
    let limits = buyer.limits();
    let seen = buyer.db.run_patiently("stock_observe", stock::stock_read).await?;
    let caps = seen.caps(limits.per_hour_max, limits.per_day_max);
    let plan = plan_by_hand(&caps, ByHand { count: order.wish.count, override_caps: order.wish.override_caps });
    if first && plan.count == 0 {
        let (report, shortfall) = match plan.why {
            Why::Halted => (OrderReport::Halted, Shortfall::Refused(Why::Halted)),
            why => (OrderReport::SpendCap, Shortfall::Refused(why)),
        };
        finish(buyer, run, &order, &Progress { shortfall: Some(shortfall), ..Progress::default() }).await?;
        return Ok(Step::Ended(report));
    }
    let candidates = candidates.get_or_insert_with(|| Candidates::new(order.wish.country, places(buyer, &order.wish)));
    let progress = fill(buyer, run, &order, true, candidates).await;
    if progress.gave_way && progress.shortfall.is_none() {
        let wait = buyer.config.load().purchase.lock_wait().max(BEGUN_WAITS_MIN);
        let yielded = buyer
            .db
            .run_patiently("purchase_yield", move |conn| purchases::purchase_yield(conn, order_id, run_id, wait))
            .await?;
        if yielded {
            return Ok(Step::GaveWay);
        }
    }
    finish(buyer, run, &order, &progress).await?;
    Ok(Step::Ended(OrderReport::Ran))
}

async fn no_lock(buyer: &Buyer, order_id: Uuid) -> Result<OrderReport, DbError> {
    let stopping = buyer.is_stopping();
    buyer
        .db
        .run_patiently("purchase_end", move |conn| {
            let Some(order) = purchases::purchase_read(conn, order_id)? else { return Ok(OrderReport::Locked) };
            let (state, code, message) = if stopping {
                (OrderState::Stopped, "stopping", "the daemon is shutting down; ask again")
            } else {
                (OrderState::Interrupted, "locked", "another purchase held the lock for too long; ask again")
            };
            if purchases::purchase_end(conn, order_id, None, state)? {
                let missing = order.wish.count.saturating_sub(purchases::purchase_places_used(conn, order_id)?);
                purchases::purchase_add_error(conn, order_id, code, None, message, missing)?;
            }
            // An order that was begun and gave way has something to tell; one that never was has not.
            Ok(if order.started_at.is_some() || stopping { OrderReport::Ran } else { OrderReport::Locked })
        })
        .await
}
