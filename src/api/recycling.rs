//! Numbers that somebody has and nobody is known to use, and an operator's word that one stays where it is.
//!
//! How to get it wrong: telling silence where nothing is known. `why_not` says so.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::custody::{NoFields, NumberDocument, ours};
use super::lists::{Page, Part, Sheet};
use super::notice::NoticeView;
use super::services::Services;
use crate::config::Config;
use crate::db::numbers::{Protected, number_owned, number_protect, number_read, number_unprotect};
use crate::db::recyclings::{recycling_intend, recyclings_stand};
use crate::db::slice::Slice;
use crate::db::uses::{InactiveNumber, inactive_list, uses_evidence};
use crate::domain::recycling::{RecyclingMode, Refused, UseSource, Window};
use crate::domain::{NumberStatus, PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::recycling::notices_of;
use crate::routing::{About, Caller, Outcome, Request, answer};

/// Days that may be asked about.
const DAYS_MAX: u16 = 400;

/// Numbers that one call names at most.
const RECYCLED_MOST: usize = 1_000;
/// How long a call waits for what comes of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

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

pub(crate) async fn handle_inactive(services: Arc<Services>, request: Request) -> Outcome {
    let part = Part::asked(&request, &["days"])?;
    let days = request.query("days")?;
    answer(inactive(&services, days, part).await.map(|(sheet, _)| sheet.page::<InactiveView>()))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RecycleBody {
    phone_numbers: Vec<PhoneNumber>,
}

impl RequestBody for RecycleBody {
    const FIELDS: &'static [&'static str] = &["phone_numbers"];
}

/// A number of which nobody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RecycleRefused)]
pub(crate) struct RefusedView {
    /// Which.
    phone_number: PhoneNumber,
    /// Why.
    code: Refused,
}

/// What was told, and what was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Recycled)]
pub(crate) struct RecycledView {
    /// The application was told of these, or is being told: it goes on by itself.
    noticed: Vec<PhoneNumber>,
    /// Taken already: only with `recycling.notice_days = 0`.
    taken: Vec<PhoneNumber>,
    /// Nothing is done about these.
    refused: Vec<RefusedView>,
}

/// Tells of these numbers now, by an operator's word, and waits a little for what comes of it.
pub(crate) async fn recycle(
    services: &Arc<Services>,
    caller: &Caller,
    numbers: Vec<PhoneNumber>,
) -> Result<RecycledView, Problem> {
    let config = services.config.load_full();
    if config.notices().is_none() {
        let detail = "Nobody would be told before a number is taken; give recycling.notice_url first.";
        return Err(Problem::new(ProblemCode::Conflict, detail));
    }
    if config.recycling.mode == RecyclingMode::Off {
        let detail = "recycling.mode is off, so nothing would be taken; set it to suggest or apply first.";
        return Err(Problem::new(ProblemCode::Conflict, detail));
    }
    let notices = notices_of(&config, Some(caller.name()));
    let (mut done, mut told) = (RecycledView::default(), Vec::new());
    for number in numbers {
        let (wanted, notices) = (number.clone(), notices.clone());
        let intend = move |conn: &mut crate::db::Connection| match number_owned(conn, &wanted)? {
            Some(found) if found.status() != NumberStatus::Released => recycling_intend(conn, found.id, &notices),
            _ => Ok(Err(Refused::NotFound)),
        };
        match services.read("recycling_intend", intend).await? {
            Ok(id) => {
                fail::fail_point!("recycling_intended");
                told.push((id, number));
            }
            Err(code) => done.refused.push(RefusedView { phone_number: number, code }),
        }
    }
    let until = tokio::time::Instant::now() + ANSWER_WITHIN;
    let ids: Vec<uuid::Uuid> = told.iter().map(|(id, _)| *id).collect();
    loop {
        let asked = ids.clone();
        let stand = services.read("recyclings_stand", move |conn| recyclings_stand(conn, &asked)).await?;
        let is_last = if config.recycling.notice_days == 0 { "noticed" } else { "" };
        let waits = stand.iter().any(|(_, state)| state == "intended" || state == is_last);
        if !waits || services.is_stopping() || tokio::time::Instant::now() >= until {
            let is_taken = |id: &uuid::Uuid| stand.iter().any(|(other, state)| other == id && state == "taken");
            let (taken, noticed) = told.into_iter().partition::<Vec<_>, _>(|(id, _)| is_taken(id));
            done.taken = taken.into_iter().map(|(_, number)| number).collect();
            done.noticed = noticed.into_iter().map(|(_, number)| number).collect();
            return Ok(done);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn handle_recycle(services: Arc<Services>, request: Request) -> Outcome {
    let RecycleBody { mut phone_numbers } = request.json()?;
    if !(1..=RECYCLED_MOST).contains(&phone_numbers.len()) {
        return Err(Problem::invalid_field("phone_numbers", format!("must name 1 to {RECYCLED_MOST}")));
    }
    phone_numbers.sort();
    phone_numbers.dedup();
    answer(recycle(&services, &request.caller(), phone_numbers).await)
}

/// Protects a number of ours, or protects it no more.
pub(crate) async fn protect(
    services: &Services,
    caller: &Caller,
    number: PhoneNumber,
    is_on: bool,
) -> Result<NumberDocument, Problem> {
    let last_four = number.last_four().to_owned();
    let found = ours(services, number).await?;
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

pub(crate) fn about_recycle() -> About {
    About::new("recycle", "Numbers", "Tells the application now that numbers are not used, and takes them later")
        .text(
            "By an operator's word, for numbers of which it is known that nobody used them: the same is asked again when one is taken, \
             `recycling.notice_days` after the application took the notice. It then rests as any released one, and its user may have it back.",
        )
        .body::<RecycleBody>(json!({"phone_numbers": ["+14155550100", "+14155550101"]}))
        .answer::<RecycledView>(
            "What is told, and what is not.",
            json!({"noticed": ["+14155550100"], "taken": [], "refused": [{"phone_number": "+14155550101", "code": "used_lately"}]}),
        )
        .refuses(ProblemCode::Conflict, "`recycling.notice_url` is not set, or `recycling.mode` is `off`.")
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
