//! One number adopted, ignored, or given back.

use std::sync::Arc;

use super::super::text::phone;
use super::question::{Question, given};
use super::required;
use crate::api::custody;
use crate::api::services::Services;
use crate::domain::PhoneNumber;
use crate::http::Problem;
use crate::routing::Request;

/// The number that is asked about, as people read it; the yes sends it along.
fn about(request: &Request, question: Question) -> Result<(Question, String), Problem> {
    let number = given(request, "phone_number");
    let number: PhoneNumber = number.parse().map_err(|error| Problem::invalid_field("phone_number", error))?;
    let shown = phone(number.as_str());
    Ok((question.hidden("phone_number", number.as_str()), shown))
}

fn sent(request: &Request) -> Result<(PhoneNumber, String), Problem> {
    let number: PhoneNumber = required("phone_number", request.form("phone_number")?)?;
    let shown = phone(number.as_str());
    Ok((number, shown))
}

pub(super) fn ask_adopt(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, shown) = about(request, question)?;
    Ok(question
        .heading(format!("Adopt {shown}?"))
        .says("It becomes a number of this pool: its name and webhooks at Twilio are set to ours, and a signup may get it.")
        .warns("Whatever uses it now stops receiving its calls and messages.")
        .field("user_id", "Give it to this user", "leave empty to put it into stock")
        .dangerous("Adopt it"))
}

pub(super) async fn adopt(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let (number, shown) = sent(request)?;
    custody::adopt(services, &request.caller(), number, request.form("user_id")?).await?;
    Ok(format!("{shown} belongs to the pool now."))
}

pub(super) fn ask_ignore(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, shown) = about(request, question)?;
    Ok(question
        .heading(format!("Ignore {shown}?"))
        .says("It stays as it is at Twilio, and comparisons name it no more.")
        .button("Ignore it"))
}

pub(super) async fn ignore(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let (number, shown) = sent(request)?;
    custody::ignore(services, &request.caller(), number).await?;
    Ok(format!("{shown} is ignored from now on."))
}

pub(super) fn ask_unignore(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, shown) = about(request, question)?;
    Ok(question
        .heading(format!("Ignore {shown} no more?"))
        .says("It stays as it is at Twilio; the next comparison names it again, as one that is not ours.")
        .button("Undo it"))
}

pub(super) async fn unignore(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let (number, shown) = sent(request)?;
    custody::unignore(services, &request.caller(), number).await?;
    Ok(format!("{shown} is ignored no more."))
}

pub(super) fn ask_release_to_twilio(request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, shown) = about(request, question)?;
    Ok(question
        .heading(format!("Give {shown} back to Twilio?"))
        .says("It ends at Twilio at once, and its monthly fee with it; the month that is paid is not refunded.")
        .warns("This cannot be undone: anybody may buy the number afterwards.")
        .dangerous("Give it back for good"))
}

pub(super) async fn release_to_twilio(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let (number, shown) = sent(request)?;
    custody::release_to_twilio(services, &request.caller(), number).await?;
    Ok(format!("{shown} was given back to Twilio."))
}
