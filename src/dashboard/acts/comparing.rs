//! A comparison with Twilio.

use super::question::{Question, given};
use crate::api::reconcile::reconcile;
use crate::api::services::Services;
use crate::http::Problem;
use crate::routing::Request;

pub(super) fn ask(request: &Request, question: Question) -> Question {
    let question = question.heading("Compare with Twilio?").says(
        "Every number of the account is read. Idle numbers whose webhooks differ are repaired; nothing is bought or given back.",
    );
    if given(request, "confirm_missing") != "true" {
        return question.button("Compare now");
    }
    question
        .heading("Mark the missing numbers as gone?")
        .warns(
            "Many numbers seem to be gone at Twilio. If the credentials are of a wrong account, they are not. Marked ones are replaced by new purchases.",
        )
        .hidden("confirm_missing", "true")
        .dangerous("Mark them as gone")
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<String, Problem> {
    let report = reconcile(services, request.form("confirm_missing")?.unwrap_or(false)).await?;
    Ok(format!(
        "Compared with Twilio: {} taken in, {} gone, {} with other webhooks, {} repaired, {} foreign.",
        report.adopted.len(),
        report.missing.len(),
        report.webhook_drift.len(),
        report.repaired.len(),
        report.foreign
    ))
}
