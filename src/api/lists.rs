//! Numbers, assignments and the monitor's passes, a page at a time.
//!
//! How to get it wrong: paging by offset, which skips rows when earlier ones come or go. A cursor is the last row's id.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::numbers::NumberView;
use super::services::Services;
use crate::db::assignments::{AssignmentRecord, assignments_list};
use crate::db::numbers::{NumberFilter, OwnedNumber, numbers_list};
use crate::db::passes::{Pass, passes_list};
use crate::db::{Connection, DbError};
use crate::domain::{AreaCode, AssignmentSource, NumberStatus, PhoneNumber, Trigger, UserId, explain_reason};
use crate::http::Problem;
use crate::routing::{About, Outcome, Request, answer};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// The envelope of every list.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    #[schema(required)]
    /// What the next page begins after; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    limit: i64,
    after: Option<i64>,
}

impl Part {
    /// What the query asks for.
    pub(crate) fn asked(request: &Request) -> Result<Self, Problem> {
        let limit: i64 = request.query("limit")?.unwrap_or(LIMIT_DEFAULT);
        if (1..=LIMIT_MAX).contains(&limit) {
            Ok(Self { limit, ..Self::of_a_page(request)? })
        } else {
            Err(Problem::invalid_field("limit", format!("must be 1 to {LIMIT_MAX}")))
        }
    }

    /// As much as a page for people shows, after the query's cursor.
    pub(crate) fn of_a_page(request: &Request) -> Result<Self, Problem> {
        let after = request
            .query("cursor")
            .map_err(|_| Problem::invalid_field("cursor", "must be the next_cursor of the page before"))?;
        Ok(Self { limit: LIMIT_DEFAULT, after })
    }

    /// Reads it: `read` gets the cursor and how many rows to read, one more than are shown.
    pub(crate) async fn read<T, V, F>(
        self,
        services: &Services,
        name: &'static str,
        read: F,
        id: impl Fn(&T) -> i64,
    ) -> Result<Page<V>, Problem>
    where
        T: Into<V> + Send + 'static,
        F: FnOnce(&mut Connection, Option<i64>, i64) -> Result<Vec<T>, DbError> + Send + 'static,
    {
        let items = services.read(name, move |conn| read(conn, self.after, self.limit + 1)).await?;
        let Page { items, next_cursor } = page(items, self.limit, id);
        Ok(Page { items: items.into_iter().map(Into::into).collect(), next_cursor })
    }
}

/// Cuts the one row too many off, which tells whether there is another page.
fn page<T>(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> i64) -> Page<T> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > wanted;
    items.truncate(wanted);
    let next_cursor = items.last().filter(|_| more).map(|last| id(last).to_string());
    Page { items, next_cursor }
}

pub(crate) async fn numbers(
    services: &Services,
    filter: NumberFilter,
    part: Part,
) -> Result<Page<NumberView>, Problem> {
    part.read(
        services,
        "numbers_list",
        move |conn, after, most| numbers_list(conn, filter, after, most),
        |number: &OwnedNumber| number.id,
    )
    .await
}

pub(crate) async fn handle_numbers(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request)?;
    let filter = NumberFilter { status: request.query("status")?, area_code: request.query("area_code")? };
    answer(numbers(&services, filter, part).await)
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AssignmentLine)]
pub(crate) struct AssignmentView {
    /// Whose.
    #[schema(value_type = UserId)]
    pub(crate) user_id: String,
    /// Which.
    pub(crate) phone_number: PhoneNumber,
    /// Its area code.
    #[schema(required)]
    pub(crate) area_code: Option<AreaCode>,
    /// Where the number came from.
    pub(crate) source: AssignmentSource,
    /// From.
    pub(crate) assigned_at: DateTime<Utc>,
    /// Until; `None` = live.
    #[schema(required)]
    pub(crate) released_at: Option<DateTime<Utc>>,
}

impl From<AssignmentRecord> for AssignmentView {
    fn from(record: AssignmentRecord) -> Self {
        let AssignmentRecord { id: _, user_id, phone_number, area_code, source, assigned_at, released_at } = record;
        Self { user_id, phone_number, area_code, source, assigned_at, released_at }
    }
}

pub(crate) async fn assignments(services: &Services, part: Part) -> Result<Page<AssignmentView>, Problem> {
    part.read(services, "assignments_list", assignments_list, |record: &AssignmentRecord| record.id).await
}

pub(crate) async fn handle_assignments(services: Arc<Services>, request: Request) -> Outcome {
    answer(assignments(&services, Part::asked(&request)?).await)
}

/// One check of the pool.
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
}

impl From<Pass> for PassView {
    fn from(Pass { id: _, at, trigger, reason, purchased_count, error }: Pass) -> Self {
        Self { at, trigger, reason, purchased_count, error }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PassExplained)]
pub(crate) struct ExplainedPass {
    #[serde(flatten)]
    pub(crate) pass: PassView,
    pub(crate) explanation: String,
}

impl From<Pass> for ExplainedPass {
    fn from(pass: Pass) -> Self {
        Self { explanation: explain_reason(&pass.reason), pass: pass.into() }
    }
}

pub(crate) async fn passes(services: &Services, part: Part) -> Result<Page<ExplainedPass>, Problem> {
    part.read(services, "passes_list", passes_list, |pass: &Pass| pass.id).await
}

pub(crate) async fn handle_passes(services: Arc<Services>, request: Request) -> Outcome {
    answer(passes(&services, Part::asked(&request)?).await)
}

pub(crate) fn about_numbers() -> About {
    About::new("numbers", "Numbers", "The numbers, in the order they came")
        .query::<NumberStatus>("status", "Only these.")
        .query::<AreaCode>("area_code", "Only those in it.")
        .page::<Page<NumberView>, NumberView>(json!({"items": [{"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "available", "area_code": "415",
        "country": "US", "webhook_status": "configured", "user_id": null, "purchased_at": "2026-11-22T11:43:33Z",
        "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68"}], "next_cursor": null}),
        )
}

pub(crate) fn about_assignments() -> About {
    About::new("assignments", "Numbers", "The assignments, newest first, ended ones too")
        .page::<Page<AssignmentView>, AssignmentView>(
            json!({"items": [{"user_id": "u-1", "phone_number": "+14155550100", "area_code": "415", "source": "pool",
                "assigned_at": "2026-11-22T09:24:08.966769Z", "released_at": null}], "next_cursor": "7"}),
        )
}

pub(crate) fn about_passes() -> About {
    About::new("passes", "Pool", "What each check of the pool did and why, newest first")
        .page::<Page<ExplainedPass>, ExplainedPass>(
            json!({"items": [{"at": "2026-11-22T09:24:07.678251Z", "trigger": "warm_start", "reason": "below_threshold",
                "purchased_count": 20, "error": null,
                "explanation": "the stock was below the threshold (pool.threshold_low)"}], "next_cursor": null}),
        )
}
