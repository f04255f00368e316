//! What each look of the monitor did, newest first.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::{Page, Part, Sheet, counted};
use crate::api::services::Services;
use crate::db::passes::{Pass, passes_count, passes_list};
use crate::db::slice::{Counted, Slice};
use crate::domain::{PoolName, Trigger, explain_reason};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["pool"];

/// One check of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Pass)]
pub(crate) struct PassView {
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    /// What set it off.
    #[schema(value_type = String)]
    pub(crate) trigger: Trigger,
    /// Why it bought what it bought, or nothing.
    pub(crate) reason: String,
    /// How many it bought.
    pub(crate) purchased_count: i32,
    /// What went wrong.
    #[schema(required)]
    pub(crate) error: Option<String>,
    /// Which pool.
    pub(crate) pool: PoolName,
}

impl From<Pass> for PassView {
    fn from(Pass { id: _, at, trigger, reason, purchased_count, error, pool, detail: _ }: Pass) -> Self {
        Self { at, trigger, reason, purchased_count, error, pool }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PassExplained)]
pub(crate) struct ExplainedPass {
    #[serde(flatten)]
    pub(crate) pass: PassView,
    pub(crate) explanation: String,
    /// What it did beside buying: a threshold that changed, from what to what, and why.
    #[schema(required)]
    pub(crate) detail: Option<String>,
}

impl From<Pass> for ExplainedPass {
    fn from(pass: Pass) -> Self {
        let why = explain_reason(&pass.pool, &pass.reason, pass.error.as_deref());
        let explanation = pass.detail.as_ref().map_or_else(|| why.clone(), |detail| format!("{why} {detail}"));
        Self { explanation, detail: pass.detail.clone(), pass: pass.into() }
    }
}

pub(crate) async fn passes(services: &Services, pool: Option<PoolName>, part: Part) -> Result<Sheet<Pass>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| {
        passes_list(conn, pool.as_ref(), slice, most)
    };
    part.read(services, "passes_list", read, |pass| pass.id).await
}

pub(crate) async fn count(
    services: &Services,
    pool: Option<PoolName>,
    sheet: &Sheet<Pass>,
) -> Result<Counted, Problem> {
    let first = sheet.items.first().map(|pass| pass.id);
    counted(services, sheet, first, move |conn, first| passes_count(conn, pool.as_ref(), first)).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    answer(passes(&services, request.query("pool")?, part).await.map(Sheet::page::<ExplainedPass>))
}

pub(crate) fn about() -> About {
    About::new("passes", "Pool", "What each check of a pool did and why, newest first")
        .query::<PoolName>("pool", "Only those of this pool.")
        .page::<Page<ExplainedPass>, ExplainedPass>(
            json!({"items": [{"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start", "reason": "below_threshold",
                "purchased_count": 20, "error": null, "pool": "default", "detail": null,
                "explanation": "the stock was below the threshold (pool.threshold_low)"}], "next_cursor": null}),
        )
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
