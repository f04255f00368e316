//! An operator's word that the carriers know a number, for when Twilio's event of it was lost.
//!
//! How to get it wrong: taking it for an attachment. A number that is in no service texts nobody, whatever anybody says.

use std::sync::Arc;

use serde_json::json;

use super::custody::{NoFields, NumberDocument, ours};
use super::services::Services;
use crate::db::numbers::{MarkedReady, Stuck, number_mark_ready, number_read};
use crate::domain::{AttachmentStatus, PhoneNumber};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Caller, Outcome, Request, answer};

/// Marks a number of ours as known to the carriers; only what Twilio says later undoes it. Where nobody waits for them, nothing
/// changes.
pub(crate) async fn mark_ready(
    services: &Services,
    caller: &Caller,
    number: PhoneNumber,
) -> Result<NumberDocument, Problem> {
    let last_four = number.last_four().to_owned();
    let found = ours(services, number).await?;
    let (id, by) = (found.id, caller.name());
    match services.read("number_mark_ready", move |conn| number_mark_ready(conn, id, &by)).await? {
        MarkedReady::Done => {
            slog::info!(services.log, "a number is marked as ready: the carriers know it, an operator says";
                "phone_number_ends" => last_four, "by" => caller.name());
        }
        MarkedReady::NotNeeded => {}
        MarkedReady::Lacks(status) => return Err(Problem::new(ProblemCode::Conflict, attach_first(status))),
        MarkedReady::NotFree => return Err(not_free(Stuck::of(&found))),
    }
    let number = services.read("number_read", move |conn| number_read(conn, id)).await?;
    number.map(Into::into).ok_or_else(Problem::internal)
}

fn attach_first(status: AttachmentStatus) -> &'static str {
    match status {
        AttachmentStatus::Failed => {
            "Attach it first: Twilio did not take it into what its pool wants; its history says why. Mend that, then mark it."
        }
        AttachmentStatus::Pending | AttachmentStatus::Attached => {
            "Attach it first: it has not joined all that its pool wants yet, which goes on by itself. Mark it when it has."
        }
    }
}

fn not_free(why: Option<Stuck>) -> Problem {
    match why {
        Some(Stuck::Leaving) => Problem::new(ProblemCode::Leaving, "The number is being given back to Twilio."),
        Some(Stuck::Missing) => {
            Problem::new(ProblemCode::Conflict, "Twilio does not know the number; find out where it is first.")
        }
        // What it is attached to keeps no number from being marked.
        Some(Stuck::OnHold(_) | Stuck::InService(_)) | None => {
            Problem::new(ProblemCode::Conflict, "The number is on hold; decide about that first, then mark it.")
        }
    }
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    let number = request.param("phone_number")?;
    let NoFields {} = request.json()?;
    answer(mark_ready(&services, &request.caller(), number).await)
}

pub(crate) fn about() -> About {
    About::new("mark_ready", "Numbers", "An operator's word that the carriers know a number")
        .text(
            "For when Twilio's event was lost and its console shows the number as registered. Only what Twilio says later, and says that \
             the carriers do not know it, undoes it. Where the pool does not wait for the carriers, nothing changes.",
        )
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .body::<NoFields>(json!({}))
        .answer::<NumberDocument>(
            "The number.",
            json!({"phone_number": "+14155550100", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "available", "area_code": "415",
                "country": "US", "webhook_status": "configured", "user_id": null, "purchased_at": "2026-11-22T11:43:33Z",
                "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68", "quarantine_reason": null, "pool": "default",
                "number_type": "local", "last_used_at": null, "last_used_source": null}),
        )
        .refuses(ProblemCode::NotFound, "It is not ours.")
        .refuses(ProblemCode::Conflict, "An attachment lacks, or it is on hold or missing; `detail` says what to do.")
        .refuses(ProblemCode::Leaving, "It is being given back to Twilio.")
}
