//! What went wrong, as the outside sees it: an RFC 9457 problem with a stable machine code.
//!
//! Invariants: a code has one status and one title for ever; `type` is `/problems/<code>`; every detail is
//! a sentence for people that says what to do.
//! How to get it wrong: putting an error's `Display` from inside (SQL, a URL with a key, a panic) into `detail`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Response as HttpResponse};
use serde::ser::SerializeMap;
use serde_json::Value;

use super::problem_code::ProblemCode;
use super::response::Response;
use crate::domain::Away;

/// After this time a client may try again what failed for want of a database or of a part that restarts.
const PASSES_IN: Duration = Duration::from_secs(1);

/// A problem document on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    retry_after: Option<Duration>,
    allow: Option<HeaderValue>,
    extra: Vec<(&'static str, Value)>,
    in_part: bool,
}

impl Problem {
    /// A problem with a sentence that says what to do.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, allow: None, extra: Vec::new(), in_part: false }
    }

    /// Something was done all the same, or goes on; the detail says what. Only pages ask: programs have the detail.
    #[must_use]
    pub fn in_part(self) -> Self {
        Self { in_part: true, ..self }
    }

    /// Whether something was done all the same, or goes on.
    #[must_use]
    pub fn is_in_part(&self) -> bool {
        self.in_part
    }

    /// Adds `Retry-After`, in whole seconds, at least 1.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Adds a member to the document. `type`, `title`, `status`, `detail` and `code` are taken.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        debug_assert!(!["type", "title", "status", "detail", "code"].contains(&name), "{name} is taken");
        self.extra.push((name, value.into()));
        self
    }

    /// Says one sentence more.
    #[must_use]
    pub fn and_say(mut self, more: &str) -> Self {
        self.detail = format!("{} {more}", self.detail).into();
        self
    }

    /// 401, the same for a missing and for a wrong key.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            ProblemCode::Unauthorized,
            "Send a valid key as X-Admin-API-Key: KEY or as Authorization: Bearer KEY.",
        )
    }

    /// 403 for a signup key on an admin route.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(ProblemCode::Forbidden, "This is a signup key; send an admin key.")
    }

    /// 404 for a path that no route knows.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(ProblemCode::NotFound, "There is nothing at this path; the README lists what there is.")
    }

    /// 404 for a thing that a route looked for.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemCode::NotFound, detail)
    }

    /// 405 with the methods that there are, as `Allow` spells them.
    #[must_use]
    pub fn method_not_allowed(allow: HeaderValue) -> Self {
        let methods = allow.to_str().unwrap_or_default();
        let detail = format!("This path takes {methods}.");
        Self { allow: Some(allow), ..Self::new(ProblemCode::MethodNotAllowed, detail) }
    }

    /// 422 naming the field; `reason` continues "the field …", such as "must be 1 to 100".
    #[must_use]
    pub fn invalid_field(field: &str, reason: impl fmt::Display) -> Self {
        Self::new(ProblemCode::InvalidField, format!("{field}: {reason}")).with("field", field)
    }

    /// 422 for a parameter of the query that the path does not take.
    #[must_use]
    pub fn unknown_parameter(name: &str, names: &[&str]) -> Self {
        let name: String = name.chars().filter(|character| !character.is_control()).take(60).collect();
        let detail = format!("{name} is no parameter here; there are: {}.", names.join(", "));
        Self::new(ProblemCode::UnknownField, detail).with("field", name)
    }

    /// 500 without any word about the inside. The log has the rest, under the same request id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            ProblemCode::Internal,
            "Something went wrong inside; the log has the details under this answer's X-Request-Id.",
        )
    }

    /// 503 while PostgreSQL is away, with why.
    #[must_use]
    pub fn database_unavailable(why: Away) -> Self {
        Self::new(ProblemCode::DatabaseUnavailable, why.sentence()).retry_after(PASSES_IN)
    }

    /// 503 while a part of the daemon begins anew.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(ProblemCode::Unavailable, "A part of callbunker is restarting; try again in a second.")
            .retry_after(PASSES_IN)
    }

    /// 503 from the first signal on.
    #[must_use]
    pub fn shutting_down() -> Self {
        Self::new(ProblemCode::ShuttingDown, "This instance is shutting down; ask again, or ask another instance.")
            .retry_after(PASSES_IN)
    }

    /// The machine code.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response {
        // Proof: a map of strings and JSON values, with string keys, always serialises.
        let mut body = serde_json::to_vec(&self).expect("a problem is plain JSON");
        // A shell's prompt begins on a line of its own.
        body.push(b'\n');
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = self.code.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.add_headers(response.headers_mut());
        response
    }

    /// Adds the headers that go with it, whatever shape the answer has.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(allow) = &self.allow {
            headers.insert(ALLOW, allow.clone());
        }
        if self.code == ProblemCode::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"callbunker\""));
        }
    }
}

impl serde::Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5 + self.extra.len()))?;
        map.serialize_entry("type", self.code.type_uri())?;
        map.serialize_entry("title", self.code.title())?;
        map.serialize_entry("status", &self.code.status().as_u16())?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("code", self.code.as_str())?;
        for (name, value) in &self.extra {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_five_members_and_what_was_added() {
        let problem = Problem::invalid_field("count", "must be 1 to 100").with("max", 100);
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"type":"/problems/invalid_field","title":"A field is not usable","status":422,"detail":"count: must be 1 to 100","code":"invalid_field","field":"count","max":100}"#
        );
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let header = |after| {
            let response = Problem::new(ProblemCode::PoolEmpty, "").retry_after(after).into_response();
            response.headers()[RETRY_AFTER].to_str().unwrap().to_owned()
        };
        assert_eq!(header(Duration::ZERO), "1");
        assert_eq!(header(Duration::from_millis(1500)), "2");
        assert_eq!(header(Duration::from_secs(8)), "8");
    }
}
