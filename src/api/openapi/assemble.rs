//! The whole document: every endpoint of the route table, what they share, and how to come in.
//!
//! How to get it wrong: leaving an endpoint out silently. One that nobody describes is missing here, and a test says so.

use std::collections::BTreeMap;

use http::Method;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{
    Components, ComponentsBuilder, Info, License, OpenApi, PathItem, PathsBuilder, RefOr, Required, Response,
    ResponsesBuilder, Server,
};

use super::super::openapi::problems::{self, PROBLEM, by_status, component, header, reference, when};
use crate::access::Access;
use crate::api::{alerts, notice};
use crate::domain::VERSION;
use crate::http::ProblemCode;
use crate::routing::{About, BodyRule, DescribedAnswer, Endpoint, Route};

const TEXT: &str = "\
Keeps a warm pool of Twilio phone numbers and hands one to each signup.

Money is text with a dot, such as `\"1.15\"`; instants are RFC 3339, in UTC. Errors are `application/problem+json` (RFC \
9457) with a stable `code`. Requests are looked at in this order: path, method (405 with `Allow`), key, media type, size, \
JSON, fields. Unknown fields are refused; answers may get new ones. HEAD is answered as GET. A POST without a body needs \
neither Content-Type nor Content-Length.";

const TAGS: &[(&str, &str)] = &[
    ("Signup", "A number for each user."),
    ("Pool", "How the pool is, and what it does by itself."),
    ("Purchases", "Orders by hand."),
    ("Numbers", "Numbers and users, and what becomes of them."),
    ("Money", "What the numbers cost."),
    ("Sessions", "The way in for browsers."),
    ("Everybody", "For monitors and tools."),
];

/// The description of these routes, below `server`. What nobody described is not there.
#[must_use]
pub fn description<C: Send + Sync + 'static>(routes: &[Route<C>], server: &str) -> OpenApi {
    let mut components = shared();
    let mut paths = PathsBuilder::new();
    for route in routes {
        for endpoint in route.endpoints() {
            let Some(about) = endpoint.about.map(|about| about()) else { continue };
            let problems = by_status(endpoint, &about, route.pattern());
            for problems in problems.values() {
                let (name, response) = component(problems);
                components = components.response(name, response);
            }
            components = components.schemas_from_iter(about.schemas.clone());
            let item = PathItem::new(http_method(&endpoint.method), operation(endpoint, about, &problems));
            paths = paths.path(route.pattern(), item);
        }
    }
    let mut webhooks = PathsBuilder::new();
    for webhook in [alerts::about_webhook(), notice::about_webhook()] {
        components = components.schemas_from_iter(webhook.schemas.clone());
        let name = webhook.id;
        webhooks = webhooks.path(name, PathItem::new(HttpMethod::Post, sent(webhook)));
    }
    let mut info = Info::new("callbunker", VERSION);
    info.description = Some(TEXT.to_owned());
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(license);
    let tags = TAGS.iter().map(|(name, text)| {
        let mut tag = Tag::new(*name);
        tag.description = Some((*text).to_owned());
        tag
    });
    OpenApi::builder()
        .info(info)
        .servers(Some([Server::new(server)]))
        .paths(paths)
        .webhooks(Some(webhooks))
        .components(Some(components.build()))
        .tags(Some(tags))
        .build()
}

fn operation<C>(endpoint: &Endpoint<C>, about: About, problems: &problems::ByStatus) -> Operation {
    let mut operation = Operation::builder()
        .operation_id(Some(about.id))
        .tag(about.tag)
        .summary(Some(about.summary))
        .description(about.text)
        .securities(Some(security(endpoint)));
    for parameter in about.parameters {
        operation = operation.parameter(parameter);
    }
    if let Some((media_type, content)) = about.body {
        let required = endpoint.body != BodyRule::OptionalJson;
        let required = if required { Required::True } else { Required::False };
        let body = RequestBody::builder().content(media_type, content).required(Some(required)).build();
        operation = operation.request_body(Some(body));
    }
    let responses = ResponsesBuilder::new().responses_from_iter(responses(about.answers, problems));
    operation.responses(responses).build()
}

/// What is not asked for, but sent.
fn sent(about: About) -> Operation {
    let mut operation = Operation::builder()
        .operation_id(Some(about.id))
        .tag(about.tag)
        .summary(Some(about.summary))
        .description(about.text);
    for parameter in about.parameters {
        operation = operation.parameter(parameter);
    }
    if let Some((media_type, content)) = about.body {
        let body = RequestBody::builder().content(media_type, content).required(Some(Required::True)).build();
        operation = operation.request_body(Some(body));
    }
    let answers = about.answers.into_iter().map(|answer| {
        let response = Response::builder().description(answer.text).build();
        (answer.status.as_str().to_owned(), RefOr::T(response))
    });
    operation.responses(ResponsesBuilder::new().responses_from_iter(answers).build()).build()
}

fn responses(answers: Vec<DescribedAnswer>, problems: &problems::ByStatus) -> BTreeMap<String, RefOr<Response>> {
    let mut responses: BTreeMap<_, _> =
        answers.into_iter().map(|answer| (answer.status.as_str().to_owned(), RefOr::T(response(answer)))).collect();
    for (status, problems) in problems {
        let reference = reference(problems);
        let told = match responses.remove(&status.to_string()) {
            // A status that is also a plain answer (`/readyz`'s 503) keeps both kinds of content.
            Some(RefOr::T(mut both)) => {
                let (_, problem) = component(problems);
                both.content.extend(problem.content);
                both.headers.extend(problem.headers);
                both.description = format!("{}\n\n{}", both.description, reference.description);
                RefOr::T(both)
            }
            _ => RefOr::Ref(reference),
        };
        responses.insert(status.to_string(), told);
    }
    responses
}

fn response(answer: DescribedAnswer) -> Response {
    let mut response = Response::builder().description(answer.text).header_ref("X-Request-Id", header("X-Request-Id"));
    if let Some((media_type, content)) = answer.content {
        response = response.content(media_type, content);
    }
    for name in answer.headers {
        response = response.header_ref(name, header(name));
    }
    response.build()
}

fn http_method(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The ways in, each by itself; a session's POST carries its token, too.
fn security<C>(endpoint: &Endpoint<C>) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new(name, [""; 0]);
    let session = match endpoint.method.is_safe() {
        true => one("session"),
        false => one("session").add("csrf", [""; 0]),
    };
    match endpoint.access {
        Access::Public => Vec::new(),
        Access::Signup | Access::ReadOnly | Access::Admin => vec![one("key"), one("bearer"), one("query"), session],
    }
}

/// What the operations refer to.
fn shared() -> ComponentsBuilder {
    let key = |place: fn(ApiKeyValue) -> ApiKey, name: &str, text: &str| {
        SecurityScheme::ApiKey(place(ApiKeyValue::with_description(name, text)))
    };
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The same key as `Authorization: Bearer KEY`."))
        .build();
    let which = "An admin key; what only reads takes a read-only key, too, and signup routes a signup key.";
    let csrf = "The token of the session, which callbunker's own pages know.";
    let mut components = Components::builder()
        .schema(PROBLEM, problems::schema())
        .security_scheme("key", key(ApiKey::Header, "X-Admin-API-Key", which))
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme(
            "query",
            key(ApiKey::Query, "api_key", "The same key, for cron jobs that have it so; never logged."),
        )
        .security_scheme("session", key(ApiKey::Cookie, "callbunker_session", "Set by a login at `/admin/login`."))
        .security_scheme("csrf", key(ApiKey::Header, "X-CSRF-Token", csrf));
    for (name, text, kind) in [
        ("X-Request-Id", "The request's name in the log.", Type::String),
        ("Retry-After", "In so many seconds the same may go better.", Type::Integer),
        ("Location", "Where to look next.", Type::String),
        ("Allow", "The methods that the path takes.", Type::String),
        ("WWW-Authenticate", "How to send a key.", Type::String),
        ("Preference-Applied", "The preference that was followed.", Type::String),
        ("Set-Cookie", "The session.", Type::String),
    ] {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(text.to_owned());
        components = components.header(name, header);
    }
    // No operation can answer it: there is another one, or none.
    let not_allowed = ProblemCode::MethodNotAllowed;
    let (name, response) = component(&[(not_allowed, when(not_allowed))]);
    components.response(name, response)
}
