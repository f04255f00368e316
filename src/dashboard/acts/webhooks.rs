//! The webhooks of every number, or of one.

use std::sync::Arc;

use super::super::text::{counted, phone};
use super::question::{Question, given};
use crate::api::services::Services;
use crate::api::webhooks::configure;
use crate::domain::PhoneNumber;
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

pub(super) fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let wanted = services.config.load().webhooks.webhooks();
    let question = question
        .says(format!("Calls will go to {}", wanted.voice_url))
        .says(format!("Messages will go to {}", wanted.sms_url));
    let number = given(request, "phone_number");
    if !number.is_empty() {
        let number: PhoneNumber = number.parse().map_err(|error| Problem::invalid_field("phone_number", error))?;
        return Ok(question
            .hidden("phone_number", number.as_str())
            .heading(format!("Set the webhooks of {}?", phone(number.as_str())))
            .says("Only this number is set at Twilio. It costs nothing.")
            .warns("If this address is wrong, its calls and messages go astray until it is set again.")
            .button("Set its webhooks"));
    }
    Ok(question
        .heading("Configure webhooks?")
        .says("Every number of this pool that differs is set at Twilio, those of users too. It costs nothing.")
        .warns("If this address is wrong, calls and messages of every user go astray until it is set again.")
        .dangerous("Configure all webhooks"))
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let only: Option<PhoneNumber> = request.form("phone_number")?;
    let one = only.as_ref().map(|number| phone(number.as_str()));
    let report = configure(services, only.map(|number| vec![number])).await?;
    if let Some(shown) = one {
        return match report.failed.first() {
            None if report.configured > 0 => Ok(format!("The webhooks of {shown} are set.")),
            None => Ok(format!("{shown} had the right webhooks already.")),
            Some(failed) => Err(Problem::new(ProblemCode::Unavailable, format!("{shown}: {}.", failed.message))),
        };
    }
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
