//! The two layers above the built-in defaults: the TOML file ([`file`](super::file)), and `CALLBUNKER__SECTION__KEY` above it
//! ([`environment`](super::environment)).
//!
//! Each layer maps a known key to what was given for it. Everything else that was found is a problem: an unknown name,
//! with what may have been meant, or a secret, with where secrets belong. Values are not judged here, only given the
//! shape of the default (environment variables are text).
//! How to get it wrong: a layer that knows the other. Which goes above which is the loader's.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::problem::Origin;

/// What was given for one key.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub value: Value,
    pub origin: Origin,
}

/// Full key (`section.key`) to what was given, one map a layer. The path of each `[pools.NAME]` of the file stands in it, too:
/// one without a single key is a pool all the same.
pub(super) type Layer = BTreeMap<String, Given>;

/// The keys that the environment hides from a file that says otherwise.
pub(super) fn hidden<'a>(file: &'a Layer, env: &'a Layer) -> BTreeSet<&'a str> {
    let differs = |(key, given): &(&String, &Given)| env.get(*key).is_some_and(|above| above.value != given.value);
    file.iter().filter(differs).map(|(key, _)| key.as_str()).collect()
}
