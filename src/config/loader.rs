//! Defaults, file and environment become sections, one key at a time, so that each problem is found on its own.
//!
//! For every key that a layer gives, its section is read with only that key replaced. What fits is kept; what does not
//! is a problem, and the default stands in for it so that the rest can be judged too.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::{Table, Value};

use super::layers::{Given, Layer, Schema, hidden, read_environment, read_file};
use super::problem::{Origin, Problem};
use super::section::{Checks, Section, field_names};
use super::sources::Sources;

/// Everything that was given, and everything that is wrong with it so far.
pub(super) struct Loader {
    file: Layer,
    env: Layer,
    faulty: RefCell<BTreeSet<String>>,
    pub problems: Vec<Problem>,
}

impl Loader {
    pub(super) fn new(sources: &Sources, schema: &Schema) -> Self {
        let mut problems = Vec::new();
        let file = read_file(sources, schema, &mut problems);
        let env = read_environment(sources, schema, &mut problems);
        let faulty = problems.iter().map(|problem| problem.key.clone()).collect();
        Self { file, env, faulty: RefCell::new(faulty), problems }
    }

    /// Where the value in force came from.
    pub(super) fn origin_of(&self, full_key: &str) -> Origin {
        let given = self.env.get(full_key).or_else(|| self.file.get(full_key));
        given.map_or(Origin::Default, |given| given.origin.clone())
    }

    /// The keys that the environment gives directly, by the variable's name.
    pub(super) fn given_in_environment(&self) -> impl Iterator<Item = String> {
        self.env
            .values()
            .filter_map(|given| if let Origin::Environment(name) = &given.origin { Some(name.clone()) } else { None })
    }

    /// The keys for which the file says something else than the environment.
    pub(super) fn hidden_in_file(&self) -> BTreeSet<&str> {
        hidden(&self.file, &self.env)
    }

    /// Reads one section. With problems, the section holds defaults in their place.
    pub(super) fn section<S: Section>(&mut self) -> S {
        let defaults = defaults_of::<S>();
        let mut merged = defaults.clone();
        for key in field_names::<S>() {
            let full_key = format!("{}.{key}", S::NAME);
            for layer in [&self.file, &self.env] {
                let Some(given) = layer.get(&full_key) else { continue };
                match judge::<S>(&defaults, key, given) {
                    Ok(()) => {
                        merged.insert((*key).to_owned(), given.value.clone());
                    }
                    Err((what, remedy)) => {
                        self.faulty.borrow_mut().insert(full_key.clone());
                        self.problems.push(Problem::new(&full_key, given.origin.clone(), what, remedy));
                    }
                }
            }
        }
        let section: S = merged.try_into().unwrap_or_else(|error: toml::de::Error| {
            let what = format!("cannot be read as a whole: {}", error.message());
            self.problems.push(Problem::new(S::NAME, Origin::Default, what, "report this as a bug"));
            S::default()
        });
        let mut refused = Vec::new();
        section.check(&mut Checks {
            section: S::NAME,
            is_sound: &|key| !self.faulty.borrow().contains(key),
            origin_of: &|key| self.origin_of(key),
            problems: &mut refused,
        });
        self.problems.extend(refused);
        section
    }
}

/// A section's entry in the schema.
pub(super) fn declare<S: Section>(schema: &mut Schema) {
    let defaults = defaults_of::<S>();
    let keys = field_names::<S>().iter().map(|key| (*key, defaults.get(*key).cloned())).collect();
    schema.insert(S::NAME, keys);
}

fn defaults_of<S: Section>() -> Table {
    Table::try_from(S::default()).expect("a section holds numbers, text and lists; a test serialises each default")
}

/// What is wrong with a value, and what to do.
fn judge<S: Section>(defaults: &Table, key: &str, given: &Given) -> Result<(), (String, String)> {
    let hint = S::HINTS.iter().find(|(hinted, _)| *hinted == key).map(|(_, hint)| format!("give {hint}"));
    let range = S::RANGES.iter().find(|range| range.key == key);
    if let Some(default) = defaults.get(key)
        && !default.same_type(&given.value)
    {
        let what = format!("is {}, not {}", kind(&given.value), kind(default));
        return Err((what, hint.unwrap_or_else(|| format!("give {}", kind(default)))));
    }
    if let (Some(range), Value::Integer(value)) = (range, &given.value)
        && !(range.min..=range.max).contains(value)
    {
        let what = format!("is {value}");
        return Err((what, format!("give {} to {} {}", range.min, range.max, range.unit)));
    }
    let mut probe = defaults.clone();
    probe.insert(key.to_owned(), given.value.clone());
    match S::deserialize(Value::Table(probe)) {
        Ok(_) => Ok(()),
        // The library's message may quote the value, and somebody may have put a secret there: the hint must do.
        Err(_) => {
            Err(("is not a value it can take".to_owned(), hint.unwrap_or_else(|| "see config/default.toml".to_owned())))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
