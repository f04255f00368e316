//! Numbers that somebody has and nobody is known to use, and an operator's word that one stays where it is.
//!
//! How to get it wrong: telling silence where nothing is known. `why_not` says so.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::custody::NumberDocument;
use super::lists::{Page, Part};
use super::services::Services;
use crate::config::Config;
use crate::db::numbers::{Protected, number_owned, number_protect, number_read, number_unprotect};
use crate::db::slice::Slice;
use crate::db::uses::{InactiveNumber, inactive_list, uses_evidence};
use crate::domain::recycling::{UseSource, Window};
use crate::domain::{NumberStatus, PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::routing::{About, Caller, Outcome, Request, answer};

/// Days that may be asked about.
const DAYS_MAX: u16 = 400;

/// How far a notice has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RecyclingNotice)]
pub(crate) struct NoticeView {
    /// `intended` = it is still to be told; `noticed` = it was.
    pub(crate) state: String,
    /// When it was told.
    #[schema(required)]
    pub(crate) noticed_at: Option<DateTime<Utc>>,
    /// Until when there is time to answer.
    #[schema(required)]
    pub(crate) take_after: Option<DateTime<Utc>>,
}

/// A number that somebody has and nobody is known to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = InactiveNumber)]
pub(crate) struct InactiveView {
    /// E.164.
    pub(crate) phone_number: PhoneNumber,
    /// Whose it is.
    pub(crate) user_id: String,
    /// Its pool.
    pub(crate) pool: PoolName,
    /// The last use that is known; the assignment is one.
    pub(crate) last_used_at: DateTime<Utc>,
    /// How it is known: `assignment`, `touch`, `call` or `message`.
    pub(crate) last_used_source: UseSource,
    /// Since when it is theirs.
    pub(crate) assigned_at: DateTime<Utc>,
    /// A notice that is out.
    #[schema(required)]
    pub(crate) notice: Option<NoticeView>,
    /// An operator protects it.
    pub(crate) protected: bool,
    /// Why it would not be taken; null = nothing is in the way.
    #[schema(required)]
    pub(crate) why_not: Option<String>,
}

impl InactiveView {
    fn of(row: InactiveNumber, no_data: Option<&str>) -> Self {
        let why_not = match row.protected {
            true => Some("an operator protects it".to_owned()),
            false => no_data.map(str::to_owned),
        };
        Self {
            phone_number: row.phone_number,
            user_id: row.user_id,
            pool: row.pool,
            last_used_at: row.last_used_at,
            last_used_source: row.last_used_source,
            assigned_at: row.assigned_at,
            notice: row.notice_state.map(|state| NoticeView {
                state,
                noticed_at: row.noticed_at,
                take_after: row.take_after,
            }),
            protected: row.protected,
            why_not,
        }
    }
}

/// Why nobody knows whether numbers were used.
fn no_data(config: &Config) -> String {
    let recycling = &config.recycling;
    let days = recycling.inactive_days;
    match (recycling.sweep_cron.is_some(), recycling.by_touch) {
        (false, false) => {
            "nobody knows whether it was used: set recycling.sweep_cron, or tell uses and set recycling.by_touch"
                .to_owned()
        }
        (true, false) => {
            format!("nobody knows yet whether it was used: no walks over calls and messages cover the last {days} days")
        }
        (false, true) => format!(
            "nobody knows whether it was used: on some of the last {days} days the application told of no use at all"
        ),
        (true, true) => format!(
            "nobody knows whether it was used: neither walks over calls and messages nor touches cover the last {days} days"
        ),
    }
}

pub(crate) async fn inactive(
    services: &Services,
    days: Option<u16>,
    part: Part,
) -> Result<Page<InactiveView>, Problem> {
    let config = services.config.load_full();
    let days = days.unwrap_or(config.recycling.inactive_days);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Problem::invalid_field("days", format!("must be 1 to {DAYS_MAX}")));
    }
    let by_touch = config.recycling.by_touch;
    let (evidence, now) = services.read("uses_evidence", move |conn| uses_evidence(conn, days, by_touch)).await?;
    let before = now - TimeDelta::days(i64::from(days));
    let unknown = (!evidence.covers(Window::before(now, days))).then(|| no_data(&config));
    let read =
        move |conn: &mut crate::db::Connection, slice: Slice<i64>, most: i64| inactive_list(conn, before, slice, most);
    let sheet = part.read(services, "inactive_list", read, |number: &InactiveNumber| number.id).await?;
    Ok(Page {
        next_cursor: sheet.next.map(|next| next.to_string()),
        items: sheet.items.into_iter().map(|row| InactiveView::of(row, unknown.as_deref())).collect(),
    })
}

pub(crate) async fn handle_inactive(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, &["days"])?;
    let days = request.query("days")?;
    answer(inactive(&services, days, part).await)
}

#[derive(Deserialize, utoipa::ToSchema)]
struct NoFields {}

impl RequestBody for NoFields {
    const FIELDS: &'static [&'static str] = &[];
}

/// Protects a number of ours, or protects it no more.
pub(crate) async fn protect(
    services: &Services,
    caller: &Caller,
    number: PhoneNumber,
    is_on: bool,
) -> Result<NumberDocument, Problem> {
    let last_four = number.last_four().to_owned();
    let found = services.read("number_owned", move |conn| number_owned(conn, &number)).await?;
    let Some(found) = found.filter(|found| found.status() != NumberStatus::Released) else {
        return Err(Problem::not_found("This number is not ours; adopt takes one of the account in."));
    };
    let (id, by) = (found.id, caller.name());
    let done = match is_on {
        true => services.read("number_protect", move |conn| number_protect(conn, id, &by)).await?,
        false => services.read("number_unprotect", move |conn| number_unprotect(conn, id, &by)).await?,
    };
    match done {
        Protected::Done => {
            let told = if is_on { "a number is protected" } else { "a number is protected no more" };
            slog::info!(services.log, "{}", told; "phone_number_ends" => last_four, "by" => caller.name());
        }
        Protected::Already => {}
        Protected::Leaving => {
            return Err(Problem::new(ProblemCode::Leaving, "The number is being given back to Twilio."));
        }
    }
    let number = services.read("number_read", move |conn| number_read(conn, id)).await?;
    number.map(Into::into).ok_or_else(Problem::internal)
}

pub(crate) async fn handle_protect(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(protect(&services, &request.caller(), number, true).await)
}

pub(crate) async fn handle_unprotect(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(protect(&services, &request.caller(), number, false).await)
}

pub(crate) fn about_inactive() -> About {
    About::new("inactive", "Numbers", "The numbers of users of which no use is known for some days")
        .text(
            "In the order in which they came. The assignment is a use; so is a touch, and a call or a message that a walk saw. `why_not` says \
             where nothing is known: then no silence is proven.",
        )
        .query::<u16>("days", "For so many days no use is known, 1 to 400; without it `recycling.inactive_days`.")
        .page::<Page<InactiveView>, InactiveView>(json!({"items": [{"phone_number": "+14155550100", "user_id": "u-1", "pool": "default",
            "last_used_at": "2026-08-22T11:43:33Z", "last_used_source": "call", "assigned_at": "2026-06-01T08:00:00Z", "notice": null,
            "protected": false, "why_not": null}], "next_cursor": null}))
        .refuses(ProblemCode::UnknownField, "The list takes no such parameter.")
}

fn one_number(about: About) -> About {
    about
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .body::<NoFields>(json!({}))
        .answer::<NumberDocument>(
            "The number.",
            json!({"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "assigned", "area_code": "415",
                "country": "US", "webhook_status": "configured", "user_id": "u-1", "purchased_at": "2026-11-22T11:43:33Z",
                "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68", "quarantine_reason": null, "pool": "default",
                "number_type": "local", "last_used_at": "2026-11-22T11:57:16.799722Z", "last_used_source": "assignment"}),
        )
        .refuses(ProblemCode::NotFound, "It is not ours.")
        .refuses(ProblemCode::Leaving, "It is being given back to Twilio.")
}

pub(crate) fn about_protect() -> About {
    one_number(About::new("protect", "Numbers", "An operator's word that a number stays where it is")).text(
        "It is neither recycled nor given back to Twilio (409 `protected`). Its user may give it back, and then it rests and serves others \
         as any does.",
    )
}

pub(crate) fn about_unprotect() -> About {
    one_number(About::new("unprotect", "Numbers", "Takes that word back"))
}
