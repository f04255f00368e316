//! The first look at a JSON body: is it JSON, is it an object, and does it name only fields that are read, each once?
//!
//! How to get it wrong: stopping at the first bad name. What is not JSON further on must be told first.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::problem::Problem;
use super::problem_code::ProblemCode;

/// Reads the names of the outer object.
pub(super) fn check_names(text: &str, fields: &'static [&'static str]) -> Result<(), Problem> {
    let mut names = Names { fields, seen: 0, problem: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = deserializer.deserialize_any(&mut names).and_then(|()| deserializer.end());
    match outcome {
        Err(error) => Err(malformed(&error.to_string())),
        Ok(()) => names.problem.map_or(Ok(()), Err),
    }
}

pub(crate) fn malformed(what: &str) -> Problem {
    Problem::new(ProblemCode::MalformedJson, format!("The body is not JSON: {what}."))
}

pub(crate) fn unknown(field: &str, advice: &str) -> Problem {
    Problem::new(ProblemCode::UnknownField, format!("{field} is not a field of this request. {advice}"))
        .with("field", field)
}

struct Names {
    fields: &'static [&'static str],
    /// One bit for each of `fields`; `parse` refuses to compile with more than 64.
    seen: u64,
    problem: Option<Problem>,
}

impl Names {
    fn see(&mut self, name: &str) {
        let Some(at) = self.fields.iter().position(|field| *field == name) else {
            self.problem.get_or_insert_with(|| unknown(&shortened(name), &advice(name, self.fields)));
            return;
        };
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
