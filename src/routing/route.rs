//! The route table's line: a path, and everything between it and its handler.
//!
//! Filters match paths; everything else is looked at inside, in the order path, method, key, media type, size, and then
//! the handler's JSON and fields; and whatever came of it, an admin's call stands in the audit trail before it is answered.
//! So a route always answers, and no rejection wanders on to another one.
//! How to get it wrong: putting a rare route before a hot one (each route is tried in turn).

use std::sync::Arc;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::endpoint::{BodyRule, Endpoint, Outcome};
use super::request::Request;
use crate::access::{AuditEntry, Guard, Shown, TokenIn, Who, check_origin};
use crate::http::{
    Keep, PUBLIC_BODY_BYTES_MAX, Params, Pattern, Problem, ProblemCode, Response, SharedExchange, compressed,
};

/// A form that nobody may send yet is kept if it came within this.
const POSTED_WITHIN: Duration = Duration::from_secs(1);

/// One path and what it takes.
pub struct Route<C> {
    pattern: Pattern,
    endpoints: Vec<Endpoint<C>>,
    allow: HeaderValue,
    /// Whether it is there at all, if that is a question.
    is_served: Option<fn(&C) -> bool>,
}

impl<C: Send + Sync + 'static> Route<C> {
    /// A path such as `/signup/api/assignments/{user_id}`, matched whole.
    ///
    /// # Panics
    /// When the pattern does not begin with `/`, or there is no endpoint.
    #[must_use]
    pub fn new(pattern: &'static str, endpoints: Vec<Endpoint<C>>) -> Self {
        assert!(!endpoints.is_empty(), "{pattern} takes no method");
        let mut methods: Vec<&str> = Vec::new();
        for endpoint in &endpoints {
            methods.push(endpoint.method.as_str());
            if endpoint.method == Method::GET {
                methods.push("HEAD");
            }
        }
        // Proof: methods are tokens, and tokens, commas and spaces are header characters.
        let allow = HeaderValue::from_str(&methods.join(", ")).expect("methods are tokens");
        Self { pattern: Pattern::new(pattern), endpoints, allow, is_served: None }
    }

    /// Is there only while this says so; else nothing is at its path.
    #[must_use]
    pub fn served_while(self, is_served: fn(&C) -> bool) -> Self {
        Self { is_served: Some(is_served), ..self }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn pattern(&self) -> &'static str {
        self.pattern.as_str()
    }

    /// The methods, as `Allow` spells them.
    #[must_use]
    pub fn allow(&self) -> &str {
        self.allow.to_str().unwrap_or_default()
    }

    /// What it takes, by method.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint<C>] {
        &self.endpoints
    }

    pub(crate) fn matches(&self, path: &str) -> Option<Params> {
        self.pattern.matches(path)
    }

    /// Everything after the path.
    pub(crate) async fn answer(
        &self,
        context: Arc<C>,
        guard: Arc<Guard>,
        exchange: SharedExchange,
        params: Params,
    ) -> Response {
        let _ = exchange.route.set(self.pattern.as_str());
        let mut response = self.outcome(context, guard, Arc::clone(&exchange), params).await;
        keep_private(response.headers_mut());
        compressed(&exchange.headers, response).await
    }

    async fn outcome(&self, context: Arc<C>, guard: Arc<Guard>, exchange: SharedExchange, params: Params) -> Response {
        if self.is_served.is_some_and(|is_served| !is_served(&context)) {
            return Problem::no_such_path().into_response();
        }
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.takes(&exchange.method));
        let Some(endpoint) = endpoint else { return Problem::method_not_allowed(self.allow.clone()).into_response() };
        let action = endpoint.action.and_then(|action| action(&params));
        let call = AuditEntry::begin(guard.auditor(), &exchange, self.pattern.as_str(), action, endpoint.audited);
        let outcome = self.pass(endpoint, context, guard, &exchange, params, call.as_ref()).await;
        if let Some(call) = call {
            let code = match &outcome {
                Ok(response) => response.extensions().get::<ProblemCode>().copied(),
                Err(problem) => Some(problem.code()),
            };
            // A page may tell of a problem in its own way, such as a 303 to where it is shown; it is one all the same.
            let plain = || outcome.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            call.end(code.map_or_else(plain, ProblemCode::status), code).await;
        }
        match (outcome, endpoint.refused_as) {
            (Ok(response), _) => response,
            (Err(problem), Some(refused_as)) => {
                if problem.code() == ProblemCode::Unauthorized && endpoint.body == BodyRule::Form {
                    keep_posted(&exchange).await;
                }
                refused_as(&exchange, problem)
            }
            (Err(problem), None) => problem.into_response(),
        }
    }

    /// Key, body, handler.
    async fn pass(
        &self,
        endpoint: &Endpoint<C>,
        context: Arc<C>,
        guard: Arc<Guard>,
        exchange: &SharedExchange,
        params: Params,
        call: Option<&AuditEntry>,
    ) -> Outcome {
        let token = if endpoint.body == BodyRule::Form { TokenIn::HeaderOrForm } else { TokenIn::Header };
        let note = |who: Option<Who>| {
            if let (Some(call), Some(who)) = (call, who) {
                call.notes.came(who);
            }
        };
        let shown = if endpoint.is_page() { Shown::Login } else { Shown::Refusal };
        let judged = guard.judge(endpoint.access, exchange, token, endpoint.wanted, shown).await;
        let who = judged.map_err(|refused| {
            note(refused.who);
            refused.problem
        })?;
        note(who);
        if let Some(vouched) = endpoint.vouched {
            vouched(&context, exchange)?;
        }
        if who.is_some() || endpoint.vouched.is_some() {
            exchange.body.slot().known();
        }
        let _place =
            endpoint.places.as_ref().map(Semaphore::try_acquire).transpose().map_err(|_all_taken| crowded())?;
        let keep = if endpoint.body == BodyRule::None { Keep::Nothing } else { Keep::Whole };
        let check = || check_media_type(endpoint.body, &exchange.headers);
        let body = exchange.body.read(endpoint.body_bytes_max, keep, check).await?;
        if endpoint.body == BodyRule::Json && body.is_empty() {
            check_empty(&exchange.headers)?;
        }
        if token == TokenIn::HeaderOrForm && who.is_some_and(|who| who.by_session) && !exchange.method.is_safe() {
            guard.check_csrf(exchange, Some(&body))?;
        }
        // Last of all: what nobody wanted, such as a form of another site, uses up nobody's orders.
        if let Some(who) = who.as_ref().filter(|_| endpoint.is_order) {
            guard.check_orders(who, self.pattern.as_str())?;
        }
        let notes = call.and_then(|call| call.notes_of(who));
        let exchange = Arc::clone(exchange);
        let request = Request { exchange, route: self.pattern.as_str(), params, body, who, guard, notes };
        fail::fail_point!("handler");
        (endpoint.handler)(context, request).await
    }
}

/// A form of somebody whose session has ended: whoever leads them to the login leads them back to what they had filled in.
/// It is as small as what anybody may send; what is larger, or comes too slowly, is not kept.
async fn keep_posted(exchange: &SharedExchange) {
    // A form of another site's page was never filled in here.
    if exchange.headers.contains_key(EXPECT) || check_origin(exchange).is_err() {
        return;
    }
    let check = || check_media_type(BodyRule::Form, &exchange.headers);
    let read = timeout(POSTED_WITHIN, exchange.body.read(PUBLIC_BODY_BYTES_MAX, Keep::Whole, check));
    if let Ok(Ok(body)) = read.await {
        let _ = exchange.posted.set(body);
    }
}

/// No cache keeps what does not say by itself that it may be kept, and nothing is guessed to be a page or a script: what
/// a key was needed for is nobody else's.
fn keep_private(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
}

/// Asked at the first byte of a body, so that an empty one may be of any type.
fn check_media_type(rule: BodyRule, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted = match rule {
        BodyRule::None => return Ok(()),
        BodyRule::OptionalJson | BodyRule::Json => &["application/json"][..],
        BodyRule::CloudEvents => &["application/json", "application/cloudevents-batch+json"],
        BodyRule::Form => &["application/x-www-form-urlencoded"],
    };
    let value = headers.get(CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !wanted.iter().any(|wanted| essence.eq_ignore_ascii_case(wanted.as_bytes())) {
        let detail = format!("Send the body with Content-Type: {}.", wanted.join(" or "));
        Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
    } else if plain {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::UnsupportedMediaType, "Send the body without Content-Encoding."))
    }
}

/// More are at it than it takes at once.
fn crowded() -> Problem {
    Problem::new(
        ProblemCode::Unavailable,
        "So many of these are on their way that this one has to wait; send it again.",
    )
    .retry_after(Duration::from_secs(1))
}

/// A required body that is missing: the media type first, if there is one, then the JSON.
fn check_empty(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_TYPE) {
        check_media_type(BodyRule::Json, headers)?;
    }
    Err(Problem::new(ProblemCode::MalformedJson, "The body is empty; send a JSON object."))
}
