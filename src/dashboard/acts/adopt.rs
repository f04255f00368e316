//! One number taken in, or taken back from another environment.
//!
//! Invariant: another environment's tag is overwritten only for whoever typed that environment's name; whose tag it is says
//! Twilio, when the question is asked and again when it is answered.
//! How to get it wrong: one question for all numbers. A stranger's, another environment's and a user's own are three things.

use std::sync::Arc;

use super::super::text::{phone, sentence};
use super::number::{about, sent};
use super::question::Question;
use super::{NotDone, confirmed};
use crate::api::custody::{self, AtTwilio, Seen, look};
use crate::api::services::Services;
use crate::domain::{NumberStatus, QuarantineReason};
use crate::http::{Problem, ProblemCode};
use crate::routing::Request;

/// Who has the number here.
fn user_of(seen: &Seen) -> Option<&str> {
    seen.owned.as_ref().and_then(|owned| owned.user_id.as_deref())
}

/// Whose a number is that nobody has here.
fn whose(seen: &Seen) -> &'static str {
    match (&seen.owned, &seen.at_twilio) {
        (Some(_), _) => "It is ours, and held: nobody has it.",
        (None, AtTwilio::Anothers(_)) => "It is another environment's.",
        (None, AtTwilio::NotThere | AtTwilio::Untagged | AtTwilio::Ours) => {
            "It is in the account, and no callbunker's."
        }
    }
}

pub(super) async fn ask(services: &Services, request: &Request, question: Question) -> Result<Question, Problem> {
    let (question, number) = about(request, question)?;
    let shown = phone(number.as_str());
    let seen = match look(services, &number).await {
        Ok(seen) => seen,
        // Without Twilio's word nobody knows whose it is.
        Err(problem) if matches!(problem.code(), ProblemCode::TwilioRefused | ProblemCode::Unavailable) => {
            return Ok(question
                .heading(format!("{shown} cannot be adopted now"))
                .says("Twilio does not tell whose tag it carries.")
                .says(problem.detail())
                .impossible());
        }
        Err(problem) => return Err(problem),
    };
    let question = match (user_of(&seen), &seen.at_twilio) {
        (_, AtTwilio::NotThere) => {
            return Ok(question
                .heading(format!("{shown} cannot be adopted"))
                .says("Twilio's account does not have it.")
                .impossible());
        }
        (Some(user), AtTwilio::Untagged | AtTwilio::Ours) => {
            return Ok(question
                .heading(format!("{shown} is ours already"))
                .says(format!("It is {user}'s, and stays with {user}. No other environment's tag is on it: there is nothing to do."))
                .impossible());
        }
        (Some(user), AtTwilio::Anothers(_)) => question
            .heading(format!("Take {shown} back?"))
            .says(format!("It stays with {user}. Our tag and our webhooks are set on it, so {user}'s calls and messages come here."))
            .dangerous("Put our tag on it"),
        (None, _) if seen.owned.as_ref().and_then(|owned| owned.quarantine_reason) == Some(QuarantineReason::Leaving) => {
            return Ok(question.heading(format!("{shown} cannot be adopted")).says("It is being given back to Twilio.").impossible());
        }
        (None, _) if seen.owned.as_ref().is_some_and(|owned| owned.status() == NumberStatus::Available && owned.ready) => {
            return Ok(question
                .heading(format!("{shown} is ours already"))
                .says("It is in stock: nobody has it, and a signup may get it. There is nothing to do.")
                .impossible());
        }
        (None, _) => question
            .heading(format!("Adopt {shown}?"))
            .says(whose(&seen))
            .says("It becomes a number of this pool: its name and webhooks at Twilio are set to ours, and a signup may get it.")
            .warns("Whatever uses it now stops receiving its calls and messages.")
            .field("user_id", "Give it to this user", "leave empty to put it into stock")
            .dangerous("Adopt it"),
    };
    Ok(match &seen.at_twilio {
        AtTwilio::Anothers(environment) => question
            .warns(format!(
                "It carries {environment}'s tag. {} Whoever has it there has no calls and messages any more.",
                sentence(&format!("{environment} loses it"))
            ))
            .confirm(format!("Type the environment's name, {environment}, to go on"), environment),
        AtTwilio::NotThere | AtTwilio::Untagged | AtTwilio::Ours => question,
    })
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request) -> Result<String, NotDone> {
    let number = sent(request)?;
    let user = request.form("user_id")?;
    let seen = look(services, &number).await?;
    if let AtTwilio::Anothers(environment) = &seen.at_twilio {
        confirmed(request, environment)?;
    }
    let shown = phone(number.as_str());
    let adopted = custody::adopt(services, &request.caller(), number, user).await?;
    let was = match seen.at_twilio {
        AtTwilio::Anothers(environment) => format!(" {}", sentence(&format!("{environment} has lost it"))),
        AtTwilio::NotThere | AtTwilio::Untagged | AtTwilio::Ours => String::new(),
    };
    Ok(match adopted.view.user_id {
        Some(user) if seen.owned.is_some_and(|owned| owned.user_id.is_some()) => {
            format!("{shown} stays with {user}, and carries our tag.{was}")
        }
        Some(user) => format!("{shown} belongs to {user} now.{was}"),
        None => format!("{shown} belongs to the pool now.{was}"),
    })
}
