//! How the pool is.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::context::Context;
use super::super::{Outcome, Request, json_response};
use crate::db::buying_gate::{Halted, Paused};
use crate::db::passes::{Pass, pass_latest};
use crate::db::stock::stock_read;

/// The first five fields are the earlier service's, to the letter.
#[derive(Serialize)]
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
    paused: Option<Paused>,
    halted: Option<Halted>,
    spend: Spend,
    last_replenishment: Option<Pass>,
}

#[derive(Serialize)]
struct Spend {
    hour: Window,
    day: Window,
    #[serde(rename = "override")]
    overridden: u32,
}

#[derive(Serialize)]
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
