//! One number: how it stands, why nobody gets it, and what happened to it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use super::services::Services;
use crate::db::Connection;
use crate::db::number_history::{NumberEvent, NumberRecord, number_history, number_record};
use crate::db::numbers::NumberLine;
use crate::domain::{PhoneNumber, QuarantineReason, why_not};
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, Outcome, Request, answer};

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NumberInFull {
    #[serde(flatten)]
    pub(crate) line: NumberLine,
    pub(crate) capable: bool,
    #[schema(required)]
    pub(crate) missing_since: Option<DateTime<Utc>>,
    #[schema(required)]
    pub(crate) quarantined_until: Option<DateTime<Utc>>,
    #[schema(required, value_type = Option<QuarantineReason>)]
    pub(crate) quarantine_reason: Option<String>,
    pub(crate) assignable: bool,
    #[schema(required)]
    pub(crate) why_not: Option<String>,
    pub(crate) history: Vec<HistoryLine>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NumberHistoryLine)]
pub(crate) struct HistoryLine {
    #[serde(flatten)]
    pub(crate) event: NumberEvent,
    pub(crate) detail: String,
}

pub(crate) async fn number(services: &Services, phone_number: PhoneNumber) -> Result<NumberInFull, Problem> {
    let read =
        move |conn: &mut Connection| Ok((number_record(conn, &phone_number)?, number_history(conn, &phone_number)?));
    let (record, history) = services.read("number_document", read).await?;
    let record = record.ok_or_else(|| {
        Problem::not_found(
            "This pool has never had this number; reconcile tells which others the account holds, and adopt takes one in.",
        )
    })?;
    let why_not = why_not(&record.standing().map_err(|error| services.database_problem(&error))?);
    let NumberRecord { line, capable, missing_since, quarantined_until, quarantine_reason, .. } = record;
    Ok(NumberInFull {
        line,
        capable,
        missing_since,
        quarantined_until,
        quarantine_reason,
        assignable: why_not.is_none(),
        why_not,
        history: history.into_iter().map(|event| HistoryLine { detail: detail(&event), event }).collect(),
    })
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(number(&services, request.param("phone_number")?).await)
}

/// What happened, for people.
fn detail(event: &NumberEvent) -> String {
    let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
    let (user, by) = (or(&event.user_id, "somebody"), or(&event.by, "an operator"));
    let said = event.message.as_deref().filter(|message| !message.trim().is_empty());
    let because = said.map(|message| format!(": {message}")).unwrap_or_default();
    match event.event.as_str() {
        "intended" => match event.trigger.as_deref() {
            Some("adopt") => "an operator wanted to take it in".to_owned(),
            Some("import") => "an import wanted to take it in".to_owned(),
            trigger => format!("an order meant to buy it ({})", trigger.unwrap_or("unknown trigger")),
        },
        "bought" => "bought from Twilio".to_owned(),
        "adopted" => "taken in by an operator; it was in the account already".to_owned(),
        "imported" => "moved in from the earlier service".to_owned(),
        "taken" => format!("somebody else has it{because}"),
        "not_bought" => format!("not bought{because}"),
        "unknown" => format!("Twilio's answer is not known, and it is looked up until it is clear{because}"),
        "assigned" => format!("assigned to {user} (source: {})", or(&event.source, "unknown")),
        "released" => format!("released from {user}"),
        "missing" => "gone at Twilio: a look by its SID found nothing".to_owned(),
        "leaving" => format!("{by} wants to give it back to Twilio"),
        "released_to_twilio" => "given back to Twilio".to_owned(),
        "release_refused" => format!("Twilio did not take it back{because}"),
        "release_withdrawn" => format!("it was not given back to Twilio after all{because}"),
        other => format!("{}{because}", other.replace('_', " ")),
    }
}

pub(crate) fn about() -> About {
    About::new("number", "Numbers", "One number: how it stands, why nobody gets it, and what happened to it")
        .path::<PhoneNumber>("phone_number", "Which; its `+` may stand as it is.")
        .answer::<NumberInFull>(
            "The number.",
            json!({"phone_number": "+12276164313", "sid": "PNee29a63f8e79f14677214772b2cd707e", "status": "assigned",
                "area_code": "227", "country": "US", "webhook_status": "configured", "user_id": "u-1",
                "purchased_at": "2026-11-22T11:57:15Z", "purchase_id": "01a20311-99aa-74e8-83b8-3d82e7c9dd68",
                "capable": true, "missing_since": null, "quarantined_until": null, "quarantine_reason": null,
                "assignable": false, "why_not": "assigned to u-1 since 2026-11-22T11:57:16Z", "history": [
                    {"at": "2026-11-22T11:57:16.799722Z", "event": "assigned", "user_id": "u-1", "source": "pool",
                     "detail": "assigned to u-1 (source: pool)"}]}),
        )
        .refuses(ProblemCode::NotFound, "The pool has never had this number.")
}
