//! How the pool is.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::lists::passes::PassView;
use super::pause::{HaltedDocument, PausedDocument};
use super::services::Services;
use crate::config::Config;
use crate::db::passes::{Pass, pass_latest};
use crate::db::stock::{Observation, stock_read};
use crate::http::json_response;
use crate::routing::{About, Outcome, Request};

/// The first five fields are the earlier service's, to the letter.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PoolStatus)]
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
    /// Numbers that we had and that are not at Twilio any more.
    pub(crate) missing: u32,
    /// Those of them that are users'.
    pub(crate) missing_of_users: u32,
    /// Out of stock until an operator decides; `quarantined` counts them, too.
    pub(crate) held: u32,
    /// At rest, or on their way back to Twilio: `quarantined` without those that are held.
    pub(crate) resting: u32,
    /// Everything that costs a monthly fee, or may.
    pub(crate) owned: u32,
    /// `pool.owned_max`
    pub(crate) owned_max: u32,
    /// What automatic buying may still make idle stock larger by, under `pool.available_max`.
    pub(crate) available_room: u32,
    #[schema(required)]
    pub(crate) paused: Option<PausedDocument>,
    #[schema(required)]
    pub(crate) halted: Option<HaltedDocument>,
    pub(crate) spend: Spend,
    #[schema(required)]
    pub(crate) last_replenishment: Option<PassView>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Spend {
    pub(crate) hour: Window,
    pub(crate) day: Window,
    #[serde(rename = "override")]
    pub(crate) overridden: u32,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SpendWindow)]
pub(crate) struct Window {
    pub(crate) bought: u32,
    pub(crate) max: u32,
}

pub(crate) async fn status(services: Arc<Services>, _request: Request) -> Outcome {
    let (seen, last_replenishment) =
        services.read("status", |conn| Ok((stock_read(conn)?, pass_latest(conn)?))).await?;
    json_response(StatusCode::OK, &document(seen, last_replenishment, &services.config.load()))
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
        missing: seen.missing,
        missing_of_users: seen.missing_of_users,
        held: seen.held,
        resting: stock.quarantined.saturating_sub(seen.held),
        owned: stock.owned(),
        owned_max: config.pool.owned_max,
        available_room: config.pool.available_max.saturating_sub(stock.idle_at_most()),
        paused: seen.buying.paused.map(Into::into),
        halted: seen.buying.halted.map(Into::into),
        spend: Spend {
            hour: Window { bought: seen.spend.hour, max: config.spend.purchases_per_hour_max },
            day: Window { bought: seen.spend.day, max: config.spend.purchases_per_day_max },
            overridden: seen.spend.overridden,
        },
        last_replenishment: last_replenishment.map(Into::into),
    }
}

pub(crate) fn about() -> About {
    About::new("status", "Pool", "How the pool is").answer::<Status>(
        "The pool.",
        json!({"available": 13, "assigned": 6, "total": 19, "threshold": 10, "needs_replenishment": false, "quarantined": 1,
            "unready": 0, "unfit": 0, "purchasing": 0, "unsettled": 0, "waiting": 0, "missing": 0, "missing_of_users": 0,
            "held": 0, "resting": 1, "owned": 20, "owned_max": 1000, "available_room": 37, "paused": null, "halted": null,
            "spend": {"hour": {"bought": 20, "max": 100}, "day": {"bought": 20, "max": 300}, "override": 0},
            "last_replenishment": {"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start",
                "reason": "below_threshold", "purchased_count": 20, "error": null}}),
    )
}
