//! The webhooks of every number, or of one.
//!
//! How to get it wrong: "not done" for what was done in part, or a count of failures without the numbers.

use std::sync::Arc;

use super::super::text::{counted, phone};
use super::question::{Question, given};
use super::told::Told;
use crate::api::services::Services;
use crate::api::webhooks::{Document, configure};
use crate::db::numbers::number_owned;
use crate::db::stock::stock_read;
use crate::domain::{Calls, NumberStatus, PhoneNumber, PoolName};
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

/// Numbers that are named in a message; the list of numbers has them all.
const NAMED_MAX: usize = 4;
/// As much of a message as a line has room for.
const WORDS_MAX: usize = 90;

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let number = given(request, "phone_number");
    if !number.is_empty() {
        let number: PhoneNumber = number.parse().map_err(|error| Problem::invalid_field("phone_number", error))?;
        return ask_about(services, question, number).await;
    }
    let question = lead(services, question, &PoolName::default_pool());
    let config = services.config.load();
    let of_default = config.webhooks_of(&PoolName::default_pool());
    let others = config.webhooks_by_pool().into_values().any(|webhooks| Some(webhooks) != of_default);
    let question =
        if others { question.says("Those of other pools go where their pool's own keys say.") } else { question };
    let users = services.read("stock_read", stock_read).await?.stock.assigned;
    let whose = match users {
        0 => "No user has one now.".to_owned(),
        1 => "1 user has one.".to_owned(),
        users => format!("{} have one.", counted(users.into(), "user")),
    };
    Ok(question
        .heading("Configure webhooks?")
        .says(format!(
            "Every number of this pool that differs is set at Twilio, those of users too. {whose} It costs nothing."
        ))
        .warns("If this address is wrong, calls and messages of every user go astray until it is set again.")
        .dangerous("Configure all webhooks"))
}

/// Where calls and messages will go.
fn lead(services: &Services, question: Question, pool: &PoolName) -> Question {
    // Of a pool that is configured no more, what was wanted last is set.
    let Some(wanted) = services.config.load().webhooks_of(pool) else { return question };
    let urls = |url: &str, fallback: &str| match fallback {
        "" => url.to_owned(),
        fallback => format!("{url}, else to {fallback}"),
    };
    let calls = match wanted.calls() {
        Calls::Trunk(sid) => format!("the trunk {sid}"),
        Calls::Application(sid) => format!("the application {sid}"),
        Calls::Urls => urls(&wanted.voice_url, &wanted.voice_fallback_url),
    };
    let messages = match wanted.messages() {
        Some(sid) => format!("the application {sid}"),
        None => urls(&wanted.sms_url, &wanted.sms_fallback_url),
    };
    question.says(format!("Calls will go to {calls}")).says(format!("Messages will go to {messages}"))
}

async fn ask_about(services: &Services, question: Question, number: PhoneNumber) -> Result<Question, Problem> {
    let (question, shown) = (question.hidden("phone_number", number.as_str()), phone(number.as_str()));
    let owned = services.read("number_owned", move |conn| number_owned(conn, &number)).await?;
    let Some(owned) = owned.filter(|owned| owned.status() != NumberStatus::Released) else {
        return Ok(question
            .heading(format!("The webhooks of {shown} cannot be set"))
            .says("It is not callbunker's.")
            .impossible());
    };
    let question = lead(services, question, &owned.pool);
    let whose = owned.user_id.as_deref().map_or("Nobody has it.".to_owned(), |user| format!("It is {user}'s."));
    Ok(question
        .heading(format!("Set the webhooks of {shown}?"))
        .says(format!("{whose} Only this number is set at Twilio. It costs nothing."))
        .warns("If this address is wrong, its calls and messages go astray until it is set again.")
        .button("Set its webhooks"))
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request) -> Result<Told, Problem> {
    let only: Option<PhoneNumber> = request.form("phone_number")?;
    let one = only.as_ref().map(|number| phone(number.as_str()));
    let report = configure(services, None, only.map(|number| vec![number])).await?;
    request.note("configured", report.configured);
    request.note("failed", report.failed.len());
    let Some(shown) = one else { return Ok(told(&report)) };
    match report.failed.first() {
        None if report.configured > 0 => Ok(Told::done(format!("The webhooks of {shown} are set."))),
        None => Ok(Told::done(format!("{shown} had the right webhooks already."))),
        Some(failed) => Ok(Told::not_done(
            why(&[failed.code.as_str()]),
            format!("{shown}: {}.", failed.message.trim_end_matches('.')),
        )),
    }
}

/// For the audit trail.
fn why(codes: &[&str]) -> ProblemCode {
    let is_conflict = codes.iter().all(|code| *code == "tag_conflict");
    if is_conflict { ProblemCode::Conflict } else { ProblemCode::Unavailable }
}

fn told(report: &Document) -> Told {
    let failed = report.failed.len();
    let (set, checked) = (counted(report.configured.into(), "number"), report.checked);
    if failed == 0 {
        return Told::done(format!("{set} of {checked} set; the others had the right webhooks already."));
    }
    let mut named: Vec<String> = Vec::new();
    for failure in report.failed.iter().take(NAMED_MAX) {
        let words: String = failure.message.trim_end_matches('.').chars().take(WORDS_MAX).collect();
        named.push(format!("{}: {words}", phone(&failure.phone_number)));
    }
    if failed > NAMED_MAX {
        named.push(format!("and {} more", failed - NAMED_MAX));
    }
    let named = named.join("; ");
    if report.configured > 0 {
        return Told::partly(format!("{set} of {checked} set, {failed} not. {named}."));
    }
    let codes: Vec<&str> = report.failed.iter().map(|failure| failure.code.as_str()).collect();
    let none = format!("None was set, {} of {checked} could not be. {named}.", counted(failed as u64, "number"));
    Told::not_done(why(&codes), none)
}
