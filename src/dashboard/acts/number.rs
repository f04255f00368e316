//! One number ignored, named again, or given back.
//!
//! How to get it wrong: asking about what cannot be. Whoever says yes would learn only then that it was no question.

use std::sync::Arc;

use super::super::text::phone;
use super::question::{Question, given};
use super::{NotDone, confirmed, required};
use crate::api::custody;
use crate::api::services::Services;
use crate::db::ignored_numbers::ignored_read;
use crate::db::numbers::{OwnedNumber, number_owned};
use crate::domain::{NumberStatus, PhoneNumber, QuarantineReason};
use crate::http::Problem;
use crate::routing::Request;

/// The number that is asked about; the yes sends it along.
pub(super) fn about(request: &Request, question: Question) -> Result<(Question, PhoneNumber), Problem> {
    let number: PhoneNumber =
        given(request, "phone_number").parse().map_err(|error| Problem::invalid_field("phone_number", error))?;
    Ok((question.hidden("phone_number", number.as_str()), number))
}

/// The number that the yes names.
pub(super) fn sent(request: &Request) -> Result<PhoneNumber, Problem> {
    required("phone_number", request.form("phone_number")?)
}

/// How a number stands that is or was ours.
async fn ours(services: &Services, number: &PhoneNumber) -> Result<Option<OwnedNumber>, Problem> {
    let wanted = number.clone();
    services.read("number_owned", move |conn| number_owned(conn, &wanted)).await
}

pub(super) async fn ask_ignore(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let shown = phone(number.as_str());
    if let Some(owned) = ours(services, &number).await?.filter(|owned| owned.status() != NumberStatus::Released) {
        let whose = owned.user_id.as_deref().map_or("It is ours".to_owned(), |user| format!("It is {user}'s"));
        return Ok(question
            .heading(format!("{shown} cannot be ignored"))
            .says(format!("{whose}: comparisons watch over every number of ours."))
            .impossible());
    }
    Ok(question
        .heading(format!("Ignore {shown}?"))
        .says("It is nobody's here. It stays as it is at Twilio, and comparisons name it no more.")
        .button("Ignore it"))
}

pub(super) async fn ignore(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let number = sent(request)?;
    let shown = phone(number.as_str());
    custody::ignore(services, &request.caller(), number).await?;
    Ok(format!("{shown} is ignored from now on."))
}

pub(super) async fn ask_unignore(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let shown = phone(number.as_str());
    let ignored = services.read("ignored_read", move |conn| ignored_read(conn, &number)).await?;
    let Some(ignored) = ignored else {
        return Ok(question.heading(format!("{shown} is not ignored")).says("There is nothing to undo.").impossible());
    };
    Ok(question
        .heading(format!("Ignore {shown} no more?"))
        .says(format!("{} had it ignored.", request.person(&ignored.ignored_by).name))
        .says("It stays as it is at Twilio; the next comparison names it again, as one that is not ours.")
        .button("Undo it"))
}

pub(super) async fn unignore(services: &Arc<Services>, request: &Request) -> Result<String, Problem> {
    let number = sent(request)?;
    let shown = phone(number.as_str());
    custody::unignore(services, &request.caller(), number).await?;
    Ok(format!("{shown} is ignored no more."))
}

/// Why a number cannot be given back now, as far as we know it here.
fn cannot_be_given_back(owned: Option<&OwnedNumber>) -> Option<String> {
    let Some(owned) = owned else { return Some("It is not callbunker's; adopt it first if it should be.".to_owned()) };
    match (owned.status(), owned.quarantine_reason, owned.user_id.as_deref()) {
        (NumberStatus::Released, _, _) => Some("It was given back to Twilio before.".to_owned()),
        (NumberStatus::Assigned, _, user) => {
            let user = user.unwrap_or("somebody");
            Some(format!("It is {user}'s. Take it from {user} first; it rests then, and can be given back."))
        }
        (_, Some(QuarantineReason::TagConflict), _) => Some(
            "It carries another environment's tag. Adopt it first if it is ours, else leave it to them.".to_owned(),
        ),
        (NumberStatus::Available | NumberStatus::Quarantined | NumberStatus::Missing, _, _) => None,
    }
}

/// Whose a number is that can be given back.
pub(super) fn nobodys(owned: &OwnedNumber) -> String {
    match owned.quarantine_reason {
        Some(QuarantineReason::Released) => {
            "Nobody has it: it rests after its last user, who could still get it back.".to_owned()
        }
        Some(QuarantineReason::UnknownItem) => {
            "Nobody has it here, but it is held because a user may have it.".to_owned()
        }
        Some(QuarantineReason::Leaving) => "It is being given back already; this goes on with it.".to_owned(),
        Some(QuarantineReason::Contested) => {
            "Nobody has it; it is held because somebody else goes on setting its webhooks back.".to_owned()
        }
        Some(QuarantineReason::Adopting | QuarantineReason::TagConflict) => "Nobody has it; it is held.".to_owned(),
        None => "Nobody has it: it is in stock.".to_owned(),
    }
}

pub(super) async fn ask_release_to_twilio(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let (owned, shown) = (ours(services, &number).await?, phone(number.as_str()));
    if let Some(why) = cannot_be_given_back(owned.as_ref()) {
        return Ok(question.heading(format!("{shown} cannot be given back")).says(why).impossible());
    }
    let whose = owned.as_ref().map(nobodys).unwrap_or_default();
    Ok(question
        .heading(format!("Give {shown} back to Twilio?"))
        .says(whose)
        .says("It ends at Twilio at once, and its monthly fee with it; the month that is paid is not refunded.")
        .warns("This cannot be undone: anybody may buy the number afterwards.")
        .confirm(format!("Type the last four digits, {}, to go on", number.last_four()), number.last_four())
        .dangerous("Give it back for good"))
}

pub(super) async fn release_to_twilio(services: &Arc<Services>, request: &Request) -> Result<String, NotDone> {
    let number = sent(request)?;
    confirmed(request, number.last_four())?;
    let shown = phone(number.as_str());
    custody::release_to_twilio(services, &request.caller(), number).await?;
    Ok(format!("{shown} was given back to Twilio."))
}
