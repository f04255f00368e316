//! Problems as answers: which ones the way to a handler can give, and how they are told by status.
//!
//! How to get it wrong: a `default` answer. It would allow everything, and nobody could be held to the description.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::content::Content;
use utoipa::openapi::example::Example;
use utoipa::openapi::schema::{AllOf, Object, Type};
use utoipa::openapi::{Ref, RefOr, Response, Schema};

use crate::access::Access;
use crate::http::{Problem, ProblemCode};
use crate::routing::{About, BodyRule, Endpoint};

/// The name of the schema.
pub(super) const PROBLEM: &str = "Problem";

/// Problems of one status, each with when it comes.
pub(super) type ByStatus = BTreeMap<u16, Vec<(ProblemCode, &'static str)>>;

/// When a code comes, where the handler says nothing of its own.
pub(crate) fn when(code: ProblemCode) -> &'static str {
    use ProblemCode as Code;
    match code {
        Code::BadRequest => "The target has no path, or there is not exactly one usable `Host`.",
        Code::NotImplemented => "A `Transfer-Encoding` other than `chunked`.",
        Code::Unauthorized => "No valid key or session.",
        Code::Forbidden => {
            "A signup key, a key that only reads where something would change, or a session without its CSRF token or from a page of another site."
        }
        Code::NotFound => "Nothing is at this path.",
        Code::MethodNotAllowed => "The path takes other methods; `Allow` names them.",
        Code::UnsupportedMediaType => "The body has another Content-Type, or a Content-Encoding.",
        Code::PayloadTooLarge => {
            "The body is larger than 64 KiB (an import's and an event's: 1 MiB; without a key: 8 KiB)."
        }
        Code::RequestTimeout => "The body did not arrive in time.",
        Code::MalformedJson => "The body is not JSON.",
        Code::InvalidField => "`field` is missing, of a wrong type or out of range.",
        Code::UnknownField => "Nobody reads `field`.",
        Code::IdempotencyKeyReused => "The Idempotency-Key came with another body before.",
        Code::RateLimited => "Too many wrong keys came from this address in a minute.",
        Code::NotAssigned => "The user has no number.",
        Code::Assigned => "The number or the user is spoken for.",
        Code::Owned => "The number is ours.",
        Code::TwilioRefused => "Twilio said no; `detail` has its words.",
        Code::AreaCodeUnavailable => "`strict`, and no number of this area code is in stock.",
        Code::CountryUnavailable => "No pool is of the country that was named, and none of it is in stock.",
        Code::PoolEmpty => "No number came in time; `detail` says why.",
        Code::DatabaseUnavailable => "PostgreSQL does not answer.",
        Code::Unavailable => "A part is restarting, too many connections are open, or Twilio does not answer.",
        Code::Locked => "Something else is at work on it.",
        Code::Conflict => {
            "Another environment's tag stands on the number, it cannot go into the pool that it shall, or it lacks an attachment; `detail` says why."
        }
        Code::UnfitForPool => "The pool that was named wants what the number lacks; `detail` says what.",
        Code::Leaving => "The number is being given back to Twilio.",
        Code::AutomaticOrder => {
            "The pool placed the order itself, and would place it again; a pause of automatic buying ends it."
        }
        Code::Protected => "An operator protects the number; unprotect it first.",
        Code::SpendCap => "The purchases of the hour or the day are used up.",
        Code::Halted => "Twilio refuses the account; the status says why.",
        Code::ShuttingDown => "This instance is going away; ask another one, or again.",
        Code::Internal => "A bug; the log has the details under the `X-Request-Id`.",
    }
}

/// Everything that can be answered instead of what the handler is there for.
pub(super) fn by_status<C>(endpoint: &Endpoint<C>, about: &About, pattern: &str) -> ByStatus {
    use ProblemCode as Code;
    let mut codes = vec![
        Code::BadRequest,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::Unavailable,
        Code::Internal,
        Code::NotImplemented,
    ];
    if pattern.contains('{') {
        codes.push(Code::NotFound);
    }
    if !about.parameters.is_empty() {
        codes.push(Code::InvalidField);
    }
    if endpoint.access != Access::Public {
        codes.extend([Code::RateLimited, Code::DatabaseUnavailable]);
        // A page leads to the login instead.
        codes.extend((!endpoint.is_page()).then_some(Code::Unauthorized));
    }
    // A signup key on an admin route; a session's request that is no plain read.
    if endpoint.access >= Access::ReadOnly || (endpoint.access == Access::Signup && !endpoint.method.is_safe()) {
        codes.push(Code::Forbidden);
    }
    match endpoint.body {
        BodyRule::None => {}
        BodyRule::Form => codes.push(Code::UnsupportedMediaType),
        BodyRule::CloudEvents => codes.extend([Code::MalformedJson, Code::UnsupportedMediaType]),
        BodyRule::Json | BodyRule::OptionalJson => {
            codes.extend([Code::MalformedJson, Code::UnsupportedMediaType, Code::InvalidField, Code::UnknownField]);
        }
    }
    let mut sorted = ByStatus::new();
    let mut add = |code: ProblemCode, when| {
        let of_status = sorted.entry(code.status().as_u16()).or_default();
        if !of_status.iter().any(|(known, _)| *known == code) {
            of_status.push((code, when));
        }
    };
    for (code, when) in &about.problems {
        add(*code, when);
    }
    if endpoint.is_order {
        add(Code::RateLimited, "Too many wrong keys came from this address, or too many orders with this key.");
    }
    for code in codes {
        add(code, when(code));
    }
    for problems in sorted.values_mut() {
        problems.sort_by_key(|(code, _)| code.as_str());
    }
    sorted
}

/// A status's problems among the components: its name, and the answer that stands there.
pub(super) fn component(problems: &[(ProblemCode, &'static str)]) -> (String, Response) {
    let codes: Vec<&str> = problems.iter().map(|(code, _)| code.as_str()).collect();
    let only = Object::builder()
        .schema_type(Type::Object)
        .property("code", Object::builder().schema_type(Type::String).enum_values(Some(codes.clone())));
    let schema = AllOf::builder().item(Ref::from_schema_name(PROBLEM)).item(only);
    let examples = problems.iter().map(|(code, _)| {
        let problem = serde_json::to_value(Problem::new(*code, when(*code))).unwrap_or_default();
        (code.as_str(), RefOr::T(Example::builder().value(Some(problem)).build()))
    });
    let content = Content::builder().schema(Some(Schema::AllOf(schema.build()))).examples_from_iter(examples).build();
    let mut response = Response::builder()
        .description(told(problems, when))
        .content("application/problem+json", content)
        .header_ref("X-Request-Id", header("X-Request-Id"));
    for (name, codes) in [("Retry-After", &[429, 503, 409][..]), ("Allow", &[405]), ("WWW-Authenticate", &[401])] {
        if problems.iter().any(|(code, _)| codes.contains(&code.status().as_u16())) {
            response = response.header_ref(name, header(name));
        }
    }
    (codes.join("."), response.build())
}

/// A header among the components.
pub(crate) fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

/// The operation's own words for a status's problems.
pub(crate) fn reference(problems: &[(ProblemCode, &'static str)]) -> Ref {
    let (name, _) = component(problems);
    let mut reference = Ref::from_response_name(name);
    let words: BTreeMap<&str, &'static str> = problems.iter().map(|(code, when)| (code.as_str(), *when)).collect();
    reference.description = told(problems, |code| words[code.as_str()]);
    reference
}

fn told(problems: &[(ProblemCode, &'static str)], when: impl Fn(ProblemCode) -> &'static str) -> String {
    problems.iter().map(|(code, _)| format!("`{}`: {}", code.as_str(), when(*code))).collect::<Vec<_>>().join("\n\n")
}

/// RFC 9457, with our codes.
pub(crate) fn schema() -> Schema {
    let text = |text: &str| Object::builder().schema_type(Type::String).description(Some(text));
    let codes = ProblemCode::ALL.iter().map(|code| code.as_str());
    let code = text("What went wrong, for programs. Codes keep their meaning; new ones may be added.");
    let status = Object::builder().schema_type(Type::Integer).description(Some("The answer's status."));
    let mut problem = Object::builder()
        .schema_type(Type::Object)
        .description(Some("What went wrong (RFC 9457)."))
        .property("type", text("`/problems/` and the code: where the daemon tells what it means."))
        .property("title", text("The same for every problem of a code."))
        .property("status", status)
        .property("detail", text("What happened and what to do, for people."))
        .property("code", code.enum_values(Some(codes)))
        .property("field", text("The field that is not usable or not known."))
        .property(
            "bytes_max",
            Object::builder().schema_type(Type::Integer).description(Some("The most bytes that a body may have.")),
        )
        .property(
            "purchase_id",
            text("An order that is placed, and how it went cannot be told now: look at it before you ask again."),
        )
        .property(
            "report",
            Object::builder().description(Some("What a comparison, or setting webhooks, did before it broke off.")),
        )
        .property("twilio_code", json_type(&["integer", "null"], "Twilio's error code."))
        .property("twilio_request_id", json_type(&["string", "null"], "Twilio's id of the request, for its support."));
    for name in ["type", "title", "status", "detail", "code"] {
        problem = problem.required(name);
    }
    Schema::Object(problem.build())
}

fn json_type(types: &[&str], text: &str) -> RefOr<Schema> {
    // Proof: it is a schema, and the tests make it.
    serde_json::from_value(json!({"type": types, "description": text})).expect("a schema of plain types")
}
