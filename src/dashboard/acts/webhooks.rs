//! The webhooks of every number.

use std::sync::Arc;

use super::super::text::counted;
use super::question::Question;
use crate::api::services::Services;
use crate::api::webhooks::configure;
use crate::http::{Problem, ProblemCode};

pub(super) fn ask(services: &Services, question: Question) -> Question {
    let wanted = services.config.load().webhooks.webhooks();
    question
        .heading("Configure webhooks?")
        .says(format!("Calls will go to {}", wanted.voice_url))
        .says(format!("Messages will go to {}", wanted.sms_url))
        .says("Every number of this pool that differs is set at Twilio, those of users too. It costs nothing.")
        .warns("If this address is wrong, calls and messages of every user go astray until it is set again.")
        .dangerous("Configure all webhooks")
}

pub(super) async fn perform(services: &Arc<Services>) -> Result<String, Problem> {
    let report = configure(services, None).await?;
    let (set, checked) = (counted(report.configured.into(), "number"), report.checked);
    match report.failed.first() {
        None => Ok(format!("{set} of {checked} set; the others had the right webhooks already.")),
        Some(first) => Err(Problem::new(
            ProblemCode::Unavailable,
            format!(
                "{set} of {checked} set, {} failed: {}. Try again, or look at the numbers.",
                counted(report.failed.len() as u64, "number"),
                first.message
            ),
        )),
    }
}
