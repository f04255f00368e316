//! A pass, set off by an operator or by the cron jobs of today's users.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::super::context::{Context, shutting_down};
use super::super::{About, Outcome, ProblemCode, Request, json_response};
use crate::domain::{Stock, Trigger};

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Replenishment)]
struct Replenished {
    replenished: bool,
    purchased_count: u32,
    previous_status: Counts,
    new_status: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
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

pub(crate) async fn replenish(context: Arc<Context>, _request: Request) -> Outcome {
    pass(&context, Trigger::Replenish).await
}

pub(crate) async fn auto_replenish(context: Arc<Context>, _request: Request) -> Outcome {
    pass(&context, Trigger::Cron).await
}

async fn pass(context: &Context, trigger: Trigger) -> Outcome {
    if context.is_stopping() {
        return Err(shutting_down());
    }
    let report = context.monitor.pass(trigger).await.map_err(|error| context.monitor_problem(&error))?;
    let replenished = report.purchased_count > 0;
    let document = Replenished {
        replenished,
        purchased_count: report.purchased_count,
        previous_status: report.previous.into(),
        new_status: report.new.into(),
        reason: (!replenished).then_some(report.reason),
        error: report.error,
    };
    json_response(StatusCode::OK, &document)
}

fn about(id: &'static str, summary: &'static str) -> About {
    About::new(id, "Pool", summary)
        .text("`reason` is there when nothing was bought: `above_threshold`, `locked`, `paused`, `spend_cap`, `halted`, …")
        .answer::<Replenished>(
            "What the look did.",
            json!({"replenished": false, "purchased_count": 0, "previous_status": {"available": 16, "assigned": 6, "total": 22},
                "new_status": {"available": 16, "assigned": 6, "total": 22}, "reason": "above_threshold"}),
        )
        .refuses(ProblemCode::ShuttingDown, "This instance is going away.")
}

pub(crate) fn about_replenish() -> About {
    about("replenish", "Looks at the pool at once, and buys what it lacks")
}

pub(crate) fn about_auto_replenish() -> About {
    about("auto_replenish", "The same, for the cron jobs of the earlier service")
}
