//! A number that the carriers know, as an operator says.
//!
//! How to get it wrong: asking about a number that waits for something else. The yes would change nothing.

use super::super::text::phone;
use super::number::{about, sent};
use super::question::Question;
use crate::api::mark_ready;
use crate::api::services::Services;
use crate::db::numbers::number_awaits_carriers;
use crate::http::Problem;
use crate::routing::Request;

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let shown = phone(number.as_str());
    let waits = services.read("number_awaits_carriers", move |conn| number_awaits_carriers(conn, &number)).await?;
    if !waits {
        let why = "It does not wait for the carriers: its page says what else there is to do.";
        return Ok(question.heading(format!("{shown} is not to be marked")).says(why).impossible());
    }
    Ok(question
        .heading(format!("Do the carriers know {shown}?"))
        .says("Twilio's event that says so may have been lost. Look into Twilio's console: under its messaging service it is \"registered\" then.")
        .says("Signups may get it from then on, until Twilio says later that the carriers do not take it.")
        .warns("If they do not know it, whoever gets it cannot text.")
        .button("They know it"))
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<String, Problem> {
    let number = sent(request)?;
    let told = format!("{} is marked as ready.", phone(number.as_str()));
    mark_ready::mark_ready(services, &request.caller(), number).await?;
    Ok(told)
}
