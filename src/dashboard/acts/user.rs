//! A number taken from its user.
//!
//! How to get it wrong: asking about a user without a number, or without naming the number.

use super::super::text::{phone, span};
use super::question::{Question, given};
use super::required;
use crate::api::services::Services;
use crate::api::signup::release;
use crate::db::assignments::assignments_held;
use crate::domain::{PhoneNumber, UserId};
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let user: UserId = given(request, "user_id").parse().map_err(|error| Problem::invalid_field("user_id", error))?;
    let wanted = user.clone();
    let held = services.read("assignments_held", move |conn| assignments_held(conn, &[wanted.as_str()])).await?;
    let user = user.as_str();
    let Some(held) = held.first() else {
        return Ok(question
            .heading(format!("{user} has no number"))
            .says("There is nothing to take from them.")
            .impossible());
    };
    let hours = i64::try_from(services.config.load().pool.quarantine_hours).unwrap_or(i64::MAX / 3600);
    Ok(question
        .heading(format!("Take {} from {user}?", phone(held.phone_number.as_str())))
        .says(format!(
            "It rests for {} before anybody else gets it. If {user} asks again before, they get the same one back.",
            span(hours * 3600)
        ))
        .warns(format!("Calls and messages to it no longer belong to {user}."))
        .hidden("user_id", user)
        .hidden("phone_number", held.phone_number.as_str())
        .dangerous("Release the number"))
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<String, Problem> {
    let user: UserId = required("user_id", request.form("user_id")?)?;
    // The question named a number: another one is not taken by a yes to it.
    if let Some(named) = request.form::<PhoneNumber>("phone_number")? {
        let wanted = user.clone();
        let held = services.read("assignments_held", move |conn| assignments_held(conn, &[wanted.as_str()])).await?;
        if held.first().is_some_and(|held| held.phone_number != named) {
            return Err(Problem::new(
                ProblemCode::Assigned,
                format!("{user} has another number by now; nothing was done. Ask again."),
            ));
        }
    }
    let released = release(services, user).await?;
    let (number, user) = (phone(released.phone_number.as_str()), released.user_id);
    Ok(format!("{number} no longer belongs to its user, {user}; it rests now."))
}
