//! The two layers above the built-in defaults: the TOML file, and `CALLBUNKER__SECTION__KEY` above it.
//!
//! Each layer maps a known key to what was given for it. Everything else that was found is a problem: an unknown name,
//! with what may have been meant, or a secret, with where secrets belong. Values are not judged here, only given the
//! shape of the default (environment variables are text).
//!
//! How to get it wrong: quoting a value. The TOML parser's own message shows the line it stumbled over; only its
//! message and the position are told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::problem::{Origin, Problem, did_you_mean};
use super::secrets::{secret_meant_by, secret_problem};
use super::sources::{Sources, read_text};

/// What was given for one key.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub value: Value,
    pub origin: Origin,
}

/// Full key (`section.key`) to what was given, one map a layer.
pub(super) type Layer = BTreeMap<String, Given>;

/// The known keys: section to key to default (`None` for an option that is unset).
pub(super) type Schema = BTreeMap<&'static str, BTreeMap<&'static str, Option<Value>>>;

const PREFIX: &str = "CALLBUNKER__";

/// The layer of the TOML file; empty without one.
pub(super) fn read_file(sources: &Sources, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let Some(path) = sources.config_path() else { return Layer::new() };
    let origin = Origin::File(path.clone());
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) => {
            let remedy = "check the path and its permissions, or leave out --config and CALLBUNKER_CONFIG";
            problems.push(Problem::new("configuration file", origin, format!("cannot be read: {error}"), remedy));
            return Layer::new();
        }
    };
    match text.parse::<Table>() {
        Ok(table) => from_table(&table, &path, schema, problems),
        Err(error) => {
            problems.push(syntax_problem(&text, &error, origin));
            Layer::new()
        }
    }
}

fn syntax_problem(text: &str, error: &toml::de::Error, origin: Origin) -> Problem {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = &text.as_bytes()[..start];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let what = format!("is not TOML: line {line}, column {column}");
    Problem::new("configuration file", origin, what, "correct that line; text wants quotes, numbers and true want none")
}

fn from_table(table: &Table, path: &Path, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    let origin = Origin::File(path.to_owned());
    for (section, content) in table {
        let Value::Table(entries) = content else {
            problems.push(match schema.contains_key(section.as_str()) {
                true => Problem::new(section, origin.clone(), "is a section, not a key", format!("write [{section}]")),
                false => stray(section, "", origin.clone(), schema),
            });
            continue;
        };
        let known = schema.get(section.as_str());
        let secrets_before = problems.len();
        for (key, value) in entries {
            if known.is_some_and(|keys| keys.contains_key(key.as_str())) {
                layer.insert(format!("{section}.{key}"), Given { value: value.clone(), origin: origin.clone() });
            } else if known.is_some() || secret_meant_by(section, key).is_some() {
                problems.push(stray(section, key, origin.clone(), schema));
            }
        }
        if known.is_none() && problems.len() == secrets_before {
            let remedy = match did_you_mean(section, schema.keys().copied()) {
                Some(meant) => format!("did you mean [{meant}]?"),
                None => format!("the sections are {}", schema.keys().copied().collect::<Vec<_>>().join(", ")),
            };
            problems.push(Problem::new(format!("[{section}]"), origin.clone(), "is not a known section", remedy));
        }
    }
    layer
}

/// The problem with a key that is not known.
fn stray(section: &str, key: &str, origin: Origin, schema: &Schema) -> Problem {
    let name = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
    if let Some(secret) = secret_meant_by(section, key) {
        return secret_problem(name, origin, secret);
    }
    let remedy = match suggest(section, key, schema) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "remove it; config/default.toml has every key".to_owned(),
    };
    Problem::new(name, origin, "is not a known key", remedy)
}

/// The known key that was meant: the same name elsewhere, or the nearest name.
fn suggest(section: &str, key: &str, schema: &Schema) -> Option<String> {
    let all = || schema.iter().flat_map(|(section, keys)| keys.keys().map(move |key| (*section, *key)));
    let bare = if key.is_empty() { section } else { key };
    if let Some((section, key)) = all().find(|(_, candidate)| candidate.eq_ignore_ascii_case(bare)) {
        return Some(format!("{section}.{key}"));
    }
    if let Some(keys) = schema.get(section)
        && let Some(near) = did_you_mean(key, keys.keys().copied())
    {
        return Some(format!("{section}.{near}"));
    }
    let full: Vec<String> = all().map(|(section, key)| format!("{section}.{key}")).collect();
    did_you_mean(&format!("{section}.{key}"), full.iter().map(String::as_str)).map(str::to_owned)
}

/// The layer of the environment.
pub(super) fn read_environment(sources: &Sources, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    for (name, text) in &sources.env {
        let Some(path) = name.strip_prefix(PREFIX) else {
            problems.extend(nearly_ours(name, schema));
            continue;
        };
        let origin = Origin::Environment(name.clone());
        let (section, key) = path.split_once("__").unwrap_or((path, ""));
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let known = schema.get(section.as_str()).and_then(|keys| keys.get(key.as_str()));
        match known {
            Some(default) if *name == variable_of(&format!("{section}.{key}")) => match shape(text, default.as_ref()) {
                Ok(value) => {
                    layer.insert(format!("{section}.{key}"), Given { value, origin });
                }
                Err(what) => {
                    problems.push(Problem::new(format!("{section}.{key}"), origin, what, "correct the variable"));
                }
            },
            Some(_) => {
                let remedy = format!("did you mean {}?", variable_of(&format!("{section}.{key}")));
                problems.push(Problem::new(name, origin, "is not a known variable", remedy));
            }
            None if secret_meant_by(&section, &key).is_some() => {
                problems.push(stray(&section, &key, origin, schema));
            }
            None => {
                let remedy = match suggest(&section, &key, schema) {
                    Some(meant) => format!("did you mean {}?", variable_of(&meant)),
                    None => "unset it; config/default.toml has every key".to_owned(),
                };
                problems.push(Problem::new(name, origin, "is not a known variable", remedy));
            }
        }
    }
    public_app_url(sources, &mut layer, problems);
    layer
}

/// `CALLBUNKER__SECTION__KEY` of `section.key`.
pub(super) fn variable_of(full_key: &str) -> String {
    format!("{PREFIX}{}", full_key.replace('.', "__").to_ascii_uppercase())
}

/// A variable that differs from a known one only in its underscores would otherwise be ignored without a word.
fn nearly_ours(name: &str, schema: &Schema) -> Option<Problem> {
    let squeezed = |text: &str| text.replace('_', "").to_ascii_uppercase();
    if !name.to_ascii_uppercase().starts_with("CALLBUNKER_") || name == "CALLBUNKER_CONFIG" {
        return None;
    }
    let written = squeezed(name);
    let meant = schema
        .iter()
        .flat_map(|(section, keys)| keys.keys().map(move |key| variable_of(&format!("{section}.{key}"))))
        .find(|variable| squeezed(variable) == written)?;
    let remedy = format!("did you mean {meant}?");
    Some(Problem::new(name, Origin::Environment(name.to_owned()), "is not a known variable", remedy))
}

/// Gives text the shape of the key's default.
fn shape(text: &str, default: Option<&Value>) -> Result<Value, &'static str> {
    let trimmed = text.trim();
    match default {
        Some(Value::Integer(_)) => trimmed.parse().map(Value::Integer).map_err(|_| "is not a whole number"),
        Some(Value::Boolean(_)) => trimmed.parse().map(Value::Boolean).map_err(|_| "is neither true nor false"),
        Some(Value::Array(_)) => {
            let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        _ => Ok(Value::String(trimmed.to_owned())),
    }
}

/// `PUBLIC_APP_URL` is `webhooks.public_app_url` under the name that it always had.
fn public_app_url(sources: &Sources, layer: &mut Layer, problems: &mut Vec<Problem>) {
    const KEY: &str = "webhooks.public_app_url";
    let Some(text) = sources.variable("PUBLIC_APP_URL").map(str::trim) else { return };
    let origin = Origin::Environment("PUBLIC_APP_URL".to_owned());
    if let Some(other) = layer.get(KEY) {
        let other = other.value.as_str().unwrap_or_default();
        let same = match (url::Url::parse(text), url::Url::parse(other)) {
            (Ok(one), Ok(two)) => one == two,
            _ => text == other,
        };
        if !same {
            let what = format!("and {} are both set, and differ", variable_of(KEY));
            problems.push(Problem::new("PUBLIC_APP_URL", origin.clone(), what, "unset one of them"));
        }
    }
    layer.insert(KEY.to_owned(), Given { value: Value::String(text.to_owned()), origin });
}

/// The keys that the environment hides from a file that says otherwise.
pub(super) fn hidden<'a>(file: &'a Layer, env: &'a Layer) -> BTreeSet<&'a str> {
    let differs = |(key, given): &(&String, &Given)| env.get(*key).is_some_and(|above| above.value != given.value);
    file.iter().filter(differs).map(|(key, _)| key.as_str()).collect()
}
