//! A JSON body as a typed request, or the one thing that is wrong with it.
//!
//! Two passes: the first reads only the outer object's names and so finds what is not JSON (400), not an object, twice
//! there or unknown; the second builds the value, and what it refuses is a wrong type or range (422).
//! How to get it wrong: deriving `Deserialize` without naming every field in `FIELDS`, or listing nested fields there.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::problem::{Problem, ProblemCode};

/// The body of a request: an object with these fields and no others.
///
/// Types inside it should carry `#[serde(deny_unknown_fields)]`; the outer one needs not.
pub trait RequestBody: DeserializeOwned {
    /// The names of its fields as they stand in the JSON, at most 64.
    const FIELDS: &'static [&'static str];
}

/// Reads a body; an empty one is an empty object.
pub(super) fn parse<T: RequestBody>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(if body.is_empty() { b"{}" } else { body })
        .map_err(|error| malformed(&format!("byte {} is not UTF-8", error.valid_up_to())))?;
    check_names(text, T::FIELDS)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        explain(&path, error.inner())
    })
}

fn check_names(text: &str, fields: &'static [&'static str]) -> Result<(), Problem> {
    let mut names = Names { fields, seen: 0, problem: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = deserializer.deserialize_any(&mut names).and_then(|()| deserializer.end());
    match outcome {
        Err(error) => Err(malformed(&error.to_string())),
        Ok(()) => names.problem.map_or(Ok(()), Err),
    }
}

fn malformed(what: &str) -> Problem {
    Problem::new(ProblemCode::MalformedJson, format!("The body is not JSON: {what}."))
}

/// Turns what serde says into a problem that names the field.
fn explain(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if error.classify() != Category::Data {
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
        return unknown(&field, "Nobody reads it here; leave it out.");
    }
    Problem::invalid_field(path, reason)
}

fn quoted<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.strip_prefix(before)?.split('`').next()
}

fn unknown(field: &str, advice: &str) -> Problem {
    Problem::new(ProblemCode::UnknownField, format!("{field} is not a field of this request. {advice}"))
        .with("field", field)
}

struct Names {
    fields: &'static [&'static str],
    seen: u64,
    problem: Option<Problem>,
}

impl Names {
    fn see(&mut self, name: &str) {
        let Some(at) = self.fields.iter().position(|field| *field == name) else {
            self.problem.get_or_insert_with(|| unknown(&shortened(name), &advice(name, self.fields)));
            return;
        };
        debug_assert!(at < 64, "a request body has at most 64 fields");
        if self.seen & (1 << at) != 0 {
            self.problem.get_or_insert_with(|| Problem::invalid_field(name, "stands there twice"));
        }
        self.seen |= 1 << at;
    }

    fn no_object<E>(&mut self) -> Result<(), E> {
        self.problem = Some(Problem::new(ProblemCode::InvalidField, "The body must be a JSON object, such as {}."));
        Ok(())
    }
}

/// An unknown name comes back in the answer, but not 64 KiB of it.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}

fn advice(name: &str, fields: &[&str]) -> String {
    let nearest = fields
        .iter()
        .map(|field| (strsim::damerau_levenshtein(&shortened(name), field), *field))
        .min()
        .filter(|(distance, field)| *distance <= 1 + field.len() / 4);
    match (nearest, fields) {
        (Some((_, field)), _) => format!("Did you mean {field}?"),
        (None, []) => "This request takes no fields.".to_owned(),
        (None, fields) => format!("It takes {}.", fields.join(", ")),
    }
}

impl<'de> Visitor<'de> for &mut Names {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(()) = map.next_key_seed(Name(self))? {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    // Whatever else there is is read to its end too: what is not JSON is told first.

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(IgnoredAny) = seq.next_element()? {}
        self.no_object()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.no_object()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.no_object()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.no_object()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.no_object()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.no_object()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.no_object()
    }
}

/// Looks at a name without keeping it.
struct Name<'n>(&'n mut Names);

impl<'de> serde::de::DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<(), E> {
        self.0.see(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
