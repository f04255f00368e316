//! What the dashboard's forms do. `GET` asks: what it will do, what it costs or breaks. `POST` does it, as the API does,
//! and returns to where it was asked for, with a sentence about the result.
//!
//! One file for each subject, with the question and the act side by side. Invariants: the button of what is dangerous never
//! has the focus; what nothing undoes is done only for whoever typed what the question names, which is judged here and not by
//! the page.
//! How to get it wrong: doing on `GET`. A browser that looks ahead would buy.

mod adopt;
mod alerting;
mod buying;
mod cancel;
mod comparing;
mod marking;
mod moving;
mod number;
mod protecting;
mod purchase;
mod question;
mod told;
mod user;
mod way_back;
mod webhooks;

use std::sync::Arc;

use http::{HeaderValue, StatusCode};

use super::page::{HOME, back, page};
use crate::api::astray::astray;
use crate::api::services::Services;
use crate::domain::PoolName;
use crate::http::{Params, Problem, see_other, wants_html};
use crate::routing::{Outcome, Request};

use question::{Question, given};
use told::Told;

/// Below it are the pages of numbers.
const NUMBERS: &str = "/admin/phones/dashboard/numbers/";
/// The list of those that are ignored.
const IGNORED: &str = "/admin/phones/dashboard/numbers?status=ignored";

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
    Move,
    MarkReady,
    Protect,
    Unprotect,
    Acknowledge,
    TestAlerts,
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
    ("move", Act::Move),
    ("mark-ready", Act::MarkReady),
    ("protect", Act::Protect),
    ("unprotect", Act::Unprotect),
    ("acknowledge", Act::Acknowledge),
    ("test-alerts", Act::TestAlerts),
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
    page(StatusCode::OK, &question, &question.frame)
}

async fn question(services: &Services, request: &Request, act: Act) -> Result<Question, Problem> {
    let blank = Question::new(services, request);
    let question = match act {
        Act::Purchase => purchase::ask(services, request, blank).await?,
        Act::Cancel => cancel::ask(services, request, blank).await?,
        Act::Replenish => buying::ask_replenish(services, request, blank).await?,
        Act::Pause => buying::ask_pause(blank),
        Act::Resume => buying::ask_resume(services, request, blank).await?,
        Act::Webhooks => webhooks::ask(services, request, blank).await?,
        Act::Reconcile => comparing::ask(request, blank),
        Act::Adopt => adopt::ask(services, request, blank).await?,
        Act::Ignore => number::ask_ignore(services, request, blank).await?,
        Act::Unignore => number::ask_unignore(services, request, blank).await?,
        Act::ReleaseToTwilio => number::ask_release_to_twilio(services, request, blank).await?,
        Act::ReleaseUser => user::ask(services, request, blank).await?,
        Act::Move => moving::ask(services, request, blank).await?,
        Act::MarkReady => marking::ask(services, request, blank).await?,
        Act::Protect => protecting::ask_protect(request, blank)?,
        Act::Unprotect => protecting::ask_unprotect(request, blank)?,
        Act::Acknowledge => alerting::ask_acknowledge(services, request, blank).await?,
        Act::TestAlerts => alerting::ask_test(services, blank),
    };
    Ok(question.filled(request))
}

pub(crate) async fn act(services: Arc<Services>, request: Request) -> Outcome {
    let act = Act::of(&request)?;
    let to = place(&request, act);
    let told = match perform(&services, &request, act).await {
        Ok(told) => told,
        Err(NotDone::Unconfirmed(problem)) => return again(&services, &request, act, problem).await,
        Err(NotDone::Refused(problem)) => Told::refused(&problem),
    };
    let mut response = back(&request, &to, told.ending, &told.text)?;
    if let Some(code) = told.ending.code() {
        // For the audit trail: a browser sees a 303 either way.
        response.extensions_mut().insert(code);
    }
    Ok(response)
}

/// Where its result is told.
fn place(request: &Request, act: Act) -> String {
    match (way_back::sent_from(request), act) {
        // The number's own page is gone with it.
        (Some(asked_on), Act::Unignore) if asked_on.starts_with(NUMBERS) => IGNORED.to_owned(),
        (Some(asked_on), _) => asked_on,
        (None, Act::Cancel) => cancel::place(request),
        (None, _) => HOME.to_owned(),
    }
}

/// The question once more, for whoever did not type what it named: nothing was done.
async fn again(services: &Services, request: &Request, act: Act, problem: Problem) -> Outcome {
    if !wants_html(request.headers()) {
        return Err(problem);
    }
    let mut question = question(services, request, act).await?;
    question.is_wrong = true;
    // What an earlier act came to has been told.
    question.frame.said = None;
    let mut response = page(problem.code().status(), &question, &question.frame)?;
    // For the audit trail.
    response.extensions_mut().insert(problem.code());
    Ok(response)
}

/// Why an act was not done.
enum NotDone {
    /// What had to be typed was not.
    Unconfirmed(Problem),
    /// It cannot be.
    Refused(Problem),
}

impl From<Problem> for NotDone {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Does it; what came of it.
async fn perform(services: &Arc<Services>, request: &Request, act: Act) -> Result<Told, NotDone> {
    Ok(match act {
        Act::Purchase => purchase::perform(services, request).await?,
        Act::Cancel => cancel::perform(services, request).await?,
        Act::Replenish => buying::replenish(services, request).await?,
        Act::Pause => buying::pause(services, request).await.map(Told::done)?,
        Act::Resume => buying::resume(services, request).await.map(Told::done)?,
        Act::Webhooks => webhooks::perform(services, request).await?,
        Act::Reconcile => comparing::perform(services, request).await.map(Told::done)?,
        Act::Adopt => adopt::perform(services, request).await.map(Told::done)?,
        Act::Ignore => number::ignore(services, request).await.map(Told::done)?,
        Act::Unignore => number::unignore(services, request).await.map(Told::done)?,
        Act::ReleaseToTwilio => number::release_to_twilio(services, request).await.map(Told::done)?,
        Act::ReleaseUser => user::perform(services, request).await.map(Told::done)?,
        Act::Move => moving::perform(services, request).await.map(Told::done)?,
        Act::MarkReady => marking::perform(services, request).await.map(Told::done)?,
        Act::Protect => protecting::perform(services, request, true).await.map(Told::done)?,
        Act::Unprotect => protecting::perform(services, request, false).await.map(Told::done)?,
        Act::Acknowledge => alerting::acknowledge(services, request).await?,
        Act::TestAlerts => alerting::test(services).await,
    })
}

/// Refuses what nothing undoes to whoever did not type what the question named.
fn confirmed(request: &Request, wanted: &str) -> Result<(), NotDone> {
    let typed = request.form_text("confirm").unwrap_or_default();
    if typed.trim().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("must be {wanted}, typed by hand; nothing was done");
    Err(NotDone::Unconfirmed(Problem::invalid_field("confirm", detail)))
}

/// The pool that a question names, or its answer; refused unless it is configured.
fn pool_named(services: &Services, request: &Request) -> Result<Option<PoolName>, Problem> {
    let text = given(request, "pool");
    if text.is_empty() {
        return Ok(None);
    }
    let pool: PoolName = text.parse().map_err(|error| Problem::invalid_field("pool", error))?;
    services.config.load().catalog().known(&pool).map_err(astray)?;
    request.note("pool", pool.as_str());
    Ok(Some(pool))
}

/// A field of a form that must be there.
fn required<T>(name: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::invalid_field(name, "is required"))
}
