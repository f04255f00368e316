//! A pass, set off by an operator or by the cron jobs of today's users.
//!
//! Invariant: whoever asks has an answer within `http.sync_order_secs`; a pass that lasts longer goes on without them.
//! How to get it wrong: waiting for its end. A proxy answers 504 instead, and a job that tries again buys again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::astray::astray;
use super::services::Services;
use crate::db::purchases::{purchases_bought_since, purchases_clock};
use crate::db::stock::stock_read;
use crate::domain::{PoolName, Stock, Trigger};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// The reason that a pass which goes on gives.
pub(crate) const RUNNING: &str = "running";

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = Replenishment)]
pub(crate) struct Replenished {
    pub(crate) replenished: bool,
    pub(crate) purchased_count: u32,
    previous_status: Counts,
    new_status: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What it did for each pool that was looked at.
    #[serde(default)]
    pub(crate) pools: Vec<ReplenishedPool>,
    #[serde(skip)]
    pub(crate) goes_on: bool,
}

/// What a look did for one pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ReplenishedPool)]
pub(crate) struct ReplenishedPool {
    pub(crate) pool: PoolName,
    pub(crate) purchased_count: u32,
    /// Why nothing was bought; null when something was.
    #[schema(required)]
    pub(crate) reason: Option<String>,
    #[schema(required)]
    pub(crate) error: Option<String>,
}

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = StockCounts)]
struct Counts {
    available: u32,
    assigned: u32,
    total: u32,
}

impl From<Stock> for Counts {
    fn from(stock: Stock) -> Self {
        Self { available: stock.available, assigned: stock.assigned, total: stock.total() }
    }
}

pub(crate) async fn handle_replenish(services: Arc<Services>, request: Request) -> Outcome {
    let only = asked(&services, &request)?;
    answer(replenish(&services, Trigger::Replenish, only.as_ref()).await)
}

pub(crate) async fn handle_auto_replenish(services: Arc<Services>, request: Request) -> Outcome {
    let only = asked(&services, &request)?;
    answer(replenish(&services, Trigger::Cron, only.as_ref()).await)
}

/// The pool that the query names. These requests have no body: a cron job's line is a bare POST.
fn asked(services: &Services, request: &Request) -> Result<Option<PoolName>, Problem> {
    let only: Option<PoolName> = request.query("pool")?;
    let config = services.config.load();
    only.as_ref().map_or(Ok(()), |only| config.catalog().known(only)).map_err(astray)?;
    Ok(only)
}

/// A pass at once; what it did, or has done so far when it lasts.
pub(crate) async fn replenish(
    services: &Services,
    trigger: Trigger,
    only: Option<&PoolName>,
) -> Result<Replenished, Problem> {
    if services.is_stopping() {
        return Err(Problem::shutting_down());
    }
    let pool = only.cloned().unwrap_or_else(PoolName::default_pool);
    let answered_by = Instant::now() + services.config.load().http.sync_order();
    let (begun, before) =
        services.read("pass_begin", |conn| Ok((purchases_clock(conn)?, stock_read(conn)?.stock))).await?;
    let Ok(ended) = timeout_at(answered_by, services.monitor.pass(trigger)).await else {
        return so_far(services, trigger, pool, begun, before).await;
    };
    let report = ended.map_err(|error| services.monitor_problem(&error))?;
    let replenished = report.purchased_count > 0;
    let reason = (!replenished).then_some(report.reason);
    let of_pool = ReplenishedPool {
        pool,
        purchased_count: report.purchased_count,
        reason: reason.clone(),
        error: report.error.clone(),
    };
    Ok(Replenished {
        replenished,
        purchased_count: report.purchased_count,
        previous_status: report.previous.into(),
        new_status: report.new.into(),
        reason,
        error: report.error,
        pools: vec![of_pool],
        goes_on: false,
    })
}

/// What a pass that goes on has bought since it was asked for.
async fn so_far(
    services: &Services,
    trigger: Trigger,
    pool: PoolName,
    begun: DateTime<Utc>,
    before: Stock,
) -> Result<Replenished, Problem> {
    let look = move |conn: &mut _| Ok((purchases_bought_since(conn, trigger, begun)?, stock_read(conn)?.stock));
    let (purchased_count, now) = services.read("pass_so_far", look).await?;
    Ok(Replenished {
        replenished: purchased_count > 0,
        purchased_count,
        previous_status: before.into(),
        new_status: now.into(),
        reason: Some(RUNNING.to_owned()),
        error: None,
        pools: vec![ReplenishedPool { pool, purchased_count, reason: Some(RUNNING.to_owned()), error: None }],
        goes_on: true,
    })
}

fn about(id: &'static str, summary: &'static str) -> About {
    About::new(id, "Pool", summary)
        .text(
            "`reason` is there when nothing was bought: `above_threshold`, `locked`, `paused`, `spend_cap`, `halted`, …; and \
             it is `running` when the check lasts longer than `http.sync_order_secs`: it goes on, and the counts are those \
             so far. `pools` says the same of each pool.",
        )
        .query::<PoolName>("pool", "Only this pool.")
        .answer::<Replenished>(
            "What the look did.",
            json!({"replenished": false, "purchased_count": 0, "previous_status": {"available": 16, "assigned": 6, "total": 22},
                "new_status": {"available": 16, "assigned": 6, "total": 22}, "reason": "above_threshold",
                "pools": [{"pool": "default", "purchased_count": 0, "reason": "above_threshold", "error": null}]}),
        )
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}

pub(crate) fn about_replenish() -> About {
    about("replenish", "Looks at the pools at once, and buys what they lack")
}

pub(crate) fn about_auto_replenish() -> About {
    about("auto_replenish", "The same, for the cron jobs of the earlier service")
}
