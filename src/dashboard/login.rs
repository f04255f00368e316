//! The login form, its answer, and the way out.
//!
//! Invariants: an empty and a wrong key get the same answer, from a form as from a header; a login always begins a session
//! of its own, and ends the one that its browser had.
//! How to get it wrong: telling the form's visitor anything that a wrong key's sender would not be told elsewhere.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use askama::Template as _;
use http::StatusCode;
use http::header::{COOKIE, HeaderValue, ORIGIN, SET_COOKIE, VARY};

use super::assets::asset_url;
use super::next::{ENDED, LOGIN, acceptable, farewell, welcome};
use crate::access::{Access, AuthFailure, Ended, Keys, Redactor, Session, Token, Wanted, Who, check_origin, forget};
use crate::api::services::Services;
use crate::db::sessions::{NewSession, session_end, session_open};
use crate::http::{Exchange, Lives, Place, Problem, ProblemCode, cookie, is_secure, marker, page_response, wants_html};
use crate::routing::{About, Outcome, Request};

/// Says once to the login form that somebody has just logged out.
const OUT: &str = "callbunker_out";
const OUT_LIVES: Duration = Duration::from_secs(60);
/// Says to the login form that somebody has just logged in, over plain http: whoever comes back without a session then has a
/// browser that did not keep it.
const IN: &str = "callbunker_in";

#[derive(askama::Template)]
#[template(path = "login.html")]
struct LoginPage<'p> {
    message: Option<&'p str>,
    /// What became of the session before, in words.
    notice: Option<&'p str>,
    next: Option<&'p str>,
    style: String,
    icon: String,
}

fn page(place: &Place, status: StatusCode, message: Option<&str>, notice: Option<&str>, next: Option<&str>) -> Outcome {
    let (style, icon) = (asset_url("dashboard.css"), asset_url("icon.svg"));
    let html = LoginPage { message, notice, next: next.and_then(acceptable), style, icon }
        .render()
        .map_err(|_| Problem::internal())?;
    Ok(page_response(place, status, html))
}

/// The form. Who is logged in goes on at once; without a database there is still the form.
pub(crate) async fn show(_services: Arc<Services>, request: Request) -> Outcome {
    let next = inside(&request, request.query_text("next"));
    match request.guard().session(request.exchange(), Wanted::ByAPerson).await {
        Ok(Session::Of(_who)) => Ok(welcome(next.as_deref())),
        Ok(Session::None | Session::MadeUp) | Err(_) => {
            let exchange = request.exchange();
            let told = lost(&request).or_else(|| parting(exchange));
            let notice = match (&told, request.query_text(ENDED)) {
                (None, Some(_)) => Some("Your session ended; nothing was done. Log in to go on."),
                (told, _) => told.as_ref().map(|(notice, _)| *notice),
            };
            let mut response = page(exchange.place(), StatusCode::OK, None, notice, next.as_deref())?;
            if let Some((_, forget)) = told {
                response.headers_mut().insert(SET_COOKIE, forget);
            }
            Ok(response)
        }
    }
}

/// What the form sends.
pub(crate) async fn login(services: Arc<Services>, request: Request) -> Outcome {
    let next = inside(&request, request.form_text("next"));
    match enter(&services, &request).await {
        Ok(token) => {
            let mut response = welcome(next.as_deref());
            let exchange = request.exchange();
            if came_by_plain_http(exchange) && is_secure(exchange) {
                response.headers_mut().append(SET_COOKIE, marker(exchange, IN, LOGIN, Lives::For(OUT_LIVES)));
            }
            response.headers_mut().append(SET_COOKIE, token.set(exchange));
            Ok(response)
        }
        Err(problem) if wants_html(request.headers()) => refused(request.exchange().place(), &problem, next.as_deref()),
        Err(problem) => Err(problem),
    }
}

/// Where to go on, without the path that the page may have put before it.
fn inside(request: &Request, next: Option<Cow<'_, str>>) -> Option<String> {
    next.map(|next| request.exchange().place().inside(&next).to_owned())
}

/// Whether the browser says that it sent the form from a page that came over plain http.
fn came_by_plain_http(exchange: &Exchange) -> bool {
    exchange.headers().get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"http://"))
}

async fn enter(services: &Services, request: &Request) -> Result<Token, Problem> {
    check_origin(request.exchange())?;
    let keys = request.guard().keys();
    let who = shown_key(&keys, request)?;
    request.note_who(who);
    if who.access < Access::ReadOnly {
        return Err(Problem::forbidden());
    }
    // Proof of a token: only a key that may log in comes here. One that is removed this very moment seals nothing any more.
    let token = Token::fresh(&keys, who.fingerprint).ok_or_else(Problem::unauthorized)?;
    let former = Token::sealed_of(request.exchange(), &keys);
    let session = NewSession {
        token_hash: token.hash(),
        key_fingerprint: who.fingerprint.to_string(),
        address: request.client().to_string(),
        user_agent: request.header("user-agent").map(|text| Redactor::new(Arc::clone(&keys)).text(text)),
    };
    let (former, ended) = former.map(|token| (token.hash(), token.csrf())).unzip();
    services
        .read("session_open", move |conn| {
            session_open(conn, &session)?;
            former.map_or(Ok(()), |hash: String| session_end(conn, &hash))
        })
        .await?;
    ended.into_iter().for_each(|token| request.guard().endings().tell(Ended::Session(token)));
    slog::info!(services.log, "logged in"; "who" => who.name(), "key" => who.fingerprint.as_str(), "client" => request.client().to_string(),
        "request_id" => request.caller().without_keys(request.id()));
    Ok(token)
}

/// Whose key the form shows.
fn shown_key(keys: &Keys, request: &Request) -> Result<Who, Problem> {
    let key = request.form_text("api_key").unwrap_or_default();
    let key = key.trim();
    let failure = if key.is_empty() { AuthFailure::Missing } else { AuthFailure::Wrong };
    keys.find(key.as_bytes()).ok_or_else(|| request.guard().refusal(request.client(), failure))
}

/// The form again, with the reason; status and headers as the problem has them.
fn refused(place: &Place, problem: &Problem, next: Option<&str>) -> Outcome {
    let message = match problem.code().status() {
        StatusCode::UNAUTHORIZED => "This is not a valid admin key.",
        StatusCode::TOO_MANY_REQUESTS => {
            "Too many wrong keys came from your address. Wait a minute, or use the right one."
        }
        _ => problem.detail(),
    };
    let mut response = page(place, problem.code().status(), Some(message), None, next)?;
    problem.add_headers(response.headers_mut());
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    // For the audit trail.
    response.extensions_mut().insert(problem.code());
    Ok(response)
}

/// Ends the session and forgets the cookie. A key has no session to end.
pub(crate) async fn logout(services: Arc<Services>, request: Request) -> Outcome {
    if let Some(token) = Token::sealed_of(request.exchange(), &request.guard().keys()) {
        let hash = token.hash();
        // Told first: a client that hangs up leaves no stream of its session behind.
        request.guard().endings().tell(Ended::Session(token.csrf()));
        services.read("session_end", move |conn| session_end(conn, &hash)).await?;
    }
    let mut response = farewell();
    response.headers_mut().append(SET_COOKIE, cookie(request.exchange(), OUT, "1", LOGIN, Lives::For(OUT_LIVES)));
    if marked(request.exchange(), IN) {
        response.headers_mut().append(SET_COOKIE, marker(request.exchange(), IN, LOGIN, Lives::NoMore));
    }
    response.headers_mut().append(SET_COOKIE, forget(request.exchange()));
    Ok(response)
}

/// What the login form says to whoever has just logged out, and how their browser forgets it.
fn parting(exchange: &Exchange) -> Option<(&'static str, HeaderValue)> {
    marked(exchange, OUT).then(|| ("You are logged out.", cookie(exchange, OUT, "", LOGIN, Lives::NoMore)))
}

/// What it says to whoever has just logged in and has no session, and how their browser forgets it.
fn lost(request: &Request) -> Option<(&'static str, HeaderValue)> {
    let exchange = request.exchange();
    let notice = "Your browser did not keep the session: callbunker's cookie needs https here. Open this page by an address \
                  that begins with https.";
    let has_none = Token::sealed_of(exchange, &request.guard().keys()).is_none();
    (has_none && marked(exchange, IN)).then(|| (notice, marker(exchange, IN, LOGIN, Lives::NoMore)))
}

fn marked(exchange: &Exchange, marker: &str) -> bool {
    exchange
        .headers()
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .any(|pair| pair.trim().split_once('=').is_some_and(|(name, value)| name == marker && value == "1"))
}

/// The fields of the login form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a description; the handler reads the fields by name")]
struct LoginForm {
    /// An admin key, or one that only reads.
    api_key: String,
    /// A path of ours to go to.
    next: Option<String>,
}

/// The fields of the logout's form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a description; the door reads the field by name")]
struct LogoutForm {
    /// The session's token, unless it stands in `X-CSRF-Token`.
    csrf_token: Option<String>,
}

pub(crate) fn about_show() -> About {
    let page = utoipa::openapi::schema::Object::with_type(utoipa::openapi::schema::Type::String);
    About::new("login_page", "Sessions", "The login form, for people")
        .text("With `?next=PATH` the login goes on to that page of callbunker's own.")
        .answer_as(StatusCode::OK, "text/html", "The form.", page, "<!doctype html>…")
        .see_other("Who is logged in goes on at once.")
}

pub(crate) fn about_login() -> About {
    About::new("login", "Sessions", "Begins a session with an admin key, or one that only reads")
        .text("Whoever accepts `text/html` gets refusals as the form again, with the same status.")
        .form::<LoginForm>(serde_json::json!({"api_key": "admin-3b5c7dfff5e3449ab5929b1027ab68d1"}))
        .see_other("The session's cookie, and the page to go to.")
        .with_header("Set-Cookie")
        .refuses(ProblemCode::Unauthorized, "No valid key.")
        .refuses(ProblemCode::Forbidden, "A signup key, or a page of another site.")
        .refuses(ProblemCode::RateLimited, "Too many wrong keys came from this address in a minute.")
        .refuses(ProblemCode::DatabaseUnavailable, "PostgreSQL does not answer.")
}

pub(crate) fn about_logout() -> About {
    About::new("logout", "Sessions", "Ends the session")
        .form::<LogoutForm>(serde_json::json!({}))
        .see_other("The cookie is forgotten; the login page is next.")
        .with_header("Set-Cookie")
}
