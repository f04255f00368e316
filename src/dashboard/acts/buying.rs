//! A pass now; pause and resume.

use super::super::text::counted;
use super::question::Question;
use super::told::Told;
use crate::api::plan::{Thought, plan};
use crate::api::services::Services;
use crate::api::{pause as api, replenish as passes};
use crate::domain::{Trigger, explain_reason};
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

pub(super) async fn ask_replenish(services: &Services, question: Question) -> Result<Question, Problem> {
    let mut question = question.heading("Replenish now?").button("Check and buy now");
    question.tell_plan(&plan(services, Thought::default()).await?);
    Ok(question)
}

pub(super) async fn replenish(services: &Services) -> Result<Told, Problem> {
    let report = passes::replenish(services, Trigger::Replenish, None).await?;
    let bought = counted(report.purchased_count.into(), "number");
    let fell_short = report.error.is_some();
    let error = report.error.map(|error| format!(" {error}")).unwrap_or_default();
    let none = |why: Option<String>| {
        let why = why.map(|why| explain_reason(&why)).unwrap_or_default();
        format!("Nothing was bought: {why}.{error}")
    };
    Ok(match report.reason {
        _ if report.goes_on => Told::begun(format!("The check goes on; {bought} bought so far.")),
        _ if report.purchased_count > 0 && fell_short => Told::partly(format!("{bought} bought.{error}")),
        _ if report.purchased_count > 0 => Told::done(format!("{bought} bought.")),
        why if fell_short => Told::not_done(ProblemCode::Unavailable, none(why)),
        why => Told::done(none(why)),
    })
}

pub(super) fn ask_pause(question: Question) -> Question {
    question
        .heading("Pause automatic buying?")
        .says(
            "Nothing is bought any more by threshold, schedule or emergency, on any instance, until somebody resumes.",
        )
        .warns("When the pool is empty, signups are refused.")
        .field("reason", "Reason", "shown to everybody who looks")
        .button("Pause buying")
}

pub(super) async fn pause(services: &Services, request: &Request) -> Result<String, Problem> {
    api::pause(services, &request.caller(), request.form("reason")?).await?;
    Ok("Automatic buying is paused on all instances.".to_owned())
}

pub(super) fn ask_resume(question: Question) -> Question {
    question
        .heading("Resume automatic buying?")
        .says("A check starts at once, and buys what is missing. A halt ends too.")
        .button("Resume buying")
}

pub(super) async fn resume(services: &Services, request: &Request) -> Result<String, Problem> {
    api::resume(services, &request.caller(), None).await?;
    Ok("Automatic buying is on again.".to_owned())
}
