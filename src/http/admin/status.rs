//! How the pool is.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::super::context::Context;
use super::super::{About, Outcome, Request, json_response};
use crate::db::buying_gate::{Halted, Paused};
use crate::db::passes::{Pass, pass_latest};
use crate::db::stock::stock_read;

/// The first five fields are the earlier service's, to the letter.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PoolStatus)]
struct Status {
    available: u32,
    assigned: u32,
    total: u32,
    threshold: u32,
    needs_replenishment: bool,
    quarantined: u32,
    unready: u32,
    unfit: u32,
    purchasing: u32,
    unsettled: u32,
    waiting: u32,
    #[schema(required)]
    paused: Option<Paused>,
    #[schema(required)]
    halted: Option<Halted>,
    spend: Spend,
    #[schema(required)]
    last_replenishment: Option<Pass>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Spend {
    hour: Window,
    day: Window,
    #[serde(rename = "override")]
    overridden: u32,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SpendWindow)]
struct Window {
    bought: u32,
    max: u32,
}

pub(crate) async fn status(context: Arc<Context>, _request: Request) -> Outcome {
    let (seen, last_replenishment) = context.read("status", |conn| Ok((stock_read(conn)?, pass_latest(conn)?))).await?;
    let config = context.config.load();
    let (stock, threshold) = (seen.stock, config.pool.threshold_low);
    let status = Status {
        available: stock.available,
        assigned: stock.assigned,
        total: stock.total(),
        threshold,
        needs_replenishment: stock.available < threshold,
        quarantined: stock.quarantined,
        unready: stock.unready,
        unfit: stock.unfit,
        purchasing: stock.purchasing,
        unsettled: stock.unsettled,
        waiting: stock.waiting,
        paused: seen.gate.paused,
        halted: seen.gate.halted,
        spend: Spend {
            hour: Window { bought: seen.spend.hour, max: config.spend.purchases_per_hour_max },
            day: Window { bought: seen.spend.day, max: config.spend.purchases_per_day_max },
            overridden: seen.spend.overridden,
        },
        last_replenishment,
    };
    json_response(StatusCode::OK, &status)
}

pub(crate) fn about() -> About {
    About::new("status", "Pool", "How the pool is").answer::<Status>(
        "The pool.",
        json!({"available": 13, "assigned": 6, "total": 19, "threshold": 10, "needs_replenishment": false, "quarantined": 1,
            "unready": 0, "unfit": 0, "purchasing": 0, "unsettled": 0, "waiting": 0, "paused": null, "halted": null,
            "spend": {"hour": {"bought": 20, "max": 100}, "day": {"bought": 20, "max": 300}, "override": 0},
            "last_replenishment": {"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start",
                "reason": "below_threshold", "purchased_count": 20, "error": null}}),
    )
}
