//! The assignments, those that began last first, ended ones too.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::numbers::user_beginning;
use super::{Page, Part, Sheet, counted};
use crate::api::services::Services;
use crate::db::assignments::{AssignmentFilter, AssignmentRecord, assignments_count, assignments_list};
use crate::db::slice::{Counted, Slice};
use crate::domain::{AreaCode, AssignmentSource, LiveOrEnded, Match, PhoneNumber, PoolName, UserId};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, UserBeginning, answer};

/// The parameters that narrow it.
pub(crate) const FILTERS: &[&str] = &["user", "state", "pool"];

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
    /// The pool that its number was of when it began, or is while it goes on.
    pub(crate) pool: PoolName,
    /// How near the number is to the area code that was wished for; null = nothing was wished for.
    #[serde(rename = "match")]
    #[schema(required)]
    pub(crate) matched: Option<Match>,
}

impl From<AssignmentRecord> for AssignmentView {
    fn from(record: AssignmentRecord) -> Self {
        let AssignmentRecord {
            id: _,
            user_id,
            phone_number,
            area_code,
            source,
            assigned_at,
            released_at,
            pool,
            matched,
        } = record;
        Self { user_id, phone_number, area_code, source, assigned_at, released_at, pool, matched }
    }
}

/// What the query narrows it to.
pub(crate) fn filter(request: &Request) -> Result<AssignmentFilter, Problem> {
    let state: Option<LiveOrEnded> = request.query("state")?;
    let is_live = state.map(|state| state == LiveOrEnded::Live);
    Ok(AssignmentFilter { user: user_beginning(request), is_live, pool: request.query("pool")? })
}

pub(crate) async fn assignments(
    services: &Services,
    filter: AssignmentFilter,
    part: Part,
) -> Result<Sheet<AssignmentRecord>, Problem> {
    let read = move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| {
        assignments_list(conn, &filter, slice, most)
    };
    part.read(services, "assignments_list", read, |record| record.id).await
}

pub(crate) async fn count(
    services: &Services,
    filter: AssignmentFilter,
    sheet: &Sheet<AssignmentRecord>,
) -> Result<Counted, Problem> {
    let first = sheet.items.first().map(|record| record.id);
    counted(services, sheet, first, move |conn, first| assignments_count(conn, &filter, first)).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, FILTERS)?;
    answer(assignments(&services, filter(&request)?, part).await.map(Sheet::page::<AssignmentView>))
}

pub(crate) fn about() -> About {
    About::new("assignments", "Numbers", "The assignments, those that began last first, ended ones too")
        .query::<UserBeginning>("user", "Only those of users whose id begins like this, in capitals or not.")
        .query::<LiveOrEnded>("state", "Only those that go on (`live`), or only those that are over (`ended`).")
        .query::<PoolName>("pool", "Only those of this pool.")
        .page::<Page<AssignmentView>, AssignmentView>(
            json!({"items": [{"user_id": "u-1", "phone_number": "+14155550100", "area_code": "415", "source": "pool",
                "assigned_at": "2026-11-22T09:24:08.966769Z", "released_at": null, "pool": "default", "match": "exact"}], "next_cursor": "7"}),
        )
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}
