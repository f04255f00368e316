//! An alert that somebody knows of, and whether anybody would hear of the next.
//!
//! How to get it wrong: calling a test done that a channel did not take.

use uuid::Uuid;

use super::question::{Question, given};
use super::required;
use super::told::Told;
use crate::api::alerts::{acknowledge as say_so, alert, test as test_all};
use crate::api::services::Services;
use crate::http::Problem;
use crate::routing::Request;

pub(super) async fn ask_acknowledge(
    services: &Services,
    request: &Request,
    question: Question,
) -> Result<Question, Problem> {
    let id: Uuid = given(request, "alert_id")
        .parse()
        .map_err(|_| Problem::invalid_field("alert_id", "must be the id of an alert"))?;
    let alert = alert(services, id).await?;
    if alert.closed_at.is_some() {
        return Ok(question.heading("It is over").says(alert.summary).impossible());
    }
    if let Some(by) = &alert.acknowledged_by {
        let who = request.person(by).name;
        return Ok(question
            .heading("It is known already")
            .says(format!("{who} knows: {}", alert.summary))
            .impossible());
    }
    Ok(question
        .heading("Do you see to it?")
        .says(alert.summary)
        .says("It is not repeated any more. It is told all the same when it is over, or becomes worse.")
        .hidden("alert_id", id.to_string())
        .button("Acknowledge"))
}

pub(super) async fn acknowledge(services: &Services, request: &Request) -> Result<Told, Problem> {
    let id: Uuid = required("alert_id", request.form("alert_id")?)?;
    let alert = say_so(services, &request.caller(), id).await?;
    Ok(match alert.closed_at {
        Some(_) => Told::nothing(format!("It is over: {}", alert.summary)),
        None => Told::done(format!("It is not repeated until it is over or becomes worse: {}", alert.summary)),
    })
}

pub(super) fn ask_test(services: &Services, question: Question) -> Question {
    let question = question.heading("Send a test?");
    let channels = services.config.load().alert_channels().in_use();
    if channels.is_empty() {
        return question.says("No channel is configured in [alerts]: nobody would be told.").impossible();
    }
    let names: Vec<&str> = channels.iter().map(|(channel, _)| channel.as_str()).collect();
    question
        .says(format!(
            "Everybody who is told of alerts gets a message that says that it is a test: {}.",
            names.join(", ")
        ))
        .says("It takes up to 15 s. A channel that takes it is sent what waits for it.")
        .button("Send a test")
}

pub(super) async fn test(services: &Services) -> Told {
    let tested = test_all(services).await.channels;
    let took: Vec<&str> = tested.iter().filter(|one| one.ok).map(|one| one.channel.as_str()).collect();
    let failed = tested.iter().filter(|one| !one.ok);
    let failed: Vec<String> = failed
        .map(|one| format!("{}: {}", one.channel, one.error.as_deref().unwrap_or("it did not take it")))
        .collect();
    match (took.is_empty(), failed.is_empty()) {
        (true, true) => Told::nothing("No channel is configured in [alerts]: nobody would be told."),
        (_, true) => Told::done(format!("Every channel took it: {}.", took.join(", "))),
        (true, false) => Told::nothing(format!("No channel took it. {}", failed.join("; "))),
        (false, false) => Told::partly(format!("{} took it. {}", took.join(", "), failed.join("; "))),
    }
}
