//! One pass: observe → plan → ask the Purchaser → report.
//!
//! Invariants: a batch that bought nothing ends the pass; so does a bound on the number of batches. What the pass did and
//! why is written to `passes`; between two batches an order of another instance gets the lock. How to get it wrong: trying
//! again at once after a refusal. The next activation does.

use std::time::Duration;

use super::dependencies::MonitorDependencies;
use crate::db::DbError;
use crate::db::passes::pass_record;
use crate::db::stock::{Observation, stock_read};
use crate::domain::{BATCHES_MAX, Plan, PoolName, Stock, Trigger, Why, plan};
use crate::purchaser::{BatchReport, PurchaserError, others_wait};
use crate::telemetry::{PoolReading, Reading};
use crate::twilio::hide_numbers;

/// Whoever waits for the lock gets so long to take it between two batches; an order by hand tries several times as often.
const OTHERS_TURN: Duration = Duration::from_millis(250);

/// What a pass did and why.
#[derive(Debug, Clone)]
pub struct PassReport {
    /// Before.
    pub previous: Stock,
    /// After.
    pub new: Stock,
    /// How many were bought.
    pub purchased_count: u32,
    /// Why it bought, or bought nothing: a [`Why`], `locked`, or what fell short.
    pub reason: String,
    /// What went wrong.
    pub error: Option<String>,
}

/// Runs a pass for `trigger`.
pub(super) async fn run(deps: &MonitorDependencies, trigger: Trigger) -> Result<PassReport, DbError> {
    let before = observe(deps).await?;
    let mut report = PassReport {
        previous: before.stock,
        new: before.stock,
        purchased_count: 0,
        reason: String::new(),
        error: None,
    };
    let planned = plan_for(deps, &before, trigger);
    report.reason = planned.why.as_str().to_owned();
    if planned.count > 0 {
        buy(deps, trigger, &mut report).await;
        report.new = observe(deps).await?.stock;
    }
    fail::fail_point!("pass_decided");
    // Somebody else is buying, and nobody asked: the last pass that decided something is worth more.
    let is_news = report.reason != "locked" || !matches!(trigger, Trigger::Threshold | Trigger::WarmStart);
    if is_news {
        deps.telemetry.pass_ended(&PoolName::default_pool(), trigger, &report.reason, report.purchased_count);
        record(deps, trigger, &report).await?;
    }
    Ok(report)
}

async fn buy(deps: &MonitorDependencies, trigger: Trigger, report: &mut PassReport) {
    let mut first: Option<Why> = None;
    for _batch in 0..BATCHES_MAX {
        let batch = match deps.purchaser.batch(trigger, &PoolName::default_pool()).await {
            Ok(batch) => batch,
            Err(error) => {
                report.error = Some(told(&error));
                report.reason = "unavailable".to_owned();
                return;
            }
        };
        report.purchased_count += batch.bought;
        match batch {
            BatchReport { plan: None, .. } => {
                report.reason = "locked".to_owned();
                return;
            }
            BatchReport { plan: Some(Plan { count: 0, why, .. }), shortfall, .. } => {
                // Enough is there now: the reason remains why we began.
                report.reason = first.unwrap_or(why).as_str().to_owned();
                report.error = shortfall.map(|shortfall| shortfall.message());
                return;
            }
            BatchReport { plan: Some(plan), shortfall, bought, gave_way } => {
                first = first.or(Some(plan.why));
                report.reason = first.unwrap_or(plan.why).as_str().to_owned();
                if let Some(shortfall) = shortfall {
                    report.error = Some(shortfall.message());
                    if report.purchased_count == 0 {
                        report.reason = shortfall.code();
                    }
                    return;
                }
                if bought == 0 {
                    if gave_way {
                        report.reason = "locked".to_owned();
                    }
                    return;
                }
                if gave_way || others_wait(&deps.db, None).await {
                    tokio::time::sleep(OTHERS_TURN).await;
                }
            }
        }
    }
}

fn told(error: &PurchaserError) -> String {
    match error {
        PurchaserError::Database(error) => error.in_full(),
        other => other.to_string(),
    }
}

pub(super) async fn observe(deps: &MonitorDependencies) -> Result<Observation, DbError> {
    let seen = deps.db.run("stock_observe", stock_read).await?;
    let config = deps.config.load();
    let pool = PoolReading {
        pool: &PoolName::default_pool(),
        stock: &seen.stock,
        missing: seen.missing,
        threshold: config.pool.threshold_low,
        halted: false,
    };
    deps.telemetry.seen(&Reading {
        pools: &[pool],
        unconfigured: 0,
        hour: (seen.spend.hour, config.spend.purchases_per_hour_max),
        day: (seen.spend.day, config.spend.purchases_per_day_max),
        paused: seen.buying.paused.is_some(),
        halted: seen.buying.halted.is_some(),
    });
    Ok(seen)
}

pub(super) fn plan_for(deps: &MonitorDependencies, seen: &Observation, trigger: Trigger) -> Plan {
    let config = deps.config.load();
    let caps = seen.caps(&config.cap_limits(&config.pool));
    plan(&config.pool.policy(), &caps, &seen.stock, trigger)
}

async fn record(deps: &MonitorDependencies, trigger: Trigger, report: &PassReport) -> Result<(), DbError> {
    let (reason, error, bought) = (report.reason.clone(), report.error.clone(), report.purchased_count);
    if bought > 0 || error.is_some() {
        slog::info!(deps.log, "a pass ended"; "trigger" => trigger.as_str(), "reason" => &reason, "bought" => bought,
            "available" => report.new.available, "error" => error.as_deref().map(hide_numbers));
    }
    let pool = PoolName::default_pool();
    deps.db.run("pass_record", move |conn| pass_record(conn, &pool, trigger, &reason, bought, error.as_deref())).await
}
