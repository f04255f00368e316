//! The frame of every page: headers, navigation, the message of the last act; and refusals as pages.
//!
//! Invariant: pages are never cached, never framed, and load nothing but our own assets (`http::page`).
//! How to get it wrong: answering a browser with problem+json, which it shows as text.

use std::time::Duration;

use askama::Template;
use http::header::{ACCEPT, COOKIE, HeaderValue, REFRESH, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::context::Context;
use super::super::cookies::{Lives, cookie};
use super::super::exchange::Exchange;
use super::super::{Outcome, Problem, ProblemCode, Request, Response, page_response, see_other};
use super::Assets;

pub(super) const HOME: &str = "/admin/phones/dashboard";
/// Carries the message of an act to the page after it. Only pages of ours read it, and only once.
const SAID: &str = "callbunker_said";
const SAID_PATH: &str = "/admin/phones";
const SAID_LIVES: Duration = Duration::from_secs(60);

/// What every page shows around its own.
pub(super) struct Frame {
    pub(super) title: &'static str,
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icon: String,
    /// The token that every form carries; empty when a key vouches for the caller, who needs none.
    pub(super) csrf: String,
    pub(super) who: String,
    /// Whether a session can end here.
    pub(super) can_log_out: bool,
    pub(super) instance: String,
    pub(super) said: Option<Said>,
}

/// What the last act did.
pub(super) struct Said {
    pub(super) is_good: bool,
    pub(super) text: String,
    /// Makes the browser forget it.
    gone: HeaderValue,
}

impl Frame {
    pub(super) fn new(title: &'static str, context: &Context, request: &Request) -> Self {
        Self {
            title,
            style: context.assets.url("dashboard.css"),
            script: context.assets.url("dashboard.js"),
            icon: context.assets.url("icon.svg"),
            csrf: request.csrf_token().unwrap_or_default(),
            can_log_out: request.who().is_some_and(|who| who.by_session),
            who: request.who().map(|who| who.fingerprint.as_str().to_owned()).unwrap_or_default(),
            instance: context.config.load().instance.name.as_str().to_owned(),
            said: said(request.exchange()),
        }
    }
}

/// A page.
pub(super) fn page<T: Template>(status: StatusCode, template: &T, said: Option<&Said>) -> Outcome {
    let html = template.render().map_err(|_| Problem::internal())?;
    let mut response = page_response(status, html);
    if let Some(said) = said {
        response.headers_mut().insert(SET_COOKIE, said.gone.clone());
    }
    Ok(response)
}

fn header(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::internal())
}

/// 303 back to `to`, where the message is shown to whoever made `request`.
pub(super) fn back(request: &Request, to: &str, is_good: bool, message: &str) -> Outcome {
    let mut response = see_other(header(to)?);
    let text: String = message.chars().take(600).collect();
    let kept = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    let mark = if is_good { '+' } else { '-' };
    let said = cookie(request.exchange(), SAID, &format!("{mark}{kept}"), SAID_PATH, Lives::For(SAID_LIVES));
    response.headers_mut().insert(SET_COOKIE, said);
    Ok(response)
}

fn said(exchange: &Exchange) -> Option<Said> {
    let cookies = exchange
        .headers()
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        // What others set on this host may be anything.
        .filter_map(|pair| std::str::from_utf8(pair).ok());
    let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == SAID)?.1;
    let (mark, kept) = value.split_at_checked(1)?;
    let text = percent_decode_str(kept).decode_utf8().ok()?.into_owned();
    let gone = cookie(exchange, SAID, "", SAID_PATH, Lives::NoMore);
    (!text.is_empty()).then_some(Said { is_good: mark == "+", text, gone })
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal {
    frame: Frame,
    detail: String,
    request_id: String,
    is_away: bool,
}

/// Whether a person reads the answer: a script that meets a page gets the problem itself.
pub(in crate::http) fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| String::from_utf8_lossy(value.as_bytes()).contains("text/html"))
}

/// What went wrong, for people. Made without the context: the door may have refused before anybody was known.
pub(in crate::http) fn refusal(problem: &Problem, request_id: &str) -> Response {
    let is_away = problem.code() == ProblemCode::DatabaseUnavailable;
    let assets = Assets::default();
    let refusal = Refusal {
        frame: Frame {
            title: if is_away { "The database does not answer" } else { problem.code().title() },
            style: assets.url("dashboard.css"),
            script: assets.url("dashboard.js"),
            icon: assets.url("icon.svg"),
            csrf: String::new(),
            who: String::new(),
            can_log_out: false,
            instance: String::new(),
            said: None,
        },
        detail: problem.detail().to_owned(),
        request_id: request_id.to_owned(),
        is_away,
    };
    let told = problem.clone().into_response();
    let Ok(html) = refusal.render() else { return told };
    let mut response = page_response(problem.code().status(), html);
    for name in [http::header::RETRY_AFTER, http::header::WWW_AUTHENTICATE] {
        if let Some(value) = told.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    if is_away {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("5"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_html_gets_it_whatever_else_stands_there() {
        let wants = |accept: &[u8]| {
            let value = HeaderValue::from_bytes(accept).unwrap();
            wants_html(&HeaderMap::from_iter([(ACCEPT, value)]))
        };
        assert!(wants(b"text/html") && wants(b"application/json, text/html;q=0.9") && wants(b"text/html, \xe9\xff"));
        assert!(!wants(b"*/*") && !wants(b"\xff"));
    }
}
