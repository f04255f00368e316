//! JSON on the way in and out: a body as a typed request, or the one thing that is wrong with it; an answer.
//!
//! Two passes: the first reads only the outer object's names and so finds what is not JSON (400), not an object, twice
//! there or unknown; the second builds the value, and what it refuses is a wrong type or range (422).
//! How to get it wrong: deriving `Deserialize` without naming every field in `FIELDS`, or listing nested fields there.

use http::StatusCode;
use http::header::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::field_names::{check_names, malformed, unknown};
use super::problem::Problem;
use super::response::{Response, with_type};

/// The body of a request: an object with these fields and no others.
///
/// Types inside it should carry `#[serde(deny_unknown_fields)]`; the outer one needs not.
pub trait RequestBody: DeserializeOwned {
    /// The names of its fields as they stand in the JSON, at most 64.
    const FIELDS: &'static [&'static str];
    /// What to do about a field of an object inside it that nobody knows.
    const INSIDE: &'static str = "Nobody reads it here; leave it out.";
}

/// A JSON answer.
///
/// # Errors
/// 500 when the value does not serialise, which only a map with non-text keys can cause.
pub fn json_response<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let mut body = serde_json::to_vec(value).map_err(|_| Problem::internal())?;
    // A shell's prompt begins on a line of its own.
    body.push(b'\n');
    Ok(with_type(status, HeaderValue::from_static("application/json"), body))
}

/// Reads a body; an empty one is an empty object.
pub(crate) fn parse<T: RequestBody>(body: &[u8]) -> Result<T, Problem> {
    const { assert!(T::FIELDS.len() <= 64, "a request body has at most 64 fields") };
    let text = std::str::from_utf8(if body.is_empty() { b"{}" } else { body })
        .map_err(|error| malformed(&format!("byte {} is not UTF-8", error.valid_up_to())))?;
    check_names(text, T::FIELDS)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner(), T::INSIDE)
    })
}

/// Turns what serde says into a problem that names the field.
fn explain(path: &str, error: &serde_json::Error, inside: &str) -> Problem {
    let text = error.to_string();
    // 1e999 is JSON, but no number of ours.
    if error.classify() != Category::Data && !text.starts_with("number out of range") {
        return malformed(&text);
    }
    // serde_json appends where it stood; the field's name says it better.
    let reason = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
    let inner = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = quoted(reason, "missing field `") {
        return Problem::invalid_field(&inner(name), "is required");
    }
    if let Some(name) = quoted(reason, "duplicate field `") {
        return Problem::invalid_field(&inner(name), "stands there twice");
    }
    if let Some(name) = quoted(reason, "unknown field `") {
        // serde's path already ends with an unknown name.
        let field = if path.ends_with(name) { path.to_owned() } else { inner(name) };
        return unknown(&field, inside);
    }
    Problem::invalid_field(path, reason)
}

fn quoted<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.strip_prefix(before)?.split('`').next()
}

#[cfg(test)]
mod tests {
    use super::super::problem_code::ProblemCode;
    use super::*;
    use crate::domain::{AreaCode, UserId};

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[allow(dead_code, reason = "only its shape is tested")]
        phone_number: String,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Order {
        count: u32,
        area_code: Option<AreaCode>,
        user_id: Option<UserId>,
        #[serde(default)]
        numbers: Vec<Line>,
    }

    impl RequestBody for Order {
        const FIELDS: &'static [&'static str] = &["count", "area_code", "user_id", "numbers"];
    }

    fn problem(body: &str) -> (&'static str, String, String) {
        let problem = parse::<Order>(body.as_bytes()).unwrap_err();
        let document = serde_json::to_value(&problem).unwrap();
        let field = document["field"].as_str().unwrap_or_default().to_owned();
        (problem.code().as_str(), field, problem.detail().to_owned())
    }

    #[test]
    fn a_good_body_is_read() {
        let order: Order =
            parse(r#"{"count":3,"area_code":"415","user_id":null,"numbers":[{"phone_number":"x"}]}"#.as_bytes())
                .unwrap();
        assert_eq!((order.count, order.area_code.unwrap().as_str(), order.numbers.len()), (3, "415", 1));
        assert!(order.user_id.is_none());
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let deep = "[".repeat(500);
        for body in [
            "{",
            "{\"count\":}",
            "nul",
            "{} x",
            "[1",
            "[1,]",
            "\"x",
            "-",
            "{\"count\":1,}",
            "{\"user_id\":\"\\ud800\"}",
            "  ",
            &deep,
        ] {
            assert_eq!(problem(body).0, "malformed_json", "{body:?}");
        }
        assert_eq!(problem("{\"count\":\n x}").2, "The body is not JSON: expected value at line 2 column 2.");
        assert_eq!(
            parse::<Order>(b"{\"count\":1,\"user_id\":\"\xff\"}").unwrap_err().code(),
            ProblemCode::MalformedJson
        );
    }

    #[test]
    fn a_body_that_is_no_object_is_invalid() {
        for body in ["[]", "1", "null", "\"x\"", "true"] {
            assert_eq!(problem(body).0, "invalid_field", "{body:?}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let named = |body: &str| {
            let (code, field, _) = problem(body);
            assert_eq!(code, "invalid_field", "{body}");
            field
        };
        for (body, field) in [
            ("{\"count\":\"1\"}", "count"),
            ("{\"count\":-1}", "count"),
            ("{\"count\":1.5}", "count"),
            ("{\"count\":4294967296}", "count"),
            ("{\"count\":null}", "count"),
            ("{\"count\":1e999}", "count"),
            ("{\"count\":99999999999999999999999}", "count"),
            ("{}", "count"),
            ("", "count"),
            ("{\"count\":1,\"count\":2}", "count"),
            ("{\"count\":1,\"area_code\":\"15\"}", "area_code"),
            ("{\"count\":1,\"area_code\":415}", "area_code"),
            ("{\"count\":1,\"user_id\":\"a\\u0000\"}", "user_id"),
            ("{\"count\":1,\"numbers\":[{\"phone_number\":\"x\"},{\"phone_number\":1}]}", "numbers[1].phone_number"),
            ("{\"count\":1,\"numbers\":[{}]}", "numbers[0].phone_number"),
        ] {
            assert_eq!(named(body), field, "{body}");
        }
        let (_, _, detail) = problem("{\"count\":1,\"area_code\":\"15\"}");
        assert_eq!(detail, "area_code: must be an area code of three digits, the first 2 to 9, such as 415");
    }

    #[test]
    fn an_unknown_field_is_named_and_a_near_one_proposed() {
        let (code, field, detail) = problem("{\"cuont\":1}");
        assert_eq!((code, field.as_str()), ("unknown_field", "cuont"));
        assert_eq!(detail, "cuont is not a field of this request. Did you mean count?");
        let (_, _, detail) = problem("{\"count\":1,\"zzzzzz\":1}");
        assert!(detail.ends_with("It takes count, area_code, user_id, numbers."), "{detail}");
        let (code, field, _) = problem("{\"count\":1,\"numbers\":[{\"phone_number\":\"x\",\"sid\":1}]}");
        assert_eq!((code, field.as_str()), ("unknown_field", "numbers[0].sid"));
    }
}
