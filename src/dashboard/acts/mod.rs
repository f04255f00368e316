//! What the dashboard's forms do. `GET` asks: what it will do, what it costs or breaks. `POST` does it, as the API does,
//! and returns to the dashboard with a sentence about the result.
//!
//! One file for each subject, with the question and the act side by side.
//! How to get it wrong: doing on `GET`. A browser that looks ahead would buy.

mod buying;
mod cancel;
mod comparing;
mod number;
mod purchase;
mod question;
mod user;
mod webhooks;

use std::sync::Arc;

use http::{HeaderValue, StatusCode};

use super::page::{HOME, back, page};
use crate::api::services::Services;
use crate::http::{Params, Problem, see_other};
use crate::routing::{Outcome, Request};

use question::{Question, given};

/// Something that an operator can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Purchase,
    Cancel,
    Replenish,
    Webhooks,
    Pause,
    Resume,
    Reconcile,
    Adopt,
    Ignore,
    Unignore,
    ReleaseToTwilio,
    ReleaseUser,
}

/// Every act, as its path and the audit trail call it.
const ACTS: &[(&str, Act)] = &[
    ("purchase", Act::Purchase),
    ("cancel", Act::Cancel),
    ("replenish", Act::Replenish),
    ("configure-webhooks", Act::Webhooks),
    ("pause", Act::Pause),
    ("resume", Act::Resume),
    ("reconcile", Act::Reconcile),
    ("adopt", Act::Adopt),
    ("ignore", Act::Ignore),
    ("unignore", Act::Unignore),
    ("release-to-twilio", Act::ReleaseToTwilio),
    ("release-user", Act::ReleaseUser),
];

impl Act {
    fn of(request: &Request) -> Result<Self, Problem> {
        let text = request.param_text("act");
        ACTS.iter().find(|(name, _)| *name == text).map(|(_, act)| *act).ok_or_else(Problem::no_such_path)
    }
}

/// What a form does, in the audit trail's words: the last part of its path, when that is an act at all.
pub(crate) fn action(params: &Params) -> Option<&'static str> {
    let (_, text) = params.iter().find(|(name, _)| *name == "act")?;
    ACTS.iter().map(|(name, _)| *name).find(|name| name == text)
}

pub(crate) async fn ask(services: Arc<Services>, request: Request) -> Outcome {
    let act = Act::of(&request)?;
    if act == Act::Purchase && given(&request, "count").is_empty() {
        // From a login in between, which keeps the address and not the form.
        return Ok(see_other(HeaderValue::from_static(HOME)));
    }
    let question = question(&services, &request, act).await?;
    page(StatusCode::OK, &question, question.frame.said.as_ref())
}

async fn question(services: &Services, request: &Request, act: Act) -> Result<Question, Problem> {
    let blank = Question::new(services, request);
    match act {
        Act::Purchase => purchase::ask(services, request, blank).await,
        Act::Cancel => cancel::ask(request, blank),
        Act::Replenish => buying::ask_replenish(services, blank).await,
        Act::Pause => Ok(buying::ask_pause(blank)),
        Act::Resume => Ok(buying::ask_resume(blank)),
        Act::Webhooks => webhooks::ask(services, request, blank),
        Act::Reconcile => Ok(comparing::ask(request, blank)),
        Act::Adopt => number::ask_adopt(request, blank),
        Act::Ignore => number::ask_ignore(request, blank),
        Act::Unignore => number::ask_unignore(request, blank),
        Act::ReleaseToTwilio => number::ask_release_to_twilio(request, blank),
        Act::ReleaseUser => user::ask(services, request, blank),
    }
}

pub(crate) async fn act(services: Arc<Services>, request: Request) -> Outcome {
    let act = Act::of(&request)?;
    let to = if act == Act::Cancel { cancel::place(&request) } else { HOME.to_owned() };
    match perform(&services, &request, act).await {
        Ok(said) => back(&request, &to, true, &said),
        Err(problem) => {
            let mut response =
                back(&request, &to, false, &format!("{}: {}", problem.code().title(), problem.detail()))?;
            // For the audit trail: a browser sees a 303 either way.
            response.extensions_mut().insert(problem.code());
            Ok(response)
        }
    }
}

/// Does it; what it did, in a sentence.
async fn perform(services: &Arc<Services>, request: &Request, act: Act) -> Result<String, Problem> {
    match act {
        Act::Purchase => purchase::perform(services, request).await,
        Act::Cancel => cancel::perform(services, request).await,
        Act::Replenish => buying::replenish(services).await,
        Act::Pause => buying::pause(services, request).await,
        Act::Resume => buying::resume(services, request).await,
        Act::Webhooks => webhooks::perform(services, request).await,
        Act::Reconcile => comparing::perform(services, request).await,
        Act::Adopt => number::adopt(services, request).await,
        Act::Ignore => number::ignore(services, request).await,
        Act::Unignore => number::unignore(services, request).await,
        Act::ReleaseToTwilio => number::release_to_twilio(services, request).await,
        Act::ReleaseUser => user::perform(services, request).await,
    }
}

/// A field of a form that must be there.
fn required<T>(name: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::invalid_field(name, "is required"))
}
