//! The route table: what a path takes, from whom, and who answers.
//!
//! Filters match paths; everything else is looked at inside, in the order path, method, key, media type, size, and then
//! the handler's JSON and fields; and whatever came of it, an admin's call stands in the audit trail before it is answered. So an endpoint always answers, and no rejection wanders on to another route.
//! How to get it wrong: putting a rare route before a hot one (each route is tried in turn); doing in the handler's own
//! future what a client that hangs up must not cut short (hyper drops the future then).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Method, StatusCode};

use super::audited::{Audited, Call};
use super::auth::{Gate, Shown, TokenIn, Wanted};
use super::body::{BODY_BYTES_MAX, Keep, PUBLIC_BODY_BYTES_MAX};
use super::dashboard;
use super::exchange::SharedExchange;
use super::keys::{Access, Who};
use super::openapi::About;
use super::problem::Problem;
use super::problem_code::ProblemCode;
use super::reply::Response;
use super::request::Request;
use super::sessions::login_first;
use super::uri::{Params, Pattern};

/// What a handler returns.
pub type Outcome = Result<Response, Problem>;

/// What a call does, read from its path: see [`Endpoint::does`].
type Action = fn(&Params) -> Option<&'static str>;
type Handler<C> = Box<dyn Fn(Arc<C>, Request) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// What an endpoint does with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// Takes none: one of any type is read, counted and ignored.
    None,
    /// JSON, or nothing at all (then of any type), which stands for `{}`.
    OptionalJson,
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`, for the dashboard's forms.
    Form,
}

/// One method of one path.
pub struct Endpoint<C> {
    pub(super) method: Method,
    pub(super) access: Access,
    pub(super) body: BodyRule,
    body_bytes_max: u64,
    audited: Audited,
    action: Option<Action>,
    pub(super) is_order: bool,
    wanted: Wanted,
    pub(super) is_page: bool,
    /// For the OpenAPI description; made when somebody asks for it.
    pub(super) about: Option<fn() -> About>,
    is_undocumented: bool,
    handler: Handler<C>,
}

impl<C: Send + Sync + 'static> Endpoint<C> {
    /// Any method.
    pub fn new<H, F>(method: Method, access: Access, body: BodyRule, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let handler: Handler<C> = Box::new(move |context, request| Box::pin(handler(context, request)));
        let audited = if access == Access::Admin { Audited::Always } else { Audited::Never };
        // What anybody may send is held for anybody.
        let body_bytes_max = if access == Access::Public { PUBLIC_BODY_BYTES_MAX } else { BODY_BYTES_MAX };
        let (action, is_order, is_page, about, is_undocumented) = (None, false, false, None, false);
        let wanted = Wanted::ByAPerson;
        Self {
            method,
            access,
            body,
            body_bytes_max,
            audited,
            action,
            is_order,
            wanted,
            is_page,
            about,
            is_undocumented,
            handler,
        }
    }

    /// Takes a body of at most so many bytes, instead of [`BODY_BYTES_MAX`], or 8 KiB where
    /// anybody may ask.
    #[must_use]
    pub fn up_to(mut self, bytes_max: u64) -> Self {
        self.body_bytes_max = bytes_max;
        self
    }

    /// `GET`, and with it `HEAD`.
    pub fn get<H, F>(access: Access, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::GET, access, BodyRule::None, handler)
    }

    /// `POST`.
    pub fn post<H, F>(access: Access, body: BodyRule, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(Method::POST, access, body, handler)
    }

    /// A page for people: `GET` and `HEAD`, and whoever has neither key nor session is shown the login.
    pub fn page<H, F>(access: Access, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { is_page: true, ..Self::get(access, handler) }
    }

    /// A page's form: `POST`, refused as a page is.
    pub fn form<H, F>(access: Access, handler: H) -> Self
    where
        H: Fn(Arc<C>, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { is_page: true, ..Self::post(access, BodyRule::Form, handler) }
    }

    /// Stands in the audit trail although it is public. What asks for an admin key does so without this.
    #[must_use]
    pub fn audited(self) -> Self {
        Self { audited: Audited::Always, ..self }
    }

    /// Changes what others have, and signups may do it too: what admins do here stands in the audit trail.
    #[must_use]
    pub fn audited_of_admins(self) -> Self {
        Self { audited: Audited::OfAdmins, ..self }
    }

    /// Is asked again and again by itself: good answers stand in the audit trail once an hour.
    #[must_use]
    pub fn polled(self) -> Self {
        Self { audited: Audited::Polled, ..self }
    }

    /// The audit trail's word for what a call does, where the path says it; else it is the last word of the pattern.
    #[must_use]
    pub fn does(self, action: fn(&Params) -> Option<&'static str>) -> Self {
        Self { action: Some(action), ..self }
    }

    /// Is asked by open pages, not by people: it keeps no session alive.
    #[must_use]
    pub fn by_the_page(self) -> Self {
        Self { wanted: Wanted::ByThePage, ..self }
    }

    /// Costs money or much work: one key may ask so often and no more.
    #[must_use]
    pub fn order(self) -> Self {
        Self { is_order: true, ..self }
    }

    /// What it takes and answers, for the OpenAPI description.
    #[must_use]
    pub fn about(self, about: fn() -> About) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Stands in no description: a page for people, or what such a page loads.
    #[must_use]
    pub fn undocumented(self) -> Self {
        Self { is_undocumented: true, ..self }
    }

    /// The method; a `GET` is a `HEAD`, too.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it was said on purpose that no description has it.
    #[must_use]
    pub fn is_undocumented(&self) -> bool {
        self.is_undocumented
    }

    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// One path and what it takes.
pub struct Route<C> {
    pattern: Pattern,
    endpoints: Vec<Endpoint<C>>,
    allow: HeaderValue,
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
        Self { pattern: Pattern::new(pattern), endpoints, allow }
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

    pub(super) fn matches(&self, path: &str) -> Option<Params> {
        self.pattern.matches(path)
    }

    /// Everything after the path.
    pub(super) async fn answer(
        &self,
        context: Arc<C>,
        gate: Arc<Gate>,
        exchange: SharedExchange,
        params: Params,
    ) -> Response {
        let _ = exchange.route.set(self.pattern.as_str());
        let mut response = self.outcome(context, gate, exchange, params).await;
        keep_private(response.headers_mut());
        response
    }

    async fn outcome(&self, context: Arc<C>, gate: Arc<Gate>, exchange: SharedExchange, params: Params) -> Response {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.takes(&exchange.method));
        let Some(endpoint) = endpoint else { return Problem::method_not_allowed(self.allow.clone()).into_response() };
        let action = endpoint.action.and_then(|action| action(&params));
        let call = Call::begin(&gate, &exchange, self.pattern.as_str(), action, endpoint.audited);
        let outcome = self.pass(endpoint, context, gate, &exchange, params, call.as_ref()).await;
        if let Some(call) = call {
            let code = match &outcome {
                Ok(response) => response.extensions().get::<ProblemCode>().copied(),
                Err(problem) => Some(problem.code()),
            };
            // A page may tell of a problem in its own way, such as a 303 to where it is shown; it is one all the same.
            let plain = || outcome.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            call.end(code.map_or_else(plain, ProblemCode::status), code).await;
        }
        match outcome {
            Err(problem) if endpoint.is_page && problem.code() == ProblemCode::Unauthorized => {
                login_first(exchange.uri())
            }
            Err(problem) if endpoint.is_page && dashboard::wants_html(&exchange.headers) => {
                let mut page = dashboard::refusal(&problem, exchange.id().as_str());
                page.extensions_mut().insert(problem.code());
                page
            }
            outcome => outcome.unwrap_or_else(Problem::into_response),
        }
    }

    /// Key, body, handler.
    async fn pass(
        &self,
        endpoint: &Endpoint<C>,
        context: Arc<C>,
        gate: Arc<Gate>,
        exchange: &SharedExchange,
        params: Params,
        call: Option<&Call>,
    ) -> Outcome {
        let token = if endpoint.body == BodyRule::Form { TokenIn::HeaderOrForm } else { TokenIn::Header };
        let note = |who: Option<Who>| {
            if let (Some(call), Some(who)) = (call, who) {
                call.notes.came(who);
            }
        };
        let shown = if endpoint.is_page { Shown::Login } else { Shown::Refusal };
        let judged = gate.judge(endpoint.access, exchange, token, endpoint.wanted, shown).await;
        let who = judged.map_err(|refused| {
            note(refused.who);
            refused.problem
        })?;
        note(who);
        if who.is_some() {
            exchange.body.seat().known();
        }
        let keep = if endpoint.body == BodyRule::None { Keep::Nothing } else { Keep::Whole };
        let check = || check_media_type(endpoint.body, &exchange.headers);
        let body = exchange.body.read(endpoint.body_bytes_max, keep, check).await?;
        if endpoint.body == BodyRule::Json && body.is_empty() {
            check_empty(&exchange.headers)?;
        }
        if token == TokenIn::HeaderOrForm && who.is_some_and(|who| who.by_session) && !exchange.method.is_safe() {
            gate.check_csrf(exchange, Some(&body))?;
        }
        // Last of all: what nobody wanted, such as a form of another site, uses up nobody's orders.
        if let Some(who) = who.as_ref().filter(|_| endpoint.is_order) {
            gate.check_orders(who, self.pattern.as_str())?;
        }
        let notes = call.and_then(|call| call.notes_of(who));
        let exchange = Arc::clone(exchange);
        let request = Request { exchange, route: self.pattern.as_str(), params, body, who, gate, notes };
        fail::fail_point!("handler");
        (endpoint.handler)(context, request).await
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
        BodyRule::OptionalJson | BodyRule::Json => "application/json",
        BodyRule::Form => "application/x-www-form-urlencoded",
    };
    let value = headers.get(CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if !essence.eq_ignore_ascii_case(wanted.as_bytes()) {
        let detail = format!("Send the body with Content-Type: {wanted}.");
        Err(Problem::new(ProblemCode::UnsupportedMediaType, detail))
    } else if plain {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::UnsupportedMediaType, "Send the body without Content-Encoding."))
    }
}

/// A required body that is missing: the media type first, if there is one, then the JSON.
fn check_empty(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_TYPE) {
        check_media_type(BodyRule::Json, headers)?;
    }
    Err(Problem::new(ProblemCode::MalformedJson, "The body is empty; send a JSON object."))
}
