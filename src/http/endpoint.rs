//! The route table: what a path takes, from whom, and who answers.
//!
//! Filters match paths; everything else is looked at inside, in the order path, method, key, media type, size, and then
//! the handler's JSON and fields. So an endpoint always answers, and no rejection wanders on to another route.
//! How to get it wrong: putting a rare route before a hot one (each route is tried in turn); doing in the handler's own
//! future what a client that hangs up must not cut short (hyper drops the future then).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};

use super::auth::Gate;
use super::body::BODY_BYTES_MAX;
use super::exchange::SharedExchange;
use super::keys::Access;
use super::problem::Problem;
use super::problem_code::ProblemCode;
use super::reply::Response;
use super::request::Request;
use super::uri::{Params, Pattern};

/// What a handler returns.
pub type Outcome = Result<Response, Problem>;

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
    method: Method,
    access: Access,
    body: BodyRule,
    body_bytes_max: u64,
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
        Self { method, access, body, body_bytes_max: BODY_BYTES_MAX, handler }
    }

    /// Takes a body of at most so many bytes, instead of [`BODY_BYTES_MAX`].
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
    ) -> Outcome {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.takes(&exchange.method));
        let endpoint = endpoint.ok_or_else(|| Problem::method_not_allowed(self.allow.clone()))?;
        let who = gate.admit(endpoint.access, &exchange).await?;
        let body =
            exchange.body.read(endpoint.body_bytes_max, || check_media_type(endpoint.body, &exchange.headers)).await?;
        if endpoint.body == BodyRule::Json && body.is_empty() {
            check_empty(&exchange.headers)?;
        }
        let body = if endpoint.body == BodyRule::None { bytes::Bytes::new() } else { body };
        let request = Request { exchange, route: self.pattern.as_str(), params, body, who, gate };
        (endpoint.handler)(context, request).await
    }
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
