//! An operator's word that a number stays where it is.
//!
//! How to get it wrong: protecting one that is on its way back to Twilio. Nobody can say whether it stays.

use std::sync::Arc;

use serde_json::json;

use super::custody::{NoFields, NumberDocument, ours};
use super::services::Services;
use crate::db::numbers::{Protected, number_protect, number_read, number_unprotect};
use crate::domain::PhoneNumber;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Caller, Outcome, Request, answer};

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
