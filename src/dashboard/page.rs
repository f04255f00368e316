//! The frame of every page: headers, navigation, the message of the last act; and refusals as pages.
//!
//! Invariant: pages are never cached, never framed, and load nothing but our own assets (`http::page`).
//! How to get it wrong: answering a browser with problem+json, which it shows as text.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use http::StatusCode;
use http::header::{COOKIE, HeaderValue, REFRESH, SET_COOKIE};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

use super::assets::asset_url;
use super::choice::Choice;
use super::next::login_first;
use crate::access::Person;
use crate::api::services::Services;
use crate::http::{
    Exchange, Lives, Place, Problem, ProblemCode, Response, cookie, page_response, see_other, wants_html,
};
use crate::routing::{Outcome, Request};

pub(super) const HOME: &str = "/admin/phones/dashboard";
/// Carries the message of an act to the page after it. Only pages of ours read it, and only once.
const SAID: &str = "callbunker_said";
const SAID_PATH: &str = "/admin/phones";
const SAID_LIVES: Duration = Duration::from_secs(60);

/// What every page shows around its own.
pub(crate) struct Frame {
    /// What the page is about: a thing's own name, so that tabs and histories tell it from its like.
    pub(crate) title: String,
    /// How many are in stock, on the page that shows it live: the tab says so, too.
    pub(crate) available: Option<u32>,
    /// The page's path, which the navigation marks.
    pub(super) path: String,
    pub(super) place: Arc<Place>,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(super) icon: String,
    /// What a browser's tabs share: the stream of events.
    pub(crate) stream: String,
    /// The token that every form carries; empty when a key vouches for the caller, who needs none.
    pub(crate) csrf: String,
    /// Who looks, by name; without one by their key's fingerprint, and nobody is known on a page that refuses.
    pub(crate) who: Option<Person>,
    /// Whether they may do something: without it a page has no buttons that do, and no links to questions.
    pub(crate) may_act: bool,
    /// Whether a session can end here.
    pub(super) can_log_out: bool,
    pub(crate) instance: String,
    pub(crate) said: Option<Said>,
    /// Which pool the page is about.
    pub(crate) choice: Choice,
}

/// What the last act did.
pub(super) struct Said {
    pub(super) ending: Ending,
    pub(crate) text: String,
    /// Makes the browser forget it.
    gone: HeaderValue,
}

impl Said {
    pub(crate) fn is_good(&self) -> bool {
        !matches!(self.ending, Ending::NotDone(_) | Ending::Partly(_))
    }

    pub(crate) fn word(&self) -> &'static str {
        match self.ending {
            Ending::Done => "Done",
            Ending::NotDone(_) => "Not done",
            Ending::Partly(_) => "Partly done",
            Ending::Begun => "Begun",
            Ending::Ordered(_) => "Ordered",
            Ending::Ends(_) => "Being cancelled",
        }
    }

    pub(crate) fn tone(&self) -> &'static str {
        match self.ending {
            Ending::Done => "good",
            Ending::NotDone(_) => "bad",
            Ending::Partly(_) => "warn",
            Ending::Begun | Ending::Ordered(_) | Ending::Ends(_) => "busy",
        }
    }

    /// The order whose end belongs here, as soon as it is known.
    pub(crate) fn order(&self) -> Option<Uuid> {
        match self.ending {
            Ending::Ordered(order) | Ending::Ends(order) => Some(order),
            Ending::Done | Ending::NotDone(_) | Ending::Partly(_) | Ending::Begun => None,
        }
    }

    /// The page that says what the refusal means.
    pub(crate) fn about(&self) -> Option<&'static str> {
        self.ending.code().map(ProblemCode::type_uri)
    }
}

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All of it.
    Done,
    /// Nothing of it: refused with this.
    NotDone(Option<ProblemCode>),
    /// Some of it.
    Partly(Option<ProblemCode>),
    /// It has begun, and no order tells of its end.
    Begun,
    /// It has begun: this order's end tells.
    Ordered(Uuid),
    /// This order is cancelled, and ends when what is on its way is settled.
    Ends(Uuid),
}

impl Ending {
    /// What it was refused with.
    pub(super) fn code(self) -> Option<ProblemCode> {
        match self {
            Self::NotDone(code) | Self::Partly(code) => code,
            Self::Done | Self::Begun | Self::Ordered(_) | Self::Ends(_) => None,
        }
    }

    /// As the cookie has it, before the text.
    fn mark(self) -> String {
        let code = self.code().map_or("", ProblemCode::as_str);
        match self {
            Self::Done => "+".to_owned(),
            Self::NotDone(_) => format!("-{code}."),
            Self::Partly(_) => format!("~{code}."),
            Self::Begun => "?".to_owned(),
            Self::Ordered(order) => format!("*{}.", order.simple()),
            Self::Ends(order) => format!("!{}.", order.simple()),
        }
    }

    /// Reads a mark; what follows it is the text.
    fn marked(value: &str) -> Option<(Self, &str)> {
        let (mark, rest) = value.split_at_checked(1)?;
        match mark {
            "+" => Some((Self::Done, rest)),
            "-" | "~" => {
                let (code, rest) = rest.split_once('.')?;
                let code = ProblemCode::spelled(code);
                Some((if mark == "-" { Self::NotDone(code) } else { Self::Partly(code) }, rest))
            }
            "?" => Some((Self::Begun, rest)),
            "*" | "!" => {
                let (order, rest) = rest.split_once('.')?;
                let order = order.parse().ok()?;
                Some((if mark == "*" { Self::Ordered(order) } else { Self::Ends(order) }, rest))
            }
            _ => None,
        }
    }
}

impl Frame {
    /// Of a page that is about no pool.
    pub(super) fn new(title: impl Into<String>, services: &Services, request: &Request) -> Self {
        Self::of_pools(title, services, request, Choice::none(services))
    }

    /// Of a page about all pools, or the one that is chosen.
    pub(super) fn of_pools(title: impl Into<String>, services: &Services, request: &Request, choice: Choice) -> Self {
        Self {
            title: title.into(),
            available: None,
            path: request.exchange().uri().path().to_owned(),
            place: Arc::clone(request.exchange().place()),
            style: asset_url("dashboard.css"),
            script: asset_url("dashboard.js"),
            icon: asset_url("icon.svg"),
            stream: asset_url("live.js"),
            csrf: request.csrf_token().unwrap_or_default(),
            can_log_out: request.who().is_some_and(|who| who.by_session),
            who: request.who().map(|who| request.person(&who.name())),
            may_act: request.may_act(),
            instance: services.config.load().instance.name.as_str().to_owned(),
            said: said(request.exchange()),
            choice,
        }
    }
}

impl Frame {
    /// What the tab is called: what the last act came to, first of all.
    pub(crate) fn document_title(&self) -> String {
        let ending = self.said.as_ref().map(|said| format!("{} · ", said.word())).unwrap_or_default();
        match self.available {
            Some(count) => format!("{ending}({count}) callbunker"),
            None => format!("{ending}{} · callbunker", self.title),
        }
    }

    /// Below which path the daemon is: what a script puts before the paths that it makes.
    pub(crate) fn at(&self) -> &str {
        self.place.base()
    }

    /// Whether this is the page at `below` the dashboard's path.
    pub(crate) fn is_at(&self, below: &str) -> bool {
        self.path.strip_prefix(HOME) == Some(below)
    }
}

/// A page.
pub(crate) fn page<T: Template>(status: StatusCode, template: &T, frame: &Frame) -> Outcome {
    let html = template.render().map_err(|_| Problem::internal())?;
    let mut response = page_response(&frame.place, status, html);
    if let Some(said) = &frame.said {
        response.headers_mut().insert(SET_COOKIE, said.gone.clone());
    }
    Ok(response)
}

fn header(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::internal())
}

/// 303 back to `to`, where the message is shown to whoever made `request`.
pub(super) fn back(request: &Request, to: &str, ending: Ending, message: &str) -> Outcome {
    let mut response = see_other(header(to)?);
    let text: String = message.chars().take(600).collect();
    let kept = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    let mark = ending.mark();
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
    let (ending, kept) = Ending::marked(value)?;
    let text = percent_decode_str(kept).decode_utf8().ok()?.into_owned();
    let gone = cookie(exchange, SAID, "", SAID_PATH, Lives::NoMore);
    (!text.is_empty()).then_some(Said { ending, text, gone })
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal {
    frame: Frame,
    detail: String,
    request_id: String,
    /// The page that says what it means.
    about: &'static str,
    is_away: bool,
}

/// How a page refuses: whoever has neither key nor session is shown the login, people get a page, scripts the problem.
pub fn refused(exchange: &Exchange, problem: Problem) -> Response {
    if problem.code() == ProblemCode::Unauthorized {
        return login_first(exchange.uri(), exchange.posted());
    }
    if !wants_html(exchange.headers()) {
        return problem.into_response();
    }
    let mut page = refusal(&problem, exchange);
    page.extensions_mut().insert(problem.code());
    page
}

/// Where a browser lands that asks for callbunker and no more.
const WAYS_IN: &[&str] = &["/", "/admin", "/admin/", "/admin/phones", "/admin/phones/", "/admin/phones/dashboard/"];

/// What no route knows: people are led to the dashboard or shown a page, programs get the problem.
pub fn nowhere(exchange: &Exchange) -> Response {
    let path = exchange.uri().path();
    let looks = exchange.method().is_safe() && wants_html(exchange.headers());
    match looks {
        true if WAYS_IN.contains(&path) => see_other(HeaderValue::from_static(HOME)),
        true if path.starts_with("/admin/") => refused(exchange, Problem::not_found(NO_SUCH_PAGE)),
        _ => Problem::no_such_path().into_response(),
    }
}

const NO_SUCH_PAGE: &str = "There is no page at this address. The navigation above leads to those that there are, and the search finds \
                            numbers, users and orders.";

/// What went wrong, for people. Made without the services: the door may have refused before anybody was known.
fn refusal(problem: &Problem, exchange: &Exchange) -> Response {
    let is_away = problem.code() == ProblemCode::DatabaseUnavailable;
    let refusal = Refusal {
        frame: Frame {
            title: if is_away { "The database does not answer" } else { problem.code().title() }.to_owned(),
            available: None,
            path: String::new(),
            place: Arc::clone(exchange.place()),
            style: asset_url("dashboard.css"),
            script: asset_url("dashboard.js"),
            icon: asset_url("icon.svg"),
            stream: asset_url("live.js"),
            csrf: String::new(),
            who: None,
            may_act: false,
            can_log_out: false,
            instance: String::new(),
            said: None,
            choice: Choice::default(),
        },
        detail: problem.detail().to_owned(),
        request_id: exchange.id().as_str().to_owned(),
        about: problem.code().type_uri(),
        is_away,
    };
    let Ok(html) = refusal.render() else { return problem.clone().into_response() };
    let mut response = page_response(exchange.place(), problem.code().status(), html);
    problem.add_headers(response.headers_mut());
    if is_away {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("5"));
    }
    response
}
