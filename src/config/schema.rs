//! The known keys: which there are in each section, and which was meant by one that there is not.
//!
//! How to get it wrong: a list of the pools' keys. Each `[pools.NAME]` has those of `[pool]`, whatever its name.

use std::collections::BTreeMap;

use toml::Value;

use super::problem::{Origin, Problem, did_you_mean};
use super::secrets::{secret_meant_by, secret_problem};

/// The keys of one section, those of a table inside it with a dot; each with a value of its shape: the default, or any number
/// or truth where there is none. `None` = text.
pub(super) type Keys = BTreeMap<String, Option<Value>>;

/// The sections of the file but for `[pools.NAME]`.
pub(super) type Schema = BTreeMap<&'static str, Keys>;

/// What the paths of pools begin with.
pub(super) const POOLS: &str = "pools";
/// The section whose keys each pool has.
const POOL: &str = "pool";

/// The name in `pools.NAME`.
pub(super) fn pool_named_by(path: &str) -> Option<&str> {
    path.strip_prefix(POOLS)?.strip_prefix('.')
}

/// The keys of the section at this path.
pub(super) fn keys_at<'s>(schema: &'s Schema, path: &str) -> Option<&'s Keys> {
    schema.get(if pool_named_by(path).is_some() { POOL } else { path })
}

/// Whether a section has a table of this name inside.
pub(super) fn has_table(keys: &Keys, name: &str) -> bool {
    keys.keys().any(|key| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

/// The problem with a key that is not known.
pub(super) fn stray(section: &str, key: &str, origin: Origin, schema: &Schema) -> Problem {
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
pub(super) fn suggest(section: &str, key: &str, schema: &Schema) -> Option<String> {
    let all = || schema.iter().flat_map(|(section, keys)| keys.keys().map(move |key| (*section, key.as_str())));
    let bare = if key.is_empty() { section } else { key };
    let own = keys_at(schema, section).filter(|_| pool_named_by(section).is_some());
    if let Some(key) = own.and_then(|keys| keys.keys().find(|candidate| candidate.eq_ignore_ascii_case(bare))) {
        return Some(format!("{section}.{key}"));
    }
    if let Some((section, key)) = all().find(|(_, candidate)| candidate.eq_ignore_ascii_case(bare)) {
        return Some(format!("{section}.{key}"));
    }
    if let Some(keys) = keys_at(schema, section)
        && let Some(near) = did_you_mean(key, keys.keys().map(String::as_str))
    {
        return Some(format!("{section}.{near}"));
    }
    let full: Vec<String> = all().map(|(section, key)| format!("{section}.{key}")).collect();
    did_you_mean(&format!("{section}.{key}"), full.iter().map(String::as_str)).map(str::to_owned)
}
