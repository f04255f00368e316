//! How the pool is.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::context::Context;
use super::super::{Outcome, Request, json_response};
use crate::config::Config;
use crate::db::buying_gate::{Halted, Paused};
use crate::db::passes::{Pass, pass_latest};
use crate::db::stock::{Observation, stock_read};

/// The first five fields are the earlier service's, to the letter.
#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) available: u32,
    pub(crate) assigned: u32,
    pub(crate) total: u32,
    pub(crate) threshold: u32,
    pub(crate) needs_replenishment: bool,
    pub(crate) quarantined: u32,
    pub(crate) unready: u32,
    pub(crate) unfit: u32,
    pub(crate) purchasing: u32,
    pub(crate) unsettled: u32,
    pub(crate) waiting: u32,
    pub(crate) paused: Option<Paused>,
    pub(crate) halted: Option<Halted>,
    pub(crate) spend: Spend,
    pub(crate) last_replenishment: Option<Pass>,
}

#[derive(Serialize)]
pub(crate) struct Spend {
    pub(crate) hour: Window,
    pub(crate) day: Window,
    #[serde(rename = "override")]
    pub(crate) overridden: u32,
}

#[derive(Serialize)]
pub(crate) struct Window {
    pub(crate) bought: u32,
    pub(crate) max: u32,
}

pub(crate) async fn status(context: Arc<Context>, _request: Request) -> Outcome {
    let (seen, last_replenishment) = context.read("status", |conn| Ok((stock_read(conn)?, pass_latest(conn)?))).await?;
    json_response(StatusCode::OK, &document(seen, last_replenishment, &context.config.load()))
}

/// The status document, for the API, the dashboard and its live events.
pub(crate) fn document(seen: Observation, last_replenishment: Option<Pass>, config: &Config) -> Status {
    let (stock, threshold) = (seen.stock, config.pool.threshold_low);
    Status {
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
    }
}
