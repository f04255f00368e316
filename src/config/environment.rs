//! The layer of the environment: `CALLBUNKER__SECTION__KEY`, `CALLBUNKER__SECTION__TABLE__KEY`, and for a pool
//! `CALLBUNKER__POOLS__NAME__KEY`.
//!
//! How to get it wrong: ignoring a variable that is nearly one of ours. Whoever set it believes that it is in force.

use toml::Value;

use super::layers::{Given, Layer};
use super::problem::{Origin, Problem};
use super::quotes::{IN_QUOTES, WITHOUT, is_quoted};
use super::schema::{POOLS, Schema, keys_at, pool_named_by, stray, suggest};
use super::secrets::secret_meant_by;
use super::sources::Sources;

const PREFIX: &str = "CALLBUNKER__";

/// The layer of the environment.
pub(super) fn read_environment(sources: &Sources, schema: &Schema, problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    for (name, text) in &sources.env {
        let Some(path) = name.strip_prefix(PREFIX) else {
            problems.extend(nearly_ours(name, schema));
            continue;
        };
        let origin = Origin::Environment(name.clone());
        let (section, key) = divided(path);
        let known = keys_at(schema, &section).and_then(|keys| keys.get(key.as_str()));
        match known {
            Some(default) if *name == variable_of(&format!("{section}.{key}")) => match shape(text, default.as_ref()) {
                Ok(value) => {
                    layer.insert(format!("{section}.{key}"), Given { value, origin });
                }
                Err(what) => {
                    let remedy = if what == IN_QUOTES { WITHOUT } else { "correct the variable" };
                    problems.push(Problem::new(format!("{section}.{key}"), origin, what, remedy));
                }
            },
            Some(_) => {
                let remedy = format!("did you mean {}?", variable_of(&format!("{section}.{key}")));
                problems.push(Problem::new(name, origin, "is not a known variable", remedy));
            }
            None if secret_meant_by(&section, &key).is_some() => {
                problems.push(stray(&section, &key, origin, schema));
            }
            None if key.is_empty() && pool_named_by(&section).is_some() => {
                problems.push(without_a_key(name, &section, schema));
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

/// The section and the key of a variable without its prefix: `POOLS__GB__COUNTRY` is `country` of `pools.gb`.
fn divided(variable: &str) -> (String, String) {
    let variable = variable.to_ascii_lowercase();
    let (first, rest) = variable.split_once("__").unwrap_or((&variable, ""));
    if first != POOLS {
        return (first.to_owned(), rest.replace("__", "."));
    }
    let (name, key) = rest.split_once("__").unwrap_or((rest, ""));
    (format!("{POOLS}.{name}"), key.replace("__", "."))
}

/// `CALLBUNKER__POOLS__GB` says nothing of that pool; and `CALLBUNKER__POOLS__COUNTRY` was meant for `[pool]`.
fn without_a_key(variable: &str, path: &str, schema: &Schema) -> Problem {
    let name = pool_named_by(path).filter(|name| !name.is_empty()).unwrap_or("name");
    let is_a_key = keys_at(schema, path).is_some_and(|keys| keys.contains_key(name));
    let remedy = if is_a_key {
        format!("did you mean {}?", variable_of(&format!("pool.{name}")))
    } else {
        format!("give a key: {}", variable_of(&format!("{POOLS}.{name}.country")))
    };
    Problem::new(variable, Origin::Environment(variable.to_owned()), "names no key of a pool", remedy)
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
    let mut known =
        schema.iter().flat_map(|(section, keys)| keys.keys().map(move |key| variable_of(&format!("{section}.{key}"))));
    let of_a_pool = || {
        let rest = written.strip_prefix(&squeezed(&format!("{PREFIX}{POOLS}")))?;
        let keys = keys_at(schema, &format!("{POOLS}."))?.keys();
        // The longest that fits: `COUNTRY` ends `SERVES_COUNTRY`, too.
        let fits = keys.filter_map(|key| Some((rest.strip_suffix(&squeezed(&key.replace('.', "")))?, key)));
        let (name, key) = fits.filter(|(name, _)| !name.is_empty()).min_by_key(|(name, _)| name.len())?;
        Some(variable_of(&format!("{POOLS}.{name}.{key}")))
    };
    let meant = known.find(|variable| squeezed(variable) == written).or_else(of_a_pool)?;
    let remedy = format!("did you mean {meant}?");
    Some(Problem::new(name, Origin::Environment(name.to_owned()), "is not a known variable", remedy))
}

/// Gives text the shape of the key's default.
fn shape(text: &str, default: Option<&Value>) -> Result<Value, &'static str> {
    let trimmed = text.trim();
    match default {
        Some(Value::Integer(_) | Value::Boolean(_)) if is_quoted(trimmed) => Err(IN_QUOTES),
        Some(Value::Integer(_)) => trimmed.parse().map(Value::Integer).map_err(|_| "is not a whole number"),
        Some(Value::Float(_)) => trimmed.parse().map(Value::Float).map_err(|_| "is not a number"),
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
