//! Numbers that somebody has and nobody is known to use.
//!
//! How to get it wrong: telling silence where nothing is known. `why_not` says so.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;

use super::lists::{Page, Part, Sheet};
use super::notice::NoticeView;
use super::services::Services;
use crate::config::Config;
use crate::db::slice::Slice;
use crate::db::uses::{InactiveNumber, inactive_list, uses_evidence};
use crate::domain::recycling::{UseSource, Window};
use crate::domain::{PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

/// Days that may be asked about.
const DAYS_MAX: u16 = 400;

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

/// The list, and for how many days no use of its numbers is known.
pub(crate) async fn inactive(
    services: &Services,
    days: Option<u16>,
    part: Part,
) -> Result<(Sheet<InactiveView>, u16), Problem> {
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
    let Sheet { items, next, previous } =
        part.read(services, "inactive_list", read, |number: &InactiveNumber| number.id).await?;
    let items = items.into_iter().map(|row| InactiveView::of(row, unknown.as_deref())).collect();
    Ok((Sheet { items, next, previous }, days))
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, &["days"])?;
    let days = request.query("days")?;
    answer(inactive(&services, days, part).await.map(|(sheet, _)| sheet.page::<InactiveView>()))
}

pub(crate) fn about() -> About {
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
