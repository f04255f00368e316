//! What the past says of the stock that a pool needs, and what it would have met if the pool were run otherwise.
//!
//! How to get it wrong: two figures for one question. Advice and what-if ask the same replay, so the share that is advised is the
//! share that `what-if?threshold=` tells.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use super::plan::amount;
use super::services::Services;
use crate::db::DbError;
use crate::db::foresight::AdvisedDay;
use crate::domain::PoolName;
use crate::domain::foresight::{Confidence, WhatIf};
use crate::foresight::{Answered, Forecast, Supposed, binding};
use crate::http::{Problem, ProblemCode};
use crate::purchaser::breaker;
use crate::routing::{About, Outcome, Request, answer};
use crate::twilio::Price;

/// The first answer waits until the past is read, and no longer than this.
const READ_WITHIN: Duration = Duration::from_secs(20);
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The parameters of a question what would have been.
const SUPPOSED: &[&str] = &["pool", "threshold", "batch", "lead_secs", "rate", "growth"];

/// What a pool should be set to, and why.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Advice {
    pub(crate) pool: PoolName,
    /// The threshold, for the batch that the pool has.
    pub(crate) threshold: u32,
    /// The batch that would suit it; it is never applied.
    pub(crate) batch: u32,
    pub(crate) because: String,
    /// The share of signups that would have found nothing ready with the threshold in force
    pub(crate) share_waiting_now: f64,
    /// and with the one that is advised.
    pub(crate) share_waiting_then: f64,
    /// What the idle numbers cost a month with the threshold in force; null = the price is not known
    #[schema(required)]
    pub(crate) monthly_cost_now: Option<String>,
    /// and with the one that is advised.
    #[schema(required)]
    pub(crate) monthly_cost_then: Option<String>,
    /// What made it so large: `replay`, `moments`, `growth`, `sample_end`, or the name of a cap; null = nobody asked this pool for
    /// a number yet.
    #[schema(required, value_type = Option<String>)]
    pub(crate) binding: Option<&'static str>,
    pub(crate) confidence: Confidence,
    pub(crate) history_days: u32,
    /// How the latest day that is over stood against its advice; null = there is none yet.
    #[schema(required)]
    pub(crate) accuracy: Option<Accuracy>,
}

/// A day in hindsight.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AdviceAccuracy)]
pub(crate) struct Accuracy {
    pub(crate) day: String,
    /// The threshold that was advised.
    pub(crate) advised: i32,
    /// The stock with which no larger share would have waited.
    #[schema(required)]
    pub(crate) needed: Option<i32>,
    /// How many would have waited with what was advised.
    #[schema(required)]
    pub(crate) waited: Option<i64>,
}

/// What would have been.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WhatIf)]
pub(crate) struct Supposition {
    pub(crate) pool: PoolName,
    pub(crate) signups: u64,
    /// Those that would have found nothing ready.
    pub(crate) waiting: u64,
    pub(crate) share_waiting: f64,
    /// Null = nobody would have waited.
    #[schema(required)]
    pub(crate) wait_p50_secs: Option<f64>,
    #[schema(required)]
    pub(crate) wait_p95_secs: Option<f64>,
    /// Ready numbers, on the average.
    pub(crate) stock_mean: f64,
    pub(crate) stock_max: u32,
    pub(crate) purchases: u64,
    pub(crate) emergencies: u64,
    /// What the idle numbers would cost a month; null = the price is not known.
    #[schema(required)]
    pub(crate) monthly_cost: Option<String>,
    pub(crate) history_days: u32,
}

pub(crate) async fn advice(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(&["pool"])?;
    let pool = asked(&services, &request)?;
    answer(advice_of(&services, &pool).await.map(|(advice, _)| advice))
}

/// The advice for a pool that is configured, and the forecast that it comes from.
pub(crate) async fn advice_of(services: &Services, pool: &PoolName) -> Result<(Advice, Arc<Forecast>), Problem> {
    let forecast = read(services, pool, services.forecaster.forecast(pool)).await?;
    let price = price(services, pool).await;
    let Forecast { advice, .. } = &*forecast;
    let told = Advice {
        pool: pool.clone(),
        threshold: advice.threshold,
        batch: advice.batch,
        because: forecast.because.clone(),
        share_waiting_now: advice.now.share_waiting(),
        share_waiting_then: advice.then.share_waiting(),
        monthly_cost_now: cost(price.as_ref(), &advice.now),
        monthly_cost_then: cost(price.as_ref(), &advice.then),
        binding: (forecast.signups > 0).then(|| binding(advice.bound)),
        confidence: forecast.confidence,
        history_days: forecast.history_days,
        accuracy: forecast.accuracy.as_ref().map(Accuracy::of),
    };
    Ok((told, forecast))
}

impl Accuracy {
    fn of(day: &AdvisedDay) -> Self {
        Self { day: day.day.to_string(), advised: day.advised, needed: day.needed, waited: day.waited }
    }
}

pub(crate) async fn suppose(services: Arc<Services>, request: Request) -> Outcome {
    request.takes_only(SUPPOSED)?;
    let (pool, supposed) = (asked(&services, &request)?, supposed(&request)?);
    let Answered { found, history_days } = read(&services, &pool, services.forecaster.suppose(&pool, supposed)).await?;
    let price = price(&services, &pool).await;
    answer(Ok(Supposition {
        pool,
        signups: found.signups,
        waiting: found.waiting,
        share_waiting: found.share_waiting(),
        wait_p50_secs: found.wait_p50_secs,
        wait_p95_secs: found.wait_p95_secs,
        stock_mean: found.stock_mean,
        stock_max: found.stock_max,
        purchases: found.purchases,
        emergencies: found.emergencies,
        monthly_cost: cost(price.as_ref(), &found),
        history_days,
    }))
}

/// The pool that is asked about; `default` when none is named.
fn asked(services: &Services, request: &Request) -> Result<PoolName, Problem> {
    let name = request.query::<PoolName>("pool")?.unwrap_or_else(PoolName::default_pool);
    match services.config.load().pool(&name) {
        Some(_) => Ok(name),
        None => Err(no_such_pool(&name)),
    }
}

fn no_such_pool(name: &PoolName) -> Problem {
    Problem::new(ProblemCode::NotFound, format!("The configuration has no pool {name}; see pools of the status."))
}

fn supposed(request: &Request) -> Result<Supposed, Problem> {
    let whole = |name: &'static str, min: u32, max: u32| {
        let value = request.query::<u32>(name).map_err(|_| out_of(name, min, max))?;
        match value {
            Some(value) if !(min..=max).contains(&value) => Err(out_of(name, min, max)),
            value => Ok(value),
        }
    };
    let fraction = |name: &'static str, fits: fn(f64) -> bool, rule: &str| match request.query::<f64>(name) {
        Ok(value) if value.is_none_or(fits) => Ok(value),
        Ok(_) | Err(_) => Err(Problem::invalid_field(name, rule)),
    };
    Ok(Supposed {
        threshold: whole("threshold", 0, 100_000)?,
        batch: whole("batch", 1, 100)?,
        lead_secs: whole("lead_secs", 0, 604_800)?,
        rate: fraction("rate", |rate| rate > 0.0 && rate.is_finite(), "must be purchases a second, above 0")?,
        growth: fraction("growth", |factor| (0.1..=10.0).contains(&factor), "must be 0.1 to 10")?,
    })
}

fn out_of(name: &str, min: u32, max: u32) -> Problem {
    Problem::invalid_field(name, format!("must be {min} to {max}"))
}

/// Waits until the past is read, if it must be.
async fn read<T>(
    services: &Services,
    pool: &PoolName,
    asked: impl Future<Output = Result<Option<T>, DbError>>,
) -> Result<T, Problem> {
    match timeout(READ_WITHIN, asked).await {
        Ok(Ok(Some(found))) => Ok(found),
        Ok(Ok(None)) => Err(no_such_pool(pool)),
        Ok(Err(error)) => Err(services.database_problem(&error)),
        Err(_elapsed) => {
            let detail = "The past of this pool is still being read; ask again in a moment.";
            Err(Problem::new(ProblemCode::Unavailable, detail).retry_after(AGAIN_AFTER))
        }
    }
}

/// What a number of the pool's kind costs, if that is known.
pub(crate) async fn price(services: &Services, pool: &PoolName) -> Option<Price> {
    let kind = services.config.load().pool(pool)?.kind();
    // Whoever does not know whether Twilio may be asked does not ask.
    let silent = breaker::is_silenced(&services.db).await.unwrap_or(true);
    services.pricing.price(kind, silent).await.ok()
}

/// What idle numbers cost a month.
fn cost(price: Option<&Price>, found: &WhatIf) -> Option<String> {
    let idle = Decimal::from_f64(found.idle_mean)?;
    price?.monthly.checked_mul(idle).map(|cost| amount(cost.round_dp(2)))
}

pub(crate) fn about_advice() -> About {
    About::new("advice", "Pool", "What threshold keeps all but a share of signups from waiting, and what it costs")
        .text(
            "The pool's own past is replayed: who asked when, whether they were served or not, how long numbers took to be ready, and \
             how fast they were sold. `foresight.waiting_share_max` is the share that may wait. Costs are those of the idle stock, a \
             month. `foresight.mode` says whether thresholds follow by themselves.",
        )
        .query::<PoolName>("pool", "Of this pool; without it, of `default`.")
        .answer::<Advice>(
            "The advice.",
            json!({"pool": "default", "threshold": 34, "batch": 5,
                "because": "1204 signups of 28 days, whose numbers are ready 125 s after they are ordered, at 0.20 a second: no more than 0.1 % of them would have waited",
                "share_waiting_now": 0.021, "share_waiting_then": 0.0008, "monthly_cost_now": "16.45", "monthly_cost_then": "43.12",
                "binding": "replay", "confidence": "good", "history_days": 28,
                "accuracy": {"day": "2026-11-29", "advised": 34, "needed": 31, "waited": 0}}),
        )
        .refuses(ProblemCode::NotFound, "The configuration has no pool of this name.")
        .refuses(ProblemCode::UnknownField, "There is no such parameter.")
        .refuses(ProblemCode::Unavailable, "The past is still being read.")
}

pub(crate) fn about_suppose() -> About {
    About::new("what_if", "Pool", "What the pool's past would have met if it were run otherwise")
        .text("The same replay as that of the advice, with the pool's real policy, caps and emergencies. What is left out is as it is.")
        .query::<PoolName>("pool", "Of this pool; without it, of `default`.")
        .query::<u32>("threshold", "With this threshold, 0 to 100000.")
        .query::<u32>("batch", "With this batch, 1 to 100.")
        .query::<u32>("lead_secs", "If numbers were ready after so many seconds, 0 to 604800.")
        .query::<f64>("rate", "If so many were bought in a second, above 0.")
        .query::<f64>("growth", "With so many times the requests, 0.1 to 10.")
        .answer::<Supposition>(
            "What would have been.",
            json!({"pool": "default", "signups": 1204, "waiting": 1, "share_waiting": 0.0008, "wait_p50_secs": 31.5, "wait_p95_secs": 31.5,
                "stock_mean": 37.2, "stock_max": 43, "purchases": 1204, "emergencies": 0, "monthly_cost": "43.12", "history_days": 28}),
        )
        .refuses(ProblemCode::NotFound, "The configuration has no pool of this name.")
        .refuses(ProblemCode::InvalidField, "A value is out of its range.")
        .refuses(ProblemCode::UnknownField, "There is no such parameter.")
        .refuses(ProblemCode::Unavailable, "The past is still being read.")
}
