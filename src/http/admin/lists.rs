//! Numbers, assignments and the monitor's passes, a page at a time.
//!
//! How to get it wrong: paging by offset, which skips rows when earlier ones come or go. A cursor is the last row's id.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::super::context::Context;
use super::super::{About, Outcome, Problem, Request, json_response};
use crate::db::assignments::{AssignmentLine, assignments_list};
use crate::db::numbers::{NumberFilter, NumberLine, numbers_list};
use crate::db::passes::{Pass, passes_list};
use crate::domain::{AreaCode, NumberStatus, explain_reason};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// The envelope of every list.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Page<T> {
    items: Vec<T>,
    #[schema(required)]
    /// What the next page begins after; null at the end.
    next_cursor: Option<String>,
}

pub(super) fn limit(request: &Request) -> Result<i64, Problem> {
    let limit: i64 = request.query("limit")?.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid_field("limit", format!("must be 1 to {LIMIT_MAX}")))
    }
}

pub(super) fn cursor(request: &Request) -> Result<Option<i64>, Problem> {
    let cursor: Option<i64> = request
        .query("cursor")
        .map_err(|_| Problem::invalid_field("cursor", "must be the next_cursor of the page before"))?;
    Ok(cursor)
}

/// Cuts the one row too many off, which tells whether there is another page.
pub(super) fn page<T>(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> i64) -> Page<T> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > wanted;
    items.truncate(wanted);
    let next_cursor = items.last().filter(|_| more).map(|last| id(last).to_string());
    Page { items, next_cursor }
}

pub(crate) async fn numbers(context: Arc<Context>, request: Request) -> Outcome {
    let (limit, cursor) = (limit(&request)?, cursor(&request)?);
    let filter = NumberFilter { status: request.query("status")?, area_code: request.query("area_code")? };
    let items = context.read("numbers_list", move |conn| numbers_list(conn, filter, cursor, limit + 1)).await?;
    json_response(StatusCode::OK, &page(items, limit, |line| line.id))
}

pub(crate) async fn assignments(context: Arc<Context>, request: Request) -> Outcome {
    let (limit, cursor) = (limit(&request)?, cursor(&request)?);
    let items = context.read("assignments_list", move |conn| assignments_list(conn, cursor, limit + 1)).await?;
    json_response(StatusCode::OK, &page(items, limit, |line| line.id))
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PassExplained)]
struct PassLine {
    #[serde(flatten)]
    pass: Pass,
    explanation: String,
}

pub(crate) async fn passes(context: Arc<Context>, request: Request) -> Outcome {
    let (limit, cursor) = (limit(&request)?, cursor(&request)?);
    let passes = context.read("passes_list", move |conn| passes_list(conn, cursor, limit + 1)).await?;
    let line = |pass: Pass| PassLine { explanation: explain_reason(&pass.reason), pass };
    let items = passes.into_iter().map(line).collect();
    json_response(StatusCode::OK, &page(items, limit, |line: &PassLine| line.pass.id))
}

pub(crate) fn about_numbers() -> About {
    About::new("numbers", "Numbers", "The numbers, in the order they came")
        .query::<NumberStatus>("status", "Only these.")
        .query::<AreaCode>("area_code", "Only those in it.")
        .page::<Page<NumberLine>, NumberLine>(json!({"items": [{"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "available", "area_code": "415",
        "country": "US", "webhook_status": "configured", "user_id": null, "purchased_at": "2026-11-22T11:43:33Z",
        "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68"}], "next_cursor": null}),
        )
}

pub(crate) fn about_assignments() -> About {
    About::new("assignments", "Numbers", "The assignments, newest first, ended ones too")
        .page::<Page<AssignmentLine>, AssignmentLine>(
            json!({"items": [{"user_id": "u-1", "phone_number": "+14155550100", "area_code": "415", "source": "pool",
                "assigned_at": "2026-11-22T09:24:08.966769Z", "released_at": null}], "next_cursor": "7"}),
        )
}

pub(crate) fn about_passes() -> About {
    About::new("passes", "Pool", "What each look of the monitor did and why, newest first")
        .page::<Page<PassLine>, PassLine>(json!({"items": [{"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start", "reason": "below_threshold",
                "purchased_count": 20, "error": null,
                "explanation": "fewer numbers are available or on their way than pool.threshold_low"}], "next_cursor": null}),
        )
}
