//! Defaults, file and environment become sections, one key at a time, so that each problem is found on its own.
//!
//! For every key that a layer gives, its section is read with only that key replaced. What fits is kept; what does not
//! is a problem, and the default stands in for it so that the rest can be judged too.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::environment::read_environment;
use super::file::read_file;
use super::layers::{Given, Layer, hidden};
use super::problem::{Origin, Problem};
use super::quotes::{IN_QUOTES, WITHOUT, is_quoted};
use super::schema::{Schema, pool_named_by};
use super::section::{Checks, Section, keys_of};
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

    /// The pools that either layer names, and where.
    pub(super) fn pools(&self) -> BTreeMap<String, Origin> {
        let all = self.env.iter().chain(&self.file);
        let named = all.filter_map(|(key, given)| {
            let name = pool_named_by(key)?.split('.').next()?;
            Some((name.to_owned(), given.origin.clone()))
        });
        named.collect()
    }

    /// Reads one section. With problems, the section holds defaults in their place.
    pub(super) fn section<S: Section>(&mut self) -> S {
        self.section_at(S::NAME)
    }

    /// Reads the section at this path, which may be one of several of its kind.
    pub(super) fn section_at<S: Section>(&mut self, path: &str) -> S {
        let defaults = defaults_of(S::defaults_at(path));
        let mut merged = defaults.clone();
        for key in keys_of::<S>() {
            let full_key = format!("{path}.{key}");
            for layer in [&self.file, &self.env] {
                let Some(given) = layer.get(&full_key) else { continue };
                match judge::<S>(&defaults, &key, given) {
                    Ok(()) => put(&mut merged, &key, given.value.clone()),
                    Err((what, remedy)) => {
                        self.faulty.borrow_mut().insert(full_key.clone());
                        self.problems.push(Problem::new(&full_key, given.origin.clone(), what, remedy));
                    }
                }
            }
        }
        let section: S = merged.try_into().unwrap_or_else(|error: toml::de::Error| {
            let what = format!("cannot be read as a whole: {}", error.message());
            self.problems.push(Problem::new(path, Origin::Default, what, "report this as a bug"));
            S::defaults_at(path)
        });
        let mut refused = Vec::new();
        section.check(&mut Checks {
            section: path,
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
    let defaults = defaults_of(S::default());
    let keys = keys_of::<S>().into_iter().map(|key| {
        let shape = shape_of::<S>(&defaults, &key);
        (key, shape)
    });
    schema.insert(S::NAME, keys.collect());
}

fn defaults_of<S: Section>(section: S) -> Table {
    Table::try_from(section).expect("a section holds numbers, text and lists; a test serialises each default")
}

/// A value of the key's shape: its default, or where there is none a number, if it has a range, or a truth, if it takes one.
fn shape_of<S: Section>(defaults: &Table, key: &str) -> Option<Value> {
    let number = || Some(Value::Integer(S::RANGES.iter().find(|range| range.key == key)?.min));
    let truth = || {
        let mut probe = defaults.clone();
        put(&mut probe, key, Value::Boolean(true));
        S::deserialize(Value::Table(probe)).is_ok().then_some(Value::Boolean(true))
    };
    look(defaults, key).cloned().or_else(number).or_else(truth)
}

/// The value of a key, which may stand in a table inside.
pub(super) fn look<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    match key.split_once('.') {
        Some((inside, key)) => table.get(inside)?.get(key),
        None => table.get(key),
    }
}

pub(super) fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        Some((inside, key)) => {
            let inside = table.entry(inside).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inside) = inside {
                inside.insert(key.to_owned(), value);
            }
        }
        None => _ = table.insert(key.to_owned(), value),
    }
}

/// What is wrong with a value, and what to do.
fn judge<S: Section>(defaults: &Table, key: &str, given: &Given) -> Result<(), (String, String)> {
    let hint = S::HINTS.iter().find(|(hinted, _)| *hinted == key).map(|(_, hint)| format!("give {hint}"));
    let range = S::RANGES.iter().find(|range| range.key == key);
    if stands_in_quotes(&given.value) {
        return Err((
            IN_QUOTES.to_owned(),
            hint.map_or_else(|| WITHOUT.to_owned(), |hint| format!("{WITHOUT}: {hint}")),
        ));
    }
    if let Some(shape) = shape_of::<S>(defaults, key)
        && !shape.same_type(&given.value)
        // Whoever writes 1 for 1.0 means it.
        && !(shape.is_float() && given.value.is_integer())
    {
        let what = format!("is {}, not {}", kind(&given.value), kind(&shape));
        return Err((what, hint.unwrap_or_else(|| format!("give {}", kind(&shape)))));
    }
    if let (Some(range), Value::Integer(value)) = (range, &given.value)
        && !(range.min..=range.max).contains(value)
    {
        let what = format!("is {value}");
        return Err((what, format!("give {} to {} {}", range.min, range.max, range.unit)));
    }
    let mut probe = defaults.clone();
    put(&mut probe, key, given.value.clone());
    match S::deserialize(Value::Table(probe)) {
        Ok(_) => Ok(()),
        // The library's message may quote the value, and somebody may have put a secret there: the hint must do.
        Err(_) => {
            Err(("is not a value it can take".to_owned(), hint.unwrap_or_else(|| "see config/default.toml".to_owned())))
        }
    }
}

/// One of a list's texts is enough.
fn stands_in_quotes(value: &Value) -> bool {
    match value {
        Value::String(text) => is_quoted(text),
        Value::Array(items) => items.iter().any(stands_in_quotes),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => false,
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
