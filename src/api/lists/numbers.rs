//! The numbers of the pool.
//!
//! How to get it wrong: another order for programs. They walk the list in the order in which numbers came, so that what
//! comes meanwhile is at its end.

use std::sync::Arc;

use serde_json::json;

use super::{Page, Part, Sheet, counted};
use crate::api::numbers::NumberView;
use crate::api::services::Services;
use crate::db::numbers::{NumberFilter, OwnedNumber, numbers_count, numbers_list};
use crate::db::slice::{Counted, Slice};
use crate::domain::{AreaCode, ListOrder, ListedStatus, PoolName};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, UserBeginning, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["status", "area_code", "user", "pool"];

/// What the query narrows it to.
pub(crate) fn filter(request: &Request) -> Result<NumberFilter, Problem> {
    Ok(NumberFilter {
        status: request.query("status")?,
        area_code: request.query("area_code")?,
        user: user_beginning(request),
        pool: request.query("pool")?,
    })
}

/// What users are called whose lines are wanted.
pub(super) fn user_beginning(request: &Request) -> Option<String> {
    request.query_text("user").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

pub(crate) async fn numbers(
    services: &Services,
    filter: NumberFilter,
    order: ListOrder,
    part: Part,
) -> Result<Sheet<OwnedNumber>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| {
        numbers_list(conn, &filter, order, slice, most)
    };
    part.read(services, "numbers_list", read, |number| number.id).await
}

/// How many there are, and how many before this sheet of the newest first.
pub(crate) async fn count(
    services: &Services,
    filter: NumberFilter,
    sheet: &Sheet<OwnedNumber>,
) -> Result<Counted, Problem> {
    let first = sheet.items.first().map(|number| number.id);
    counted(services, sheet, first, move |conn, first| numbers_count(conn, &filter, first)).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, &[FILTERS, &["order"]].concat())?;
    let order = request.query("order")?.unwrap_or_default();
    answer(numbers(&services, filter(&request)?, order, part).await.map(Sheet::page::<NumberView>))
}

pub(crate) fn about() -> About {
    About::new("numbers", "Numbers", "The numbers, in the order they came")
        .query::<ListedStatus>("status", "Only these; `held` are those of the quarantined that wait for an operator.")
        .query::<AreaCode>("area_code", "Only those in it.")
        .query::<UserBeginning>("user", "Only those of users whose id begins like this, in capitals or not.")
        .query::<PoolName>("pool", "Only those of this pool.")
        .query::<ListOrder>("order", "`oldest` first unless given, or `newest`.")
        .page::<Page<NumberView>, NumberView>(json!({"items": [{"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "available", "area_code": "415",
        "country": "US", "webhook_status": "configured", "user_id": null, "purchased_at": "2026-11-22T11:43:33Z",
        "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68", "quarantine_reason": null, "pool": "default",
        "number_type": "local", "last_used_at": null, "last_used_source": null}], "next_cursor": null}),
        )
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
