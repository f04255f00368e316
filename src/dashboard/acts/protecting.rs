//! A number that stays where it is, by an operator's word; or no more.
//!
//! How to get it wrong: keeping its user from giving it back. The word is for operators and programs.

use std::sync::Arc;

use super::super::text::phone;
use super::number::{about, sent};
use super::question::Question;
use crate::api::protect;
use crate::api::services::Services;
use crate::http::Problem;
use crate::routing::Request;

pub(super) fn ask_protect(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    Ok(question
        .heading(format!("Protect {}?", phone(number.as_str())))
        .says(
            "It is neither recycled nor given back to Twilio, until somebody unprotects it. A notice that is out ends.",
        )
        .says("Its user may give it back at any time.")
        .button("Protect it"))
}

pub(super) fn ask_unprotect(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    Ok(question
        .heading(format!("Protect {} no more?", phone(number.as_str())))
        .says("It may be recycled, or given back to Twilio, as any other.")
        .button("Unprotect it"))
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request, is_on: bool) -> Result<String, Problem> {
    let number = sent(request)?;
    let told = format!("{} is protected{}.", phone(number.as_str()), if is_on { "" } else { " no more" });
    protect::protect(services, &request.caller(), number, is_on).await?;
    Ok(told)
}
