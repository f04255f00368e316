//! The orders, newest first: who or what asked for numbers, and what came of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{Page, Part, Sheet, counted};
use crate::api::services::Services;
use crate::db::purchases::{OrderFilter, OrderView, orders_count, orders_list};
use crate::db::slice::{Counted, Slice};
use crate::domain::{AreaCode, OrderOutcome, OrderState, PoolName, Trigger, explain_trigger};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["state", "trigger", "pool"];

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLine {
    /// Its id; `/admin/phones/api/purchases/{id}` tells more.
    pub(crate) purchase_id: Uuid,
    /// How far it is.
    pub(crate) state: OrderState,
    /// What came of it, for people: whether it bought all, some or nothing.
    pub(crate) outcome: OrderOutcome,
    /// Why it exists,
    pub(crate) trigger: Trigger,
    /// in words.
    pub(crate) explanation: String,
    /// Who asked: a key's name, or `callbunker`.
    pub(crate) requested_by: String,
    /// What it asks for.
    pub(crate) requested_count: i32,
    /// What it bought so far.
    pub(crate) purchased_count: i64,
    /// Where, if that was said.
    #[schema(required)]
    pub(crate) area_code: Option<AreaCode>,
    /// When it was asked for.
    pub(crate) created_at: DateTime<Utc>,
    /// When it began.
    #[schema(required)]
    pub(crate) started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required)]
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// What it did not get, and why, in words.
    pub(crate) errors: Vec<String>,
    /// The pool that it is for.
    pub(crate) pool: PoolName,
}

impl From<OrderView> for OrderLine {
    fn from(order: OrderView) -> Self {
        Self {
            purchase_id: order.id,
            state: order.state.shown(order.started_at.is_some()),
            outcome: order.outcome(),
            trigger: order.trigger,
            explanation: explain_trigger(order.trigger).to_owned(),
            requested_by: order.requested_by,
            requested_count: order.requested_count,
            purchased_count: order.purchased_count,
            area_code: order.area_code,
            created_at: order.created_at,
            started_at: order.started_at,
            ended_at: order.ended_at,
            errors: order.errors,
            pool: order.pool,
        }
    }
}

/// What the query narrows it to.
pub(crate) fn filter(request: &Request) -> Result<OrderFilter, Problem> {
    let (state, trigger) = (request.query("state")?, request.query("trigger")?);
    Ok(OrderFilter { state, trigger, is_over: None, pool: request.query("pool")? })
}

pub(crate) async fn orders(
    services: &Services,
    filter: OrderFilter,
    part: Part<Uuid>,
) -> Result<Sheet<OrderView, Uuid>, Problem> {
    let read =
        move |conn: &mut crate::db::Connection, slice: Slice<Uuid>, most: i64| orders_list(conn, &filter, slice, most);
    part.read(services, "orders_list", read, |order| order.id).await
}

pub(crate) async fn count(
    services: &Services,
    filter: OrderFilter,
    sheet: &Sheet<OrderView, Uuid>,
) -> Result<Counted, Problem> {
    let first = sheet.items.first().map(|order| order.id);
    counted(services, sheet, first, move |conn, first| orders_count(conn, &filter, first)).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    answer(orders(&services, filter(&request)?, part).await.map(Sheet::page::<OrderLine>))
}

pub(crate) fn about() -> About {
    About::new("purchases", "Purchases", "The orders, newest first; adoptions and imports only when `trigger` asks for them")
        .query::<OrderState>("state", "Only those in this state.")
        .query::<Trigger>("trigger", "Only those that exist for this reason.")
        .query::<PoolName>("pool", "Only those of this pool.")
        .page::<Page<OrderLine>, OrderLine>(json!({"items": [{"purchase_id": "01a20291-f2e9-773c-a618-19b7d665f262",
            "state": "done", "outcome": "done", "trigger": "manual", "explanation": "an operator ordered it", "requested_by": "6d843254d280",
            "requested_count": 3, "purchased_count": 3, "area_code": "415", "created_at": "2026-11-22T09:24:07.678251Z",
            "started_at": "2026-11-22T09:24:07.7Z", "ended_at": "2026-11-22T09:24:08.1Z", "errors": [], "pool": "default"}],
            "next_cursor": null}))
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
