//! The frame of every page: headers, navigation, the message of the last act; and refusals as pages.
//!
//! Invariants: pages are never cached, never framed, and load nothing but our own assets; whoever is nobody is sent to the
//! login, whatever they asked for.
//! How to get it wrong: answering a browser with problem+json, which it shows as text.

use std::sync::Arc;

use askama::Template;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HeaderValue, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::context::Context;
use super::super::{Access, Outcome, Problem, ProblemCode, Request, Response, see_other, text_response};

pub(super) const HOME: &str = "/admin/phones/dashboard";
const LOGIN: &str = "/admin/login";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Carries the message of an act to the page after it. Only pages of ours read it, and only once.
const SAID: &str = "callbunker_said";

/// What every page shows around its own.
pub(super) struct Frame {
    pub(super) title: &'static str,
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icon: String,
    pub(super) csrf: String,
    pub(super) who: String,
    pub(super) instance: String,
    pub(super) said: Option<Said>,
}

/// What the last act did.
pub(super) struct Said {
    pub(super) is_good: bool,
    pub(super) text: String,
}

impl Frame {
    pub(super) fn new(title: &'static str, context: &Context, request: &Request) -> Self {
        Self {
            title,
            style: context.assets.url("dashboard.css"),
            script: context.assets.url("dashboard.js"),
            icon: context.assets.url("icon.svg"),
            csrf: csrf(request),
            who: request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default(),
            instance: context.config.load().instance.name.as_str().to_owned(),
            said: said(request.headers()),
        }
    }
}

/// The token that forms carry.
fn csrf(_request: &Request) -> String {
    String::new()
}

/// A page.
pub(super) fn page<T: Template>(status: StatusCode, template: &T, had_message: bool) -> Outcome {
    let html = template.render().map_err(|_| Problem::internal())?;
    let mut response = text_response(status, "text/html; charset=utf-8", html);
    protect(response.headers_mut());
    if had_message {
        let gone = format!("{SAID}=; Path=/admin/phones; Max-Age=0; HttpOnly; SameSite=Strict");
        response.headers_mut().insert(SET_COOKIE, header(&gone)?);
    }
    Ok(response)
}

fn protect(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
}

fn header(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::internal())
}

/// 303 back to `to`, where the message is shown.
pub(super) fn back(to: &str, is_good: bool, message: &str) -> Outcome {
    let mut response = see_other(header(to)?);
    let text: String = message.chars().take(600).collect();
    let kept = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    let mark = if is_good { '+' } else { '-' };
    let cookie = format!("{SAID}={mark}{kept}; Path=/admin/phones; Max-Age=60; HttpOnly; SameSite=Strict");
    response.headers_mut().insert(SET_COOKIE, header(&cookie)?);
    Ok(response)
}

fn said(headers: &HeaderMap) -> Option<Said> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == SAID)?.1;
    let (mark, kept) = value.split_at_checked(1)?;
    let text = percent_decode_str(kept).decode_utf8().ok()?.into_owned();
    (!text.is_empty()).then_some(Said { is_good: mark == "+", text })
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal {
    frame: Frame,
    detail: String,
    request_id: String,
    is_away: bool,
}

/// Lets an admin in and answers problems as pages.
pub(super) async fn guarded<H, F>(context: Arc<Context>, mut request: Request, work: H) -> Outcome
where
    H: FnOnce(Arc<Context>, Arc<Request>) -> F,
    F: Future<Output = Outcome>,
{
    let admitted = request.require(Access::Admin).await;
    let (outcome, request) = match admitted {
        Ok(who) => {
            request.who = who;
            let request = Arc::new(request);
            (work(Arc::clone(&context), Arc::clone(&request)).await, request)
        }
        Err(problem) => (Err(problem), Arc::new(request)),
    };
    outcome.or_else(|problem| refusal(&context, &request, &problem))
}

fn refusal(context: &Context, request: &Request, problem: &Problem) -> Outcome {
    if matches!(problem.code(), ProblemCode::Unauthorized | ProblemCode::RateLimited) && request.who().is_none() {
        return Ok(see_other(HeaderValue::from_static(LOGIN)));
    }
    let is_away = problem.code() == ProblemCode::DatabaseUnavailable;
    let refusal = Refusal {
        frame: Frame::new(if is_away { "The database does not answer" } else { problem.code().title() }, context, request),
        detail: problem.detail().to_owned(),
        request_id: request.id().to_owned(),
        is_away,
    };
    let mut response: Response = page(problem.code().status(), &refusal, refusal.frame.said.is_some())?;
    if is_away {
        response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    Ok(response)
}
