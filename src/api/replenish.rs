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
use crate::db::Connection;
use crate::db::purchases::{purchases_bought_since, purchases_clock};
use crate::db::stock::{Overview, stock_read_all};
use crate::domain::{Keys, PoolName, Stock, Trigger};
use crate::http::{Problem, ProblemCode};
use crate::pool_monitor::PoolPass;
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
    let config = services.config.load_full();
    let answered_by = Instant::now() + config.http.sync_order();
    let keys = Arc::new(match only {
        Some(only) => config.keys_of(only).into_iter().collect(),
        None => config.keys(),
    });
    let look = {
        let keys = Arc::clone(&keys);
        move |conn: &mut Connection| Ok((purchases_clock(conn)?, stock_read_all(conn, &keys)?))
    };
    let (begun, before) = services.read("pass_begin", look).await?;
    let previous = counted(&before, only);
    let Ok(ended) = timeout_at(answered_by, services.monitor.pass(trigger, only.cloned())).await else {
        return so_far(services, trigger, (only, keys), begun, previous).await;
    };
    let report = ended.map_err(|error| services.monitor_problem(&error))?;
    let pools: Vec<ReplenishedPool> = report.pools.iter().map(Into::into).collect();
    let replenished = report.purchased_count() > 0;
    // Of one pool its own, of all the sums: as they were before and after the pass.
    let alone = only.and(report.pools.first());
    Ok(Replenished {
        replenished,
        purchased_count: report.purchased_count(),
        previous_status: alone.map_or(report.previous, |pass| pass.previous).into(),
        new_status: alone.map_or(report.new, |pass| pass.new).into(),
        reason: (!replenished).then(|| report.reason().to_owned()),
        error: report.error().map(str::to_owned),
        pools,
        goes_on: false,
    })
}

impl From<&PoolPass> for ReplenishedPool {
    fn from(pass: &PoolPass) -> Self {
        Self {
            pool: pass.pool.clone(),
            purchased_count: pass.purchased_count,
            reason: (pass.purchased_count == 0).then(|| pass.reason.clone()),
            error: pass.error.clone(),
        }
    }
}

/// What is counted: one pool, or all of them.
fn counted(seen: &Overview, only: Option<&PoolName>) -> Stock {
    match only {
        Some(only) => seen.pools.get(only).map(|seen| seen.stock).unwrap_or_default(),
        None => seen.in_force(),
    }
}

/// What a pass that goes on has bought since it was asked for.
async fn so_far(
    services: &Services,
    trigger: Trigger,
    (only, keys): (Option<&PoolName>, Arc<Vec<Keys>>),
    begun: DateTime<Utc>,
    previous: Stock,
) -> Result<Replenished, Problem> {
    let asked = Arc::clone(&keys);
    let look =
        move |conn: &mut Connection| Ok((purchases_bought_since(conn, trigger, begun)?, stock_read_all(conn, &asked)?));
    let (bought, now) = services.read("pass_so_far", look).await?;
    let bought_for = |pool: &PoolName| bought.get(pool).copied().unwrap_or_default();
    let of_pool = |keys: &Keys| ReplenishedPool {
        pool: keys.pool.clone(),
        purchased_count: bought_for(&keys.pool),
        reason: Some(RUNNING.to_owned()),
        error: None,
    };
    let pools: Vec<ReplenishedPool> = keys.iter().map(of_pool).collect();
    let purchased_count = pools.iter().map(|pool| pool.purchased_count).sum();
    Ok(Replenished {
        replenished: purchased_count > 0,
        purchased_count,
        previous_status: previous.into(),
        new_status: counted(&now, only).into(),
        reason: Some(RUNNING.to_owned()),
        error: None,
        pools,
        goes_on: true,
    })
}

fn about(id: &'static str, summary: &'static str) -> About {
    About::new(id, "Pool", summary)
        .text(
            "`reason` is there when nothing was bought: `above_threshold`, `locked`, `paused`, `spend_cap`, `halted`, …; and \
             it is `running` when the check lasts longer than `http.sync_order_secs`: it goes on, and the counts are those \
             so far. `pools` says the same of each pool; of several, `reason` on top is that of `default`, or of the first that \
             lacks something.",
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
