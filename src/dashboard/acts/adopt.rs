//! One number taken in, or taken back from another environment.
//!
//! Invariant: another environment's tag is overwritten only for whoever typed that environment's name; whose tag it is says
//! Twilio, when the question is asked and again when it is answered.
//! How to get it wrong: one question for all numbers. A stranger's, another environment's and a user's own are three things.

use std::sync::Arc;

use super::super::text::{phone, sentence};
use super::number::{about, nobodys, sent};
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
fn whose(seen: &Seen) -> String {
    match (&seen.owned, &seen.at_twilio) {
        (Some(owned), _) => format!("It is ours. {}", nobodys(owned)),
        (None, AtTwilio::Anothers(_)) => "It is another environment's.".to_owned(),
        (None, AtTwilio::NotThere | AtTwilio::AnotherSid | AtTwilio::Untagged | AtTwilio::Ours) => {
            "It is in the account, and no callbunker's.".to_owned()
        }
    }
}

/// Whether it is in stock and ready: then there is nothing to adopt.
fn is_in_stock(seen: &Seen) -> bool {
    seen.owned.as_ref().is_some_and(|owned| owned.status() == NumberStatus::Available && owned.ready)
}

/// What to do with one in stock whose tag at Twilio is another environment's.
fn compare_first(environment: &str) -> String {
    format!(
        "It is in stock here, and at Twilio it carries {environment}'s tag. Compare with Twilio: that holds it, and then it can be adopted."
    )
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
        (_, AtTwilio::AnotherSid) => {
            return Ok(question
                .heading(format!("{shown} cannot be adopted"))
                .says("The account has it under another SID than ours, which is gone. Give ours back first; then this one can be adopted.")
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
            .hidden("holder", user)
            .dangerous("Put our tag on it"),
        (None, _) if seen.owned.as_ref().and_then(|owned| owned.quarantine_reason) == Some(QuarantineReason::Leaving) => {
            return Ok(question.heading(format!("{shown} cannot be adopted")).says("It is being given back to Twilio.").impossible());
        }
        (None, at_twilio) if is_in_stock(&seen) => {
            let says = match at_twilio {
                AtTwilio::Anothers(environment) => compare_first(environment),
                AtTwilio::NotThere | AtTwilio::AnotherSid | AtTwilio::Untagged | AtTwilio::Ours => {
                    "It is in stock: nobody has it, and a signup may get it. There is nothing to do.".to_owned()
                }
            };
            return Ok(question.heading(format!("{shown} is ours already")).says(says).impossible());
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
        AtTwilio::NotThere | AtTwilio::AnotherSid | AtTwilio::Untagged | AtTwilio::Ours => question,
    })
}

pub(super) async fn perform(services: &Arc<Services>, request: &Request) -> Result<String, NotDone> {
    let number = sent(request)?;
    let user = request.form("user_id")?;
    let seen = look(services, &number).await?;
    // The question said whose it stays: a number that its user gave up meanwhile would go into stock.
    let holder = request.form_text("holder").unwrap_or_default();
    if !holder.is_empty() && user_of(&seen) != Some(&*holder) {
        let detail = format!("It is not {holder}'s any more; nothing was done. Ask again.");
        return Err(Problem::new(ProblemCode::Assigned, detail).into());
    }
    if let AtTwilio::Anothers(environment) = &seen.at_twilio {
        if is_in_stock(&seen) {
            return Err(Problem::new(ProblemCode::Conflict, compare_first(environment)).into());
        }
        confirmed(request, environment)?;
    }
    let shown = phone(number.as_str());
    let adopted = custody::adopt(services, &request.caller(), number, user, None).await?;
    let (tag, was) = match seen.at_twilio {
        AtTwilio::Anothers(environment) => {
            (", and carries our tag", format!(" {}", sentence(&format!("{environment} has lost it"))))
        }
        AtTwilio::NotThere | AtTwilio::AnotherSid | AtTwilio::Untagged | AtTwilio::Ours => ("", String::new()),
    };
    Ok(match adopted.view.user_id {
        Some(user) if seen.owned.is_some_and(|owned| owned.user_id.is_some()) => {
            format!("{shown} stays with {user}{tag}.{was}")
        }
        Some(user) => format!("{shown} belongs to {user} now.{was}"),
        None => format!("{shown} belongs to the pool now.{was}"),
    })
}
