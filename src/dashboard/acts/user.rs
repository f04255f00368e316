//! A number taken from its user.
//!
//! How to get it wrong: asking about a user without a number, or without naming the number.

use super::super::text::{phone, span};
use super::question::{Question, given};
use super::required;
use crate::api::services::Services;
use crate::api::signup::release;
use crate::db::assignments::assignments_held;
use crate::domain::UserId;
use crate::http::Problem;
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
        .dangerous("Release the number"))
}

pub(super) async fn perform(services: &Services, request: &Request) -> Result<String, Problem> {
    let released = release(services, required("user_id", request.form("user_id")?)?).await?;
    let (number, user) = (phone(released.phone_number.as_str()), released.user_id);
    Ok(format!("{number} no longer belongs to its user, {user}; it rests now."))
}
