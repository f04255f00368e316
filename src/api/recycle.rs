//! An operator's word that the application is told now of numbers that nobody uses, which are taken later.
//!
//! Invariant: each number is judged by what is known of it at that moment, as a round of the recycler's own would.
//! How to get it wrong: taking a number whose notice nobody got. Without somebody to tell nothing begins.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::services::Services;
use crate::db::numbers::number_owned;
use crate::db::recyclings::{recycling_intend, recyclings_stand};
use crate::domain::recycling::{RecyclingMode, Refused};
use crate::domain::{NumberStatus, PhoneNumber};
use crate::http::{Problem, ProblemCode, RequestBody};
use crate::recycling::notices_of;
use crate::routing::{About, Caller, Outcome, Request, answer};

/// Numbers that one call names at most.
const RECYCLED_MOST: usize = 1_000;
/// How long a call waits for what comes of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

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

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let RecycleBody { mut phone_numbers } = request.json()?;
    if !(1..=RECYCLED_MOST).contains(&phone_numbers.len()) {
        return Err(Problem::invalid_field("phone_numbers", format!("must name 1 to {RECYCLED_MOST}")));
    }
    phone_numbers.sort();
    phone_numbers.dedup();
    answer(recycle(&services, &request.caller(), phone_numbers).await)
}

pub(crate) fn about() -> About {
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
